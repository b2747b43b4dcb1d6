"""The plan as its file says it: parties, aims, commitments, actions; and who may do what in it."""

from collections import defaultdict
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import connection, models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Upper
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from commitments.rules.working_days import CountedDays

Visitor = AbstractBaseUser | AnonymousUser
# Texts of the plan file are tables by language: {"en": "…", "fr": "…"}.


class PlanQuerySet(models.QuerySet["Plan"]):
    def visible_to(self, user: Visitor) -> "PlanQuerySet":
        """The plans in which the account has a role, and the public ones."""
        with_a_role = Plan.objects.accessible_to(user).values("pk")
        return self.filter(Q(pk__in=with_a_role) | Q(public=True))

    def accessible_to(self, user: Visitor) -> "PlanQuerySet":
        """Every plan for an administrator; for others the plans in which the account has a role."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if getattr(user, "is_superuser", False):
            return self
        return self.filter(memberships__user=user.pk)

    def lock(self, plan: "Plan") -> None:
        """Make whoever writes to the plan wait for each other, until the end of the transaction."""
        assert connection.in_atomic_block
        self.select_for_update().only("pk").get(pk=plan.pk)

    def raise_version(self) -> None:
        """Mark the pages of these plans as changed, in the transaction of what changes them."""
        self.update(version=F("version") + 1)


class Plan(models.Model):
    """One signed instrument, its parties and its settings."""

    slug = models.SlugField(unique=True)
    title = models.JSONField()
    summary = models.JSONField(default=dict)
    adopted_on = models.DateField()
    until = models.CharField(
        max_length=10, blank=True, db_default="", help_text="EDTF; empty for a plan without end"
    )
    place = models.CharField(max_length=200, blank=True)
    timezone = models.CharField(max_length=64)
    sides = models.JSONField()
    languages = models.JSONField()
    lead_days = models.PositiveIntegerField()
    grace_days = models.PositiveIntegerField()
    stale_days = models.PositiveIntegerField()
    year_basis = models.CharField(max_length=20)
    calendar = models.JSONField(
        default=dict, db_default={}, help_text="by side: the calendar of its working days"
    )
    counted_days = models.JSONField(
        default=dict,
        db_default={},
        help_text="last days of spans of working days, with the version that counted them",
    )
    evidence_required = models.BooleanField(default=False)
    public = models.BooleanField(
        default=False,
        db_default=False,
        help_text="read without signing in, see docs/reference/public-reading.md",
    )
    public_questions = models.BooleanField(
        default=False,
        db_default=False,
        help_text="a public plan shows which side asked which one, and whether it answered",
    )
    clearance = models.JSONField(
        default=list,
        db_default=[],
        help_text="sides whose managers release what their officials record",
    )
    held_versions = models.JSONField(
        default=dict,
        db_default={},
        help_text="by side: raised when something begins or ends to wait for release",
    )
    signed_text = models.TextField(blank=True)
    is_sample = models.BooleanField(default=False)
    flagged = models.CharField(
        max_length=32,
        blank=True,
        db_default="",
        help_text="day and last entry for which the flags are right",
    )
    version = models.PositiveBigIntegerField(
        default=0, db_default=0, help_text="raised by every write that a page can show"
    )

    objects: ClassVar[PlanQuerySet] = PlanQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["adopted_on", "slug"]

    def __str__(self) -> str:
        return self.slug

    @cached_property
    def working_days(self) -> CountedDays:
        """What was counted before counts on, whatever a newer calendar would say."""
        return CountedDays(self.counted_days)


class Body(models.Model):
    """An organisation, on a side or on none."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="bodies")
    code = models.CharField(max_length=64)
    name = models.JSONField()
    side = models.CharField(max_length=8, blank=True)
    position = models.PositiveIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["plan", "code"], name="body_once")]

    def __str__(self) -> str:
        return self.code


