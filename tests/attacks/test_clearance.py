"""While reports wait for release, nobody outside their side reads anything else than before."""

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.core.cache import caches

from actionplan import urls
from actionplan.digests import notices
from actionplan.models import Digest
from commitments.evidence import storage
from commitments.models import Plan
from commitments.register.services import HeldForRelease
from tests.client import Client
from tests.factories import (
    annotate_entry,
    ask_side,
    create_manager,
    create_official,
    report_entry,
    sign_in,
    uploaded_file,
)

NOW = datetime(2015, 1, 12, 15, 30, tzinfo=UTC)
pytestmark = [pytest.mark.django_db, pytest.mark.slow]
ARGUMENTS = {"ref": "4.4", "code": "fund", "name": "timeline", "key": UUID(int=1)}
QUERIES = {
    "commitments": ("?format=xlsx", "?format=json", "?attention=waiting"),
    "register": ("?format=xlsx", "?format=csv", "?waiting=1"),
    "between": ("?from=2014-12-01",),
}
# what is random in forms
RANDOM = re.compile(rb'name="(csrfmiddlewaretoken|key)" value="\w+"')


def addresses(number: int) -> Iterator[str]:
    """Every address of a plan, with what its lists can be asked, and those that count over all."""
    arguments = ARGUMENTS | {"number": number}
    for pattern in urls.plan_pages:
        path = re.sub(r"<\w+:(\w+)>", lambda name: str(arguments[name[1]]), str(pattern.pattern))
        for query in ("", *QUERIES.get(str(pattern.name), ())):
            yield f"/plans/calais-2014/{path}{query}"
    yield from ("/plans/", "/health/jobs/")


def read(client: Client, address: str) -> tuple[object, ...]:
    """All that the reader can tell of an answer, but how long it took."""
    response: Any = client.get(address)
    body = b"".join(response.streaming_content) if response.streaming else response.content
    headers = {name: value for name, value in response.headers.items() if name != "X-Request-ID"}
    if not zipfile.is_zipfile(io.BytesIO(body)):
        return response.status_code, headers, len(body), RANDOM.sub(b"", body)
    # a workbook bears the times at which its members were packed
    with zipfile.ZipFile(io.BytesIO(body)) as file:
        members = {name: file.read(name) for name in file.namelist()}
    return response.status_code, headers, members


def read_all(number: int, readers: dict[str, Client]) -> dict[tuple[str, str], object]:
    caches["pages"].clear()
    return {(who, at): read(readers[who], at) for at in addresses(number) for who in readers}


@time_machine.travel(NOW, tick=False)
def test_nobody_outside_a_side_can_tell_that_something_waits(calais_with_entries: Plan) -> None:
    plan = calais_with_entries
    plan.public, plan.public_questions, plan.clearance = True, True, ["GB"]
    plan.save()
    official, manager = create_official(plan), create_manager(plan)
    other = create_manager(plan, side="FR")
    claim = report_entry("2.5", by=other, kind="completed")
    readers = {"everybody": Client(), "manager of the other side": sign_in(other)}
    for reader in readers.values():
        # ETags depend on the cookie that the first page with a form sets
        reader.get("/plans/calais-2014/")
    notices.queue(plan, NOW)
    before = read_all(claim.number, readers)
    file = storage.store(uploaded_file())
    with pytest.raises(HeldForRelease):
        report_entry(by=official, note="Ships hired.", confidence="green", evidence=[file])
    with pytest.raises(HeldForRelease):
        ask_side(by=official, side="FR")
    with pytest.raises(HeldForRelease):
        annotate_entry(claim, by=official, kind="confirmed")
    notices.queue(plan, NOW)
    after = read_all(claim.number, readers)
    assert [key for key, answer in before.items() if after[key] != answer] == []
    assert {digest.recipient for digest in Digest.objects.all()} == {manager}
    # the same page tells those of the side
    assert b"Ships hired." in sign_in(manager).get("/plans/calais-2014/mine/").content
