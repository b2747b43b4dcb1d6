"""Static files under hashed names, so that a browser may keep them for ever; of packages only the files in use."""

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

# of each package the files in use, under the folder by which they are asked for
PACKAGES = {
    "bootstrap": ("bootstrap", "", ("css/bootstrap.min.css",)),
    "allauth.account": ("", "static", ("account/js/onload.js",)),
    "allauth.mfa": ("", "static", ("mfa/js/webauthn-json.js", "mfa/js/webauthn.js")),
}


class Storage(CompressedManifestStaticFilesStorage):
    # only what url() names is looked up: the style sheet also names a source map, which is not served
    patterns = (("*.css", (r"""(?P<matched>url\(['"]{0,1}\s*(?P<url>.*?)["']{0,1}\))""",)),)


class PackageFinder(BaseFinder):
    """Single static files of packages: Bootstrap's minified style sheet, the scripts that passkeys need."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.found: list[tuple[str, FileSystemStorage]] = []
        for package, (prefix, folder, files) in PACKAGES.items():
            spec = find_spec(package)
            assert spec and spec.submodule_search_locations
            storage = FileSystemStorage(location=Path(next(iter(spec.submodule_search_locations))) / folder)
            storage.prefix = prefix  # type: ignore[attr-defined]
            self.found += [(file, storage) for file in files]

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        found = [storage.path(name) for name, storage in self.found if path == _asked(name, storage)]
        return found if find_all else next(iter(found), [])

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterable[Any]:
        yield from self.found


def _asked(name: str, storage: Any) -> str:
    return f"{storage.prefix}/{name}" if storage.prefix else name
