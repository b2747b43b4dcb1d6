"""A word at once: what one side records is mailed to the people of the others whom it concerns.

Each plan has two marks of how far it was told: at once and daily. A run reads what was recorded after
a mark, queues the mails and moves the mark in one transaction, so that nothing is told twice or lost
by a worker that is killed. The outbox sends them like digests.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone, translation

from actionplan.digests import messages
from actionplan.digests.outbox import SENT_AFTER
from actionplan.digests.recipients import noticed_memberships, own_actions, reporters_of
from actionplan.digests.rendering import UNSUBSCRIBE_PLACEHOLDER, Texts, render_texts
from actionplan.models import Digest, Follow, NoticeMark, Subscription
from commitments import clock
from commitments.models import Action, Entry, Flag, FlagKind, HeldReport, Membership, Plan, Role
from commitments.models.rights import rights_of
from commitments.pages import labels
from commitments.pages.entries import describe_moves, hide_texts
from commitments.register import redaction
from commitments.register.entries import civil_day
from commitments.register.entry_types import (
    ANSWER,
    KINDS,
    QUESTION,
    REDACTION_ASKED,
    RELEASED,
)
from commitments.register.validation import Context, is_confirmable, sides_to_agree

Pace = Subscription.Pace
# what is recorded within this time goes into one mail
COLLECTED = timedelta(minutes=10)
LINES_SHOWN = 20
# what the other side hears of, beside what it can confirm
TOLD = ("confirmed", "disputed", "reopened", "withdrawn", QUESTION, ANSWER, REDACTION_ASKED)


@dataclass(frozen=True)
class Line:
    """One item of a mail, and the page that answers it."""

    page: str
    entry: Entry | None = None
    flag: Flag | None = None
    report: HeldReport | None = None
    # of the action, by language
    title: Mapping[str, str] = field(default_factory=dict)

    @property
    def ref(self) -> str:
        """The action or contribution that the line is about. A redaction names none itself, but its
        entry does.
        """
        if self.report is not None:
            return self.report.ref
        if self.flag is not None:
            return self.flag.obligation.ref
        assert self.entry is not None
        return self.entry.ref or (self.entry.to.ref if self.entry.to else "")

    @property
    def argument(self) -> int | str:
        if self.report is not None:
            return self.report.pk
        if self.entry is not None and self.entry.kind == RELEASED and self.entry.to:
            return self.entry.to.number
        if self.entry is not None:
            return self.entry.number
        assert self.flag is not None
        return self.flag.obligation.ref


@dataclass(frozen=True)
class Position:
    """Up to which entry, flag and held report a plan was told, as NoticeMark keeps it."""

    number: int
    flag: int
    held: int


@dataclass
class News:
    """Everything after a mark, read once for all recipients."""

    plan: Plan
    now: datetime
    entries: list[Entry]
    flags: list[Flag]
    reports: list[HeldReport]
    context: Context = field(init=False)
    reportable: Mapping[int | str | None, set[int]] = field(init=False)
    titles: Mapping[str, Mapping[str, str]] = field(init=False)
    rendered: dict[tuple[object, ...], Texts] = field(default_factory=dict)

    def __post_init__(self) -> None:
        refs = {entry.ref for entry in self.entries}
        self.context = Context(self.plan, civil_day(self.now, self.plan.timezone), refs)
        self.reportable = Action.objects.keys_by_reporter(self.plan)
        actions = Action.objects.filter(plan=self.plan)
        self.titles = dict(actions.values_list("ref", "title"))

    def lines_for(self, member: Membership, pace: str, followed: set[str]) -> list[Line]:
        """The lines that concern a member, in the order of the register."""
        lines = self._lines_for(member, pace, followed)
        return [replace(line, title=self.titles.get(line.ref, {})) for line in lines]

    def _lines_for(self, member: Membership, pace: str, followed: set[str]) -> list[Line]:
        own = own_actions(reporters_of(member), self.reportable)
        lines = []
        for entry in self.entries:
            if entry.by_id == member.user_id:
                continue
            page = self._page_for(entry, member, own)
            is_told = bool(page) and (pace != Pace.WORD or self._asks_for_word(entry, member))
            if is_told or entry.ref in followed:
                lines.append(Line(page or "entry", entry=entry))
        lines += [
            Line("held", report=report) for report in self.reports if _concerns(report, member)
        ]
        if member.role == Role.OFFICIAL:
            lines += [Line("report", flag=flag) for flag in self.flags if flag.obligation_id in own]
        return lines

    def _page_for(self, entry: Entry, member: Membership, own: set[int]) -> str:
        """The page that answers an entry of another side; empty where it does not concern them."""
        is_manager = member.role == Role.MANAGER
        is_reporter = member.role == Role.OFFICIAL and entry.obligation_id in own
        if entry.kind == RELEASED:
            return "entry" if _is_of_author(entry, member) else ""
        if entry.side == member.side or not (is_manager or is_reporter):
            return ""
        if entry.kind == QUESTION:
            return "answer" if entry.words == member.side else "entry"
        if is_confirmable(entry, self.context):
            is_offered = is_manager or not sides_to_agree(entry, self.context)
            return "confirm" if is_offered else "entry"
        if entry.kind == "disputed":
            return "ask-about"
        if entry.kind == REDACTION_ASKED and _can_agree(entry, member):
            return "agree"
        return "entry" if entry.kind in TOLD else ""

    def _asks_for_word(self, entry: Entry, member: Membership) -> bool:
        """Whether it waits for the word of their side, or is about what that one has said."""
        if entry.kind == QUESTION:
            return entry.words == member.side
        if entry.kind in ("disputed", ANSWER):
            return entry.to is not None and entry.to.side == member.side
        return entry.kind in (REDACTION_ASKED, RELEASED) or is_confirmable(entry, self.context)

    def render(self, lines: list[Line], language: str) -> Texts:
        """People who are told the same share one rendering, but for their unsubscribe link."""
        key = (language, *((line.page, line.argument) for line in lines))
        if key not in self.rendered:
            self.rendered[key] = _render(self.plan, lines, language)
        return self.rendered[key]


def _can_agree(request: Entry, member: Membership) -> bool:
    assert request.to is not None
    asked_for = redaction.find_redaction(request.to)
    if asked_for is None or asked_for.request != request:
        return False
    return redaction.can_agree(rights_of(member), asked_for)


def _is_of_author(released: Entry, member: Membership) -> bool:
    return released.to is not None and released.to.by_id == member.user_id


def _concerns(report: HeldReport, member: Membership) -> bool:
    """What waits concerns the managers of its side, what was sent back its author."""
    if report.side != member.side:
        return False
    if report.state == HeldReport.State.RETURNED:
        return report.by_id == member.user_id
    return member.role == Role.MANAGER


def _render(plan: Plan, lines: list[Line], language: str) -> Texts:
    with (
        translation.override(language),
        timezone.override(plan.timezone),
        labels.in_languages_of(plan),
    ):
        context = {
            "plan": plan,
            "lines": lines[:LINES_SHOWN],
            "first": lines[0],
            "total": len(lines),
            "more": max(len(lines) - LINES_SHOWN, 0),
            "site": settings.SITE_URL,
            "language": language,
            "unsubscribe": UNSUBSCRIBE_PLACEHOLDER,
        }
        return render_texts("notice", context)


def queue(plan: Plan, now: datetime) -> int:
    """Queue the mails that are due; returns how many. Safe to run concurrently."""
    return sum(_queue_after(mark, now) for mark in _marks(plan, now))


def _marks(plan: Plan, now: datetime) -> list[NoticeMark]:
    """The marks of the plan. Missing ones are created, and begin with what comes from now on."""
    marks = list(NoticeMark.objects.filter(plan=plan).select_related("plan"))
    for is_daily in {False, True} - {mark.is_daily for mark in marks}:
        day = civil_day(now, plan.timezone)
        beginning = {**asdict(_latest_position(plan)), "day": day}
        NoticeMark.objects.get_or_create(plan=plan, is_daily=is_daily, defaults=beginning)
    return marks


def _latest_position(plan: Plan) -> Position:
    held_versions = Plan.objects.filter(pk=plan.pk).values_list("held_versions", flat=True).get()
    return Position(
        number=Entry.objects.filter(plan=plan).last_number(),
        flag=Flag.objects.filter(plan=plan).aggregate(last=Max("pk"))["last"] or 0,
        held=max(held_versions.values(), default=0),
    )


def _queue_after(mark: NoticeMark, now: datetime) -> int:
    """Queue what came after a mark if its mails are due, and move the mark; returns how many were
    queued.
    """
    plan = mark.plan
    day = civil_day(now, plan.timezone)
    told = Position(mark.number, mark.flag, mark.held)
    latest = _latest_position(plan)
    if not _is_due(mark, now, latest.flag):
        return 0
    with transaction.atomic():
        unmoved = NoticeMark.objects.filter(pk=mark.pk, day=mark.day, **asdict(told))
        # another worker that does the same meanwhile has moved it
        if not unmoved.update(day=day, **asdict(latest)) or told == latest:
            return 0
        news = News(
            plan=plan,
            now=now,
            entries=_entries(mark, latest.number, now),
            flags=list(_flags(mark, latest.flag)),
            reports=list(_reports(mark).filter(version__lte=latest.held)),
        )
        notices = list(_notices(news, is_daily=mark.is_daily))
        Digest.objects.bulk_create(notices, batch_size=500)
    return len(notices)


def _is_due(mark: NoticeMark, now: datetime, last_flag: int) -> bool:
    if mark.is_daily:
        return mark.day < civil_day(now - SENT_AFTER, mark.plan.timezone)
    entries = Entry.objects.filter(plan=mark.plan, number__gt=mark.number)
    changes = [
        entries.order_by("number").values_list("loaded_at", flat=True).first(),
        _reports(mark).order_by("version").values_list("changed", flat=True).first(),
    ]
    oldest = min((moment for moment in changes if moment), default=None)
    if last_flag > mark.flag or (oldest and clock.is_pinned()):
        return True
    # what seems to come from the future was written by a clock that runs fast
    return oldest is not None and not now - COLLECTED < oldest <= now


def _reports(mark: NoticeMark) -> QuerySet[HeldReport]:
    reports = HeldReport.objects.filter(plan=mark.plan, version__gt=mark.held)
    return reports.select_related("by").order_by("version")


def _entries(mark: NoticeMark, last: int, now: datetime) -> list[Entry]:
    entries = Entry.objects.filter(plan=mark.plan, number__gt=mark.number, number__lte=last)
    news = entries.filter(kind__in=(*KINDS, REDACTION_ASKED, RELEASED))
    rows = list(news.select_related("text", "to").order_by("number"))
    hide_texts(rows, civil_day(now, mark.plan.timezone))
    describe_moves(rows, mark.plan)
    return rows


def _flags(mark: NoticeMark, last: int) -> Iterator[Flag]:
    flags = Flag.objects.filter(
        plan=mark.plan, kind=FlagKind.OVERDUE, cleared=None, pk__gt=mark.flag, pk__lte=last
    )
    yield from flags.exclude(obligation__action=None).select_related("obligation__action")


def _notices(news: News, *, is_daily: bool) -> Iterator[Digest]:
    plan = news.plan
    followed: dict[int, set[str]] = {}
    for user, ref in Follow.objects.filter(plan=plan).values_list("user", "ref"):
        followed.setdefault(user, set()).add(ref)
    today = civil_day(news.now, plan.timezone)
    monday = today - timedelta(days=today.weekday())
    for member in noticed_memberships(is_daily=is_daily).filter(plan=plan):
        lines = news.lines_for(member, member.pace, followed.get(member.user_id, set()))
        if not lines:
            continue
        digest = messages.new_digest(plan, member.user, Digest.Kind.NOTICE, monday)
        texts = news.render(lines, digest.language)
        texts.with_unsubscribe_link(member.user, plan, notices_only=True).write_to(digest)
        yield digest
