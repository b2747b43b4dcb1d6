"""Plans that are not like the samples: more sides, large sums, one language, another script, long
titles, many actions, one action.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

ADOPTED = date(2014, 9, 20)
DEADLINES = (
    {"kind": "finish", "when": "2014-10-31", "words": "as signed"},
    {"kind": "finish", "when": "2015-01-20", "words": "as signed"},
    {"kind": "start", "when": "2015-23", "words": "as signed"},
    {"kind": "recurring", "every": "month", "quantity": 2, "first": "2014-10", "words": "monthly"},
    {"kind": "none", "words": "regularly"},
)
# nine digits, with and without decimals, and the largest of three that are the same money
LARGE = [["EUR", "987654321.50"], ["JPY", "145600000000"], ["GBP", "812345678.90"]]
ARABIC = "خطة عمل مشتركة لمراقبة الحدود"
LONG = " ".join(["Improve the arrangements for the joint examination of vehicles at the port"] * 4)


def make_plan(
    slug: str,
    title: str,
    *,
    languages: Sequence[str] = ("en", "fr"),
    sides: Sequence[str] = ("GB", "FR"),
    actions: int = 8,
    action_title: str = "Examine the arrangements",
    stated: Sequence[Sequence[str]] = (("EUR", "5000000"),),
) -> dict[str, Any]:
    """The tree of a plan file; commitments have up to ten actions each."""

    def named(text: str) -> dict[str, str]:
        return dict.fromkeys(languages, text)

    def action(place: int, commitment: int) -> dict[str, Any]:
        return {
            "ref": f"{commitment}.{place % 10 + 1}",
            "title": named(action_title),
            "modality": "firm",
            "lead": [f"body-{sides[place % len(sides)].lower()}"],
            "words": action_title,
            "deadline": DEADLINES[place % len(DEADLINES)],
        }

    commitments = [
        {
            "number": number,
            "title": named(action_title),
            "actions": [action(place, number) for place in range((number - 1) * 10, last)],
        }
        for number, last in enumerate([*range(10, actions, 10), actions], start=1)
    ]
    return {
        "format": 1,
        "plan": {
            "slug": slug,
            "title": named(title),
            "adopted_on": ADOPTED,
            "timezone": "Europe/London",
            "sides": list(sides),
            "languages": list(languages),
            "lead_days": 14,
            "grace_days": 0,
            "stale_days": 30,
            "year_basis": "calendar",
        },
        "bodies": [
            {"id": f"body-{side.lower()}", "name": named(f"Office of {side}"), "side": side}
            for side in sides
        ],
        "commitments": commitments,
        "funds": [
            {
                "id": "fund",
                "title": named("Fund"),
                "commitment": 1,
                "contributions": [
                    {
                        "ref": f"99.{place}",
                        "from": side,
                        "stated": [list(pair) for pair in stated],
                        "due": date(2014, 12, 31),
                    }
                    for place, side in enumerate(sides, start=1)
                ],
            }
        ],
    }


UNUSUAL_PLANS = (
    make_plan("three-sides", "Plan of three sides", sides=("GB", "FR", "BE")),
    make_plan("large-sums", "Plan with large sums", stated=LARGE),
    make_plan("french-only", "Plan en une seule langue", languages=("fr",)),
    make_plan("arabic", ARABIC, languages=("ar",), action_title=ARABIC),
    make_plan("long-titles", LONG[:300], action_title=LONG[:300]),
    make_plan("many-actions", "Plan of 300 actions", actions=300),
    make_plan("one-action", "Plan of one action", actions=1),
)
