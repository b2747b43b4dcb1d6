"""The words for states, kinds, sides and days, in the reader's language."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from typing import Any

from babel.dates import format_date, format_time
from django.utils.translation import (
    get_language,
    gettext_lazy,
    ngettext,
    npgettext_lazy,
    pgettext,
    pgettext_lazy,
)
from django.utils.translation import gettext as _

from commitments.models import Plan, Role, Standing
from commitments.register.entry_types import TYPES
from commitments.register.recorded_terms import SIDE_OF
from commitments.rules import dates
from commitments.rules.states import SATISFIED, Progress, State, days_counted

STATES = {
    State.NOT_PURSUED: gettext_lazy("not pursued"),
    State.MET: gettext_lazy("met"),
    State.MET_LATE: gettext_lazy("met late"),
    State.MET_UNDATED: gettext_lazy("met, date uncertain"),
    State.MET_SHORT: gettext_lazy("met, some periods short"),
    State.SUPERSEDED: gettext_lazy("superseded"),
    State.LAPSED: gettext_lazy("lapsed"),
    State.AWAITING: gettext_lazy("awaiting"),
    State.NO_DATE: gettext_lazy("no date"),
    State.OVERDUE: gettext_lazy("overdue"),
    State.DUE: gettext_lazy("due"),
    State.DUE_SOON: gettext_lazy("due soon"),
    State.UPCOMING: gettext_lazy("upcoming"),
}
# the words beside a number, where French has a plural of them
COUNTED_STATES = {
    State.NOT_PURSUED: npgettext_lazy("so many actions", "not pursued", "not pursued", "count"),
    State.MET: npgettext_lazy("so many actions", "met", "met", "count"),
    State.MET_LATE: npgettext_lazy("so many actions", "met late", "met late", "count"),
    State.MET_UNDATED: npgettext_lazy(
        "so many actions", "met, date uncertain", "met, date uncertain", "count"
    ),
    State.MET_SHORT: npgettext_lazy(
        "so many actions", "met, some periods short", "met, some periods short", "count"
    ),
    State.SUPERSEDED: npgettext_lazy("so many actions", "superseded", "superseded", "count"),
    State.LAPSED: npgettext_lazy("so many actions", "lapsed", "lapsed", "count"),
    State.DUE: npgettext_lazy("so many actions", "due", "due", "count"),
    State.DUE_SOON: npgettext_lazy("so many actions", "due soon", "due soon", "count"),
}
PROGRESS = {
    Progress.NONE: gettext_lazy("nothing reported"),
    Progress.UNDER_WAY: gettext_lazy("under way"),
    Progress.DONE: gettext_lazy("done"),
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
# with the article that a sentence asks for
SIDES_IN_SENTENCES = {
    "GB": pgettext_lazy("side in a sentence", "the United Kingdom"),
    "FR": pgettext_lazy("side in a sentence", "France"),
    "EU": pgettext_lazy("side in a sentence", "the European Union"),
}
# why days read otherwise under the second edition of the rules
EDITION_REASONS = {
    "term": gettext_lazy("the plan has ended"),
    "periods": gettext_lazy("the latest period decides, and not an older one that was short"),
    "proposal": gettext_lazy("one side alone can only propose it"),
    "waiting": gettext_lazy("what it waits for counts from another day"),
    "until": gettext_lazy("what would supersede it is not met, or is disputed"),
    "owed-again": gettext_lazy("what was undone is owed from the day on which it was"),
}
# by their keys in the recorded terms; of the others the key itself is shown
TERMS = {
    "kind": gettext_lazy("kind of deadline"),
    "words": gettext_lazy("words of the deadline"),
    "when": gettext_lazy("deadline"),
    "quantity": gettext_lazy("quantity"),
    "level": gettext_lazy("level"),
    "steps": gettext_lazy("steps"),
    "every": gettext_lazy("rhythm"),
    "modality": gettext_lazy("strength"),
    "lead": gettext_lazy("lead"),
    "consents": gettext_lazy("consents needed"),
    "needs": gettext_lazy("events needed"),
    "until": gettext_lazy("superseded by"),
    "withdrawn": gettext_lazy("withdrawn from the plan"),
    "plan_until": gettext_lazy("last day of the plan"),
    "lead_days": gettext_lazy("days in which it is due soon"),
    "grace_days": gettext_lazy("days of grace"),
    "stale_days": gettext_lazy("days without a report"),
    "due": gettext_lazy("due day"),
    "stated": gettext_lazy("amounts"),
    "firmness": gettext_lazy("firmness"),
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
    """The reader's language, as two letters."""
    return (get_language() or "en")[:2]


