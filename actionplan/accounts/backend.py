"""Who is signed in, read once a request; whether they are a manager somewhere comes with the same query."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.db.models import Exists, OuterRef

from actionplan.models import User
from commitments.models import Membership, Role


class Backend(AuthenticationBackend):
    def get_user(self, user_id: Any) -> User | None:
        manages = Exists(Membership.objects.filter(user=OuterRef("pk"), role=Role.MANAGER))
        user = User.objects.annotate(manages=manages).filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None
