"""Personal tokens of other programs."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from actionplan.models.accounts import User
from commitments.models import Plan


class Token(models.Model):
    """What a program shows to read one thing of one plan as its account; of the secret only the
    digest is kept.
    """

    class Purpose(models.TextChoices):
        CALENDAR = "calendar", _("calendar of deadlines")
        REGISTER = "register", _("feed of the register")
        READ = "read", _("reading as JSON")

    user = models.ForeignKey(User, models.CASCADE, related_name="tokens")
    plan = models.ForeignKey(Plan, models.CASCADE, related_name="tokens")
    purpose = models.CharField(max_length=8, choices=Purpose.choices)
    label = models.CharField(max_length=60)
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the secret")
    made = models.DateField()
    expires = models.DateField(help_text="the last day on which it opens anything")
    last_used = models.DateField(null=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.purpose} {self.label}"
