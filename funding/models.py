"""Funds, contributions and their instalments, purposes, and figures reported elsewhere: as the plan
file says them.
"""

from datetime import date

from django.db import models

from commitments.models import Commitment, Obligation, Plan
from commitments.rules.dates import parse


class Fund(models.Model):
    plan = models.ForeignKey(Plan, models.CASCADE, related_name="funds")
    commitment = models.ForeignKey(Commitment, models.CASCADE, related_name="funds")
    code = models.CharField(max_length=64)
    title = models.JSONField()
    manager = models.CharField(max_length=200, blank=True, help_text="empty: not stated")
    interpretations = models.JSONField(default=list)
    position = models.PositiveIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["plan", "code"], name="fund_once")]

    def __str__(self) -> str:
        return self.code


class Contribution(models.Model):
    """Money promised to a fund by one side; its amounts are terms of its instalments."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="contributions")
    fund = models.ForeignKey(Fund, models.CASCADE, related_name="contributions")
    ref = models.CharField(max_length=32)
    side = models.CharField(max_length=8)
    words = models.TextField(blank=True)
    words_in = models.JSONField(null=True, help_text="by language: courtesy translations of them")
    interpretations = models.JSONField(default=list)
    position = models.PositiveIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["plan", "ref"], name="contribution_once")]

    def __str__(self) -> str:
        return self.ref


class Instalment(Obligation):
    """One year of a contribution, or its one sum."""

    obligation = models.OneToOneField(
        Obligation, models.CASCADE, parent_link=True, primary_key=True, related_name="as_instalment"
    )
    contribution = models.ForeignKey(Contribution, models.CASCADE, related_name="instalments")

    class Meta:
        ordering = ["ref", "instalment"]


class Purpose(models.Model):
    fund = models.ForeignKey(Fund, models.CASCADE, related_name="purposes")
    code = models.CharField(max_length=64)
    title = models.JSONField()
    actions = models.JSONField(default=list, help_text="refs of the actions it serves")
    position = models.PositiveIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["fund", "code"], name="purpose_once")]

    def __str__(self) -> str:
        return self.code


class Reported(models.Model):
    """A total that somebody else gave for the fund; shown beside the computed one, never in its
    place.
    """

    fund = models.ForeignKey(Fund, models.CASCADE, related_name="reported")
    amount = models.DecimalField(max_digits=20, decimal_places=4)
    currency = models.CharField(max_length=3)
    by = models.JSONField()
    on = models.CharField(max_length=10, help_text="EDTF")
    words = models.CharField(max_length=200, blank=True)
    source = models.TextField(blank=True)
    position = models.PositiveIntegerField()

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.currency} {self.amount}"

    @property
    def first_day(self) -> date:
        return parse(self.on).first
