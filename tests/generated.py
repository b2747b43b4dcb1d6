"""Plans and registers made by hypothesis: every kind of deadline, every kind of entry, valid and
unkind.
"""

from copy import deepcopy
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

ADOPTED = date(2014, 9, 20)
BODIES = ["alpha", "beta", "port"]
EXACT = [
    "2014-10-15",
    "2014-10-31",
    "2014-11-01",
    "2014-12-31",
    "2015-01-31",
    "2015-02-28",
    "2014-09-20",
]
VAGUE = [
    "2014",
    "2014-10",
    "2014-12",
    "2015-01",
    "2014-23",
    "2014-24",
    "2014-36",
    "2015-33",
    "2015-40",
    "2014-41",
]
WHENS = [*EXACT, *VAGUE, *(f"../{text}" for text in (*EXACT, *VAGUE))]
STEPS = [
    [{"when": "../2014-10-31", "quantity": 1}, {"when": "2015-33", "quantity": 3}],
    [
        {"when": "2014-10-15", "quantity": 2},
        {"when": "../2014-12", "quantity": 3},
        {"when": "../2015-02-28", "quantity": 6},
    ],
]
CONFIRMABLE = (
    "started",
    "completed",
    "delivered",
    "reading",
    "paid",
    "refunded",
    "moved",
    "superseded",
    "not-pursued",
    "term",
)
LED_BY_BOTH = ["alpha", "beta"]
LEADS = [["alpha"], ["beta"], LED_BY_BOTH, ["port"], ["alpha", "port"]]
CONSENTS: list[list[str]] = [*[[]] * 9, ["port"], ["alpha", "port"], ["alpha"]]
SIDES = {"alpha": "GB", "beta": "FR", "port": ""}
DAYS = st.dates(date(2014, 8, 15), date(2015, 6, 30))


# By rhythm, periods with which a duty can begin, and periods or days with which it can end.
RHYTHMS: dict[str, tuple[Any, list[str], list[str]]] = {
    "week": ("week", ["2014-W41", "2014-10-13"], ["2014-W46", "2014-12-03"]),
    "month": ("month", ["2014-10", "2014-12"], ["2014-12", "2015-01-15"]),
    "quarter": ("quarter", ["2014-36", "2015-33"], ["2015-33", "2015-02-28"]),
    "half-year": ("half-year", ["2014-41", "2015-40"], ["2015-40"]),
    "year": ("year", ["2014", "2015"], ["2015"]),
    "plan-year": ("plan-year", [], ["2015-06-01"]),
    "days": ({"days": 20}, ["2014-10-06", "2014-10-31"], ["2014-12-24", "2014-11-02"]),
}


@st.composite
def deadlines(draw: st.DrawFn, waited_for: list[str]) -> dict[str, Any]:
    kind = draw(
        st.sampled_from(
            ["start", "finish", "finish", "immediate", "recurring", "recurring", "within", "none"]
        )
    )
    deadline: dict[str, Any] = {"kind": kind, "words": "as signed"}
    if kind in ("start", "finish"):
        deadline["when"] = draw(st.sampled_from(WHENS))
    if kind == "recurring":
        name = draw(st.sampled_from(["month", "month", "month", *RHYTHMS]))
        every, firsts, lasts = RHYTHMS[name]
        deadline |= {"every": every, "quantity": draw(st.integers(1, 3))}
        has_first = draw(st.booleans())
        if firsts and has_first:
            deadline["first"] = draw(st.sampled_from(firsts))
        if draw(st.integers(0, 2)) == 0:
            deadline["last"] = draw(st.sampled_from(lasts))
        return deadline
    if kind == "within":
        deadline["of"] = draw(st.sampled_from(["arrival", *waited_for]))
        name, most = draw(st.sampled_from([("days", 40), ("months", 3)]))
        deadline[name] = draw(st.integers(0, most))
    form = draw(st.sampled_from(["deed", "deed", "deed", "quantity", "level", "steps"]))
    if form == "quantity":
        deadline["quantity"] = draw(st.integers(1, 5))
    if form == "level":
        deadline |= {
            "level": draw(st.integers(0, 4)),
            "at": draw(st.sampled_from(["least", "most"])),
        }
    if form == "steps" and kind in ("start", "finish"):
        del deadline["when"]
        deadline["steps"] = draw(st.sampled_from(STEPS))
    return deadline


