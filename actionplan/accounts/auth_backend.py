"""Who is signed in, read once a request; what they may do in which plan comes with the same query."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend

from actionplan.models import User
from commitments.models.rights import memberships_of


class Backend(AuthenticationBackend):
    def get_user(self, user_id: Any) -> User | None:
        roles = memberships_of(user_id)
        user = roles[0].user if roles else User.objects.filter(pk=user_id).first()
        if user is None or not self.user_can_authenticate(user):
            return None
        user.roles = roles
        return user
