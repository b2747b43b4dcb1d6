"""Finds the one file of Bootstrap's package that the pages use, so that the rest of the package is
not collected and served.
"""

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.contrib.staticfiles.utils import matches_patterns
from django.core.files.storage import FileSystemStorage

PREFIX = "bootstrap"
# the style sheet names its source map, which the storage of hashed names must then find as well
FILES = ("css/bootstrap.min.css", "css/bootstrap.min.css.map")


class BootstrapFinder(BaseFinder):
    """Static files of the package `bootstrap-wrapper`, under `bootstrap/`."""

    def __init__(self) -> None:
        self.storage = FileSystemStorage(location=import_module("bootstrap").__path__[0])
        self.storage.prefix = PREFIX  # type: ignore[attr-defined]

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        name = path.removeprefix(f"{PREFIX}/")
        if name == path or name not in FILES:
            return []
        location = self.storage.path(name)
        return [location] if find_all else location

    def list(
        self, ignore_patterns: Iterable[str] | None
    ) -> Iterator[tuple[str, FileSystemStorage]]:
        for name in FILES:
            if not matches_patterns(name, ignore_patterns or ()):
                yield name, self.storage
