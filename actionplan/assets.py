"""Static files under hashed names, so that a browser may keep them for ever; of Bootstrap only the one file in use."""

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

BOOTSTRAP = "css/bootstrap.min.css"


class Storage(CompressedManifestStaticFilesStorage):
    # only what url() names is looked up: the style sheet also names a source map, which is not served
    patterns = (("*.css", (r"""(?P<matched>url\(['"]{0,1}\s*(?P<url>.*?)["']{0,1}\))""",)),)


class BootstrapFinder(BaseFinder):
    """Bootstrap's minified style sheet from its package, as bootstrap/css/bootstrap.min.css."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        spec = find_spec("bootstrap")
        assert spec and spec.submodule_search_locations
        self.storage = FileSystemStorage(location=next(iter(spec.submodule_search_locations)))
        self.storage.prefix = "bootstrap"  # type: ignore[attr-defined]

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        found = [str(Path(self.storage.location) / BOOTSTRAP)] if path == f"bootstrap/{BOOTSTRAP}" else []
        return found if find_all else next(iter(found), [])

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterable[Any]:
        yield BOOTSTRAP, self.storage
