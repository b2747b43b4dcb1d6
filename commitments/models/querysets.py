"""Questions to the standings and flags, in words of the rules."""

from datetime import date
from typing import Any

from django.db import models

from commitments.rules.events import Perspective


class StandingQuerySet(models.QuerySet[Any]):
    def on(self, day: date, perspective: Perspective) -> "StandingQuerySet":
        """The one stretch of each obligation that holds the day."""
        return self.filter(lens=perspective.value, from_day__lte=day, to_day__gt=day)

    def actions(self) -> "StandingQuerySet":
        """An instalment belongs to no commitment."""
        return self.filter(commitment__isnull=False)


class FlagQuerySet(models.QuerySet[Any]):
    def noticed_by(self, day: date) -> "FlagQuerySet":
        """What had been noticed by the day, whether or not it was cleared since, the newest first."""
        return self.filter(noticed__lte=day).order_by("-since", "kind")
