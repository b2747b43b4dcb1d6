"""The words for states, kinds, sides and days, in the reader's language."""

from datetime import date, datetime

from babel.dates import format_date, format_time
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from commitments.models import Standing
from commitments.register.entry_types import KINDS
from commitments.rules import dates
from commitments.rules.states import State, days_counted

STATES = {
    State.NOT_PURSUED: gettext_lazy("not pursued"),
    State.MET: gettext_lazy("met"),
    State.MET_LATE: gettext_lazy("met late"),
    State.MET_UNDATED: gettext_lazy("met, timeliness unknown"),
    State.SUPERSEDED: gettext_lazy("superseded"),
    State.AWAITING: gettext_lazy("awaiting"),
    State.NO_DATE: gettext_lazy("no date"),
    State.OVERDUE: gettext_lazy("overdue"),
    State.DUE: gettext_lazy("due"),
    State.DUE_SOON: gettext_lazy("due soon"),
    State.UPCOMING: gettext_lazy("upcoming"),
}
MODALITIES = {
    "firm": gettext_lazy("firm"),
    "soft": gettext_lazy("soft"),
    "optional": gettext_lazy("optional"),
    "statement": gettext_lazy("statement"),
}
COLOURS = {
    "green": gettext_lazy("green"),
    "amber": gettext_lazy("amber"),
    "red": gettext_lazy("red"),
}
REDACTED = {
    "text": gettext_lazy("its text: note, reason, source"),
    "files": gettext_lazy("its files"),
    "all": gettext_lazy("its text and its files"),
}
PERIODS = {
    "open": gettext_lazy("open"),
    "met": gettext_lazy("met"),
    "partly": gettext_lazy("partly met"),
    "missed": gettext_lazy("missed"),
    "not-assessed": gettext_lazy("not assessed"),
}
SIDES = {
    "GB": gettext_lazy("United Kingdom"),
    "FR": gettext_lazy("France"),
    "EU": gettext_lazy("European Union"),
    "": gettext_lazy("no side"),
}
# what a plan file leaves, and what redacting leaves
KINDS_NOBODY_REPORTS = {
    "terms": gettext_lazy("terms"),
    "plan": gettext_lazy("plan file loaded"),
    "redacted": gettext_lazy("redaction"),
}
SUBYEARS = {
    21: gettext_lazy("spring %(year)s"),
    22: gettext_lazy("summer %(year)s"),
    23: gettext_lazy("autumn %(year)s"),
    24: gettext_lazy("winter %(year)s"),
    33: gettext_lazy("first quarter of %(year)s"),
    34: gettext_lazy("second quarter of %(year)s"),
    35: gettext_lazy("third quarter of %(year)s"),
    36: gettext_lazy("fourth quarter of %(year)s"),
    40: gettext_lazy("first half of %(year)s"),
    41: gettext_lazy("second half of %(year)s"),
}


def language() -> str:
    """The reader's, as two letters."""
    return (get_language() or "en")[:2]


def colon() -> str:
    """What stands between a label and what it labels; in French with its no-break space."""
    return _(": ")


def side(code: str) -> str:
    return str(SIDES.get(code, code))


def state(code: str) -> str:
    return str(STATES[State(code)])


def kind(code: str) -> str:
    """What an entry of this kind is called."""
    if code in KINDS:
        return str(KINDS[code].label)
    return str(KINDS_NOBODY_REPORTS.get(code, code))


def colour(code: str) -> str:
    """What the owner of an action expects, as a traffic light."""
    return str(COLOURS.get(code, ""))


def redacted(code: str) -> str:
    """What of an entry was removed."""
    return str(REDACTED.get(code, ""))


def period(code: str) -> str:
    """The state of a period of a recurring action."""
    return str(PERIODS[code])


def text(texts: dict[str, str]) -> str:
    """A text of the plan in the reader's language, else in the first that there is."""
    return texts.get(language()) or next(iter(texts.values()), "")


def day(value: date | None, pattern: str = "d MMMM y") -> str:
    """20 September 2014, 20 septembre 2014; the first of a month is « 1er » in French."""
    if not value:
        return ""
    words: str = format_date(value, pattern, locale=language())
    if language() == "fr" and value.day == 1:
        return words.replace("1 ", "1er ", 1)
    return words


def short_day(value: date | None) -> str:
    return day(value, "d MMM y")


def clock(value: datetime) -> str:
    """09:30; in French 9 h 30."""
    pattern = "HH:mm"
    if language() == "fr":
        pattern = "H\xa0'h'\xa0mm"
    return str(format_time(value, pattern, tzinfo=value.tzinfo, locale=language()))


def edtf(when: str) -> str:
    """An EDTF date in words: October 2014, by 31 December 2014."""
    if when.startswith("../"):
        return _("by %(date)s") % {"date": day(dates.parse_deadline(when).last)}
    year, *others = when.split("-")
    if not others:
        return year
    if int(others[0]) > 12:
        return str(SUBYEARS[int(others[0])]) % {"year": year}
    first_day = dates.parse(when).first
    if len(others) == 1:
        return day(first_day, "MMMM y")
    return day(first_day)


def days(standing: Standing, on: date, *, full: bool = False) -> str:
    """The count of days in words, empty where there is none.

    `full` where the state does not stand before it.
    """
    count = days_counted(standing.state, standing.anchor, standing.late, on)
    if count is None:
        return ""
    if full and standing.state == State.OVERDUE:
        return ngettext("overdue by %(n)s day", "overdue by %(n)s days", count) % {"n": count}
    return days_in_words(standing.state, count)


def days_in_words(state: str, count: int) -> str:
    if state == State.DUE and count == 0:
        return _("last day today")
    if state in (State.OVERDUE, State.MET_LATE):
        words = ngettext("by %(n)s day", "by %(n)s days", count)
    elif state == State.DUE:
        words = ngettext("%(n)s day left", "%(n)s days left", count)
    elif state in (State.DUE_SOON, State.UPCOMING):
        words = ngettext("in %(n)s day", "in %(n)s days", count)
    else:
        return ""
    return words % {"n": count}
