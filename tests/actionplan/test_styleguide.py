"""The parts of the pages: there for those who work on them, and legible by the numbers of the style
sheet.
"""

import re
from itertools import product

import pytest
from django.conf import settings
from pytest_django import Settings

from commitments.rules.states import State
from tests.client import Client

THEME = (settings.BASE_DIR / "static" / "theme.css").read_text()
# what stands on each surface, as WCAG 1.4.3 asks: text 4.5 to 1; 1.4.11: outlines of fields and
# shapes 3 to 1
TEXTS = ("bs-body-color", "dim", "accent", "overdue", "due", "soon", "ahead", "wait", "met")
SURFACES = ("bs-body-bg", "surface", "band")
PAIRS = [
    *((text, ground, 4.5) for text, ground in product(TEXTS, SURFACES)),
    *(("strong", ground, 3.0) for ground in SURFACES),
    *[("on-accent", "accent", 4.5), ("bs-body-bg", "overdue", 4.5), ("due", "due-bg", 4.5)],
    *[
        ("bs-body-color", "due-bg", 4.5),
        ("bs-body-color", "hit", 4.5),
        ("dim", "hit", 4.5),
        ("link", "due-bg", 4.5),
    ],
    *[("link", ground, 4.5) for ground in (*SURFACES, "hit")],
]


def colours(block: str) -> dict[str, str]:
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})\b", block))
    if link := re.search(r"--bs-link-color-rgb: (\d+), (\d+), (\d+)", block):
        found["link"] = "#" + "".join(f"{int(part):02x}" for part in link.groups())
    return found


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_and_outlines_stand_out_from_what_they_stand_on(scheme: str) -> None:
    light, dark = re.findall(r":root \{(.*?)\n ? ?\}", THEME, re.DOTALL)[:2]
    found = colours(light) | (colours(dark) if scheme == "dark" else {})
    assert (contrast("#000", "#fff"), contrast("#777", "#fff") < 4.5) == (21, True)
    faults = {(a, b): round(contrast(found[a], found[b]), 2) for a, b, least in PAIRS}
    assert {
        pair: ratio
        for pair, ratio in faults.items()
        for a, b, least in PAIRS
        if pair == (a, b) and ratio < least
    } == {}


def test_each_state_has_a_shape_of_its_own() -> None:
    places = {
        state: re.findall(rf"\.state-{state.value}(?:,[^{{]*)? {{[^}}]*--i: (\d+)", THEME)
        for state in State
    }
    last = {state: numbers[-1] if numbers else "0" for state, numbers in places.items()}
    assert len(set(last.values())) == len(State), last


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_style_guide_shows_every_state_where_debug_is_on(
    client: Client, settings: Settings, language: str
) -> None:
    settings.DEBUG = True
    page = client.get("/styleguide/", headers={"Accept-Language": language}).content.decode()
    assert f'<html lang="{language}"' in page
    assert all(f'class="state state-{state.value}"' in page for state in State)


def test_elsewhere_there_is_no_style_guide(client: Client) -> None:
    assert client.get("/styleguide/").status_code == 404
