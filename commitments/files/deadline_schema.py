"""What a plan file says of a deadline. The reader leaves every error in the file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from django.utils.translation import gettext as _

from commitments.files.toml_table import LAST_YEAR, Table, Texts
from commitments.files.values import show_value
from commitments.models import Plan
from commitments.rules import dates
from commitments.rules.dates import DateError, Window, shift
from commitments.rules.rhythms import Rhythm, parse_period

KINDS = ("start", "finish", "immediate", "recurring", "within", "none")
RHYTHMS = ("week", "month", "quarter", "half-year", "year", "plan-year")
MOST = 2_000_000_000
LONGEST_EVENT = 200
DATE_FORMS = "2014, 2014-10, 2014-10-15"

# terms as the register keeps them: what JSON can hold
Json = dict[str, object]


@dataclass(frozen=True)
class DeadlineSpec:
    """The deadline as the terms keep it, and the unit in which its quantity or level is counted."""

    terms: Json
    unit: Texts

    @property
    def kind(self) -> object:
        return self.terms["kind"]

    @property
    def of_ref(self) -> str:
        """The ref of the action whose end starts the clock; empty where an event does, or none."""
        return str(self.terms.get("of_ref", ""))


def read_deadline(action: Table, plan: Plan, refs: Mapping[str, str]) -> DeadlineSpec:
    """`refs`: those of the plan's actions as they are spelled, by the same in small letters."""
    label = _("the deadline of %(what)s") % {"what": action.label}
    table = action.get_table("deadline", label)
    if table is None:
        return DeadlineSpec({"kind": "none", "words": ""}, {})
    kind = table.get_choice("kind", KINDS, required=True, default="none")
    words = table.get_text("words", required=True, longest=500)
    unit = table.get_texts("unit")
    terms = {
        "kind": kind,
        "words": words,
        **_read_timing(table, kind, plan, refs),
        **_read_figure(table, kind),
    }
    # a kind that is misspelt says nothing about the keys that belong to it
    if table.content.get("kind") != kind:
        table.keys_read.update(table.content)
    stated = {key: value for key, value in terms.items() if value not in (None, "", [])}
    return DeadlineSpec(stated, unit)


def _read_timing(table: Table, kind: str, plan: Plan, refs: Mapping[str, str]) -> Json:
    """What a deadline of this kind says beside its words and its figure."""
    if kind in ("start", "finish"):
        if "steps" in table.content:
            return {"steps": _read_steps(table)}
        return {"when": _read_when(table)}
    if kind == "recurring":
        return _read_periods(table, plan)
    if kind == "within":
        of = table.get_text("of", required=True, longest=LONGEST_EVENT).strip()
        ref = refs.get(of.casefold(), "")
        return {"of": "" if ref else of, "of_ref": ref, **_read_span(table)}
    return {}


def _read_when(table: Table) -> str:
    forms = f"{DATE_FORMS}, ../2014-12-31"
    return read_date(table, "when", required=True, parse=dates.parse_deadline, forms=forms)


def read_date(
    table: Table,
    key: str,
    *,
    required: bool = False,
    parse: Callable[[str], Window] = dates.parse,
    forms: str = DATE_FORMS,
) -> str:
    """A date in EDTF; empty where it is left out or was refused."""
    if required and table.get_raw(key) is None:
        right = _("a date such as %(forms)s") % {"forms": forms}
        table.add_error("", _("%(what)s has no %(name)s: give it %(right)s"), name=key, right=right)
        return ""
    text = table.get_text(key, required=required)
    if not text or _is_readable(text, parse):
        return text
    message = _("%(key)s of %(what)s is %(value)s: it must be a date such as %(forms)s")
    table.add_error(key, message, value=show_value(text), forms=forms)
    return ""


def _is_readable(text: str, parse: Callable[[str], Window]) -> bool:
    try:
        return parse(text).last.year <= LAST_YEAR
    except DateError:
        return False


# Figures: a quantity, a level, or steps


def _read_figure(table: Table, kind: str) -> Json:
    """How many there must be. A level takes the place of a quantity, and steps have their own."""
    if "steps" in table.content:
        for key in ("when", "quantity", "level"):
            _refuse_beside(table, key, "steps")
        if kind not in ("start", "finish"):
            text = _("steps of %(what)s need the kind start or finish")
            table.refuse_key("steps", text)
    if "level" in table.content:
        return _read_level(table, kind)
    for key in ("at", "baseline"):
        if key in table.content:
            text = _("%(key)s of %(what)s belongs to a level: give it level as well")
            table.refuse_key(key, text)
    # so that they are named where a key is unknown
    if kind != "recurring":
        table.keys_read.update(("level", "at", "baseline"))
    if kind in ("start", "finish"):
        table.keys_read.add("steps")
    return {
        "quantity": table.get_integer("quantity", required=kind == "recurring", least=1, most=MOST)
    }


def _refuse_beside(table: Table, key: str, other: str) -> None:
    if key in table.content:
        text = _("%(key)s of %(what)s does not go with %(other)s: give one of the two")
        table.refuse_key(key, text, other=other)


