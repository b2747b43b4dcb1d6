"""The settings as a real site starts with them, in a process of its own."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

LONG = "a-long-random-text-for-one-process-of-a-test-and-no-other"


def run(*arguments: str, **changed: str) -> subprocess.CompletedProcess[str]:
    real = {
        "SITE_URL": "https://plan.example.org",
        "SECRET_KEY": LONG,
        "DEBUG": "0",
        "ACTIONPLAN_TRIAL": "0",
    }
    command = [sys.executable, "manage.py", *arguments]
    environ = os.environ | real | changed
    return subprocess.run(
        command, cwd=settings.BASE_DIR, env=environ, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("key", ["sample-key-for-trials-on-this-machine-only", "short"])
def test_a_sample_or_short_key_is_refused(key: str) -> None:
    for name in ("SECRET_KEY", "SECRET_KEY_BEFORE"):
        done = run("check", **{name: key})
        assert done.returncode != 0
        assert f"{name} is" in done.stderr


def test_cookies_and_https_of_a_real_site() -> None:
    names = "SESSION_COOKIE_NAME CSRF_COOKIE_NAME SESSION_COOKIE_SECURE CSRF_COOKIE_SECURE SESSION_COOKIE_HTTPONLY"
    names += " CSRF_COOKIE_HTTPONLY SESSION_COOKIE_SAMESITE CSRF_COOKIE_SAMESITE"
    names += " SECURE_HSTS_SECONDS SECURE_SSL_REDIRECT"
    code = (
        f"from django.conf import settings as s; print([getattr(s, n) for n in '{names}'.split()])"
    )
    done = run("shell", "-v0", "-c", code)
    wanted = ["__Host-session", "__Host-csrf", True, True, True, True, "Lax", "Lax", 31536000, True]
    assert done.stdout.strip() == str(wanted), done.stderr
