"""The pages of plans that are not like the samples."""

from typing import Any

import pytest

from tests.factories import create_manager, create_plan, sign_in
from tests.outline import outline_faults
from tests.plans import toml
from tests.unusual_plans import UNUSUAL_PLANS

PAGES = ("", "commitments/", "commitments/1/", "actions/1.1/", "fund/", "text/", "register/")


def marks(slug: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.rare] if slug == "many-actions" else []


@pytest.mark.slow
@pytest.mark.parametrize(
    "tree",
    [
        pytest.param(tree, id=tree["plan"]["slug"], marks=marks(tree["plan"]["slug"]))
        for tree in UNUSUAL_PLANS
    ],
)
def test_every_page_of_an_unusual_plan_is_whole(db: None, tree: dict[str, Any]) -> None:
    plan = create_plan(toml(tree))
    reader = sign_in(create_manager(plan))
    for page in (*PAGES, "between/?from=2014-10-01"):
        response = reader.get(f"/plans/{plan.slug}/{page}")
        assert response.status_code == 200, page
        assert outline_faults(response.text) == [], page
