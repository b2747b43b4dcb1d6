"""Webhooks: what is delivered and to whom, that nothing is lost, and that nobody reaches a private
network through them.
"""

import hmac
import ipaddress
import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from time import monotonic

import pytest
from django.conf import settings as configured
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from actionplan.digests import hold
from actionplan.jobs import runner
from actionplan.models import Mark, User, Webhook, WebhookDelivery
from actionplan.webhooks import addresses, deliveries, sender, services
from commitments.models import Plan
from tests.factories import (
    ask_side,
    create_administrator,
    create_manager,
    create_official,
    report_entry,
    sign_in,
)
from tests.production.tls import TlsEnd, certificate
from tests.receiver import Receiver, a_receiver

pytestmark = pytest.mark.django_db
State, Problem = WebhookDelivery.State, WebhookDelivery.Problem
PAGE = "/plans/calais-2014/webhooks/"


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    settings.ACTIONPLAN_TODAY = date(2015, 1, 12)
    settings.WEBHOOKS_TO_PRIVATE_NETWORKS = True
    with a_receiver() as receiver:
        yield receiver


@pytest.fixture
def manager(calais: Plan) -> User:
    return create_manager(calais)


@pytest.fixture
def secret(calais: Plan, manager: User, receiver: Receiver) -> str:
    """Of a webhook that leads to the receiver."""
    return services.add(plan=calais, side="GB", url=receiver.url, by=manager)


def run() -> dict[str, int]:
    """Queue and deliver, as if every wait were over."""
    WebhookDelivery.objects.filter(state=State.QUEUED).update(next_try=timezone.now())
    deliveries.queue()
    return deliveries.deliver()


def delivery() -> WebhookDelivery:
    return WebhookDelivery.objects.get()


# What is delivered


def test_a_new_entry_is_delivered_once_with_what_everybody_may_see(
    secret: str, receiver: Receiver, manager: User
) -> None:
    entry = report_entry("2.5", by=manager, kind="completed", note="kanarie")
    assert run()["delivered"] == 1
    assert run()["delivered"] == 0
    (call,) = receiver.received
    assert json.loads(call.body) == {
        "id": call.delivery,
        "plan": "calais-2014",
        "entry": {
            "number": entry.number,
            "kind": "completed",
            "ref": "2.5",
            "recorded": "2015-01-12",
            "link": f"{configured.SITE_URL}/plans/calais-2014/register/{entry.number}/",
            "hash": entry.hash,
        },
    }
    assert call.path == "/hook?x=1"
    assert call.headers["content-type"] == "application/json"
    assert "kanarie" not in str(call)


def test_the_signature_is_that_of_time_and_body_by_the_secret(
    secret: str, receiver: Receiver, manager: User
) -> None:
    report_entry("2.5", by=manager)
    run()
    (call,) = receiver.received
    moment, signature = call.headers["actionplan-signature"].split(",")
    signed = moment.removeprefix("t=").encode() + b"." + call.body
    right = hmac.new(secret.encode(), signed, "sha256").hexdigest()
    assert signature == f"v1={right}"
    assert abs(int(moment.removeprefix("t=")) - timezone.now().timestamp()) < 5


@pytest.mark.parametrize("name", ["webhooks.md", "appels-automatiques.md"])
def test_the_example_of_the_documentation_knows_what_is_genuine(
    secret: str, receiver: Receiver, manager: User, name: str
) -> None:
    report_entry("2.5", by=manager)
    run()
    (call,) = receiver.received
    page = (configured.BASE_DIR / "docs" / "how-to" / name).read_text()
    example: dict[str, Callable[[str, str, bytes], bool]] = {}
    exec(page.partition("```python")[2].partition("```")[0], example)  # noqa: S102
    is_genuine = example["is_genuine"]
    header = call.headers["actionplan-signature"]
    assert is_genuine(secret, header, call.body)
    assert not is_genuine(secret + "x", header, call.body)
    assert not is_genuine(secret, header, call.body + b" ")
    assert not is_genuine(secret, header.replace("t=1", "t=2"), call.body)