@st.composite
def actions(draw: st.DrawFn, ref: str, earlier: dict[str, str]) -> dict[str, Any]:
    """`earlier` are the kinds of the actions before it, by their refs."""
    waited_for = [other for other, kind in earlier.items() if kind != "recurring"]
    action: dict[str, Any] = {
        "ref": ref,
        "title": {"en": ref, "fr": ref},
        "modality": draw(
            st.sampled_from(["firm", "firm", "firm", "soft", "optional", "statement"])
        ),
        "third_party": draw(st.integers(0, 7)) == 0,
        "lead": draw(st.sampled_from(LEADS)),
        "deadline": draw(deadlines(waited_for)),
        "consents": draw(st.sampled_from(CONSENTS)),
    }
    if draw(st.integers(0, 5)) == 0:
        action["needs"] = ["inspection"]
    if draw(st.integers(0, 5)) == 0:
        action["stale_days"] = draw(st.sampled_from([0, 5, 60]))
    is_whole = action["deadline"]["kind"] != "recurring" and "steps" not in action["deadline"]
    if is_whole and action["lead"] == LED_BY_BOTH and draw(st.booleans()):
        action["each"] = ["GB", "FR"]
    is_pending = draw(st.booleans())
    if earlier and is_pending:
        action["until"] = draw(
            st.lists(st.sampled_from(sorted(earlier)), unique=True, min_size=1, max_size=2)
        )
    return action


@st.composite
def contributions(draw: st.DrawFn, ref: str, waited_for: list[str]) -> dict[str, Any]:
    stated = draw(
        st.sampled_from(
            [[["EUR", "5000000"], ["GBP", "4000000"]], [["EUR", "10"]], [["GBP", "7.50"]], []]
        )
    )
    firmness = st.sampled_from(["firm", "firm", "conditional", "up-to", "on-delivery"])
    contribution: dict[str, Any] = {"ref": ref, "from": "GB", "firmness": draw(firmness)}
    if contribution["firmness"] in ("conditional", "on-delivery") and draw(st.booleans()):
        contribution["condition"] = draw(st.sampled_from(["delivery", *waited_for]))
    form = draw(st.sampled_from(["each", "due", "list", "bare"]))
    if form == "list":
        contribution["instalments"] = [
            {"year": "2015", "stated": stated},
            {"year": "2014", "stated": [["EUR", "3"]]},
        ]
        return contribution
    contribution["stated"] = stated
    if form == "each":
        contribution |= {"each": "year", "times": draw(st.integers(1, 3))}
    if form == "due":
        contribution["due"] = date(2014, 12, 31)
    return contribution


@st.composite
def plans(draw: st.DrawFn) -> dict[str, Any]:
    refs = [f"1.{number}" for number in range(1, draw(st.integers(1, 4)) + 1)]
    made: list[dict[str, Any]] = []
    for ref in refs:
        made.append(draw(actions(ref, {one["ref"]: one["deadline"]["kind"] for one in made})))
    waited_for = [one["ref"] for one in made if one["deadline"]["kind"] != "recurring"]
    until = draw(st.sampled_from([None, None, None, "2014-12-31", "2015-02", "2015-40"]))
    names = {"en": "name", "fr": "nom"}
    return {
        "format": 1,
        "plan": {
            "slug": "made",
            "title": names,
            "adopted_on": ADOPTED,
            "timezone": draw(
                st.sampled_from(["Europe/London", "Europe/Paris", "Pacific/Auckland"])
            ),
            "sides": ["GB", "FR"],
            "languages": ["en", "fr"],
            "lead_days": draw(st.sampled_from([14, 0, 7])),
            "grace_days": draw(st.sampled_from([0, 0, 10])),
            "stale_days": draw(st.sampled_from([30, 10])),
            "year_basis": draw(st.sampled_from(["uk-financial", "calendar", "anniversary"])),
            **({"until": until} if until else {}),
        },
        "bodies": [
            {"id": body, "name": names, **({"side": side} if side else {})}
            for body, side in SIDES.items()
        ],
        "commitments": [{"number": 1, "title": names, "actions": made}],
        "funds": [
            {
                "id": "fund",
                "title": names,
                "commitment": 1,
                "contributions": [draw(contributions("9.9", waited_for))],
            }
        ],
    }


