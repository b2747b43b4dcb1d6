"""What serves once serves once, also for many who use it at the same moment."""

import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import CookieJar
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from actionplan.local import environment
from tests.site import Site

pytestmark = pytest.mark.slow
AT_ONCE = 6
EMAIL = "viewer@example.org"
KEY = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


class Browser:
    """Opens pages and sends their forms, as somebody does who keeps cookies."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.opener: OpenerDirector = build_opener(HTTPCookieProcessor(CookieJar()))
        self.page = ""
        self.path = ""

    def open(self, path: str) -> None:
        with self.opener.open(self.site.url + path, timeout=60) as response:
            self._keep(response.geturl(), response.read())

    def send(self, **fields: str) -> str:
        """Send the form of the page; returns the path that it leads to."""
        (token, *_) = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', self.page)
        body = urlencode({"csrfmiddlewaretoken": token, **fields}).encode()
        with self.opener.open(self.site.url + self.path, body, timeout=60) as response:
            self._keep(response.geturl(), response.read())
        return self.path

    def _keep(self, url: str, content: bytes) -> None:
        self.page = content.decode()
        self.path = url.removeprefix(self.site.url)


def run_on_site(site: Site, code: str) -> str:
    """Run some lines with the site's settings and database; `user` is a viewer of the samples."""
    start = (
        "import django; django.setup()\n"
        "from actionplan.models import User\n"
        f"user = User.objects.get(email={EMAIL!r})\n"
    )
    environ = site.environment(site.database) | {"DJANGO_SETTINGS_MODULE": "actionplan.settings"}
    result = subprocess.run(
        [sys.executable, "-c", start + code],
        cwd=environment.BASE_DIR,
        env=environ,
        check=True,
        capture_output=True,
        text=True,
    )
    return result.stdout.strip()


def send_at_once(browsers: list[Browser], **fields: str) -> list[str]:
    with ThreadPoolExecutor(len(browsers)) as pool:
        answers = [pool.submit(browser.send, **fields) for browser in browsers]
        return [answer.result() for answer in answers]


def test_of_many_who_use_a_link_for_a_new_password_at_once_one_succeeds(site: Site) -> None:
    site.reset()
    link = run_on_site(
        site,
        "from allauth.account.forms import default_token_generator\n"
        "from allauth.account.utils import user_pk_to_url_str\n"
        "key = default_token_generator.make_token(user)\n"
        "print(f'/sign-in/forgotten/{user_pk_to_url_str(user)}-{key}/')",
    )
    browsers = [Browser(site) for _ in range(AT_ONCE)]
    for browser in browsers:
        browser.open(link)
    new = "correct horse battery staple"
    answers = send_at_once(browsers, password1=new, password2=new)
    assert answers.count("/sign-in/forgotten/done/") == 1
    assert sum("no longer works" in browser.page for browser in browsers) == AT_ONCE - 1


def test_of_many_who_give_a_code_at_once_one_is_let_in(site: Site) -> None:
    site.reset()
    password = "correct horse battery staple"
    run_on_site(
        site,
        "from allauth.mfa.totp.internal.auth import TOTP\n"
        f"TOTP.activate(user, {KEY!r})\n"
        f"user.set_password({password!r})\n"
        "user.save()",
    )
    browsers = [Browser(site) for _ in range(AT_ONCE)]
    for browser in browsers:
        browser.open("/sign-in/")
        assert browser.send(username=EMAIL, password=password) == "/sign-in/factor/"
    code = format_hotp_value(hotp_value(KEY, int(time.time() // 30)))
    assert sorted(send_at_once(browsers, code=code)) == [
        "/plans/calais-2014/",
        *["/sign-in/factor/"] * (AT_ONCE - 1),
    ]
