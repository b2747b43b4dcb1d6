"""What is wrong with a file that somebody wants to load, line by line."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import attrgetter

from django.utils.translation import gettext as _

# after that many nobody reads on, and each costs time and memory
MOST_ERRORS = 1000


@dataclass(frozen=True, order=True)
class FileError:
    """`line` counts from 1, and is 0 for what concerns no line. `text` is in the reader's language."""

    line: int
    text: str


class FileRefused(Exception):
    """Nothing of the file was loaded. `errors` are all of its errors, in the order of the lines."""

    def __init__(self, errors: Iterable[FileError]) -> None:
        super().__init__("the file was refused")
        self.errors = sorted(set(errors), key=attrgetter("line", "text"))


def refuse(text: str, line: int = 0) -> FileRefused:
    """The refusal of a whole file for one reason, which may concern no line of it."""
    return FileRefused([FileError(line, text)])


def say_full() -> str:
    text = _("There are %(count)s faults or more: correct these, then load the file again.")
    return text % {"count": MOST_ERRORS}


@dataclass
class FileReport:
    """The errors of a file, which stop it, and its warnings, which do not."""

    errors: list[FileError] = field(default_factory=list)
    warnings: list[FileError] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Whether enough errors are known to stop reading."""
        return len(self.errors) >= MOST_ERRORS

    def add_error(self, line: int, text: str, /, **values: object) -> None:
        """`values` fill the named places of the text; without them it is taken as it is."""
        if values:
            text %= values
        self.errors.append(FileError(line, text))

    def add_warning(self, line: int, text: str) -> None:
        self.warnings.append(FileError(line, text))