def blank(**cells: str) -> dict[str, str]:
    columns = "id,ref,kind,effective,recorded,side,quantity,amount,currency,instalment,to,words,reason,note,source"
    return {**dict.fromkeys(columns.split(","), ""), **cells}


@st.composite
def dated(draw: st.DrawFn) -> dict[str, str]:
    """When it happened and when it was said: late, vague, with a time or without."""
    day = draw(DAYS)
    recorded = day + timedelta(days=draw(st.sampled_from([0, 0, 0, 1, 5, 33, 90])))
    form = draw(st.sampled_from(["day", "day", "month", "year"]))
    effective = {"day": day.isoformat(), "month": f"{day:%Y-%m}", "year": f"{day:%Y}"}[form]
    said = recorded.isoformat()
    if draw(st.integers(0, 3)) == 0:
        # noon by this offset is the same day in every zone of the plans but the last, which is a
        # day ahead
        said = f"{recorded.isoformat()}T{draw(st.sampled_from(['09:30', '13:30', '21:30']))}+00:00"
    return {
        "effective": effective,
        "recorded": said,
        "side": draw(st.sampled_from(["GB", "FR", "GB", "FR", ""])),
    }


def kinds_for(action: dict[str, Any]) -> list[str]:
    deadline = action["deadline"]
    kinds = [
        "started",
        "progress",
        "note",
        "superseded",
        "not-pursued",
        "confidence",
        "consent",
        "event",
    ]
    if deadline["kind"] == "within":
        kinds += ["event"] * 6
    if action["consents"]:
        kinds += ["consent"] * 4
    if "needs" in action:
        kinds += ["event"] * 4
    if deadline["kind"] == "recurring":
        return [*kinds, *["delivered"] * 8, "completed"]
    if "level" in deadline:
        kinds = [kind for kind in kinds if kind != "started"] + ["reading"] * 6
    elif "quantity" in deadline or "steps" in deadline:
        kinds += ["delivered"] * 5
    else:
        kinds += [*["completed"] * 4, "started", "started", "reopened", "reopened"]
    if "steps" not in deadline:
        kinds += ["moved"] * 3
    return kinds


@st.composite
def action_rows(draw: st.DrawFn, action: dict[str, Any]) -> dict[str, str]:
    kind = draw(st.sampled_from(kinds_for(action)))
    row = blank(ref=action["ref"], kind=kind, **draw(dated()))
    if kind == "delivered":
        row["quantity"] = str(draw(st.integers(1, 3)))
    if kind == "reading":
        row["quantity"] = str(draw(st.integers(0, 5)))
    if kind == "consent":
        row["words"] = draw(st.sampled_from(BODIES))
    if kind == "event":
        row["words"] = draw(st.sampled_from(["arrival", "arrival", "inspection", "departure"]))
    if kind == "moved":
        row |= {"to": draw(st.sampled_from(WHENS)), "reason": "agreed"}
    if kind == "confidence":
        row |= {"words": draw(st.sampled_from(["green", "amber", "red"])), "reason": "as seen"}
    return row


@st.composite
def money_rows(draw: st.DrawFn, instalments: int) -> dict[str, str]:
    kind = draw(
        st.sampled_from(
            ["paid"] * 5 + ["refunded", "consent", "event", "note", "not-pursued", "superseded"]
        )
    )
    row = blank(ref="9.9", kind=kind, **draw(dated()))
    if kind in ("paid", "refunded"):
        amounts = ["5000000", "4000000", "2500000.50", "10", "3", "7.5", "0.01"]
        row |= {
            "amount": draw(st.sampled_from(amounts)),
            "currency": draw(st.sampled_from(["EUR", "GBP"])),
        }
        row["instalment"] = str(draw(st.integers(1, instalments)))
    elif kind != "note" and draw(st.booleans()):
        row["instalment"] = str(draw(st.integers(1, instalments)))
    if kind == "consent":
        row["words"] = "port"
    if kind == "event":
        row["words"] = draw(st.sampled_from(["delivery", "delivery", "inspection"]))
    return row


