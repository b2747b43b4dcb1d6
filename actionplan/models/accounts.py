"""Accounts, and invitations to them."""

import secrets
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from commitments.models import Body, Membership, Plan, Role
from commitments.models.rights import memberships_of

# how the address of an erased account ends: no mail can be sent there
ERASED_DOMAIN = "@erased.invalid"


def check_plain_address(email: str) -> None:
    """Refuse letters beyond the plain Latin ones: among them are many that look like these.

    A domain with other letters has a plain form of its own, which begins with xn--.
    """
    if not email.isascii():
        raise ValidationError(
            _(
                "An address has plain letters only, without accents: other letters can look like them."
            )
        )


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        check_plain_address(email)
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        return self.create_user(email, password, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())

    def not_erased(self) -> "models.QuerySet[User]":
        return self.exclude(email__endswith=ERASED_DOMAIN)


class User(AbstractUser):
    """An account, known by its address; pages and mails name the post, never a person."""

    username = None  # type: ignore[assignment]
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField(_("e-mail address"), unique=True)
    post = models.CharField(_("post"), max_length=200, blank=True)
    post_salt = models.CharField(
        max_length=32, blank=True, db_default="", help_text="of the post's digest; goes with it"
    )
    language = models.CharField(_("language"), max_length=2, blank=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()  # type: ignore[misc,assignment]

    def __str__(self) -> str:
        return self.post or str(self.pk)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Pages show the posts of those who recorded entries or whose rights one gives, so they
        change with the post.
        """
        if self.post and not self.post_salt:
            self.post_salt = secrets.token_hex(16)
        with transaction.atomic():
            super().save(*args, **kwargs)
            if "post" in (kwargs.get("update_fields") or ["post"]):
                Plan.objects.filter(pk__in=self.plans_that_show_the_post()).raise_version()

    def plans_that_show_the_post(self) -> "models.QuerySet[Plan]":
        is_shown = Q(entries__by=self) | Q(entries__kind="rights", entries__terms__account=self.pk)
        return Plan.objects.filter(pk__in=Plan.objects.filter(is_shown).values("pk"))

    @property
    def mail_language(self) -> str:
        """The language that the account chose, else that of the site."""
        return self.language or settings.LANGUAGE_CODE

    @cached_property
    def roles(self) -> list[Membership]:
        """What the account may do in which plan, read once a request."""
        return memberships_of(self.pk)

    def erase(self) -> None:
        """Remove name and address from the row, and every way to sign in."""
        self.email = f"erased-{self.pk}{ERASED_DOMAIN}"
        self.post = ""
        self.post_salt = ""
        self.language = ""
        self.is_active = False
        self.is_superuser = False
        self.last_login = None
        self.set_unusable_password()
        self.save()


# migration 0007 names this function
def _nonce() -> str:
    return secrets.token_urlsafe(16)


class Invitation(models.Model):
    """An account that may come to be, until its link is used, revoked or too old; then the row
    goes.
    """

    ADMINISTRATOR = "administrator"

    email = models.EmailField(_("e-mail address"), unique=True)
    post = models.CharField(_("post"), max_length=200)
    language = models.CharField(_("language"), max_length=2)
    plan = models.ForeignKey(Plan, models.CASCADE, null=True, related_name="invitations")
    role = models.CharField(
        _("role"), max_length=16, choices=[*Role.choices, (ADMINISTRATOR, _("administrator"))]
    )
    side = models.CharField(_("side"), max_length=8, blank=True)
    bodies = models.ManyToManyField(Body, related_name="invitations", blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="invitations")
    nonce = models.CharField(
        max_length=32, default=_nonce, help_text="in the link; a new one ends the links before it"
    )
    sent = models.DateTimeField()
    expires = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.role} {self.side}"

    def renew(self) -> None:
        self.nonce = _nonce()
