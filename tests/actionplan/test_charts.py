"""Charts to take along: SVG that stands alone, and says what it shows and from where."""

from xml.etree import ElementTree

import pytest

from commitments.models import Plan
from tests.client import Client
from tests.factories import create_viewer, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(calais_with_entries: Plan) -> Client:
    return sign_in(create_viewer(calais_with_entries))


@pytest.mark.parametrize(
    ("name", "text"),
    [("commitments", "overdue"), ("timeline", "5.5"), ("fund", "promised")],
)
def test_a_chart_names_its_caption_and_source_and_says_in_words_what_it_draws(
    client: Client, name: str, text: str
) -> None:
    response = client.get(f"/charts/{name}.svg", {"on": "2015-01-12"})
    assert response.headers["Content-Type"] == "image/svg+xml"
    tree = ElementTree.fromstring(response.content)  # noqa: S314 our own
    texts = ["".join(each.itertext()) for each in tree.iter("{http://www.w3.org/2000/svg}text")]
    assert any(text in each for each in texts), texts
    assert "12 January 2015, register up to entry" in texts[-2]
    assert texts[-1].endswith("/?on=2015-01-12")
    # no style sheet comes along
    assert "class=" not in response.content.decode()


def test_the_overview_leads_to_each_chart_as_a_file(client: Client) -> None:
    page = client.get("/").content.decode()
    for name in ("commitments", "timeline", "fund"):
        assert f'href="/plans/calais-2014/charts/{name}.svg"' in page


def test_there_is_no_other_chart(client: Client) -> None:
    assert client.get("/charts/secret.svg").status_code == 404
