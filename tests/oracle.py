"""A second, deliberately naive reading of the rules, for tests to hold the product against.

One day is judged by scanning every row; nothing is kept between calls and nothing shared with the
product. The number that opens a docstring is the section of rules.md that the function can be held
against.
"""

import calendar
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

Json = dict[str, Any]
Span = tuple[date, date]  # first and last possible day, both inclusive
Sums = dict[str, Decimal]  # by currency
Verdict = tuple[str, int | None]  # state and days

DAY = timedelta(days=1)
MET = ("met", "met-late", "met-undated")
BY_CALENDAR = ("overdue", "due", "due-soon", "upcoming")
WORST_FIRST = ("overdue", "due", "due-soon", "awaiting", "upcoming", "no-date", *reversed(MET))
ABOUT_A_ROW = ("withdrawn", "confirmed", "disputed")
REPORTS = ("started", "progress", "completed", "delivered", "note")
MONTHS = {"month": 1, "quarter": 3, "year": 12}
SEASONS = {21: (3, 3), 22: (6, 3), 23: (9, 3), 24: (12, 3)}  # code: first month, number of months
QUARTERS = {33: (1, 3), 34: (4, 3), 35: (7, 3), 36: (10, 3)}
SUB_YEARS = {**SEASONS, **QUARTERS, 40: (1, 6), 41: (7, 6)}


class Entry(NamedTuple):  # one row of the entries file
    ref: str
    kind: str
    first: date
    last: date
    said: tuple[date, int, float]  # the recorded day in the plan's zone, and the place in that day
    row: dict[str, str]


class View(NamedTuple):  # the plan on one day, with only the entries that count
    plan: Json
    on: date
    entries: list[Entry]

    def of(self, terms: Json, *kinds: str) -> list[Entry]:
        """2: the counting entries on one action or contribution, of these kinds or of all."""
        return [e for e in self.entries if e.ref == terms["ref"] and (e.kind in kinds or not kinds)]


def add_months(day: date, months: int) -> date:
    """3: the same day number that many months on, or the last day of a month too short for it."""
    years, month = divmod(day.month - 1 + months, 12)
    last = calendar.monthrange(day.year + years, month + 1)[1]
    return date(day.year + years, month + 1, min(day.day, last))


def span(text: str) -> Span:
    """2: the first and last day of an EDTF date; 3: `../` makes it a point on the last day."""
    if text.startswith("../"):
        return span(text[3:])[1], span(text[3:])[1]
    if len(text) == 10:
        return date.fromisoformat(text), date.fromisoformat(text)
    year, code = int(text[:4]), int(text[5:] or "0")
    month, length = SUB_YEARS.get(code, (code, 1)) if code else (1, 12)
    return date(year, month, 1), add_months(date(year, month, 1), length) - DAY


def read(plan: Json, rows: list[dict[str, str]]) -> list[Entry]:
    """2: the rows as entries, a bare recorded day after its times; a row about a row shares its
    ref.
    """
    zone = ZoneInfo(plan["plan"]["timezone"])
    by_id = {row["id"]: row for row in rows}
    entries = []
    for row in rows:
        meant = row
        while meant["kind"] in ABOUT_A_ROW:
            meant = by_id[meant["to"]]
        time = datetime.fromisoformat(row["recorded"])
        zoned = (time.astimezone(zone).date(), 0, time.timestamp())
        said = zoned if time.tzinfo else (time.date(), 1, 0.0)
        first, last = span(row["effective"] or str(said[0]))
        entries.append(Entry(meant["ref"], row["kind"], first, last, said, row))
    return entries


def counting(entries: list[Entry], on: date, known: date | None) -> list[Entry]:
    """2: what was known, effective and not withdrawn; a withdrawal needs only to be known and to
    stand.
    """
    heard = [e for e in entries if known is None or e.said[0] <= known]
    withdrawals = [e for e in heard if e.kind == "withdrawn"]

    def undone(entry: Entry) -> bool:
        return any(w.row["to"] == entry.row["id"] and not undone(w) for w in withdrawals)

    return [e for e in heard if (e.kind == "withdrawn" or e.first <= on) and not undone(e)]


