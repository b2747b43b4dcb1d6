"""The plan that the measurements enlarge: ten kinds of action with their histories, as files that
the product loads.
"""

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count

ADOPTED, TODAY = date(2014, 9, 20), date(2015, 1, 12)
COMMITMENTS = 10
SLUG = "plan-of-actions"
HEADER = "id,ref,kind,effective,recorded,side,quantity,amount,currency,instalment,to,words,reason,note,source"
SPECIAL, SPECIAL_ENTRIES = "11.1", 200
# code and side
BODIES = (
    ("home-office", "GB"),
    ("border-force", "GB"),
    ("nca", "GB"),
    ("jbiu", "GB"),
    ("transport", "GB"),
    ("interior", "FR"),
    ("dcpaf", "FR"),
    ("ocriest", "FR"),
    ("prefecture", "FR"),
    ("customs", "FR"),
    ("port", ""),
    ("commission", ""),
)
RECURRING = 'kind = "recurring", every = "month", quantity = 2, first = "2014-10"'
# overdue are the first four: two in five
DEADLINES = (
    'kind = "finish", when = "../2014-12-01"',
    'kind = "start", when = "2014-10"',
    'kind = "finish", when = "2014-11"',
    'kind = "immediate"',
    RECURRING,
    'kind = "finish", when = "../2015-06-30", quantity = 7',
    'kind = "start", when = "2014-10"',
    'kind = "finish", when = "../2014-11-15"',
    'kind = "none"',
    'kind = "finish", when = "../2015-01-20"',
)
Row = dict[str, str]


def kind_of(commitment: int, number: int) -> int:
    """Which of the ten kinds an action is: each commitment gets each of them."""
    return (commitment + number) % 10


def texts(text: str) -> str:
    return f'{{ en = "{text}", fr = "{text} (en français)" }}'


