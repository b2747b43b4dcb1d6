"""What people change on the page of their own account."""

from structlog.testing import capture_logs

from actionplan.models import User
from commitments.models import Plan
from tests.client import Client
from tests.factories import create_official, report_entry, sign_in


def test_a_corrected_post_stands_with_what_was_recorded_before(calais: Plan) -> None:
    official = create_official(calais, post="Oficial")
    client = sign_in(official)
    address = f"/plans/calais-2014/register/{report_entry(by=official).number}/"
    assert "Oficial" in client.get(address).content.decode()
    with capture_logs() as logs:
        client.post("/account/", {"post": "Official of the Home Office"})
    page = client.get(address).content.decode()
    assert "Official of the Home Office" in page and "Oficial" not in page
    changed = {"event": "post_changed", "log_level": "info", "by": official.pk, "user": official.pk}
    assert changed in logs


def test_an_account_keeps_its_post_where_none_is_given(calais: Plan) -> None:
    official = create_official(calais, post="Official")
    client: Client = sign_in(official)
    assert client.post("/account/", {"post": " "}).status_code == 422
    assert User.objects.get(pk=official.pk).post == "Official"
