"""Why the tests of the browser cannot run is one line with the remedy, whatever is missing."""

from pathlib import Path

import pytest

from tests import chromium

# what the loader of Linux writes
NO_LIBRARY = (
    "node: error while loading shared libraries: libatomic.so.1: "
    "cannot open shared object file: No such file or directory"
)


def test_a_missing_library_of_the_driver_is_named_with_its_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    node = tmp_path / "node"
    node.write_text(f"#!/bin/sh\necho '{NO_LIBRARY}' >&2\nexit 127\n")
    node.chmod(0o755)
    monkeypatch.setenv("PLAYWRIGHT_NODEJS_PATH", str(node))
    assert chromium.find_obstacle() == (
        "playwright does not start: libatomic.so.1 is missing "
        "(on Debian, as root: apt-get install libatomic1)"
    )
