"""What is served of Bootstrap: every rule that a page can need, and little else."""

import gzip
import re
from pathlib import Path

from django.contrib.staticfiles.finders import find

from actionplan import static_files

WHOLE = Path(str(find("bootstrap/css/bootstrap.min.css"))).read_text()


def test_rules_are_kept_whose_classes_are_all_in_use() -> None:
    style = (
        "/* licence */@charset 'utf-8';:root{--a:1}.btn,.badge{x:1}.btn .badge{x:2}a:not(.btn,.card){x:3}p{x:4}"
        "@media (min-width:1px){.btn{x:5}.badge{x:6}}@media print{.badge{x:7}}"
        "@keyframes k{to{x:8}}[data-bs-theme=dark]{x:9}"
    )
    assert (
        static_files.used(style, {"btn"})
        == ":root{--a:1}.btn{x:1}a:not(.btn,.card){x:3}p{x:4}@media (min-width:1px){.btn{x:5}}"
    )


def test_what_is_collected_has_each_rule_of_the_classes_in_use() -> None:
    style = static_files.used(WHOLE, static_files.classes())
    for rule in (
        ".btn-primary{",
        ".form-control:focus{",
        ".visually-hidden",
        ".table>:not(caption)",
        ".is-invalid",
    ):
        assert rule in style, rule
    assert not re.search(r"\.(carousel|offcanvas|navbar|modal)\b", style)
    assert style.count("{") == style.count("}")


def test_the_style_sheets_are_small() -> None:
    theme = (static_files.BASE / "static" / "theme.css").read_text()
    weights = [
        len(gzip.compress(style.encode()))
        for style in (static_files.used(WHOLE, static_files.classes()), theme)
    ]
    assert sum(weights) < 13_000
