"""The kinds of entry: what each is called, what it is about, and which fields it needs and takes.

What makes an entry of a kind malformed or contradictory stands in `validation`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy, pgettext_lazy

from commitments.models import Plan

CONFIDENCE_COLOURS = ("green", "amber", "red")
# kinds that can be confirmed or disputed; a start can where one is due, see validation
CONFIRMABLE = ("completed", "delivered", "paid")
# says of another entry that its text or files are gone; no file and no form makes one
REDACTED = "redacted"
# what a plan file leaves in the register
PLAN_FILE_KINDS = ("terms", "plan")


@dataclass(frozen=True, kw_only=True)
class EntryType:
    """`needs` names fields of a Draft; any kind takes the free texts and the dates."""

    name: str
    label: Any
    needs: tuple[str, ...] = ()
    takes_instalment: bool = False
    # what it can be recorded on: action, contribution, plan, or another entry
    about: tuple[str, ...] = ("action",)
    # for kinds with a code in `words`: the names of all codes in a plan, by language
    names: Callable[[Plan], dict[str, dict[str, str]]] | None = None


KINDS: dict[str, EntryType] = {}


def add_entry_types(kinds: Iterable[EntryType]) -> None:
    """Add kinds of entry; the app that knows their rule does it once, at the start."""
    KINDS.update({kind.name: kind for kind in kinds})


def _names_of_bodies(plan: Plan) -> dict[str, dict[str, str]]:
    return dict(plan.bodies.values_list("code", "name"))


ACTION_OR_CONTRIBUTION = ("action", "contribution")

add_entry_types(
    [
        EntryType(name="started", label=pgettext_lazy("kind of entry", "started")),
        EntryType(name="progress", label=gettext_lazy("progress"), about=ACTION_OR_CONTRIBUTION),
        EntryType(name="completed", label=pgettext_lazy("kind of entry", "completed")),
        EntryType(name="delivered", label=gettext_lazy("delivered"), needs=("quantity",)),
        EntryType(
            name="note",
            label=pgettext_lazy("kind of entry", "note"),
            about=ACTION_OR_CONTRIBUTION,
        ),
        EntryType(
            name="consent",
            label=gettext_lazy("consent given"),
            needs=("words",),
            takes_instalment=True,
            about=ACTION_OR_CONTRIBUTION,
            names=_names_of_bodies,
        ),
        EntryType(
            name="event",
            label=gettext_lazy("event happened"),
            needs=("words",),
            takes_instalment=True,
            about=ACTION_OR_CONTRIBUTION,
        ),
        EntryType(name="moved", label=gettext_lazy("deadline moved"), needs=("when", "reason")),
        EntryType(
            name="withdrawn",
            label=gettext_lazy("entry withdrawn"),
            needs=("to", "reason"),
            takes_instalment=True,
            about=("entry",),
        ),
        EntryType(
            name="reopened",
            label=pgettext_lazy("kind of entry", "reopened"),
            needs=("reason",),
        ),
        EntryType(
            name="superseded",
            label=pgettext_lazy("kind of entry", "superseded"),
            needs=("reason",),
            takes_instalment=True,
            about=ACTION_OR_CONTRIBUTION,
        ),
        EntryType(
            name="not-pursued",
            label=pgettext_lazy("kind of entry", "not pursued"),
            needs=("reason",),
            takes_instalment=True,
            about=ACTION_OR_CONTRIBUTION,
        ),
        EntryType(
            name="confidence",
            label=gettext_lazy("confidence"),
            needs=("words",),
            about=ACTION_OR_CONTRIBUTION,
        ),
        EntryType(
            name="confirmed",
            label=pgettext_lazy("kind of entry", "confirmed"),
            needs=("to",),
            takes_instalment=True,
            about=("entry",),
        ),
        EntryType(
            name="disputed",
            label=pgettext_lazy("kind of entry", "disputed"),
            needs=("to", "reason"),
            takes_instalment=True,
            about=("entry",),
        ),
    ]
)
