"""What a reader may see and do in a plan, as a value that does not say who they are."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from commitments.models.plan import Membership
from commitments.models.register import Entry
from commitments.process_cache import fingerprint, get_or_make


@dataclass(frozen=True)
class Rights:
    """Readers with equal rights see the same pages, so that one reader's page can serve the next.

    `author` is the account itself, and only where it has recorded entries of the plan, or is an
    administrator without a role in it: what an account may do with an entry depends on whose entry
    it is. For all others it is None.
    """

    role: str = ""
    side: str = ""
    bodies: tuple[int, ...] = ()
    is_administrator: bool = False
    author: int | None = None

    @property
    def inside(self) -> bool:
        """Whether the reader belongs to the plan; others see what a public plan shows."""
        return bool(self.role) or self.is_administrator

    def is_author_of(self, entry: Entry) -> bool:
        return self.author is not None and self.author == entry.by_id


def rights_of(membership: Membership | None, *, administrator: int | None = None) -> Rights:
    """The rights of an account, given its membership as `memberships_of` reads it.

    `administrator` is the key of the account where it is one.
    """
    is_administrator = administrator is not None
    if membership is None:
        return Rights(is_administrator=is_administrator, author=administrator)
    # read each time, as role and side are: a right that is withdrawn is gone at once
    links = Membership.bodies.through.objects.filter(membership=membership)
    return Rights(
        role=membership.role,
        side=membership.side,
        bodies=tuple(links.order_by("body_id").values_list("body_id", flat=True)),
        is_administrator=is_administrator,
        author=membership.user_id if getattr(membership, "is_author", True) else None,
    )


def memberships_of(account: int) -> list[Membership]:
    """The memberships of an account in the order of their plans.

    Each has its plan, `head`, the hash of the plan's newest entry, and `is_author`, whether the
    account has recorded an entry of the plan. The plan and the authorship follow from what is asked
    here each time, since a write to them raises the version of the plan.
    """
    entries = Entry.objects.filter(plan=OuterRef("plan"))
    newest = entries.order_by("-number").values("hash")[:1]
    of_account = Membership.objects.filter(user=account).order_by("plan__adopted_on")
    memberships = of_account.annotate(head=Subquery(newest))
    states = memberships.values_list(
        "pk", "role", "side", "plan_id", "plan__version", "plan__held_versions", "head"
    )
    key = fingerprint("memberships", account, list(states))
    return get_or_make(key, lambda: _read_memberships(account, memberships))


def _read_memberships(account: int, memberships: QuerySet[Membership]) -> list[Membership]:
    written = Entry.objects.filter(plan=OuterRef("plan"), by=account).order_by()
    return list(memberships.select_related("plan").annotate(is_author=Exists(written)))
