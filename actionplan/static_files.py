"""Static files under hashed names, so that a browser may keep them for ever; of packages only what
is in use.
"""

import re
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

# of each package the files in use, under the folder by which they are asked for
PACKAGES = {
    "bootstrap": ("bootstrap", "", ("css/bootstrap.min.css",)),
    "allauth.account": ("", "static", ("account/js/onload.js",)),
    "allauth.mfa": ("", "static", ("mfa/js/webauthn-json.js", "mfa/js/webauthn.js")),
}
BASE = Path(__file__).parent.parent
# what crispy-forms writes around fields, beside the classes that stand in our own files
OF_FORMS = frozenset(
    (
        *(
            "form-control",
            "form-select",
            "form-check",
            "form-check-input",
            "form-check-label",
            "form-label",
        ),
        *("form-text", "is-invalid", "invalid-feedback", "mb-3", "d-block"),
    )
)
_ATTRIBUTE = re.compile(r'class="([^"]*)"')
_CLASS = re.compile(r"\.(-?[A-Za-z_][\w-]*)")
# at the top level or inside one condition: a statement, a condition with its rules, another
# at-rule, a rule
_RULE = re.compile(
    r"@[^{;]+;|(@(?:media|supports)[^{]+)\{((?:[^{}]*\{[^{}]*\})*)\}|@[^{]+\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}"
    r"|([^{}@]+)\{([^{}]*)\}"
)


class Storage(CompressedManifestStaticFilesStorage):
    # only what url() names is looked up: the style sheet also names a source map, which is not
    # served
    patterns = (("*.css", (r"""(?P<matched>url\(['"]{0,1}\s*(?P<url>.*?)["']{0,1}\))""",)),)


def sources() -> list[Path]:
    """The files in which our pages name classes."""
    return sorted([*BASE.glob("templates/**/*.html"), *BASE.glob("*/*.py")])


@cache
def classes() -> frozenset[str]:
    named = (_ATTRIBUTE.findall(path.read_text()) for path in sources())
    return OF_FORMS.union(*(re.findall(r"[\w-]+", value) for values in named for value in values))


def used(style: str, kept: Iterable[str]) -> str:
    """The rules of a minified style sheet that can match an element with only these classes."""
    rules = []
    for condition, inner, selectors, declarations in _RULE.findall(
        re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    ):
        if condition and (found := used(inner, kept)):
            rules.append(f"{condition}{{{found}}}")
        alone = [one for one in re.split(r",(?![^(]*\))", selectors) if one and _matches(one, kept)]
        if alone:
            rules.append(f"{','.join(alone)}{{{declarations}}}")
    return "".join(rules)


def _matches(selector: str, kept: Iterable[str]) -> bool:
    asked = _CLASS.findall(re.sub(r":not\([^)]*\)", "", selector))
    return "[data-bs-theme=dark]" not in selector and set(asked) <= set(kept)


class Used(FileSystemStorage):
    """What is collected from Bootstrap's package: a tenth of it."""

    def _open(self, name: str, mode: str = "rb") -> File[Any]:
        style = Path(self.path(name)).read_text()
        licence = style[: style.index("*/") + 2]
        return ContentFile(f"{licence}{used(style, classes())}".encode(), name)


class PackageFinder(BaseFinder):
    """Single static files of packages: Bootstrap's minified style sheet, the scripts that passkeys
    need.

    The development server serves the style sheet whole: what is collected looks the same, since it
    keeps every class in use.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.found: list[tuple[str, FileSystemStorage]] = []
        for package, (prefix, folder, files) in PACKAGES.items():
            spec = find_spec(package)
            assert spec and spec.submodule_search_locations
            kind = Used if package == "bootstrap" else FileSystemStorage
            storage = kind(location=Path(next(iter(spec.submodule_search_locations))) / folder)
            storage.prefix = prefix  # type: ignore[attr-defined]
            self.found += [(file, storage) for file in files]

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        found = [
            storage.path(name) for name, storage in self.found if path == _asked(name, storage)
        ]
        return found if find_all else next(iter(found), [])

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterable[Any]:
        yield from self.found


def _asked(name: str, storage: Any) -> str:
    return f"{storage.prefix}/{name}" if storage.prefix else name