def _read_level(table: Table, kind: str) -> Json:
    _refuse_beside(table, "quantity", "level")
    if kind == "recurring":
        text = _("level of %(what)s does not go with the kind recurring: give it a quantity")
        table.add_error("level", text)
    return {
        "level": table.get_integer("level", most=MOST),
        "at": table.get_choice("at", ("least", "most"), default="least"),
        "baseline": _read_baseline(table),
    }


def _read_baseline(table: Table) -> Json | None:
    label = _("the baseline of %(what)s") % {"what": table.label}
    baseline = table.get_table("baseline", label)
    if baseline is None:
        return None
    value = baseline.get_integer("value", required=True, most=MOST)
    return {"value": value or 0, "on": read_date(baseline, "on", required=True)}


def _read_steps(table: Table) -> list[Json]:
    """Running totals with their last days, both rising."""
    label = _("a step of %(what)s") % {"what": table.label}
    tables = table.get_tables("steps", label=label)
    if table.content["steps"] == []:
        table.add_error("steps", _("%(key)s of %(what)s is empty: give it at least one"))
    steps: list[Json] = []
    last_day = date.min
    most = 0
    for step in tables:
        when = _read_when(step)
        quantity = step.get_integer("quantity", required=True, least=1, most=MOST) or 0
        if when and dates.parse_deadline(when).last <= last_day:
            text = _(
                "when of %(what)s is %(value)s: its last day must be after that of the step before"
            )
            step.add_error("when", text, value=show_value(when))
        if quantity and quantity <= most:
            text = _(
                "quantity of %(what)s is %(value)s: it must be above that of the step before, %(before)s"
            )
            step.add_error("quantity", text, value=quantity, before=most)
        if when:
            last_day = dates.parse_deadline(when).last
        most = max(most, quantity)
        steps.append({"when": when, "quantity": quantity})
    return steps


# Periods


def _read_periods(table: Table, plan: Plan) -> Json:
    rhythm = _read_rhythm(table, plan)
    first = _read_first_period(table, rhythm, plan.adopted_on)
    return {
        "every": rhythm.every,
        "every_days": rhythm.days or None,
        "first": first,
        "last": _read_last_period(table, rhythm, first),
    }


def _read_rhythm(table: Table, plan: Plan) -> Rhythm:
    days = 0
    if isinstance(table.content.get("every"), dict):
        label = _("every of %(what)s") % {"what": table.label}
        every = table.get_table("every", label)
        assert every is not None
        days = every.get_integer("days", required=True, least=1) or 1
        name = "days"
    else:
        name = table.get_choice("every", RHYTHMS, required=True, default="month")
    return Rhythm(name, plan.adopted_on, plan.year_basis or "calendar", days)


def _read_first_period(table: Table, rhythm: Rhythm, adopted_on: date) -> str:
    """A period's name, or the day that begins it."""
    text = _read_period(table, "first")
    if not text:
        return ""
    window = parse_period(text)
    period = _period_from(rhythm, window)
    if period.first != window.first:
        message = _(
            "first of %(what)s is %(first)s: it must begin a period of its kind, such as %(right)s"
        )
        right = window.first.isoformat() if rhythm.every == "days" else rhythm.name(period)
        table.add_error("first", message, first=show_value(text), right=show_value(right))
    # each period is assessed, and a slip in the year would make thousands
    if period.last < adopted_on:
        message = _("first of %(what)s is %(first)s: it must not end before the plan was adopted")
        table.add_error("first", message, first=show_value(text))
    return text


def _read_last_period(table: Table, rhythm: Rhythm, first: str) -> str:
    """A period's name, or any day in it."""
    text = _read_period(table, "last")
    if not text:
        return ""
    window = parse_period(text)
    if first:
        rhythm = replace(rhythm, start=parse_period(first).first)
    elif rhythm.every == "days":
        rhythm = replace(rhythm, start=shift(rhythm.adopted_on, 1))
    period = rhythm.containing(window.first)
    if window not in (period, Window(window.first, window.first)):
        message = _(
            "last of %(what)s is %(last)s: it must be a period of its kind, such as %(right)s, or a "
            "day in one"
        )
        right = show_value(rhythm.name(period))
        table.add_error("last", message, last=show_value(text), right=right)
    begin = parse_period(first).first if first else rhythm.adopted_on
    if period.last < begin:
        message = _("last of %(what)s is %(last)s: it must not end before the first period begins")
        table.add_error("last", message, last=show_value(text))
    return text


def _read_period(table: Table, key: str) -> str:
    forms = f"{DATE_FORMS}, 2014-W42, 2014-09-20/2015-09-19"
    return read_date(table, key, parse=parse_period, forms=forms)


def _period_from(rhythm: Rhythm, window: Window) -> Window:
    """The period that a first date begins, where it begins one."""
    if rhythm.every != "days":
        return rhythm.containing(window.first)
    period = replace(rhythm, start=window.first).containing(window.first)
    if window in (period, Window(window.first, window.first)):
        return period
    # not of this length: it begins none
    return Window(shift(window.first, 1), period.last)


def _read_span(table: Table) -> Json:
    span: Json = {
        "days": table.get_integer("days", most=36_500),
        "months": table.get_integer("months", most=1200),
        "working_days": table.get_integer("working_days", most=1200),
    }
    stated = span.keys() & table.content.keys()
    if len(stated) != 1:
        text = _("%(what)s needs days, months or working_days, and only one of them")
        table.add_error("", text)
    return span
