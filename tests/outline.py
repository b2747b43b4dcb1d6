"""The headings of a page, as somebody hears them who goes from one to the next."""

import itertools
import re


def outline_faults(html: str) -> list[str]:
    """One heading of the first level, and none that skips a level."""
    levels = [int(level) for level in re.findall(r"<h([1-6])\b", html)]
    faults = [] if levels.count(1) == 1 else [f"{levels.count(1)} headings of level 1"]
    steps = itertools.pairwise(levels)
    return faults + [f"h{lower} after h{upper}" for upper, lower in steps if lower > upper + 1]
