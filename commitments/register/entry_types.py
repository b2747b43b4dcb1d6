"""The kinds of entry: what each is called, what it is about, and which fields it needs and takes.

What makes an entry of a kind malformed or contradictory stands in `validation`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any

from django.utils.translation import gettext_lazy, pgettext_lazy

from commitments.models import Plan

CONFIDENCE_COLOURS = ("green", "amber", "red")
# about removing text or files of another entry: asked for, agreed to, hidden until then, done
REDACTION_ASKED = "redaction-asked"
REDACTION_AGREED = "redaction-agreed"
HIDDEN = "hidden"
REDACTED = "redacted"
REDACTION_KINDS = (REDACTION_ASKED, REDACTION_AGREED, HIDDEN, REDACTED)
# says that the past is loaded, and that what follows is recorded when it comes
OPENED = "opened"
# that a manager released what an official of the same side had written
RELEASED = "released"
# says since when the register is judged by the second edition of the rules
EDITION = "edition"
# says what an account may do in the plan from then on
RIGHTS = "rights"
# that those who carry out the plan meet, and what they conclude there
MEETING = "meeting"
CONCLUSION = "conclusion"
# what one side asks another, and what that one says to it
QUESTION = "question"
ANSWER = "answer"


class Origin(Enum):
    """Who makes entries of a kind. Those of SITE and PROCEDURE change what the plan or earlier
    entries mean: all members are told of them, and nothing withdraws them.
    """

    # somebody for their side
    REPORT = "report"
    # the site itself or a plan file
    SITE = "site"
    # somebody about the plan or its register: no file of facts and no report makes one
    PROCEDURE = "procedure"


@dataclass(frozen=True, kw_only=True)
class EntryType:
    """`needs` and `takes` name fields of a Draft; any kind takes the free texts and the dates."""

    name: str
    label: Any
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    takes_instalment: bool = False
    # what it can be recorded on: action, contribution, plan, or another entry
    about: tuple[str, ...] = ("action",)
    # for kinds with a code in `words`: the names of all codes in a plan, by language
    names: Callable[[Plan], dict[str, dict[str, str]]] | None = None
    origin: Origin = Origin.REPORT
    # under which heading the filter of the register offers it
    group: str = "reports"
    # another side can confirm or dispute it; a start can be where one is due, see validation
    is_confirmable: bool = False
    # one side alone can only propose it where several have promised
    is_decision: bool = False
    # it bears on no standing
    is_silent: bool = False

    @property
    def names_entry(self) -> bool:
        """Whether an entry of this kind is about another entry."""
        return "to" in self.needs or "entry" in self.about


# all kinds, and those among them that people report
TYPES: dict[str, EntryType] = {}
KINDS: dict[str, EntryType] = {}


def add_entry_types(kinds: Iterable[EntryType]) -> None:
    """Add kinds of entry; the app that knows their rule does it once, at the start."""
    for kind in kinds:
        TYPES[kind.name] = kind
        if kind.origin is Origin.REPORT:
            KINDS[kind.name] = kind


def kinds_with(**values: object) -> list[str]:
    """The names of the kinds whose attributes have these values: `kinds_with(is_silent=True)`."""
    return [
        kind.name
        for kind in TYPES.values()
        if all(getattr(kind, name) == value for name, value in values.items())
    ]


def takes_meeting(kind: str) -> bool:
    """Whether an entry of this kind can name the meeting at which it was decided."""
    return kind in KINDS and "to" in KINDS[kind].takes


def names_meeting(kind: str) -> bool:
    """Whether the entry that it names is a meeting, rather than its subject."""
    return kind == CONCLUSION or takes_meeting(kind)


def _names_of_bodies(plan: Plan) -> dict[str, dict[str, str]]:
    return dict(plan.bodies.values_list("code", "name"))


def _sides(plan: Plan) -> dict[str, dict[str, str]]:
    """The codes of the sides, without names: what a side is called is no text of the plan."""
    return {side: {} for side in plan.sides}


ACTION_OR_CONTRIBUTION = ("action", "contribution")

_silent = partial(EntryType, group="register", is_silent=True)
_by_site = partial(_silent, origin=Origin.SITE, about=("plan",))
_procedure = partial(_silent, origin=Origin.PROCEDURE, about=("entry",))

add_entry_types(
    [
        EntryType(name="started", label=pgettext_lazy("kind of entry", "started")),
        EntryType(name="progress", label=gettext_lazy("progress"), about=ACTION_OR_CONTRIBUTION),
        EntryType(
            name="completed",
            label=pgettext_lazy("kind of entry", "completed"),
            is_confirmable=True,
        ),
        EntryType(
            name="delivered",
            label=gettext_lazy("delivered"),
            needs=("quantity",),
            is_confirmable=True,
        ),
        EntryType(
            name="reading",
            label=pgettext_lazy("kind of entry", "reading"),
            needs=("quantity",),
            is_confirmable=True,
        ),
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
        EntryType(
            name="moved",
            label=gettext_lazy("deadline moved"),
            needs=("when", "reason"),
            takes=("to",),
            group="decisions",
            is_confirmable=True,
            is_decision=True,
        ),
        EntryType(
            name="term",
            label=gettext_lazy("term of the plan"),
            needs=("reason",),
            takes=("when", "to"),
            about=("plan",),
            group="decisions",
            is_confirmable=True,
            is_decision=True,
        ),
        EntryType(
            name="withdrawn",
            label=gettext_lazy("entry withdrawn"),
            needs=("to", "reason"),
            takes_instalment=True,
            about=("entry",),
            group="decisions",
        ),
        EntryType(
            name="reopened",
            label=pgettext_lazy("kind of entry", "reopened"),
            needs=("reason",),
            takes=("to",),
            group="decisions",
        ),
        EntryType(
            name="superseded",
            label=pgettext_lazy("kind of entry", "superseded"),
            needs=("reason",),
            takes=("to",),
            takes_instalment=True,
            about=ACTION_OR_CONTRIBUTION,
            group="decisions",
            is_confirmable=True,
            is_decision=True,
        ),
        EntryType(
            name="not-pursued",
            label=pgettext_lazy("kind of entry", "not pursued"),
            needs=("reason",),
            takes=("to",),
            takes_instalment=True,
            about=ACTION_OR_CONTRIBUTION,
            group="decisions",
            is_confirmable=True,
            is_decision=True,
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
            group="between",
        ),
        EntryType(
            name="disputed",
            label=pgettext_lazy("kind of entry", "disputed"),
            needs=("to", "reason"),
            takes_instalment=True,
            about=("entry",),
            group="between",
        ),
        EntryType(
            name=MEETING,
            label=gettext_lazy("meeting"),
            needs=("words",),
            takes=("when", "to"),
            about=("plan",),
            group="between",
            is_silent=True,
        ),
        EntryType(
            name=CONCLUSION,
            label=gettext_lazy("conclusion"),
            needs=("to", "note"),
            about=("plan", "action", "contribution"),
            group="between",
            is_silent=True,
        ),
        EntryType(
            name=QUESTION,
            label=pgettext_lazy("kind of entry", "question"),
            needs=("words", "note"),
            takes=("when",),
            takes_instalment=True,
            about=(*ACTION_OR_CONTRIBUTION, "entry"),
            names=_sides,
            group="between",
            is_silent=True,
        ),
        EntryType(
            name=ANSWER,
            label=pgettext_lazy("kind of entry", "answer"),
            needs=("to", "note"),
            takes_instalment=True,
            about=("entry",),
            group="between",
            is_silent=True,
        ),
        _by_site(name="terms", label=gettext_lazy("terms"), is_silent=False),
        _by_site(name="plan", label=gettext_lazy("plan file loaded")),
        _by_site(name="sealed", label=gettext_lazy("register sealed")),
        _by_site(name=EDITION, label=gettext_lazy("rules, second edition")),
        _by_site(name=RIGHTS, label=gettext_lazy("rights of an account")),
        _procedure(name=OPENED, label=gettext_lazy("plan opened"), about=("plan",)),
        _procedure(name=REDACTION_ASKED, label=gettext_lazy("redaction asked for")),
        _procedure(name=REDACTION_AGREED, label=gettext_lazy("redaction agreed to")),
        _procedure(name=HIDDEN, label=gettext_lazy("text or files hidden")),
        _procedure(name=REDACTED, label=gettext_lazy("redaction")),
        _procedure(name=RELEASED, label=gettext_lazy("report released")),
    ]
)