def plan_file(actions: int, slug: str) -> str:
    """A plan of so many actions, up to a hundred, and one with a long register; in TOML."""
    parts = [
        f'format = 1\n[plan]\nslug = "{slug}"\ntitle = {texts(f"Plan of {slug}")}\nadopted_on = {ADOPTED}\n'
        'timezone = "Europe/London"\nsides = ["GB", "FR"]\nlanguages = ["en", "fr"]\nlead_days = 14\n'
        'grace_days = 0\nstale_days = 30\nyear_basis = "uk-financial"\n'
    ]
    for code, side in BODIES:
        parts.append(
            f'[[bodies]]\nid = "{code}"\nname = {texts(code.title())}\nside = "{side}"\n'.replace(
                'side = ""\n', ""
            )
        )
    parts += [
        f'[[aims]]\nid = "A{n}"\ntitle = {texts(f"Aim number {n} of the two governments")}\n'
        for n in (1, 2, 3)
    ]
    for commitment in range(1, COMMITMENTS + 2):
        title = texts(f"Commitment {commitment}: what both sides will do together")
        aims = '["A1", "A2"]' if commitment % 2 else '["A2"]'
        parts.append(f"[[commitments]]\nnumber = {commitment}\ntitle = {title}\naims = {aims}\n")
        numbers = range(1, actions // COMMITMENTS + 1) if commitment <= COMMITMENTS else []
        parts += [_action(commitment, number) for number in numbers]
    parts += [_special(), FUND]
    return "\n".join(parts)


def _action(commitment: int, number: int) -> str:
    ref = f"{commitment}.{number}"
    lead = BODIES[(commitment * 7 + number) % 10][0]
    partner = BODIES[(commitment * 7 + number + 5) % 12][0]
    title = texts(f"Action {ref}: officers of both sides work on this together at the port")
    lines = [
        "[[commitments.actions]]",
        f'ref = "{ref}"',
        f"title = {title}",
        f'modality = "{_modality(commitment, number)}"',
        f'lead = ["{lead}"]',
        f'with = ["{partner}"]',
        *_conditions(commitment, number),
        f'words = "what was signed about {ref}, in a phrase of some length"',
        f'clause = "{commitment}, a sentence"',
        f'deadline = {{ {_deadline(commitment, number)}, words = "as it was signed" }}',
    ]
    return "\n".join(lines) + "\n"


def _modality(commitment: int, number: int) -> str:
    kind = kind_of(commitment, number)
    if kind == 8 and number % 2:
        return "optional"
    if kind == 5 and number % 3 == 0:
        return "soft"
    return "firm"


def _deadline(commitment: int, number: int) -> str:
    kind = kind_of(commitment, number)
    if kind == 3 and number % 2:
        return RECURRING
    if kind == 9 and number % 2 == 0:
        return 'kind = "finish", when = "2014-12-31"'
    return DEADLINES[kind]


def _conditions(commitment: int, number: int) -> list[str]:
    """One action in twenty waits for a consent, and half of these for what supersedes them."""
    if kind_of(commitment, number) != 9 or number % 2:
        return []
    if number % 4:
        return ['consents = ["port"]']
    return ['consents = ["port"]', f'until = ["{(5 - number) % 10 + 1}.{number}"]']


def _special() -> str:
    return (
        f'[[commitments.actions]]\nref = "{SPECIAL}"\ntitle = {texts("The action with a long register")}\n'
        'modality = "firm"\nlead = ["home-office", "interior"]\n'
        'deadline = { kind = "finish", when = "../2014-12-31", words = "before the end of the year" }\n'
    )


FUND = f"""
[[funds]]
id = "fund"
title = {texts("The fund")}
commitment = 1
  [[funds.contributions]]
  ref = "1.0-GB"
  from = "GB"
  stated = [["EUR", "5000000"], ["GBP", "4000000"]]
  each = "year"
  times = 3
  [[funds.contributions]]
  ref = "1.0-FR"
  from = "FR"
  stated = [["EUR", "6000000"]]
  each = "year"
  times = 3
  [[funds.purposes]]
  id = "security"
  title = {texts("Security of the port")}
"""


def entries_file(actions: int, each: int = 10) -> bytes:
    """The facts of that plan as an entries file, with so many of each action on average."""
    numbers = range(1, actions // COMMITMENTS + 1)
    rows = [row for number in numbers for row in _round(number, each)]
    rows += [*_fill(SPECIAL, 0, SPECIAL_ENTRIES - 1, TODAY), *_money()]
    rows.sort(key=lambda row: (row.get("to", "").startswith("e-"), row["recorded"]))
    out = io.StringIO()
    writer = csv.DictWriter(out, HEADER.split(","), restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def _round(number: int, each: int) -> Iterator[Row]:
    """The facts of one action in each commitment."""
    for commitment in range(1, COMMITMENTS + 1):
        kind = kind_of(commitment, number)
        if kind == 0 and number % 2 == 0:
            # never reported
            continue
        ref = f"{commitment}.{number}"
        place = number * 10 + commitment
        rows = _story(kind, ref, number)
        yield from rows
        # one action in four has become quiet
        end = TODAY if place % 4 else date(2014, 12, 1)
        # those that never report leave their share to others
        words = each - 1 + (number % 2 == 0) - len(rows)
        yield from _fill(ref, place, words, end)


def _row(ref: str, kind: str, day: str, side: str = "GB", **cells: str) -> Row:
    defaults = {"id": f"{ref}-{kind}-{day}", "recorded": day, "effective": day}
    return {"ref": ref, "kind": kind, "side": side, **defaults, **cells}


def _story(kind: int, ref: str, number: int) -> list[Row]:
    """What makes the kind what it is."""
    if kind == 1:
        return [_moved(ref)]
    if kind == 2:
        return _completed_and_withdrawn(ref)
    if kind == 3 and number % 2:
        return _delivered_each_month(ref, ("2", "1", "2"))
    if kind == 4:
        return _delivered_each_month(ref, ("2", "2", "2"))
    if kind == 5:
        return [_row(ref, "delivered", "2014-11-03", "FR", quantity="3", recorded="2014-11-10")]
    if kind == 6:
        return _started_and_confirmed(ref)
    if kind == 7:
        return _completed_and_disputed(ref)
    return []


def _moved(ref: str) -> Row:
    reason = "The site was not ready."
    return _row(ref, "moved", "2014-10-20", to="../2014-12-31", reason=reason, words="both sides")


def _completed_and_withdrawn(ref: str) -> list[Row]:
    cells = {"id": f"w-{ref}", "to": f"e-{ref}", "reason": "It was another port."}
    return [
        _row(ref, "completed", "2014-11-20", id=f"e-{ref}"),
        _row("", "withdrawn", "2014-11-25", **cells),
    ]


def _delivered_each_month(ref: str, quantities: tuple[str, str, str]) -> list[Row]:
    days = ("2014-10-15", "2014-11-15", "2014-12-15")
    return [
        _row(ref, "delivered", day, quantity=quantity, note="Officers posted")
        for day, quantity in zip(days, quantities, strict=True)
    ]


def _started_and_confirmed(ref: str) -> list[Row]:
    source = "A notice of the ministry"
    return [
        _row(ref, "started", "2014-10-12", id=f"e-{ref}", source=source),
        _row("", "confirmed", "2014-10-20", "FR", id=f"c-{ref}", to=f"e-{ref}"),
    ]


def _completed_and_disputed(ref: str) -> list[Row]:
    cells = {"id": f"d-{ref}", "to": f"e-{ref}", "reason": "Only one gate is closed."}
    return [
        _row(ref, "completed", "2014-11-25", id=f"e-{ref}", recorded="2014-11-28"),
        _row("", "disputed", "2014-12-01", "FR", **cells),
    ]


def _fill(ref: str, place: int, number: int, end: date) -> Iterator[Row]:
    """So many words about an action, spread over the days until the end."""
    span = (end - ADOPTED).days
    for k in range(number):
        day = (
            ADOPTED + timedelta(days=(k * span // max(number, 1) + place * 3) % span + 1)
        ).isoformat()
        side = ("GB", "FR")[(k + place) % 2]
        cells = {
            "id": f"f-{ref}-{k}",
            "note": f"Word {k} about {ref}: the work goes on at the port as planned.",
        }
        kind = ("progress", "note", "progress", "confidence")[k % 4]
        if kind == "confidence":
            cells = {"id": cells["id"], "words": "amber", "reason": "The second gate is late."}
        yield _row(ref, kind, day, side, **cells)


def _money() -> Iterator[Row]:
    serial = count(1)
    for ref, side, currency in (("1.0-GB", "GB", "GBP"), ("1.0-FR", "FR", "EUR")):
        for day in ("2014-11-10", "2014-12-10"):
            cells = {"amount": "1500000.00", "currency": currency, "instalment": "1"}
            yield _row(ref, "paid", day, side, id=f"m-{next(serial)}", **cells)
    for day in ("2014-11-20", "2014-12-20", "2015-01-08"):
        spent = {"words": "security", "amount": "250000.00", "currency": "EUR"}
        yield _row("", "spent", day, "FR", id=f"m-{next(serial)}", **spent)