def latest(entries: list[Entry]) -> Entry | None:
    """3: the latest first effective day, then the latest recorded, then the later in the register."""
    return max(reversed(entries), key=lambda e: (e.first, e.said), default=None)


def earliest(entries: list[Entry]) -> date | None:
    """3: the earliest first possible day."""
    return min((e.first for e in entries), default=None)


def deadline_of(action: Json) -> Json:
    """3: the signed deadline; one that is left out is none."""
    return {"kind": "none", "words": None, "quantity": None, **action.get("deadline", {})}


def signed_window(view: View, action: Json) -> Span | None:
    """3: the window before any move; `within` opens with the earliest event, recurring shows one
    period.
    """
    deadline, settings = deadline_of(action), view.plan["plan"]
    if deadline["kind"] in ("start", "finish"):
        return span(deadline["when"])
    if deadline["kind"] == "immediate":
        return settings["adopted_on"], settings["adopted_on"] + settings["grace_days"] * DAY
    if deadline["kind"] == "recurring":
        ended = earliest(view.of(action, "completed"))
        begun = periods(view, action, ended or view.on)
        return None if ended is not None and ended < begun[0][1] else begun[-1][1:]
    if deadline["kind"] == "none":
        return None
    first = earliest([e for e in view.of(action, "event") if e.row["words"] == deadline["of"]])
    if first is None:
        return None
    last = add_months(first, deadline.get("months", 0)) + deadline.get("days", 0) * DAY
    for _ in range(deadline.get("working_days", 0)):
        last += (3 if last.weekday() == 4 else 2 if last.weekday() == 5 else 1) * DAY
    return first, last


def current_window(view: View, action: Json) -> Span | None:
    """3, moving a deadline: the window of the move that decides, else the signed one."""
    move = latest(view.of(action, "moved"))
    movable = deadline_of(action)["kind"] in ("start", "finish", "immediate", "none")
    return span(move.row["to"]) if move is not None and movable else signed_window(view, action)


def reached(target: Decimal, steps: list[tuple[date, Decimal]]) -> date | None:
    """3 and 5: the day since which the running sum has stood at the target without a break."""
    since = None
    for day in sorted({when for when, _ in steps}):
        if sum(amount for when, amount in steps if when <= day) < target:
            since = None
        elif since is None:
            since = day
    return since


def satisfying(view: View, action: Json) -> list[Entry]:
    """3: the entries that satisfy an action without a quantity, less those that a reopening has
    undone.
    """
    starts = deadline_of(action)["kind"] in ("start", "immediate")
    reopened = [e.first for e in view.of(action, "reopened")]
    found = view.of(action, "completed", *(["started"] if starts else []))
    return [e for e in found if not any(day >= e.first for day in reopened)]


def satisfied(view: View, action: Json) -> Span | None:
    """3: the first and last day on which an action that is not recurring can have been satisfied."""
    quantity = deadline_of(action)["quantity"]
    if quantity is None:
        found = satisfying(view, action)
        return (min(e.first for e in found), min(e.last for e in found)) if found else None
    deliveries = [(e, Decimal(e.row["quantity"])) for e in view.of(action, "delivered")]
    soonest = reached(Decimal(quantity), [(e.first, number) for e, number in deliveries])
    surest = reached(Decimal(quantity), [(e.last, number) for e, number in deliveries])
    return (soonest, surest) if soonest and surest else None


def met(done: Span, last_day: date | None) -> Verdict:
    """3 and 4: on time, late, or across the last day so that nobody can tell."""
    if last_day is None or done[1] <= last_day:
        return "met", None
    return ("met-late", (done[0] - last_day).days) if done[0] > last_day else ("met-undated", None)


