"""What is collected and served beside the pages."""

from pathlib import Path

import pytest
from django.contrib.staticfiles.finders import find


@pytest.mark.parametrize(
    "name",
    [
        "bootstrap/css/bootstrap.min.css",
        "bootstrap/css/bootstrap.min.css.map",
        "account/js/onload.js",
        "mfa/js/webauthn.js",
        "theme.css",
    ],
)
def test_a_static_file_that_pages_name_is_found(name: str) -> None:
    assert Path(str(find(name))).is_file()


@pytest.mark.parametrize("name", ["css/bootstrap.min.css", "bootstrap/js/bootstrap.js"])
def test_nothing_else_of_bootstrap_is_found(name: str) -> None:
    assert find(name) is None
