"""Who may record money, for services, pages and templates alike."""

from commitments.models import Plan
from commitments.models.rights import Rights
from commitments.register.permissions import is_manager
from funding.models import Contribution


def can_record_payment(rights: Rights, contribution: Contribution, plan: Plan) -> bool:
    """Whether the account is a manager of the contributing side; of any side where the contributor
    does not report here.
    """
    reports_here = contribution.side in plan.sides
    return is_manager(rights) and (contribution.side == rights.side or not reports_here)


def can_record_spending(rights: Rights) -> bool:
    return is_manager(rights)