@st.composite
def term_rows(draw: st.DrawFn) -> dict[str, str]:
    """A new last day of the plan, or none."""
    until = draw(st.sampled_from(["", "2014-11-30", "2015-01", "2015-03-15"]))
    return blank(kind="term", to=until, reason="agreed", **draw(dated()))


@st.composite
def meeting_rows(draw: st.DrawFn) -> dict[str, str]:
    """Planned or held; it bears on nothing."""
    planned = draw(st.sampled_from(["", "2015-02-03", "2015-03"]))
    return blank(kind="meeting", words="Committee", to=planned, **draw(dated()))


@st.composite
def naming_rows(draw: st.DrawFn, rows: list[dict[str, str]]) -> dict[str, str]:
    kind = draw(st.sampled_from(["withdrawn", "confirmed", "confirmed", "confirmed", "disputed"]))
    confirmable = [row for row in rows if row["kind"] in CONFIRMABLE]
    target = draw(st.sampled_from(rows if kind == "withdrawn" or not confirmable else confirmable))
    if kind != "withdrawn" and not confirmable:
        kind = "withdrawn"
    row = blank(kind=kind, to=target["id"], reason="said", **draw(dated()))
    day = row["recorded"][:10]
    return row | {
        "effective": min(row["effective"], day) if len(row["effective"]) == 10 else row["effective"]
    }


@st.composite
def registers(draw: st.DrawFn) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """A plan and the rows of its register."""
    tree = draw(plans())
    return tree, draw(rows_about(tree))


@st.composite
def rows_about(draw: st.DrawFn, tree: dict[str, Any]) -> list[dict[str, str]]:
    made = tree["commitments"][0]["actions"]
    contribution = tree["funds"][0]["contributions"][0]
    instalments = len(contribution.get("instalments", [])) or contribution.get("times", 1)
    rows: list[dict[str, str]] = []
    for _place in range(draw(st.integers(0, 14))):
        which = draw(st.integers(0, 19))
        if which < 6 and rows:
            row = draw(naming_rows(rows))
        elif which < 9:
            row = draw(money_rows(instalments))
        elif which < 10:
            row = draw(st.one_of(term_rows(), meeting_rows()))
        else:
            row = draw(action_rows(draw(st.sampled_from(made))))
        rows.append(row | {"id": f"e{len(rows)}"})
    return rows


# Several plan files, and a plan that is opened