def test_what_outsiders_do_not_see_is_not_delivered(
    calais: Plan, secret: str, receiver: Receiver, manager: User
) -> None:
    ask_side(by=manager, side="FR")
    report_entry("2.5", by=manager, kind="note", note="Between us.")
    run()
    assert receiver.received == []
    Plan.objects.update(public_questions=True)
    asked = ask_side(by=manager, side="FR")
    run()
    assert [json.loads(call.body)["entry"]["number"] for call in receiver.received] == [
        asked.number
    ]


def test_what_is_not_public_any_more_is_dropped_and_holds_up_nothing(
    calais: Plan, secret: str, receiver: Receiver, manager: User
) -> None:
    Plan.objects.update(public_questions=True)
    ask_side(by=manager, side="FR")
    report_entry("2.5", by=manager)
    deliveries.queue()
    Plan.objects.update(public_questions=False)
    assert run() == {"delivered": 1, "failed": 0, "dropped": 1}


def test_the_jobs_deliver_without_a_queue(secret: str, receiver: Receiver, manager: User) -> None:
    report_entry("2.5", by=manager)
    runner.run_due()
    assert len(receiver.received) == 1


# What fails


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "problem", "status"),
    [
        ("error", Problem.STATUS, 500),
        ("redirect", Problem.STATUS, 307),
        ("close", Problem.ANSWER, None),
        ("noise", Problem.ANSWER, None),
        ("hang", Problem.TIME, None),
        ("trickle", Problem.TIME, None),
    ],
)
def test_what_a_receiver_does_not_take_comes_again_with_the_same_id(
    secret: str,
    receiver: Receiver,
    manager: User,
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
    problem: str,
    status: int | None,
) -> None:
    if problem == Problem.TIME:
        monkeypatch.setattr(sender, "SECONDS", 1)
    receiver.mode = mode
    report_entry("2.5", by=manager)
    began = monotonic()
    assert run()["failed"] == 1
    assert monotonic() - began < 5
    failed = delivery()
    assert (failed.state, failed.problem, failed.status) == (State.QUEUED, problem, status)
    receiver.mode = "ok"
    monkeypatch.undo()
    assert run()["delivered"] == 1
    assert len(set(receiver.ids)) == 1
    assert {call.path for call in receiver.received} == {"/hook?x=1"}
    assert receiver.received[0].body == receiver.received[1].body


@pytest.fixture
def encrypted(
    calais: Plan, receiver: Receiver, manager: User, tmp_path: Path
) -> Iterator[tuple[TlsEnd, Path]]:
    """TLS in front of the receiver, to which a webhook leads, and the certificate."""
    files = certificate(tmp_path)
    end = TlsEnd(receiver.server.server_port, files)
    services.add(plan=calais, side="GB", url=f"https://localhost:{end.port}/", by=manager)
    report_entry("2.5", by=manager)
    yield end, files[0]
    end.close()