def by_calendar(view: View, first: date, last: date) -> Verdict:
    """4: the four states that the calendar alone decides."""
    if view.on > last:
        return "overdue", (view.on - last).days
    if view.on >= first:
        return "due", (last - view.on).days
    ahead = (first - view.on).days
    return ("due-soon" if ahead <= view.plan["plan"]["lead_days"] else "upcoming"), ahead


def consent_days(view: View, action: Json) -> list[date | None]:
    """3, conditions: per body that must agree the first day of its earliest consent, None while
    missing.
    """
    given = view.of(action, "consent")
    return [
        earliest([e for e in given if e.row["words"] == body])
        for body in action.get("consents", [])
    ]


def single_state(view: View, action: Json) -> Verdict:
    """4: an action with one deadline or none, before anything that closes it otherwise."""
    window, done = current_window(view, action), satisfied(view, action)
    if done is not None:
        return met(done, window[1] if window else None)
    if None in consent_days(view, action) or (
        window is None and deadline_of(action)["kind"] == "within"
    ):
        return "awaiting", None
    return by_calendar(view, *window) if window else ("no-date", None)


def recurring_state(view: View, action: Json) -> Verdict:
    """4: a recurring action, before anything that closes it otherwise."""
    ended = earliest(view.of(action, "completed"))
    if None in consent_days(view, action) and ended is None:
        return "awaiting", None
    judged = judged_periods(view, action)
    short = [last for last, shown in judged if shown["state"] in ("missed", "partly")]
    if short:
        return "overdue", (view.on - short[0]).days
    if judged and judged[-1][1]["state"] == "open":
        return "due", (judged[-1][0] - view.on).days
    if judged or ended is not None:
        return "met", None
    _, first, last = periods(view, action, view.on)[0]
    return by_calendar(view, first, last)


def scored(action: Json) -> bool:
    """1: firm and soft, and not left to third parties."""
    return action["modality"] in ("firm", "soft") and not action.get("third_party", False)


def judge(view: View, action: Json) -> Verdict:
    """4: exactly one state, in the order of precedence."""
    recurring = deadline_of(action)["kind"] == "recurring"
    verdict = recurring_state(view, action) if recurring else single_state(view, action)
    if view.of(action, "not-pursued"):
        return "not-pursued", None
    if verdict[0] in MET:
        return verdict
    until = action.get("until", [])
    others = [
        a for c in view.plan["commitments"] for a in c.get("actions", []) if a["ref"] in until
    ]
    if view.of(action, "superseded") or (
        until and all(judge(view, other)[0] in MET for other in others)
    ):
        return "superseded", None
    return verdict if scored(action) or verdict[0] not in BY_CALENDAR else ("no-date", None)


def periods(view: View, action: Json, by: date) -> list[tuple[str, date, date]]:
    """3: the first period and all that began on or before `by`; 4: each named by its EDTF date."""
    deadline, adopted = deadline_of(action), view.plan["plan"]["adopted_on"]
    months = MONTHS[deadline["every"]]
    day = span(deadline["first"])[0] if "first" in deadline else date(adopted.year, 1, 1)
    while "first" not in deadline and day < adopted:
        day = add_months(day, months)
    found: list[tuple[str, date, date]] = []
    while not found or day <= by:
        code = {1: f"-{day.month:02d}", 3: f"-{33 + day.month // 3}", 12: ""}[months]
        found.append((f"{day.year}{code}", day, add_months(day, months) - DAY))
        day = add_months(day, months)
    return found


