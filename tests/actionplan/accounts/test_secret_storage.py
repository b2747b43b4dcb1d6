"""The keys of second factors at rest: sealed, read from before there were seals, brought along to a
new SECRET_KEY.
"""

import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.conf import settings as configured
from django.core.management import call_command
from pytest_django import Settings

from actionplan.accounts import secret_storage
from actionplan.accounts.secret_storage import Renewal
from actionplan.jobs import runner
from actionplan.models import User
from tests.actionplan.accounts.conftest import KEY, sign_in
from tests.client import Client

SEED = "0123456789abcdef" * 5
NEW = "a-new-long-random-text-for-this-test-and-for-no-other"


@pytest.fixture
def from_before(manager: User) -> User:
    """Somebody whose factors were set up when they were kept as they are."""
    Authenticator.objects.create(user=manager, type="totp", data={"secret": KEY})
    Authenticator.objects.create(
        user=manager, type="recovery_codes", data={"seed": SEED, "used_mask": 1}
    )
    return manager


def kept() -> dict[str, Any]:
    rows = Authenticator.objects.values_list("type", "data")
    return {kind: data.get("secret") or data["seed"] for kind, data in rows}


def spare(user: User) -> list[str]:
    found: list[str] = (
        Authenticator.objects.get(user=user, type="recovery_codes").wrap().get_unused_codes()
    )
    return found


def gets_in(user: User, code: str = "") -> bool:
    client = Client()
    sign_in(client, user.email)
    code = code or str(format_hotp_value(hotp_value(KEY, int(time.time() // 30))))
    return client.post("/sign-in/factor/", {"code": code}).status_code == 302


def replace_key(settings: Settings, *before: str) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, list(before)


def test_what_lies_in_the_database_opens_nothing(with_app: User) -> None:
    assert all(text.startswith(secret_storage.PREFIX) for text in kept().values())
    assert KEY not in str(kept())
    assert gets_in(with_app)
    assert gets_in(with_app, spare(with_app)[0])


def test_factors_from_before_still_hold_and_the_next_job_seals_them(from_before: User) -> None:
    unused = spare(from_before)
    assert (len(unused), gets_in(from_before)) == (9, True)
    runner.run_due()
    sealed = kept()
    assert all(text.startswith(secret_storage.PREFIX) for text in sealed.values())
    assert spare(from_before) == unused
    assert gets_in(from_before, unused[0])
    assert secret_storage.reseal_all() == Renewal(0, [])
    assert kept() == sealed


def test_a_new_key_takes_over_what_the_one_before_sealed(
    with_app: User, settings: Settings
) -> None:
    unused = spare(with_app)
    replace_key(settings, configured.SECRET_KEY)
    assert gets_in(with_app, unused[0])
    assert secret_storage.reseal_all() == Renewal(2, [])
    settings.SECRET_KEY_FALLBACKS = []
    assert gets_in(with_app)
    assert spare(with_app) == unused[1:]


def test_without_the_key_before_no_code_is_right_and_the_command_names_the_account(
    with_app: User, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    sealed, unused = kept(), spare(with_app)
    replace_key(settings)
    assert not gets_in(with_app)
    assert not gets_in(with_app, unused[0])
    with pytest.raises(SystemExit, match="1"):
        call_command("seal_factors")
    said = capsys.readouterr()
    assert said.out == "0 keys sealed\n"
    assert said.err.endswith(
        f"2 keys are sealed by a key that is not here, of accounts {with_app.pk}\n"
    )
    assert kept() == sealed


def test_seals_can_be_undone_for_code_that_knows_none(
    from_before: User, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("seal_factors")
    call_command("seal_factors", undo=True)
    assert capsys.readouterr().out == "2 keys sealed\n2 keys unsealed\n"
    assert kept() == {"totp": KEY, "recovery_codes": SEED}


def test_a_text_that_only_looks_sealed_opens_nothing(with_app: User) -> None:
    for text in ("", "x", "é", "gAAAAA" * 20):
        found = secret_storage.unseal(secret_storage.PREFIX + text)
        assert (len(found), found == secret_storage.unseal(secret_storage.PREFIX + text)) == (
            32,
            False,
        )
