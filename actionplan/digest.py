"""What the weekly digest says: pure data for one plan, recipient, kind and week, and its two renderings.

A week is named by its Monday; the states are those of the Monday after it, as known then, and the changes those that
were recorded from Monday to Sunday.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.db.models import Count, Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from actionplan import ledger
from actionplan.ledger import JOB_LABELS
from actionplan.models import Digest, Subscription, User
from commitments import labels
from commitments.filters import by_urgency, due_by
from commitments.models import Action, ClearReason, Entry, Flag, FlagKind, Membership, Plan, Role, Standing
from commitments.pages import Page
from commitments.presentation import Shown, present, register_of
from commitments.states import SETTLED, State
from funding.instalments import instalments
from funding.summaries import Total, added, spending, totals
from funding.templatetags.money import money

WEEK = timedelta(days=7)
SHOWN = 7
SOON = timedelta(days=14)
UNSUBSCRIBE = "actionplan.unsubscribe"


@dataclass
class Items:
    """A list capped for reading, worst first; `more` are not shown."""

    rows: list[Any] = field(default_factory=list)
    total: int = 0

    @property
    def more(self) -> int:
        return self.total - len(self.rows)

    @classmethod
    def of(cls, rows: Any, shape: Callable[[Any], list[Any]] = list) -> "Items":
        """The first of a query, in its order; the rest is only counted."""
        shown = shape(rows[:SHOWN])
        return cls(shown, len(shown) if len(shown) < SHOWN else rows.count())


@dataclass
class Content:
    """All that a digest says; what does not belong to its kind is empty."""

    page: Page
    kind: str
    week: date
    first: bool
    lists: dict[str, Items]  # overdue, due, stale, awaiting
    changed: Items
    cleared: Items = field(default_factory=Items)
    moved: Items = field(default_factory=Items)
    never: Items = field(default_factory=Items)
    unreminded: Items = field(default_factory=Items)
    totals: list[Total] = field(default_factory=list)
    counts: list[dict[str, Any]] = field(default_factory=list)
    jobs: list[dict[str, Any]] = field(default_factory=list)
    head: Entry | None = None

    @property
    def last_day(self) -> date:
        return self.week + timedelta(days=6)

    @property
    def is_empty(self) -> bool:
        """Managers are always written to: silence must mean failure, not calm."""
        lists = (*self.lists.values(), self.changed)
        return self.kind == Digest.Kind.OFFICIAL and not any(items.total for items in lists)


def week_before(day: date) -> date:
    """The Monday of the ISO week that ended before the week of the day."""
    return day - timedelta(days=day.weekday()) - WEEK


def build(plan: Plan, recipient: User, kind: str, week: date) -> Content:
    membership = Membership.objects.select_related("plan").get(user=recipient, plan=plan)
    day = week + WEEK
    page = Page(recipient, plan, [plan], membership, day, day, day)
    first = not Digest.objects.filter(plan=plan, recipient=recipient, state=Digest.State.SENT, week__lt=week).exists()
    return _for_manager(page, week, first) if kind == Digest.Kind.MANAGER else _for_official(page, week, first)


def _wanted(on: date) -> dict[str, Q]:
    return {
        "overdue": Q(state=State.OVERDUE),
        "due": due_by(on + SOON),
        "stale": Q(stale_since__isnull=False) & ~Q(state__in=[State.OVERDUE.value, State.AWAITING.value]),
        "awaiting": Q(state=State.AWAITING),
    }


def _lists(rows: Any, on: date) -> dict[str, Items]:
    return {name: Items.of(rows.filter(where)) for name, where in _wanted(on).items()}


def _for_official(page: Page, week: date, first: bool) -> Content:
    mine = Action.objects.reportable_by(page.membership)
    rows = by_urgency(page.rows().filter(obligation__in=mine.values("pk"), scored=True))
    refs = mine.filter(pk__in=rows.order_by().values("obligation")).values("ref")
    others = _recorded(page, week).filter(ref__in=refs).exclude(by=page.user)
    return Content(
        page=page,
        kind=Digest.Kind.OFFICIAL,
        week=week,
        first=first,
        changed=_entries(others, page),
        lists=_lists(rows, page.on),
    )


def _entries(found: Any, page: Page) -> Items:
    return Items.of(found, lambda entries: present(entries, page))


def _recorded(page: Page, week: date) -> Any:
    return register_of(page).reported().filter(recorded_day__gte=week, recorded_day__lt=week + WEEK)


def _for_manager(page: Page, week: date, first: bool) -> Content:
    rows = by_urgency(page.rows().filter(scored=True))
    flags = Flag.objects.filter(plan=page.plan, kind=FlagKind.OVERDUE).select_related("obligation__action")
    new = flags if first else flags.filter(since__gt=week, since__lte=page.on)
    entries = _recorded(page, week)
    newly = rows.filter(obligation__in=new.filter(cleared=None).values("obligation"))
    # what was never reported has a list of its own
    lists = _lists(rows, page.on) | {
        "overdue": Items.of(newly),
        "stale": Items.of(rows.filter(_wanted(page.on)["stale"], never_reported=False)),
    }
    return Content(
        page=page,
        kind=Digest.Kind.MANAGER,
        week=week,
        first=first,
        lists=lists,
        changed=_entries(entries.exclude(kind="moved"), page),
        cleared=Items.of(flags.filter(cleared__gt=week, cleared__lte=page.on)),
        moved=_entries(entries.filter(kind="moved"), page),
        never=Items.of(_open(rows).filter(never_reported=True)),
        unreminded=Items.of(unreminded(page)),
        totals=totals(instalments(page), added(spending(page)), page),
        counts=_counts(page),
        jobs=_jobs(page),
        head=page.plan.entries.order_by("-number").first(),
    )


def _open(rows: Any) -> Any:
    return rows.exclude(state__in=[state.value for state in SETTLED])


def _jobs(page: Page) -> list[dict[str, Any]]:
    """When each job last succeeded; one that never ran has just been set up and is not called late."""
    found = ledger.last_successes(page.plan)
    late = ledger.late(found, timezone.now())
    return [
        {"label": JOB_LABELS[job], "last": when, "late": when is not None and job in late}
        for job, when in found.items()
    ]


def _counts(page: Page) -> list[dict[str, Any]]:
    """How many actions are in each state, and by how many that differs from a week before."""

    def on(day: date) -> dict[str, int]:
        rows = Standing.objects.filter(plan=page.plan, scored=True).on(day, page.lens).actions()
        return dict(rows.values_list("state").annotate(Count("pk")).order_by())

    then, now = on(page.on - WEEK), on(page.on)
    return [
        {"label": labels.STATES[state], "now": now.get(state, 0), "change": now.get(state, 0) - then.get(state, 0)}
        for state in State
        if state in now or state in then
    ]


def unreminded(page: Page) -> Any:
    """The open actions of the manager's side that no official gets a digest about."""
    off = Subscription.objects.filter(plan=page.plan, active=False).values("user")
    told = Membership.objects.filter(plan=page.plan, role=Role.OFFICIAL, user__is_active=True).exclude(user__in=off)
    mine = Action.objects.reportable_by(page.membership).values("pk")
    rows = _open(by_urgency(page.rows().filter(scored=True, obligation__in=mine)))
    if not told.exists():
        return rows
    bodies = page.plan.bodies.filter(memberships__in=told)
    return rows.exclude(obligation__in=Action.objects.reportable_for(bodies, page.plan).values("pk"))