def judged_periods(view: View, action: Json) -> list[tuple[date, Json]]:
    """3 and 4: the periods up to the one that holds the day, each with its last day and judged for
    itself.
    """
    ended, consents = earliest(view.of(action, "completed")), consent_days(view, action)
    agreed, target = [day for day in consents if day is not None], deadline_of(action)["quantity"]
    deliveries = view.of(action, "delivered")
    judged = []
    for name, first, last in [one for one in periods(view, action, view.on) if one[1] <= view.on]:
        inside = [e for e in deliveries if first <= e.first and e.last <= last]
        delivered = sum(int(e.row["quantity"]) for e in inside)
        if (
            None in consents
            or (agreed and last < max(agreed))
            or (ended is not None and first > ended)
        ):
            state = "not-assessed"
        elif delivered >= target:
            state = "met"
        elif last >= view.on:
            state = "open"
        else:
            state = "partly" if delivered else "missed"
        judged.append(
            (last, {"period": name, "state": state, "delivered": delivered, "target": target})
        )
    return judged


def sides_differ(view: View, action: Json) -> bool:
    """3, confirming: one side has a satisfying entry, another has reported without one."""
    done = {e.row["side"] for e in satisfying(view, action)}
    heard = {e.row["side"] for e in view.of(action, *REPORTS)}
    sides = set(view.plan["plan"]["sides"])
    return bool(sides & done) and bool(sides & (heard - done))


def action_status(view: View, number: int, action: Json) -> Json:
    """4: one action as the status lists it."""
    entries, settings = view.of(action), view.plan["plan"]
    deadline, quantity = deadline_of(action), deadline_of(action)["quantity"]
    recurring = deadline["kind"] == "recurring"
    counted = quantity is not None and not recurring
    state, days = judge(view, action)
    window, signed = current_window(view, action), signed_window(view, action)
    done = None if recurring else satisfied(view, action)
    passed = (
        max(0, (min(view.on, done[0] if done else view.on) - signed[1]).days) if signed else None
    )
    quiet = view.on - max((e.said[0] for e in entries), default=settings["adopted_on"])
    stale = scored(action) and state not in (*MET, "superseded", "not-pursued")
    standing = {e.row["id"] for e in view.entries}
    answers = {e.kind for e in view.of(action, "confirmed", "disputed") if e.row["to"] in standing}
    mood = latest(view.of(action, "confidence"))
    delivered = sum(int(e.row["quantity"]) for e in view.of(action, "delivered"))
    return {
        "ref": action["ref"],
        "commitment": number,
        "scored": scored(action),
        "modality": action["modality"],
        "state": state,
        "days": days,
        "words": deadline["words"],
        "first_day": str(window[0]) if window else None,
        "last_day": str(window[1]) if window else None,
        "original_last_day": str(signed[1]) if signed else None,
        "original_days": 0 if recurring and signed else passed,
        "stale": stale and quiet.days >= settings["stale_days"],
        "confirmed": "confirmed" in answers,
        "disputed": "disputed" in answers,
        "sides_differ": not counted and not recurring and sides_differ(view, action),
        "never_reported": not entries,
        "confidence": mood.row["words"] if mood else None,
        "delivered": delivered if counted else None,
        "target": quantity if counted else None,
        "periods": [shown for _, shown in judged_periods(view, action)] if recurring else [],
    }


def year_end(plan: Json, year: int) -> date:
    """5: the last day of the year that begins in that calendar year, on the plan's basis."""
    adopted, basis = plan["plan"]["adopted_on"], plan["plan"]["year_basis"]
    if basis == "anniversary":
        return add_months(adopted, 12 * (year + 1 - adopted.year)) - DAY
    return date(year, 12, 31) if basis == "calendar" else date(year + 1, 3, 31)


def instalments(plan: Json, promise: Json) -> list[tuple[date | None, Sums]]:
    """5: due day and stated amounts of each instalment, in the order of their due days."""
    adopted, stated = plan["plan"]["adopted_on"], promise.get("stated", [])
    listed = [(promise.get("due"), stated)]
    if "times" in promise:
        early = plan["plan"]["year_basis"] == "uk-financial" and adopted.month < 4
        years = range(adopted.year - early, adopted.year - early + promise["times"])
        listed = [(year_end(plan, year), stated) for year in years]
    if "instalments" in promise:
        named = sorted(promise["instalments"], key=lambda one: int(one["year"]))
        listed = [(year_end(plan, int(one["year"])), one["stated"]) for one in named]
    return [
        (due, {currency: Decimal(amount) for currency, amount in pairs}) for due, pairs in listed
    ]


