"""What is wrong with a file that somebody wants to load, line by line."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class FileError:
    """`line` counts from 1, and is 0 for what concerns no line. `text` is in the reader's language."""

    line: int
    text: str


class FileRefused(Exception):
    """Nothing of the file was loaded. `errors` are all of its errors, in the order of the lines."""

    def __init__(self, errors: Iterable[FileError]) -> None:
        super().__init__("the file was refused")
        self.errors = sorted(errors)