def colon() -> str:
    """What stands between a label and what it labels; in French with its no-break space."""
    return _(": ")


def before_figure() -> str:
    """The sign between the kind of an entry and its figure: “delivered 2”, « relevé : 2 »."""
    return pgettext("between a kind of entry and its figure", " ")


def side(code: str) -> str:
    return str(SIDES.get(code, code))


def side_in_sentence(code: str) -> str:
    return str(SIDES_IN_SENTENCES.get(code, code))


def state(code: str) -> str:
    return str(STATES[State(code)])


def state_words(standing: Standing) -> str:
    """Where a standing has no date, whether it is under way tells more, and comes first. What is met
    and disputed says both at once, since the dispute is about what met it.
    """
    return words_of_state(
        standing.state, progress=standing.progress or "", disputed=standing.disputed
    )


def words_of_state(code: str, *, progress: str, disputed: bool) -> str:
    """The words of `state_words`, from the codes that the status as JSON has."""
    if (code, progress) == (State.NO_DATE, Progress.UNDER_WAY):
        return _("under way, no date")
    if disputed and State(code) in SATISFIED:
        return _("%(state)s, disputed") % {"state": state(code)}
    return state(code)


def words_of_record(record: Mapping[str, Any]) -> str:
    """The words of `state_words` for an action or instalment as in the status as JSON."""
    return words_of_state(
        record["state"],
        progress=record.get("progress") or "",
        disputed=record.get("disputed", False),
    )


def edition_reason(code: str) -> str:
    """Why a state reads otherwise since the second edition. A code that is not known, which only an
    altered entry has, is shown as it is.
    """
    return str(EDITION_REASONS.get(code, code))


def progress_words(code: str) -> str:
    """How far an action has come; empty where nothing more is asked for."""
    if not code:
        return ""
    return str(PROGRESS[Progress(code)])


def kind(code: str) -> str:
    """What an entry of this kind is called."""
    return str(TYPES[code].label) if code in TYPES else code


def kind_of(entry: Any) -> str:
    """What this entry is called. One that gave an action its first deadline, which `describe_moves`
    finds, has moved none.
    """
    if getattr(entry, "sets_deadline", False):
        return _("deadline set")
    return kind(entry.kind)


def rights(entry: Any) -> str:
    """What an entry of the kind `rights` says, once `describe_rights` has read what it names:
    rights of account 12 (post): official, France, Ministry of the Interior.
    """
    terms = entry.terms
    number = {"n": terms["account"]}
    post = f" ({entry.post})" if entry.post else ""
    if terms.get("post_changed"):
        return (
            _("account %(n)s") % number
            + post
            + colon()
            + _("has another post, shown with earlier entries too")
        )
    account = _("rights of account %(n)s") % number + post
    if not terms["role"]:
        return account + colon() + _("no rights in this plan any more")
    sides = [side(terms["side"])] if terms["side"] else []
    bodies = [text(names) for names in entry.body_names]
    return account + colon() + ", ".join([str(Role(terms["role"]).label), *sides, *bodies])


def term(key: str) -> str:
    """What a term of an action or instalment is called."""
    if key.startswith(SIDE_OF):
        return _("side of %(body)s") % {"body": key.removeprefix(SIDE_OF)}
    return str(TERMS.get(key, key))


def colour(code: str) -> str:
    """What the owner of an action expects, as a traffic light."""
    return str(COLOURS.get(code, ""))


def redacted(code: str) -> str:
    """What of an entry was removed."""
    return str(REDACTED.get(code, ""))


