"""Templates are written indented, with each tag on a line of its own; pages are sent without that.

Django keeps the line of every tag, even of one that says nothing, so that a page would be half
blank lines. Jinja has `trim_blocks` and `lstrip_blocks` for this; Django has no such option, and
`{% spaceless %}` takes away the spaces between words and links as well. So lines are trimmed as
the source is read, once in each process: what people have written, in a text area for example, is
never touched. An error page of Django in DEBUG counts the lines that are left.

Mails as text are written in the same way: there a blank line stays, and `{{ "  " }}` indents. What
lies in a folder `lines` becomes a part of one line: its source may have many, which are joined with
nothing in between, so that a space at the end of one is written `{{ " " }}`.
"""

import re
from pathlib import Path

from django.template import Origin
from django.template.loaders import filesystem
from django.template.utils import get_app_template_dirs

# tags that put nothing on the page where they stand; what an include puts there ends its own line
SILENT = (
    "if|elif|else|endif|for|empty|endfor|with|endwith|block|endblock|extends|load|include"
    "|localize|endlocalize|get_current_language|autoescape|endautoescape"
)
_SILENT_TAG = rf"{{% *(?:(?:{SILENT})\b[^%]*|\w+ [^%]* as \w+ )%}}"
_COMMENT = r"{#[^#]*#}"
_SILENT_LINE = re.compile(rf"(?:(?:{_SILENT_TAG}|{_COMMENT})\s*)+")
# the same in a mail as text, but for what writes a part of a line
_SILENT_LINE_OF_TEXT = re.compile(
    rf"(?:(?!{{% include \"[^\"]*/lines/)(?:{_SILENT_TAG}|{_COMMENT})\s*)+"
)
# a text that is only named
_NAMED_TEXT = re.compile(
    r"({% blocktranslate\b[^%]* asvar [^%]*%}.*?{% endblocktranslate %})\n", re.DOTALL
)
# a line that is there on one condition
_CONDITIONAL_LINE = re.compile(
    r"({% if [^%]*%}(?:(?!{% (?:if|elif|else|endif)\b).)*)({% endif %})\n"
)


class Loader(filesystem.Loader):
    """Reads the project's templates, then those of the packages."""

    def get_dirs(self) -> list[str | Path]:
        return [*super().get_dirs(), *get_app_template_dirs("templates")]

    def get_contents(self, origin: Origin) -> str:
        source = super().get_contents(origin)
        path = Path(origin.name)
        if path.suffix == ".html":
            return trim(source)
        if path.parent.name == "lines":
            return join_lines(source)
        return trim_text(source) if path.parent.name == "emails" else source


def join_lines(source: str) -> str:
    """Many lines of source as the one that they write."""
    return "".join(line.strip() for line in source.splitlines())


def trim_text(source: str) -> str:
    """Without indentation and lines that say nothing, but with those that are left blank."""
    lines = source.splitlines(keepends=True)
    return "".join(line if line.isspace() else _trim_line_of_text(line.lstrip()) for line in lines)


def _trim_line_of_text(line: str) -> str:
    return line.rstrip("\n") if _SILENT_LINE_OF_TEXT.fullmatch(line) else line


def trim(source: str) -> str:
    """Without indentation, and without the end of a line where nothing stands on the line."""
    lines = source.splitlines(keepends=True)
    trimmed = "".join(_trim_line(line.lstrip()) for line in lines)
    return _NAMED_TEXT.sub(r"\1", trimmed)


def _trim_line(line: str) -> str:
    if _SILENT_LINE.fullmatch(line):
        return line.rstrip("\n")
    conditional = _CONDITIONAL_LINE.fullmatch(line)
    # then the line ends inside of its condition
    return f"{conditional[1]}\n{conditional[2]}" if conditional else line