@st.composite
def plan_histories(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Plan files in the order of loading, and the rows of one register."""
    first = draw(plans())
    rows = draw(rows_about(first))
    opened_at = draw(st.sampled_from([None, *range(len(rows) + 1)]))
    if opened_at is not None:
        rows = draw(opened_rows(rows, opened_at))
    files = [first]
    loaded = ADOPTED
    place = 0
    for version in range(draw(st.integers(1, 3))):
        loaded += timedelta(days=draw(st.integers(0, 90)))
        place = draw(st.integers(place, len(rows)))
        file = draw(later_file(files, version))
        file |= {"loaded": loaded.isoformat(), "rows_before": place}
        file |= draw(reasons(loaded))
        files.append(file)
    return files, rows


@st.composite
def opened_rows(draw: st.DrawFn, rows: list[dict[str, str]], place: int) -> list[dict[str, str]]:
    """The plan is opened before the row at this place; what follows is recorded at its loading."""
    day = draw(DAYS)
    opening = blank(id="open", kind="opened", effective=day.isoformat(), recorded=day.isoformat())
    following = []
    for row in rows[place:]:
        stated = date.fromisoformat(row["recorded"][:10])
        day = max(day, stated) + timedelta(days=draw(st.sampled_from([0, 0, 1, 20])))
        following.append(row | {"loaded": f"{day.isoformat()}T12:00:00+00:00"})
    return [*rows[:place], opening, *following]


@st.composite
def reasons(draw: st.DrawFn, loaded: date) -> dict[str, Any]:
    """Why the terms differ, and what a change says of its days."""
    if draw(st.integers(0, 2)) == 0:
        return {"correction": "misread", "withdrawn": "given up"}
    reason: dict[str, Any] = {"change": "agreed", "withdrawn": "given up"}
    since = loaded
    if draw(st.booleans()):
        since = draw(st.dates(ADOPTED, loaded))
        reason["from"] = since
    if draw(st.booleans()):
        reason["recorded"] = draw(st.dates(since, loaded))
    return reason


SETTINGS: dict[str, list[Any]] = {
    "lead_days": [14, 0, 30],
    "grace_days": [0, 10],
    "stale_days": [30, 10],
    "until": ["2014-12-31", "2015-02", "2015-40"],
}


@st.composite
def later_file(draw: st.DrawFn, files: list[dict[str, Any]], version: int) -> dict[str, Any]:
    """The last file with one to three things changed."""
    file = deepcopy({key: value for key, value in files[-1].items() if key in files[0]})
    made: list[dict[str, Any]] = file["commitments"][0]["actions"]
    for _number in range(draw(st.integers(1, 3))):
        # what a file adds is not changed by the same file
        before = [one["ref"] for one in files[-1]["commitments"][0]["actions"]]
        action = draw(st.sampled_from([one for one in made if one["ref"] in before] or made))
        what = draw(
            st.sampled_from(
                ["deadline", "deadline", "terms", "lead", "side", "plan", "money", "new", "gone"]
            )
        )
        if what == "deadline":
            action["deadline"] = draw(deadlines_again(files, action["ref"]))
            if action["deadline"]["kind"] == "recurring" or "steps" in action["deadline"]:
                action.pop("each", None)
        elif what == "terms":
            action |= draw(other_terms())
        elif what == "lead":
            action["lead"] = draw(st.sampled_from(LEADS))
            if action["lead"] != LED_BY_BOTH:
                action.pop("each", None)
        elif what == "side":
            file["bodies"] = [body_again(body, draw(OTHER_SIDES)) for body in file["bodies"]]
        elif what == "plan":
            name = draw(st.sampled_from(sorted(SETTINGS)))
            file["plan"][name] = draw(st.sampled_from(SETTINGS[name]))
        elif what == "money":
            contribution = file["funds"][0]["contributions"][0]
            contribution["firmness"] = draw(st.sampled_from(["firm", "conditional", "up-to"]))
            if contribution["firmness"] != "conditional":
                contribution.pop("condition", None)
            if "stated" in contribution:
                contribution["stated"] = draw(st.sampled_from([[["EUR", "10"]], [["GBP", "4.20"]]]))
        elif what == "new":
            made.append(draw(actions(f"2.{len(made)}", {})))
        elif what == "gone":
            _drop(draw, file, action)
    return file


OTHER_SIDES = st.sampled_from(["", "GB", "FR"])


def body_again(body: dict[str, Any], side: str) -> dict[str, Any]:
    """The port on another side or on none; each of the others stays where `each` needs it."""
    if body["id"] != "port":
        return body
    other = {key: value for key, value in body.items() if key != "side"}
    return other | ({"side": side} if side else {})


def _drop(draw: st.DrawFn, file: dict[str, Any], action: dict[str, Any]) -> None:
    """Withdrawn where it stands; or left out, where nothing names it."""
    made = file["commitments"][0]["actions"]
    condition = file["funds"][0]["contributions"][0].get("condition")
    named = {ref for other in made for ref in other.get("until", [])} | {condition}
    named |= {other["deadline"].get("of") for other in made}
    if len(made) > 1 and action["ref"] not in named and draw(st.booleans()):
        made.remove(action)
    else:
        action["withdrawn"] = "given up"


@st.composite
def deadlines_again(draw: st.DrawFn, files: list[dict[str, Any]], ref: str) -> dict[str, Any]:
    """Another deadline. Nothing that ever recurred starts a clock, and the other way round."""
    versions = [one for file in files for one in file["commitments"][0]["actions"]]
    starts_clocks = {one["deadline"].get("of") for one in versions}
    starts_clocks |= {file["funds"][0]["contributions"][0].get("condition") for file in files}
    found = draw(deadlines([]))
    while found["kind"] == "recurring" and ref in starts_clocks:
        found = draw(deadlines([]))
    return found


@st.composite
def other_terms(draw: st.DrawFn) -> dict[str, Any]:
    return draw(
        st.sampled_from(
            [
                {"modality": "firm"},
                {"modality": "optional"},
                {"third_party": True},
                {"consents": ["port"]},
                {"consents": []},
                {"needs": ["inspection"]},
                {"needs": []},
                {"stale_days": 7},
                {"withdrawn": ""},
                {"withdrawn": "given up"},
            ]
        )
    )