def paid_in_full(stated: Sums, entries: list[Entry]) -> Span | None:
    """5: the first and last day since which one stated currency can have been full; the earlier
    counts.
    """
    soonest, surest = [], []
    for currency, full in stated.items():
        moves = [(e, Decimal(e.row["amount"])) for e in entries if e.row["currency"] == currency]
        back = [(e.first, -amount) for e, amount in moves if e.kind == "refunded"]
        soonest.append(
            reached(full, [(e.first, amount) for e, amount in moves if e.kind == "paid"] + back)
        )
        surest.append(
            reached(full, [(e.last, amount) for e, amount in moves if e.kind == "paid"] + back)
        )
    firsts, lasts = [day for day in soonest if day], [day for day in surest if day]
    return (min(firsts), min(lasts)) if firsts and lasts else None


def net(currency: str, entries: list[Entry]) -> Decimal:
    """5: payments less refunds, never below zero."""
    own = [(e.kind, Decimal(e.row["amount"])) for e in entries if e.row["currency"] == currency]
    paid = sum((amount for kind, amount in own if kind == "paid"), Decimal(0))
    return max(Decimal(0), paid - sum(amount for kind, amount in own if kind == "refunded"))


def instalment_status(
    view: View, promise: Json, number: int, due: date | None, stated: Sums
) -> Json:
    """5: one instalment as the status lists it, with the states of actions in their order."""
    firmness = promise.get("firmness", "firm")
    entries = [e for e in view.of(promise) if e.row["instalment"] in ("", str(number))]
    done, kinds = paid_in_full(stated, entries), {e.kind for e in entries}
    state, days = by_calendar(view, due, due) if due and firmness != "up-to" else ("no-date", None)
    if firmness in ("conditional", "on-delivery") and not kinds & {"consent", "event"}:
        state, days = "awaiting", None
    if "superseded" in kinds:
        state, days = "superseded", None
    if done is not None:
        state, days = met(done, due)
    if "not-pursued" in kinds:
        state, days = "not-pursued", None
    paid = {e.row["currency"]: net(e.row["currency"], entries) for e in entries if e.kind == "paid"}
    left = {c: Decimal(0) if done else max(Decimal(0), stated[c] - net(c, entries)) for c in stated}
    return {
        "ref": promise["ref"],
        "from": promise["from"],
        "instalment": number,
        "firmness": firmness,
        "state": state,
        "days": days,
        "last_day": str(due) if due else None,
        "stated": {currency: f"{amount:.2f}" for currency, amount in stated.items()},
        "paid": {currency: f"{amount:.2f}" for currency, amount in paid.items()},
        "outstanding": {currency: f"{amount:.2f}" for currency, amount in left.items()},
    }


def status(plan: Json, rows: list[dict[str, str]], on: date, known: date | None) -> Json:
    """2: everything as it stood on one day, to what was known by another (None: to this day)."""
    view = View(plan, on, counting(read(plan, rows), on, known))
    actions, commitments, money = [], [], []
    for commitment in plan["commitments"]:
        number = commitment["number"]
        shown = [action_status(view, number, action) for action in commitment.get("actions", [])]
        states = [action["state"] for action in shown if action["scored"]]
        worst = next((state for state in WORST_FIRST if state in states), None)
        counts = {state: states.count(state) for state in states}
        commitments.append({"number": number, "state": worst, "counts": counts})
        actions += shown
    for promise in [one for fund in plan.get("funds", []) for one in fund.get("contributions", [])]:
        for number, (due, stated) in enumerate(instalments(plan, promise), start=1):
            money.append(instalment_status(view, promise, number, due, stated))
    views = {"commitments": commitments, "actions": actions, "contributions": money}
    return {"plan": plan["plan"]["slug"], "on": str(on), "known": str(known or "now"), **views}