def test_a_server_is_believed_by_its_certificate(
    encrypted: tuple[TlsEnd, Path], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run()["failed"] == 1
    assert (delivery().problem, receiver.received) == (Problem.CERTIFICATE, [])
    monkeypatch.setenv("SSL_CERT_FILE", str(encrypted[1]))
    assert run()["delivered"] == 1


def test_a_server_that_says_nothing_before_it_is_known_ends_in_time(
    encrypted: tuple[TlsEnd, Path], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trickle(near: socket.socket) -> None:
        """A record of TLS that is announced as long, and comes a byte at a time."""
        near.sendall(b"\x16\x03\x03\x40\x00")
        while not receiver.released.wait(0.05):
            near.sendall(b"\x00")

    monkeypatch.setattr(encrypted[0], "greet", trickle)
    monkeypatch.setattr(sender, "SECONDS", 0.3)
    began = monotonic()
    assert run()["failed"] == 1
    assert monotonic() - began < 2
    assert delivery().problem == Problem.TIME


def test_an_answer_is_read_for_its_status_and_not_to_its_end(
    secret: str, receiver: Receiver, manager: User
) -> None:
    receiver.mode = "huge"
    report_entry("2.5", by=manager)
    assert run()["delivered"] == 1


def test_waits_grow_and_after_three_days_a_delivery_is_given_up(
    secret: str, receiver: Receiver, manager: User
) -> None:
    receiver.mode = "error"
    report_entry("2.5", by=manager)
    deliveries.queue()
    waits = []
    for _try in range(4):
        run()
        waits.append(round((delivery().next_try - timezone.now()) / timedelta(minutes=1)))
    assert waits == [1, 2, 4, 8]
    before = timezone.now() - deliveries.GIVEN_UP_AFTER
    WebhookDelivery.objects.update(queued=before, tries=300)
    run()
    assert (delivery().state, delivery().finished is None) == (State.FAILED, False)
    run()
    assert delivery().tries == 301


@pytest.mark.slow
def test_an_address_that_hangs_delays_no_other(
    calais: Plan, secret: str, receiver: Receiver, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "SECONDS", 1)
    with a_receiver() as hanging:
        hanging.mode = "hang"
        services.add(plan=calais, side="FR", url=hanging.url, by=manager)
        for _number in range(5):
            report_entry("2.5", by=manager)
        assert run() == {"delivered": 5, "failed": 1, "dropped": 0}
        assert len(hanging.received) == 1


def test_what_a_killed_worker_claimed_is_delivered_again_and_by_nobody_before(
    secret: str, receiver: Receiver, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(*_arguments: object) -> int:
        raise KeyboardInterrupt

    report_entry("2.5", by=manager)
    monkeypatch.setattr(sender, "post", kill)
    with pytest.raises(KeyboardInterrupt):
        run()
    monkeypatch.undo()
    assert run() == {"delivered": 0, "failed": 0, "dropped": 0}
    WebhookDelivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert run()["delivered"] == 1
    assert receiver.ids == [str(delivery().pk)]


def test_who_stood_still_longer_than_its_lease_changes_nothing_of_what_was_taken_over(
    secret: str, receiver: Receiver, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stand_still(*_arguments: object) -> int:
        monkeypatch.undo()
        WebhookDelivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        assert deliveries.deliver()["delivered"] == 1
        raise sender.NotDelivered(Problem.TIME)

    report_entry("2.5", by=manager)
    monkeypatch.setattr(sender, "post", stand_still)
    run()
    assert delivery().state == State.DELIVERED


def test_after_a_restore_nothing_is_delivered_until_it_is_released_and_what_waits_is_dropped(
    secret: str, receiver: Receiver, manager: User
) -> None:
    report_entry("2.5", by=manager)
    Mark.now(Mark.MAIL_HELD)
    run()
    report_entry("2.5", by=manager)
    assert receiver.received == []
    hold.release(discard=True)
    report_entry("2.5", by=manager)
    run()
    assert len(receiver.received) == 1
    assert WebhookDelivery.objects.filter(state=State.DROPPED).count() == 2


def test_what_ended_long_ago_is_forgotten(secret: str, receiver: Receiver, manager: User) -> None:
    report_entry("2.5", by=manager)
    run()
    deliveries.sweep(timezone.now() + timedelta(days=29))
    assert WebhookDelivery.objects.exists()
    deliveries.sweep(timezone.now() + timedelta(days=31))
    assert not WebhookDelivery.objects.exists()


# The secret


def test_the_secret_lies_sealed_and_follows_a_new_key(
    secret: str, receiver: Receiver, manager: User, settings: Settings
) -> None:
    assert secret not in Webhook.objects.get().secret
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key of the site, long enough for all"
    call_command("seal_factors")
    settings.SECRET_KEY_FALLBACKS = []
    report_entry("2.5", by=manager)
    assert run()["delivered"] == 1


def test_a_secret_that_no_key_opens_is_named_and_nothing_goes_out_unsigned(
    secret: str, receiver: Receiver, manager: User, settings: Settings
) -> None:
    settings.SECRET_KEY = "another key of the site, long enough for all"
    report_entry("2.5", by=manager)
    run()
    assert (receiver.received, delivery().problem) == ([], Problem.SECRET)
    with pytest.raises(SystemExit):
        call_command("seal_factors")


# Private networks

PRIVATE = (
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104
    "224.0.0.1",
    "255.255.255.255",
    "240.0.0.1",
    "::1",
    "::",
    "fe80::1",
    "fec0::1",
    "fd00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "2001:0:0808:0808:0:0:80ff:fefe",
    "2001:db8::1",
)


@pytest.mark.parametrize("number", PRIVATE)
def test_private_networks_are_refused_as_numbers(number: str) -> None:
    assert not addresses.is_public(ipaddress.ip_address(number))
    host = f"[{number}]" if ":" in number else number
    with pytest.raises(addresses.ForbiddenNetwork):
        addresses.read_address(f"https://{host}/hook")


@pytest.mark.parametrize("number", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_servers_on_the_internet_are_not(number: str) -> None:
    assert addresses.is_public(ipaddress.ip_address(number))


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1", "[::ffff:7f00:1]"])
def test_a_private_number_in_disguise_is_refused(host: str) -> None:
    with pytest.raises(addresses.ForbiddenNetwork):
        addresses.read_address(f"https://{host}/hook")


@pytest.mark.parametrize(
    "text",
    [
        "http://example.org/",
        "ftp://example.org/",
        "https:///hook",
        "https://user@example.org/",
        "https://example.org/#x",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://example.org:x/",
        "https://exa mple.org/",
        "https://example.org/\r\nHost: inside",
        "https://é.example.org/",
        "https://[::1/",
        "https://example.org\\@inside/",
        "javascript:alert(1)",
        "x" * 501,
        "",
    ],
)
def test_what_is_no_address_of_a_server_is_refused(text: str) -> None:
    with pytest.raises(addresses.NoAddress):
        addresses.read_address(text)


def test_a_name_that_leads_inside_is_refused_when_it_is_called(
    calais: Plan, manager: User, settings: Settings
) -> None:
    settings.ACTIONPLAN_TODAY = date(2015, 1, 12)
    services.add(plan=calais, side="GB", url="https://localhost/hook", by=manager)
    report_entry("2.5", by=manager)
    run()
    assert delivery().problem == Problem.ADDRESS


def test_the_number_that_was_checked_is_the_one_that_is_called(
    secret: str, receiver: Receiver, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that means something else a moment later leads nowhere else."""
    url = f"http://rebinding.example:{receiver.server.server_port}/hook"
    Webhook.objects.update(url=url)
    looked_up = []
    look_up = socket.getaddrinfo

    def answer(host: str, *arguments: object, **options: object) -> object:
        if host != "rebinding.example":
            return look_up(host, *arguments, **options)  # type: ignore[arg-type]
        if options.get("flags") == socket.AI_NUMERICHOST:
            raise socket.gaierror
        looked_up.append(host)
        number = "127.0.0.1" if len(looked_up) == 1 else "127.0.0.2"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, 0))]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    report_entry("2.5", by=manager)
    assert run()["delivered"] == 1
    assert len(looked_up) == 1
    host = f"rebinding.example:{receiver.server.server_port}"
    assert receiver.received[0].headers["host"] == host


def test_a_name_with_one_private_number_among_public_ones_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    numbers = ["8.8.8.8", "10.0.0.1"]
    rows = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, 443)) for number in numbers]
    address = addresses.Address("https", "example.org", 443, "example.org", "/")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_options: rows)
    with pytest.raises(addresses.ForbiddenNetwork):
        addresses.resolve(address, 1)


def test_a_look_up_that_hangs_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    look_up = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", _slow(look_up))
    monkeypatch.setattr(sender, "SECONDS", 0.1)
    began = monotonic()
    with pytest.raises(sender.NotDelivered) as refused:
        sender.post("https://example.org/", b"", {})
    assert (refused.value.problem, monotonic() - began < 0.8) == (Problem.TIME, True)


def _slow(look_up: object) -> object:
    def answer(host: str, *arguments: object, **options: object) -> object:
        if options.get("flags") == socket.AI_NUMERICHOST:
            raise socket.gaierror
        threading.Event().wait(1)
        raise socket.gaierror

    return answer


# The page


def test_a_manager_adds_tests_switches_and_removes_an_address(
    calais: Plan,
    receiver: Receiver,
    manager: User,
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = sign_in(manager)
    with caplog.at_level(logging.INFO):
        added = client.post(PAGE, {"url": receiver.url})
        secret = added.context["secret"]
        assert secret in added.text and added.headers["Cache-Control"] == "no-store"
        assert secret not in client.get(PAGE).text
        number = {"webhook": str(Webhook.objects.get().pk)}
        client.post(PAGE, number | {"test": "1"})
        run()
        assert json.loads(receiver.received[0].body)["entry"] is None
        page = client.get(PAGE).text
        assert "HTTP 204" in page and "Test" in page
        client.post(PAGE, number | {"resend": str(delivery().pk)})
        run()
        assert len(set(receiver.ids)) == 1 and len(receiver.received) == 2
        client.post(PAGE, number | {"switch": "off"})
        report_entry("2.5", by=manager)
        run()
        client.post(PAGE, number | {"switch": "on"})
        run()
        assert len(receiver.received) == 2
        client.post(PAGE, number | {"remove": "1"})
    assert not Webhook.objects.exists()
    for event in ("added", "tested", "resent", "switched_off", "switched_on", "removed"):
        assert f"webhook_{event}" in caplog.text
    assert receiver.url not in caplog.text and secret not in caplog.text


def test_each_side_looks_after_its_own_addresses_and_administrators_after_all(
    calais: Plan, secret: str, receiver: Receiver, manager: User
) -> None:
    number = {"webhook": str(Webhook.objects.get().pk)}
    french = sign_in(create_manager(calais, side="FR"))
    assert receiver.url not in french.get(PAGE).text
    for act in ("switch", "remove", "test", "resend"):
        assert french.post(PAGE, number | {act: "1"}).status_code == 404
    assert sign_in(create_official(calais)).post(PAGE, number | {"remove": "1"}).status_code == 403
    assert Webhook.objects.get().active
    administrator = sign_in(create_administrator())
    assert receiver.url in administrator.get(PAGE).text
    administrator.post(PAGE, {"url": receiver.url})
    assert list(Webhook.objects.values_list("side", flat=True)) == ["GB", ""]
    administrator.post(PAGE, number | {"remove": "1"})
    assert Webhook.objects.count() == 1


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("https://192.168.0.1/", "private network"),
        ("http://example.org/", "begins with https://"),
        ("", "This field is required"),
    ],
)
def test_an_address_that_is_refused_comes_back_with_the_reason(
    calais: Plan, manager: User, url: str, message: str
) -> None:
    answer = sign_in(manager).post(PAGE, {"url": url})
    assert (answer.status_code, message in answer.text) == (422, True)
    assert not Webhook.objects.exists()


def test_a_side_has_ten_addresses_at_the_most(calais: Plan, manager: User) -> None:
    client = sign_in(manager)
    for number in range(services.MAX_WEBHOOKS):
        client.post(PAGE, {"url": f"https://example.org/{number}"})
    answer = client.post(PAGE, {"url": "https://example.org/more"})
    assert (answer.status_code, Webhook.objects.count()) == (422, services.MAX_WEBHOOKS)


@pytest.mark.parametrize("odd", ["", "x", "9" * 40, "\x00", "-1"])
def test_odd_numbers_are_not_found(calais: Plan, secret: str, manager: User, odd: str) -> None:
    client = sign_in(manager)
    number = str(Webhook.objects.get().pk)
    assert client.post(PAGE, {"webhook": odd, "remove": "1"}).status_code == 404
    assert client.post(PAGE, {"webhook": number, "resend": odd}).status_code == 404


def test_the_page_speaks_french(calais: Plan, receiver: Receiver) -> None:
    client = sign_in(create_manager(calais, side="FR", language="fr"))
    added = client.post(PAGE, {"url": receiver.url})
    assert "Copiez-le maintenant" in added.text
    client.post(PAGE, {"webhook": str(Webhook.objects.get().pk), "test": "1"})
    receiver.mode = "error"
    run()
    assert "le serveur ne l’a pas accepté" in client.get(PAGE).text


def test_the_page_of_tokens_leads_to_it_those_who_may(calais: Plan, manager: User) -> None:
    assert PAGE in sign_in(manager).get("/tokens/").text
    assert PAGE not in sign_in(create_official(calais)).get("/tokens/").text
