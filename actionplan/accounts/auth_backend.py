"""Who is signed in: read once a request, together with what they may do in which plan."""

from allauth.account.auth_backends import AuthenticationBackend

from actionplan.models import User
from commitments.models import Membership
from commitments.models.rights import memberships_of


class Backend(AuthenticationBackend):
    def get_user(self, user_id: int) -> User | None:
        memberships = memberships_of(user_id)
        user = _find_user(user_id, memberships)
        if user is None or not self.user_can_authenticate(user):
            return None
        user.roles = memberships
        return user


def _find_user(user_id: int, memberships: list[Membership]) -> User | None:
    if memberships:
        return memberships[0].user
    return User.objects.filter(pk=user_id).first()
