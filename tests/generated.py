"""Plans and registers made by hypothesis: every kind of deadline, every kind of entry, valid and
unkind.
"""

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
DAYS = st.dates(date(2014, 8, 15), date(2015, 6, 30))


@st.composite
def deadlines(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(
        st.sampled_from(
            ["start", "finish", "finish", "immediate", "recurring", "recurring", "within", "none"]
        )
    )
    deadline: dict[str, Any] = {"kind": kind, "words": "as signed"}
    if kind in ("start", "finish"):
        deadline["when"] = draw(st.sampled_from(WHENS))
    if kind == "recurring":
        every = draw(st.sampled_from(["month", "month", "quarter", "year"]))
        firsts = {
            "month": ["2014-10", "2014-12"],
            "quarter": ["2014-36", "2015-33"],
            "year": ["2014", "2015"],
        }
        deadline |= {"every": every, "quantity": draw(st.integers(1, 3))}
        if draw(st.booleans()):
            deadline["first"] = draw(st.sampled_from(firsts[every]))
    if kind == "within":
        deadline["of"] = "arrival"
        name, most = draw(st.sampled_from([("days", 40), ("months", 3)]))
        deadline[name] = draw(st.integers(0, most))
    if kind in ("finish", "within", "none", "start", "immediate") and draw(st.integers(0, 3)) == 0:
        deadline["quantity"] = draw(st.integers(1, 5))
    return deadline


@st.composite
def actions(draw: st.DrawFn, ref: str, earlier: list[str]) -> dict[str, Any]:
    action: dict[str, Any] = {
        "ref": ref,
        "title": {"en": ref, "fr": ref},
        "modality": draw(
            st.sampled_from(["firm", "firm", "firm", "soft", "optional", "statement"])
        ),
        "third_party": draw(st.integers(0, 7)) == 0,
        "lead": ["alpha"],
        "deadline": draw(deadlines()),
        "consents": draw(st.sampled_from([[], [], [], ["port"], ["alpha", "port"]])),
    }
    pending = draw(st.booleans())
    if earlier and pending:
        action["until"] = draw(
            st.lists(st.sampled_from(earlier), unique=True, min_size=1, max_size=2)
        )
    return action


@st.composite
def contributions(draw: st.DrawFn, ref: str) -> dict[str, Any]:
    stated = draw(
        st.sampled_from(
            [[["EUR", "5000000"], ["GBP", "4000000"]], [["EUR", "10"]], [["GBP", "7.50"]], []]
        )
    )
    firmness = st.sampled_from(["firm", "firm", "conditional", "up-to", "on-delivery"])
    contribution: dict[str, Any] = {"ref": ref, "from": "GB", "firmness": draw(firmness)}
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
    made = [draw(actions(ref, refs[:place])) for place, ref in enumerate(refs)]
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
        },
        "bodies": [{"id": body, "name": names} for body in BODIES],
        "commitments": [{"number": 1, "title": names, "actions": made}],
        "funds": [
            {
                "id": "fund",
                "title": names,
                "commitment": 1,
                "contributions": [draw(contributions("9.9"))],
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
    if deadline["kind"] == "recurring":
        return [*kinds, *["delivered"] * 8, "completed"]
    if "quantity" in deadline:
        kinds += ["delivered"] * 5
    else:
        kinds += [*["completed"] * 4, "reopened", "reopened"]
    if deadline["kind"] in ("start", "finish", "immediate", "none"):
        kinds += ["moved"] * 3
    return kinds


@st.composite
def action_rows(draw: st.DrawFn, action: dict[str, Any]) -> dict[str, str]:
    kind = draw(st.sampled_from(kinds_for(action)))
    row = blank(ref=action["ref"], kind=kind, **draw(dated()))
    if kind == "delivered":
        row["quantity"] = str(draw(st.integers(1, 3)))
    if kind == "consent":
        row["words"] = draw(st.sampled_from(BODIES))
    if kind == "event":
        row["words"] = draw(st.sampled_from(["arrival", "arrival", "departure"]))
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
        row["words"] = "delivery"
    return row


@st.composite
def naming_rows(draw: st.DrawFn, rows: list[dict[str, str]]) -> dict[str, str]:
    kind = draw(st.sampled_from(["withdrawn", "withdrawn", "confirmed", "disputed"]))
    confirmable = [
        row for row in rows if row["kind"] in ("started", "completed", "delivered", "paid")
    ]
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
    made = tree["commitments"][0]["actions"]
    contribution = tree["funds"][0]["contributions"][0]
    instalments = len(contribution.get("instalments", [])) or contribution.get("times", 1)
    rows: list[dict[str, str]] = []
    for _place in range(draw(st.integers(0, 12))):
        which = draw(st.integers(0, 9))
        if which < 2 and rows:
            row = draw(naming_rows(rows))
        elif which < 4:
            row = draw(money_rows(instalments))
        else:
            row = draw(action_rows(draw(st.sampled_from(made))))
        rows.append(row | {"id": f"e{len(rows)}"})
    return tree, rows