@dataclass
class Line:
    text: str
    url: str = ""


@dataclass
class Section:
    """A list under its heading; text and HTML show the same lines."""

    title: str
    items: Items
    lines: list[Line]


def sections(content: Content) -> list[Section]:
    """The lists of a digest that hold anything, worst first, in the language in force."""
    manager = content.kind == Digest.Kind.MANAGER
    action = "action" if manager else "report"
    lists, page = content.lists, content.page

    def rows(items: Items) -> list[Line]:
        return [_of_row(row, page, action) for row in items.rows]

    def entries(items: Items) -> list[Line]:
        return [_of_entry(entry, page) for entry in items.rows]

    found = [
        (_("Newly overdue") if manager else _("Overdue"), lists["overdue"], rows),
        (_("Cleared"), content.cleared, lambda items: [_of_flag(flag, page) for flag in items.rows]),
        (_("Due in 14 days"), lists["due"], rows),
        (_("Deadlines moved"), content.moved, entries),
        (_("Awaiting somebody"), lists["awaiting"], rows),
        (_("Without news"), lists["stale"], rows),
        (_("Never reported"), content.never, rows),
        (_("Nobody is reminded of these"), content.unreminded, rows),
        (_("What was recorded") if manager else _("What others recorded"), content.changed, entries),
    ]
    return [Section(title, items, lines(items)) for title, items, lines in found if items.total]


