"""What a paper for a meeting says: a page of summary, what changed, disputes, money, all actions.

Everything in it stands on the page of two days compared and on the pages of the later day, and comes
from the same code, so that a reader's paper says nothing that the pages would not.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from actionplan.between.content import Change, Comparison
from actionplan.overview.status import Json, status
from actionplan.papers.document import Block, Bullets, Document, Heading, Paragraph, Table
from commitments.exports.columns import ReadableEntry, entry_row
from commitments.models import Action
from commitments.pages import labels
from commitments.pages.entries import EntryRow, hide_texts, readable_entries
from commitments.pages.page import Page
from commitments.register.entry_types import MEETING, RIGHTS
from commitments.rules.states import SATISFIED
from funding.templatetags.money import amount

SATISFIED_STATES = {state.value for state in SATISFIED}
NO_VALUE = "–"


def make_document(comparison: Comparison, *, language: str, full: bool) -> Document:
    """The paper in one language; `full` with what changed entry by entry, and all actions."""
    with translation.override(language):
        page = comparison.days.later
        return Document(
            language=language,
            title=labels.text(page.plan.title),
            subtitle=_subtitle(comparison),
            notice=_notice(page),
            page_of=_("Page {page} of {pages}"),
            blocks=list(_blocks(comparison, full=full)),
            has_cover=full,
        )


def _subtitle(comparison: Comparison) -> str:
    earlier, later = comparison.days.earlier.on, comparison.days.later.on
    if earlier == later:
        return _("Position on %(day)s") % {"day": labels.day(later)}
    return _("From %(from)s to %(to)s") % {"from": labels.day(earlier), "to": labels.day(later)}


def _notice(page: Page) -> str:
    if page.plan.is_sample:
        return _("Sample entries: not the real record.")
    return ""


def _blocks(comparison: Comparison, *, full: bool) -> Iterator[Block]:
    page = comparison.days.later
    actions = _actions_on(page)
    titles = _titles(page)
    yield from _summary(comparison, actions, titles)
    if full:
        yield from _changes(comparison)
    yield from _disputes(comparison, actions, titles)
    if comparison.open_questions:
        yield Heading(1, _("Questions without an answer"))
        yield Bullets(
            [f"{row.entry.ref} {_entry_in_words(row)}" for row in comparison.open_questions]
        )
    yield from _money(comparison)
    if full:
        yield from _annex(page, actions, titles)
    yield from _check(comparison)


def _actions_on(page: Page) -> Sequence[Json]:
    document = status(page.plan, page.on, page.known, today=page.today, inside=page.inside)
    return document["actions"]


def _titles(page: Page) -> dict[str, str]:
    rows = Action.objects.filter(plan=page.plan).values_list("ref", "title")
    return {ref: labels.text(title) for ref, title in rows}


# 1. Summary


def _summary(
    comparison: Comparison, actions: Sequence[Json], titles: dict[str, str]
) -> Iterator[Block]:
    yield Heading(1, _("Summary"))
    yield from _five_figures(comparison, actions)
    yield Heading(2, _("Needs a decision"))
    needing = [action for action in actions if _reasons_to_decide(action)]
    if not needing:
        yield Paragraph(_("Nothing needs a decision."))
        return
    yield Bullets(
        [
            f"{action['ref']} {titles[action['ref']]}{labels.colon()}"
            + ", ".join(_reasons_to_decide(action))
            for action in needing
        ]
    )


def _five_figures(comparison: Comparison, actions: Sequence[Json]) -> Iterator[Block]:
    scored = [action for action in actions if action["scored"]]
    overdue = [action for action in scored if action["state"] == "overdue"]
    met = [action for action in scored if action["state"] in SATISFIED_STATES]
    silent = [action for action in scored if action["stale"] or action["never_reported"]]
    disputed = [action for action in actions if action["disputed"]]
    changed = [_as_record(change) for change in comparison.actions]
    yield Paragraph(
        ngettext(
            "Of %(n)s counted action, %(met)s is met and %(overdue)s overdue.",
            "Of %(n)s counted actions, %(met)s are met and %(overdue)s overdue.",
            len(scored),
        )
        % {"n": len(scored), "met": len(met), "overdue": len(overdue)}
    )
    yield Table(
        caption=_("Five figures"),
        header=[_("Figure"), _("Actions"), _("Which")],
        rows=[
            _figure(_("Overdue"), overdue),
            _figure(_("No recent report"), silent),
            _figure(_("Disputed"), disputed),
            _figure(_("Met"), met),
            _figure(_("Changed since the earlier date"), changed),
        ],
    )


def _figure(label: str, actions: Sequence[Json]) -> list[str]:
    refs = ", ".join(action["ref"] for action in actions)
    return [label, str(len(actions)), refs or NO_VALUE]


def _as_record(change: Change) -> Json:
    return {"ref": change.ref}


def _reasons_to_decide(action: Json) -> list[str]:
    """What needs a decision, in words and worst first; empty where nothing does."""
    reasons = []
    if action["state"] == "overdue" and action["scored"]:
        reasons.append(_state_in_words(action))
    if action["disputed"]:
        reasons.append(_("disputed"))
    if action["sides_differ"]:
        reasons.append(_("the sides differ"))
    if action.get("proposed"):
        reasons.append(_("a proposal waits for confirmation"))
    if action["confidence"] in ("amber", "red"):
        colour = labels.colour(action["confidence"])
        reasons.append(_("delivery confidence %(colour)s") % {"colour": colour})
    return reasons


def _state_in_words(action: Json) -> str:
    state = labels.words_of_record(action)
    if action["days"] is None:
        return state
    days = labels.days_in_words(action["state"], action["days"])
    return f"{state} {days}".strip()


# 2. What changed


def _changes(comparison: Comparison) -> Iterator[Block]:
    yield Heading(1, _("What changed"))
    if not comparison.commitments:
        yield Paragraph(_("No action changed, and nothing was recorded about one."))
    for group in comparison.commitments:
        yield Heading(2, f"{group.commitment.number} {labels.text(group.commitment.title)}")
        for change in group.changes:
            yield Paragraph(_change_in_words(change))
            if change.entries:
                yield Bullets([_entry_in_words(row) for row in change.entries])
    if comparison.plan_entries:
        yield Heading(2, _("The plan itself"))
        yield Bullets([_entry_in_words(row) for row in comparison.plan_entries])


def _change_in_words(change: Change) -> str:
    parts = [_states_in_words(change)]
    if change.then and change.now and change.deadline_changed:
        parts.append(_deadline_in_words(change))
    for difference in change.differences:
        parts.append(
            _("%(label)s %(then)s, now %(now)s")
            % {
                "label": difference.label,
                "then": difference.then or NO_VALUE,
                "now": difference.now or NO_VALUE,
            }
        )
    parts += change.marks
    return f"{change.ref} {labels.text(change.title)}{labels.colon()}{'; '.join(parts)}."


def _states_in_words(change: Change) -> str:
    if change.then is None:
        return _("new in the plan, %(state)s") % {"state": change.words_now}
    if change.now is None:
        return _("no longer in the plan")
    if change.words_changed:
        return _("%(then)s, now %(now)s") % {"then": change.words_then, "now": change.words_now}
    return _("%(state)s as before") % {"state": change.words_now}


def _deadline_in_words(change: Change) -> str:
    then = labels.day(change.last_day_then) or NO_VALUE
    now = labels.day(change.last_day_now) or NO_VALUE
    return _("deadline %(then)s, now %(now)s") % {"then": then, "now": now}


def _entry_in_words(row: EntryRow) -> str:
    entry = row.entry
    parts = [labels.day(entry.recorded_day), labels.kind_of(entry)]
    if entry.side:
        parts.append(labels.side(entry.side))
    if entry.kind == RIGHTS:
        parts.append(labels.rights(entry))
    elif row.code_label:
        parts.append(row.code_label)
    parts += [f"{change.label} {change.before} → {change.after}" for change in row.term_changes]
    if entry.quantity is not None:
        parts.append(str(entry.quantity))
    if entry.amount is not None:
        parts.append(amount(entry.amount, entry.currency))
    if entry.when:
        parts.append(labels.edtf(entry.when))
    if entry.to and entry.to.kind == MEETING:
        day = labels.edtf(entry.to.when or entry.to.effective)
        parts.append(_("meeting of %(day)s") % {"day": day})
    words = _words_of(entry)
    if words:
        parts.append(words)
    number = _("entry %(number)s") % {"number": entry.number}
    return f"{', '.join(parts)} ({number})"


def _words_of(entry: ReadableEntry) -> str:
    """What its author wrote, as far as the reader may read it."""
    row = entry_row(entry)
    return str(row["reason"] or row["note"])


# 3. Disputes


def _disputes(
    comparison: Comparison, actions: Iterable[Json], titles: dict[str, str]
) -> Iterator[Block]:
    page = comparison.days.later
    refs = [action["ref"] for action in actions if action["disputed"]]
    yield Heading(1, _("In dispute"))
    if not refs:
        yield Paragraph(_("Nothing is in dispute."))
        return
    entries = (
        readable_entries(page)
        .filter(kind="disputed", ref__in=refs)
        .select_related(*_with_disputed(page))
    )
    disputes = list(entries.known_on(page.on, page.known_day).order_by("number"))
    if page.inside:
        hide_texts([*disputes, *(entry.to for entry in disputes if entry.to)], page.today)
    for ref in refs:
        yield Heading(2, f"{ref} {titles[ref]}")
        yield Table(
            caption=_("What each side says of %(ref)s") % {"ref": ref},
            header=[_("Side"), _("Date"), _("What it says"), _("Entry")],
            rows=[row for entry in disputes if entry.ref == ref for row in _both_words(entry)],
        )


def _with_disputed(page: Page) -> list[str]:
    """The entry that is disputed, with its text where the reader may read that."""
    return ["to__text"] if page.inside else ["to"]


def _both_words(dispute: ReadableEntry) -> Iterator[list[str]]:
    """The words that are disputed, and those that dispute them."""
    for entry in (dispute.to, dispute):
        assert entry is not None
        statement = labels.kind_of(entry)
        words = _words_of(entry)
        if words:
            statement = f"{statement}{labels.colon()}{words}"
        yield [
            labels.side(entry.side),
            labels.day(entry.recorded_day),
            statement,
            str(entry.number),
        ]


# 4. Money


def _money(comparison: Comparison) -> Iterator[Block]:
    earlier, later = comparison.days.earlier.on, comparison.days.later.on
    if not comparison.money:
        return
    yield Heading(1, _("Fund"))
    yield Table(
        caption=_("Firm contributions"),
        header=[_("Sum"), labels.day(earlier), labels.day(later)],
        rows=[[line.label, line.then, line.now] for line in comparison.money],
    )


# 5. Annex and how to check


def _annex(page: Page, actions: Iterable[Json], titles: dict[str, str]) -> Iterator[Block]:
    yield Heading(1, _("All actions"))
    yield Table(
        caption=_("All actions on %(day)s") % {"day": labels.day(page.on)},
        header=[_("Ref"), _("Action"), _("Status"), _("Date")],
        rows=[
            [
                action["ref"],
                titles[action["ref"]],
                _state_in_words(action),
                _date_in_words(action["last_day"]),
            ]
            for action in actions
        ],
    )


def _date_in_words(day: str | None) -> str:
    if day is None:
        return NO_VALUE
    return labels.day(date.fromisoformat(day))


def _check(comparison: Comparison) -> Iterator[Block]:
    days = comparison.days
    page = days.later
    query = {"from": days.earlier.on.isoformat(), "to": page.on.isoformat()}
    if days.is_corrected:
        query["known"] = "now"
    yield Heading(1, _("How to check this paper"))
    head = readable_entries(page).known_on(page.on, page.known_day).order_by("-number").first()
    if head is not None:
        yield Paragraph(
            _("It follows from the register up to entry %(number)s.") % {"number": head.number}
        )
        if head.hash:
            yield Paragraph(_("Fingerprint of that entry: %(hash)s") % {"hash": head.hash})
            yield Paragraph(
                _(
                    "The page of that entry shows the same fingerprint. An export of the plan is checked without "
                    "this site by the command actionplan-verify."
                )
            )
    yield Paragraph(
        _("The same, with a link behind every figure: %(address)s")
        % {"address": settings.SITE_URL + page.url("between", **query)}
    )