def period(code: str) -> str:
    """The state of a period of a recurring action."""
    return str(PERIODS[code])


# of the plan that is shown, in its order: PostgreSQL keeps those of a text in another one
_plan_languages: ContextVar[Sequence[str]] = ContextVar("plan_languages", default=())


@contextmanager
def in_languages_of(plan: Plan) -> Iterator[None]:
    """While this is active, a text that is in no language of the reader's is shown in the plan's
    first one.
    """
    token = _plan_languages.set(plan.languages)
    try:
        yield
    finally:
        _plan_languages.reset(token)


def language_of(texts: dict[str, str]) -> str:
    """The language in which a text of the plan is shown: the reader's, else one that differs from it
    by its region only, else the first that there is.
    """
    wanted = language()
    if texts.get(wanted):
        return wanted
    names = [name for name in (*_plan_languages.get(), *texts) if name in texts]
    regional = (name for name in names if name.split("-")[0] == wanted and texts[name])
    return next(regional, next(iter(names), ""))


def plan_title(plan: Plan) -> str:
    """The title of a plan, whichever plan is shown: in the reader's language or in its own first."""
    with in_languages_of(plan):
        return text(plan.title)


def text(texts: dict[str, str]) -> str:
    """A text of the plan in the reader's language: as plain text, for titles, options and mails."""
    return texts.get(language_of(texts), "")


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


# in French a number stays on the line of what it counts, a year on that of its month
_NUMBER_AND_NOUN = re.compile(r"(?<!\d{4})(?<=\d) (?=[^\W\d])|(?<=\der) (?=[^\W\d])")
_MONTH_AND_YEAR = re.compile(r"(?<=[^\W\d]) (?=\d{4}\b)|(?<=\.) (?=\d{4}\b)")


def unbreakable(words: str) -> str:
    """The words for a page, which breaks no French line within a date or between a number and what
    it counts. What is compared, typed or sent in plain text has no such spaces.
    """
    if language() != "fr":
        return words
    return _MONTH_AND_YEAR.sub("\xa0", _NUMBER_AND_NOUN.sub("\xa0", words))


def edtf(when: str) -> str:
    """An EDTF date in words: October 2014, by 31 December 2014; or the name of a period."""
    first, slash, last = when.partition("/")
    if slash and first != "..":
        days = {"first": edtf(first), "last": edtf(last)}
        return _("%(first)s to %(last)s") % days
    year, week, number = when.partition("-W")
    if week:
        return _("week %(number)s of %(year)s") % {"number": int(number), "year": year}
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


def counted_state(counted: State, count: int) -> str:
    """The word of a state beside the number of actions that are in it."""
    if counted in COUNTED_STATES:
        return str(COUNTED_STATES[counted] % {"count": count})
    return state(counted)


def days(standing: Standing, on: date) -> str:
    """The count of days in words, to stand after the state; empty where there is none."""
    count = days_counted(standing.state, standing.anchor, standing.late, on)
    if count is None:
        return ""
    return days_in_words(standing.state, count)


def days_of_part(part: Mapping[str, Any], on: date) -> str:
    """The count of days of one side or step of a standing, see SidePart and StepPart."""
    count = count_days_of_part(part, on)
    return days_in_words(part["state"], count) if count is not None else ""


def count_days_of_part(part: Mapping[str, Any], on: date) -> int | None:
    anchor = date.fromisoformat(part["anchor"]) if part["anchor"] else None
    return days_counted(part["state"], anchor, part["late"], on)


def days_in_words(state: str, count: int) -> str:
    if state == State.DUE and count == 0:
        return _("last day today")
    if state == State.AWAITING:
        words = ngettext("its date passed %(n)s day ago", "its date passed %(n)s days ago", count)
    elif state in (State.OVERDUE, State.MET_LATE):
        words = ngettext("by %(n)s day", "by %(n)s days", count)
    elif state == State.DUE:
        words = ngettext("%(n)s day left", "%(n)s days left", count)
    elif state in (State.DUE_SOON, State.UPCOMING):
        words = ngettext("in %(n)s day", "in %(n)s days", count)
    else:
        return ""
    return words % {"n": count}