def _of_row(row: Standing, page: Page, name: str) -> Line:
    parts = [labels.STATES[State(row.state)], labels.days(row, page.on)]
    said = " ".join(str(part) for part in parts if part)
    if row.stale_since:
        news = row.stale_since - timedelta(days=page.plan.stale_days)
        said += _(", no news since %(day)s") % {"day": labels.short_day(news)}
    words = _(" (“%(words)s”)") % {"words": row.words} if row.words else ""
    return Line(
        f"{row.obligation.ref} {plain(row.action.title)}{labels.colon()}{said}{words}",
        _link(page, name, row.obligation.ref),
    )


def _of_entry(entry: Shown, page: Page) -> Line:
    to = f" → {labels.edtf(entry.when)}" if entry.when else ""
    text = getattr(entry.entry, "text", None)
    reason = f"{labels.colon()}{text.reason}" if text and text.reason else ""
    said = f"{entry.ref} {entry.kind_label}{to}{reason}".strip()
    if entry.money:
        said += f" {money(entry.money)}"
    return Line(
        f"{said} ({labels.side(entry.side)}, {labels.short_day(entry.recorded_day)})",
        _link(page, "entry", entry.number),
    )


def _of_flag(flag: Flag, page: Page) -> Line:
    reason = ClearReason(flag.cleared_by).label
    return Line(f"{flag.obligation}{labels.colon()}{reason} ({labels.short_day(flag.cleared)})")


def plain(texts: dict[str, str]) -> str:
    return texts.get(labels.language()) or next(iter(texts.values()), "")


def _link(page: Page, name: str, *args: Any) -> str:
    """An address that stays right when the site gains a plan; the day is the reader's own."""
    return settings.SITE_URL + reverse(f"plan:{name}", args=[page.plan.slug, *args])


def unsubscribe_token(user: User, plan: Plan) -> str:
    """Always the same, so that a second copy of a mail is the same, too."""
    return signing.Signer(salt=UNSUBSCRIBE).sign_object([user.pk, plan.pk])


def unsubscribed_by(token: str) -> tuple[int, int]:
    """The account and the plan of a token; raises BadSignature or ValueError."""
    user, plan = signing.Signer(salt=UNSUBSCRIBE).unsign_object(token)
    return user, plan


def unsubscribe_url(user: User, plan: Plan) -> str:
    return settings.SITE_URL + reverse("unsubscribe", args=[unsubscribe_token(user, plan)])


def rendered(plan: Plan, recipient: User, kind: str, week: date, language: str) -> tuple[Content, dict[str, str]]:
    """The content, with its subject, text and HTML in a language; they say the same."""
    with translation.override(language):
        content = build(plan, recipient, kind, week)
        context = {
            "content": content,
            "sections": sections(content),
            "page": content.page,
            "plan": content.page.plan,
            "on": content.page.on,
            "site": settings.SITE_URL,
            "language": language,
            "unsubscribe": unsubscribe_url(content.page.user, content.page.plan),
        }
        name = "emails/weekly_digest"
        subject = " ".join(render_to_string(f"{name}_subject.txt", context).split())
        return content, {
            "subject": subject[:200],
            "text": render_to_string(f"{name}_body.txt", context),
            "html": render_to_string(f"{name}_body.html", context),
        }


class Writer:
    """Writes the digests of one plan and week; those who are told the same share one text, but for their way out."""

    def __init__(self, plan: Plan, week: date) -> None:
        self.plan, self.week = plan, week
        links = Membership.bodies.through.objects.filter(membership__plan=plan).values_list("membership_id", "body_id")
        self.bodies: dict[int, set[int]] = {}
        for membership, body in links:
            self.bodies.setdefault(membership, set()).add(body)
        sent = Digest.objects.filter(plan=plan, state=Digest.State.SENT, week__lt=week)
        self.had_one = set(sent.values_list("recipient_id", flat=True))
        recorded = Entry.objects.filter(plan=plan, recorded_day__gte=week, recorded_day__lt=week + WEEK)
        self.authors = set(recorded.values_list("by_id", flat=True))
        self.written: dict[Any, tuple[str, dict[str, str]]] = {}

    def write(self, membership: Membership, kind: str, language: str) -> dict[str, str]:
        """Subject, text and HTML; nothing where there is nothing to say."""
        user = membership.user
        same = (
            kind,
            membership.side,
            frozenset(self.bodies.get(membership.pk, ())),
            user.pk in self.had_one,
            # one's own entries are no news
            user.pk if user.pk in self.authors else None,
            language,
        )
        if same not in self.written:
            content, texts = rendered(self.plan, user, kind, self.week, language)
            self.written[same] = unsubscribe_url(user, self.plan), {} if content.is_empty else texts
        leave, texts = self.written[same]
        own = unsubscribe_url(user, self.plan)
        return {name: text.replace(leave, own) for name, text in texts.items()}
