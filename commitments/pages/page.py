"""What every page of a plan knows: the plan, the day, what is known on it, and the reader's rights."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from commitments.models import Plan, Role, Standing
from commitments.models.rights import Rights
from commitments.models.standings import StandingQuerySet
from commitments.rules.events import Perspective

# addresses that belong to the site and to no plan
ADDRESSES_OF_THE_SITE = {
    "sign-in",
    "sign-out",
    "language",
    "accessibility",
    "account",
    "accounts",
    "styleguide",
    "load-plan",
    "plans",
}


@dataclass(frozen=True)
class Page:
    """Everything that a page depends on besides the register; nothing here says who reads it.

    `plans` are those that the reader may choose from. `known` is a day, or None for what is known
    now. `head` is the hash of the plan's newest entry, where it was read.
    """

    plan: Plan
    plans: Sequence[Plan]
    rights: Rights
    on: date
    known: date | None
    today: date
    head: str | None = None

    @property
    def inside(self) -> bool:
        """Whether the reader belongs to the plan; others see what a public plan shows."""
        return self.rights.inside

    @property
    def held_version(self) -> int:
        """A number that is raised when a report begins or ceases to wait for release on the
        reader's side; 0 for readers who do not see such reports.
        """
        if self.rights.role not in (Role.OFFICIAL, Role.MANAGER):
            return 0
        version: int = self.plan.held_versions.get(self.rights.side, 0)
        return version

    @property
    def perspective(self) -> Perspective:
        if self.known:
            return Perspective.AS_KNOWN_THEN
        return Perspective.AS_KNOWN_NOW

    @property
    def known_day(self) -> date:
        return self.known or max(self.today, self.on)

    @property
    def other_day(self) -> bool:
        """Whether the page shows anything but today as it is known today."""
        return self.on != self.today or self.known is None

    @cached_property
    def day_query(self) -> dict[str, str]:
        """What addresses and forms carry along so that the reader stays on the chosen day."""
        query = {}
        if self.on != self.today:
            query["on"] = self.on.isoformat()
        if self.known is None:
            query["known"] = "now"
        return query

    @property
    def standings(self) -> StandingQuerySet:
        """The standing of every action on the day."""
        standings = Standing.objects.filter(plan=self.plan)
        return standings.on(self.on, self.perspective).actions()

    def standings_with_actions(self) -> StandingQuerySet:
        return self.standings.select_related("obligation__action", "obligation__commitment")

    def url(self, name: str, *args: Any, **query: Any) -> str:
        """An address inside the plan, on the same day."""
        if name in ADDRESSES_OF_THE_SITE:
            return address_of(name, args)
        query = self.day_query | query
        return address_of(f"plan:{name}", (self.plan.slug, *args), tuple(query.items()))

    @property
    def context(self) -> dict[str, Any]:
        """What the templates of all pages of a plan use."""
        return {
            "page": self,
            "plan": self.plan,
            "inside": self.inside,
            # the signed words are in the language that the plan file names first
            "text_language": self.plan.languages[0],
            "on": self.on,
            "today": self.today,
            "known_now": self.known is None,
            "other_day": self.other_day,
        }


@lru_cache(maxsize=8192)
def address_of(
    name: str, args: tuple[Any, ...] = (), query: tuple[tuple[str, Any], ...] = ()
) -> str:
    """The address, kept for the next call: a page has two hundred addresses, and most of them are
    those of the page before.
    """
    address = reverse(name, args=args)
    if not query:
        return address
    return f"{address}?{urlencode(query, doseq=True)}"
