"""The factories make what their defaults promise."""

from commitments.models import Plan
from tests import factories


def test_every_factory_works_with_its_defaults(calais: Plan) -> None:
    plan = factories.create_plan()
    official = factories.create_official(plan, bodies=["office"])
    manager = factories.create_manager(plan)
    entry = factories.report_entry("1.1", by=official)
    factories.decide_action("1.1", by=manager, kind="not-pursued")
    withdrawal = factories.annotate_entry(entry, by=manager, kind="withdrawn")
    payment = factories.record_payment("1.9", by=manager)
    assert withdrawal.to == entry
    assert payment.amount == 1
    assert factories.sign_in(manager).get("/plans/small/").status_code == 200
    assert factories.action_status("4.4")["state"] == "overdue"