class Aim(models.Model):
    """One of the plan's stated purposes; commitments serve it."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="aims")
    code = models.CharField(max_length=64)
    title = models.JSONField()
    position = models.PositiveIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["plan", "code"], name="aim_once")]

    def __str__(self) -> str:
        return self.code


class Commitment(models.Model):
    """One numbered commitment; the number is the instrument's own, such as "4", "III" or "4(2)(b)".
    Letter case distinguishes no two of them.
    """

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="commitments")
    # the release before had a whole number, which a running site still reads while it is upgraded
    number = models.CharField(max_length=32, db_column="text_number", db_default="")
    position = models.PositiveIntegerField(db_column="number")
    title = models.JSONField()
    summary = models.JSONField(default=dict)
    aims = models.ManyToManyField(Aim, related_name="commitments")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint("plan", Upper("number"), name="commitment_number_once")
        ]

    def __str__(self) -> str:
        return self.number


class Obligation(models.Model):
    """What has a standing: an action, or one instalment of a contribution (then `instalment` is
    above 0).
    """

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="obligations")
    commitment = models.ForeignKey(Commitment, models.CASCADE, related_name="obligations")
    ref = models.CharField(max_length=32)
    instalment = models.PositiveSmallIntegerField(default=0)
    waits_for: models.ManyToManyField["Action", models.Model] = models.ManyToManyField(
        "Action",
        related_name="awaited_by",
        help_text="actions on which its standings depend by some of its terms",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "ref", "instalment"], name="obligation_once")
        ]

    def __str__(self) -> str:
        return f"{self.ref}/{self.instalment}" if self.instalment else self.ref


class ActionQuerySet(models.QuerySet["Action"]):
    """Who reports on an action follows from the bodies that lead or join it; where no side's body
    leads, anybody of a side does.
    """

    def reportable_for(self, bodies: models.QuerySet[Body], plan: Plan) -> "ActionQuerySet":
        """The actions that are led or joined by one of the bodies, or led by no side."""
        leads = Action.leads.through.objects.filter(action=OuterRef("pk"), body__in=bodies)
        partners = Action.partners.through.objects.filter(action=OuterRef("pk"), body__in=bodies)
        leads_of_a_side = Action.leads.through.objects.filter(
            action=OuterRef("pk"), body__side__in=plan.sides
        )
        return self.filter(Exists(leads) | Exists(partners) | ~Exists(leads_of_a_side), plan=plan)

    def keys_by_reporter(self, plan: Plan) -> dict[int | str | None, set[int]]:
        """The keys of the actions that each body and each side may report on; under None those that
        anybody of a side may report on.
        """
        keys: defaultdict[int | str | None, set[int]] = defaultdict(set)
        for action in self.filter(plan=plan).prefetch_related("leads", "partners"):
            leads = action.leads.all()
            for body in [*leads, *action.partners.all()]:
                keys[body.pk].add(action.pk)
                keys[body.side].add(action.pk)
            if not any(body.side in plan.sides for body in leads):
                keys[None].add(action.pk)
        return keys


class Action(Obligation):
    """One separately trackable obligation inside a commitment; its terms are entries of the
    register.
    """

    title = models.JSONField()
    signed_words = models.TextField(blank=True)
    words_in = models.JSONField(null=True, help_text="by language: courtesy translations of them")
    clause = models.JSONField(default=dict)
    position = models.PositiveIntegerField()
    leads = models.ManyToManyField(Body, related_name="leads")
    partners = models.ManyToManyField(Body, related_name="joins")
    after = models.JSONField(default=list)
    superseders = models.ManyToManyField("self", symmetrical=False, related_name="supersedes")
    unit = models.JSONField(default=dict)
    interpretations = models.JSONField(default=list)
    search = models.TextField(
        blank=True, help_text="what the list is searched in, plain: see words.plain"
    )
    keywords = models.JSONField(
        null=True, help_text="by language: words that people use and the texts do not"
    )
    title_stems = models.TextField(
        blank=True, db_default="", help_text="of ref, titles and keywords: see stems.join_stems"
    )
    text_stems = models.TextField(
        blank=True, db_default="", help_text="of all else that is said of it in the plan file"
    )
    parties = models.TextField(
        blank=True,
        db_default="",
        help_text="codes of the bodies that lead or join, as the list counts them",
    )
    # code points of the signed text, where it is given
    anchor_start = models.PositiveIntegerField(null=True)
    anchor_end = models.PositiveIntegerField(null=True)

    objects: ClassVar[ActionQuerySet] = ActionQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["position"]


class Role(models.TextChoices):
    VIEWER = "viewer", _("viewer")
    OFFICIAL = "official", _("official")
    MANAGER = "manager", _("manager")


class MembershipQuerySet(models.QuerySet["Membership"]):
    def of(self, user: Visitor, plan: Plan) -> "Membership | None":
        """What the account may do in the plan, read afresh; None for a disabled account."""
        memberships = self.filter(user=user.pk, plan=plan, user__is_active=True)
        return memberships.prefetch_related("bodies").first()


class Membership(models.Model):
    """What an account may do in one plan, for which side and bodies. An administrator needs none."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    plan = models.ForeignKey(Plan, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices)
    side = models.CharField(max_length=8, blank=True)
    bodies = models.ManyToManyField(Body, related_name="memberships", blank=True)

    objects: ClassVar[MembershipQuerySet] = MembershipQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "plan"], name="membership_once"),
            models.CheckConstraint(
                condition=Q(role=Role.VIEWER) | ~Q(side=""), name="writers_speak_for_a_side"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.side}"
