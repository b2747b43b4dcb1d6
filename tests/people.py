"""Accounts for tests: a role, a side and bodies in one plan."""

from actionplan.models import User
from commitments.models import Membership, Plan, Role


def account(plan: Plan, role: Role, side: str = "", *bodies: str, language: str = "en") -> User:
    """A new account; only what it may do is of interest, so its address says that."""
    name = ".".join([role.value, side or "none", *bodies, str(User.objects.count())]).lower()
    user = User.objects.create(
        email=f"{name}@example.org", post=f"{role.label} {side}", language=language
    )
    membership = Membership.objects.create(user=user, plan=plan, role=role, side=side)
    membership.bodies.set(plan.bodies.filter(code__in=bodies))
    return user
