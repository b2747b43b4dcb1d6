"""A second, deliberately naive reading of the rules, for tests to hold the product against.

One day is judged by scanning every row; nothing is kept between calls and nothing shared with the
product. What opens a docstring is the section of rules.md (1 to 7), or the part of its second
edition (A1 to B8), that the function can be held against.

Assumed, where the documents fix no format of an input:

- `plan` is one plan file as a dictionary, or a list of them in the order of loading. A later one
  has `loaded` (day or ISO text; may be left out where `from` and `recorded` are given), and
  `change`, `from`, `recorded`, `correction`, `withdrawn` at its top level. What differs without
  `correction` is taken as a change. It can say by `rows_before` how many rows stand before it in
  the register; without that it stands after `opened` where it was loaded on a later day.
- The rows are in the order of the register, and valid: what a load refuses is not looked for.
- `loaded` of a row: an ISO day or time; used only after the row of kind `opened`.
- `opened`: ref empty, its day is its effective day (empty: the recorded day). `term`: ref empty,
  `to` an EDTF date or empty. `reading`: `quantity`. A missing optional column is empty.
- Bodies that the plan does not list stand on no side.
- Actions that are gone from the newest file come last in their commitment. Instalments are told
  apart by their number; one that is gone from a later file reads not-pursued.
- As in the first edition of this file, working days skip weekends alone, no public holidays.

Read as, where a clause can be read in several ways:

- Terms, recorded: a change that newly makes an action immediate or recurring moves the start of its
  silence too, while it is that; "newly" is against the day before. What a later change brought in
  begins on that day at the earliest. `withdrawn` in the first file counts from adoption; given together
  with a correction it counts from the day of loading. A commitment that a file without a change
  adds, and any new body, is in the plan from adoption.
- A1: for "ended" a period's last day must lie before the day. A completion that no period holds (in
  a gap, after `last`) ends the duty from its own first day. Over before or on the day of closing is
  over; closed before it is over is superseded, or lapsed where it is not superseded. An action
  named in `until` that is recurring is satisfied on the day from which it is over. Where no period
  is current, first and last day are those of the next. The numbers of periods are null for what is
  not recurring.
- A2: who leads, and so whether an action is joint, is read from the terms of the day of the view,
  also for older entries. `term` is asked of all sides, even where there is one. "Before" a
  confirmation means any counting dispute that stands before it in the register.
- A3: of a recurring action only deliveries are disputed or confirmed, not the completion; a
  delivery counts though it lies in no period. Of `each`, the entries of its sides alone.
- A4: "what it undoes" is what no earlier reopening undoes; its first possible day is the earliest
  of these. "The last day" is that of the move in force, else the signed one. The days of A4, A5 and
  B2 are each held against that day and against the move; the latest of those left holds. They go on
  holding once the thing is done again. Payments and refunds fall by their first days, day by day.
- A5: days beside awaiting also of unscored actions and of each step and side; never of instalments.
  Needed events are those of `needs`. An `until` that names what is not in the plan does not hold.
- A6: a recurring action that is not over is in no met state, so it can be stale and is under way
  while its current period is met.
- A7: without `condition` the first consent or event opens; with a name the event alone. An
  instalment's `last_day` is the one it is judged by.
- A8: only a reopening, consents or events: none.
- A9: `opened` is the day of that entry.
- B1: only the days of the terms shift; words, units and baselines are those of the newest file.
- B2: `reading`, `level`, `baseline` are null where the deadline has no level.
- B3: `level` and `baseline` of the action stay shown beside `each`. Of sides with the same last day
  the first in `each` gives the window.
- B6: at the end the days are those of the longest lateness, the dates those of the last step;
  `original_last_day` is that of the step it is judged by.
- B7: "stays overdue" holds only of what would read overdue: unscored actions and `up-to` money lapse
  whatever their day. The last day is the one it is judged by, shifted as in A4 or not. `until` at
  the top level is the day that is in force. Steps lapse each for itself.
- C: `needs` and `proposed` are empty lists, `each` and `steps` null, where there are none.
"""

import calendar
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

Json = dict[str, Any]
Span = tuple[date, date]  # first and last possible day, both inclusive
Sums = dict[str, Decimal]  # by currency
Verdict = tuple[str, int | None]  # state and days
Period = tuple[str, date, date]  # name, first and last day

DAY = timedelta(days=1)
MET = ("met", "met-late", "met-undated", "met-short")
SATISFIED = ("met", "met-late", "met-undated")
SHORT = ("partly", "missed")
BY_CALENDAR = ("overdue", "due", "due-soon", "upcoming")
WORST_FIRST = (
    *("overdue", "due", "due-soon", "awaiting", "upcoming", "no-date"),
    *("met-undated", "met-short", "met-late", "met"),
)
CLOSED = ("superseded", "not-pursued", "lapsed")
ABOUT_A_ROW = ("withdrawn", "confirmed", "disputed")
DECISIONS = ("moved", "superseded", "not-pursued")
HEARD = ("started", "completed", "progress", "note")
AT_WORK = ("started", "progress", "completed", "delivered", "reading")
NEWS = (*AT_WORK, "reopened", "consent", "event")
OF_ONE_SIDE = ("started", "completed", "delivered", "reading", "reopened")
MONTHS = {"month": 1, "quarter": 3, "half-year": 6, "year": 12}
SEASONS = {21: (3, 3), 22: (6, 3), 23: (9, 3), 24: (12, 3)}  # code: first month, number of months
QUARTERS = {33: (1, 3), 34: (4, 3), 35: (7, 3), 36: (10, 3)}
SUB_YEARS = {**SEASONS, **QUARTERS, 40: (1, 6), 41: (7, 6)}
NO_DECIMALS = (
    *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND"),
    *("VUV", "XAF", "XOF", "XPF"),
)
THREE_DECIMALS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
FOUR_DECIMALS = ("CLF", "UYW")

PLAN_TERMS = (
    *("lead_days", "grace_days", "stale_days", "year_basis"),
    *("timezone", "sides", "adopted_on", "until"),
)
ACTION_TERMS = (
    *("modality", "third_party", "consents", "until", "lead", "each", "needs", "stale_days"),
    *("deadline", "withdrawn"),
)
PROMISE_TERMS = ("firmness", "condition", "withdrawn")
NO_TERMS = ("words", "unit", "baseline")  # keys of a deadline


class Entry(NamedTuple):  # one row of the entries file
    ref: str
    kind: str
    first: date
    last: date
    said: tuple[date, int, float]  # the recorded day in the plan's zone, and the place in that day
    place: int  # in the register
    row: dict[str, str]


class Said(NamedTuple):  # one value of one term, as a plan file gave it
    key: tuple[str, ...]
    value: Any
    since: date | None  # None: from adoption
    recorded: date | None  # None: in every view


class View(NamedTuple):  # the plan on one day, with only the entries that count
    plan: Json
    on: date
    entries: list[Entry]
    files: list[Json]
    said: list[Said]
    known: date | None

    def of(self, terms: Json, *kinds: str) -> list[Entry]:
        """2: the counting entries on one action or contribution, of these kinds or of all."""
        return [e for e in self.entries if e.ref == terms["ref"] and (e.kind in kinds or not kinds)]

    def at(self, day: date) -> "View":
        """A1: the same view by the terms that are in force on another day."""
        if len(self.files) == 1:
            return self
        return self._replace(plan=plan_on(self.files, self.said, day, self.known))

    def action(self, ref: str) -> Json | None:
        """1: the action of that ref, None where the plan of the day has none."""
        every = [a for c in self.plan["commitments"] for a in c["actions"]]
        return next((action for action in every if action["ref"] == ref), None)


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


def as_day(value: Any) -> date | None:
    """2: a day of TOML, or the day of an ISO text."""
    return date.fromisoformat(value[:10]) if isinstance(value, str) else value


# What was said, and from when it counts.


def terms_of(file: Json) -> dict[tuple[str, ...], Any]:
    """Used throughout: the terms of one plan file, each by itself; the keys of a deadline are
    one.
    """
    terms: dict[tuple[str, ...], Any] = {}
    for name in PLAN_TERMS:
        terms["plan", name] = file["plan"].get(name)
    for body in file.get("bodies", []):
        terms["body", body["id"]] = body.get("side")
    for commitment in file["commitments"]:
        terms["commitment", str(commitment["number"])] = True
        for action in commitment.get("actions", []):
            terms["action", action["ref"], "there"] = True
            for name in ACTION_TERMS:
                terms["action", action["ref"], name] = action.get(name)
            signed = action.get("deadline", {}).items()
            kept = {key: value for key, value in signed if key not in NO_TERMS}
            terms["action", action["ref"], "deadline"] = kept
    for promise in promises(file):
        terms["promise", promise["ref"], "there"] = True
        for name in PROMISE_TERMS:
            terms["promise", promise["ref"], name] = promise.get(name)
        for number, (due, stated) in enumerate(instalments(file, promise), start=1):
            one = ("instalment", promise["ref"], str(number))
            terms.update({(*one, "due"): due, (*one, "stated"): stated})
            terms[(*one, "withdrawn")] = None
    return terms


def history(files: list[Json], rows: list[dict[str, str]]) -> list[Said]:
    """B1 and A10: every value of every term in the order of loading; a change has its own day, a
    correction that of the value it replaces.
    """
    opened = next((i for i, row in enumerate(rows) if row["kind"] == "opened"), None)
    last = terms_of(files[0])
    said = [Said(key, value, None, None) for key, value in last.items()]

    def newest(key: tuple[str, ...]) -> Said | None:
        return next((s for s in reversed(said) if s.key == key), None)

    for file in files[1:]:
        loaded, new = as_day(file.get("loaded")), terms_of(file)
        since = as_day(file.get("from")) or loaded
        recorded = as_day(file.get("recorded")) or loaded
        if loaded is not None and opened is not None:
            opening = as_day(rows[opened]["effective"] or rows[opened]["recorded"])
            assert opening is not None
            after = file["rows_before"] > opened if "rows_before" in file else loaded > opening
            recorded = loaded if after else recorded
        for key in last:
            of_a_whole = key[0] in ("action", "promise", "instalment") and key[-1] == "withdrawn"
            if of_a_whole and key not in new:  # gone from the file, unless it was withdrawn before
                new[key] = last[key] or "gone"
        for key, value in new.items():
            if key in last and last[key] == value:
                continue
            if key not in last and key[0] in ("body", "commitment") and "change" not in file:
                said.append(Said(key, value, None, None))
            elif "correction" in file and not (key[-1] == "withdrawn" and value):
                replaced = newest(key)
                when = (replaced.since, replaced.recorded) if replaced else (None, None)
                said.append(Said(key, value, *when))
            else:
                said.append(Said(key, value, since, recorded))
        last = {**last, **new}
    return said


def counts(said: Said, day: date, known: date | None) -> bool:
    """B1: whether a value was known, and counts from that day or an earlier one."""
    heard = known is None or said.recorded is None or said.recorded <= known
    return heard and (said.since is None or said.since <= day)


def in_force(said: list[Said], key: tuple[str, ...], day: date, known: date | None) -> Any:
    """B1: of the values of a term that count on the day, the latest loaded."""
    standing = [s for s in said if s.key == key and counts(s, day, known)]
    return standing[-1].value if standing else {}


def newly_made(said: list[Said], ref: str, day: date, known: date | None) -> date | None:
    """Used throughout: from when a change has made an action immediate or recurring that was not,
    the day before.
    """
    key, made = ("action", ref, "deadline"), None
    for edge in sorted({s.since for s in said if s.key == key and s.since and s.since <= day}):
        kind = in_force(said, key, edge, known).get("kind")
        if kind != in_force(said, key, edge - DAY, known).get("kind"):
            made = edge if kind in ("immediate", "recurring") else None
    return made


def plan_on(files: list[Json], said: list[Said], day: date, known: date | None) -> Json:
    """B1: the plan by the terms in force on a day, of those that count the latest loaded; what is
    no term is as the newest file has it.
    """
    standing = {one.key: one for one in said if counts(one, day, known)}

    def value(*key: str) -> Any:
        return standing[key].value if key in standing else None

    def action_on(action: Json) -> Json:
        ref = action["ref"]
        terms = {name: value("action", ref, name) for name in ACTION_TERMS}
        shown = {k: v for k, v in action.get("deadline", {}).items() if k in NO_TERMS}
        made = newly_made(said, ref, day, known)
        days = [one for one in (made, standing["action", ref, "there"].since) if one]
        deadline = standing["action", ref, "deadline"].value
        own = {"begins": max(days, default=None), "deadline": {**deadline, **shown}}
        if terms["withdrawn"]:
            own["gone"] = standing["action", ref, "withdrawn"].since or date.min
        kept = {key: worth for key, worth in terms.items() if worth is not None}
        untouched = {key: worth for key, worth in action.items() if key not in ACTION_TERMS}
        return {**untouched, **kept, **own}

    def promise_on(promise: Json) -> Json:
        ref = promise["ref"]
        terms = {name: value("promise", ref, name) for name in PROMISE_TERMS}
        schedule, number = [], 1
        while any(s.key == ("instalment", ref, str(number), "due") for s in said):
            key = ("instalment", ref, str(number))
            if (*key, "due") in standing:
                one = {name: value(*key, name) for name in ("due", "stated", "withdrawn")}
                schedule.append({"number": number, **one})
            number += 1
        kept = {key: worth for key, worth in terms.items() if worth is not None}
        untouched = {key: worth for key, worth in promise.items() if key not in PROMISE_TERMS}
        return {**untouched, **kept, "schedule": schedule}

    settings = {**files[-1]["plan"], **{name: value("plan", name) for name in PLAN_TERMS}}
    commitments: dict[str, Json] = {}
    bodies: dict[str, Any] = {}
    funds: list[Json] = []
    seen: set[str] = set()
    for file in reversed(files):
        for body in file.get("bodies", []):
            bodies.setdefault(body["id"], value("body", body["id"]))
        for commitment in file["commitments"]:
            number = str(commitment["number"])
            if value("commitment", number):
                commitments.setdefault(number, {"number": commitment["number"], "actions": []})
            for action in commitment.get("actions", []):
                ref = action["ref"]
                if ref not in seen and value("action", ref, "there"):
                    own = {"number": commitment["number"], "actions": []}
                    commitments.setdefault(number, own)["actions"].append(action_on(action))
                seen.add(ref)
        for promise in promises(file):
            if promise["ref"] not in seen and value("promise", promise["ref"], "there"):
                funds.append(promise_on(promise))
            seen.add(promise["ref"])
    return {
        "plan": settings,
        "bodies": bodies,
        "commitments": list(commitments.values()),
        "promises": funds,
    }


def promises(file: Json) -> list[Json]:
    """1: the contributions of all funds of a plan file."""
    return [one for fund in file.get("funds", []) for one in fund.get("contributions", [])]


def moment(text: str, zone: ZoneInfo) -> tuple[date, int, float]:
    """2: a bare day stands after all times of that day."""
    time = datetime.fromisoformat(text)
    zoned = (time.astimezone(zone).date(), 0, time.timestamp())
    return zoned if time.tzinfo else (time.date(), 1, 0.0)


def read(plan: Json, rows: list[dict[str, str]]) -> list[Entry]:
    """2: the rows as entries; a row about a row shares its ref. A9: what stands after `opened` is
    recorded at its loading.
    """
    zone = ZoneInfo(plan["plan"]["timezone"])
    by_id = {row["id"]: row for row in rows}
    entries, opened = [], False
    for place, row in enumerate(rows):
        meant = row
        while meant["kind"] in ABOUT_A_ROW:
            meant = by_id[meant["to"]]
        said = moment((opened and row.get("loaded")) or row["recorded"], zone)
        first, last = span(row["effective"] or str(said[0]))
        entries.append(Entry(meant["ref"], row["kind"], first, last, said, place, row))
        opened = opened or row["kind"] == "opened"
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


def order(entry: Entry) -> tuple[date, tuple[date, int, float], int]:
    """3, the order of moves: by first effective day, then as recorded, then as in the register."""
    return entry.first, entry.said, entry.place


def latest(entries: list[Entry]) -> Entry | None:
    """3: the latest first effective day, then the latest recorded, then the later in the register."""
    return max(entries, key=order, default=None)


def earliest(entries: list[Entry]) -> date | None:
    """3: the earliest first possible day."""
    return min((e.first for e in entries), default=None)


# A2: what one side proposes and the others confirm.


def lead_sides(view: View, action: Json) -> list[str | None]:
    """A2 and A5: the side of each leading body, None for a body on none."""
    return [view.plan["bodies"].get(body) for body in action.get("lead", [])]


def joint_sides(view: View, terms: Json) -> list[str]:
    """A2: the sides that must agree, empty where the action is not joint."""
    sides = [s for s in view.plan["plan"]["sides"] if s in lead_sides(view, terms)]
    return sides if len(sides) > 1 else []


def in_force_since(view: View, entry: Entry, sides: list[str]) -> date | None:
    """A2: from when a decision counts, None while a confirmation is missing."""
    days = [entry.first]
    about = [e for e in view.entries if e.row["to"] == entry.row["id"]]
    for side in sides:
        if side == entry.row["side"]:
            continue
        own = [e for e in about if e.row["side"] == side]
        disputes = [e.place for e in own if e.kind == "disputed"]
        given = [e for e in own if e.kind == "confirmed" and not any(d < e.place for d in disputes)]
        agreed = earliest(given)
        if agreed is None:
            return None
        days.append(agreed)
    return max(days)


def decided(view: View, terms: Json, kind: str) -> list[Entry]:
    """A2: the decisions of a kind that are in force."""
    sides = joint_sides(view, terms)
    return [e for e in view.of(terms, kind) if in_force_since(view, e, sides) is not None]


def decided_since(view: View, terms: Json, kind: str) -> date | None:
    """A2: the first day from which a decision of that kind is in force."""
    sides = joint_sides(view, terms)
    days = [in_force_since(view, e, sides) for e in view.of(terms, kind)]
    return min((day for day in days if day is not None), default=None)


def open_proposals(view: View, entries: list[Entry], sides: list[str]) -> list[str]:
    """A2: not in force, and none of its kind in force after it."""
    standing = [e for e in entries if in_force_since(view, e, sides) is not None]
    return [
        e.row["id"]
        for e in entries
        if e not in standing
        and not any(other.kind == e.kind and order(other) > order(e) for other in standing)
    ]


def plan_until(view: View) -> date | None:
    """B7: the last day of the plan: that of the latest `term` in force, else as in the file."""
    sides = view.plan["plan"]["sides"]
    terms = [e for e in view.entries if e.kind == "term"]
    moved = latest([e for e in terms if in_force_since(view, e, sides) is not None])
    text = moved.row["to"] if moved else view.plan["plan"]["until"]
    return span(str(text))[1] if text else None


# Deadlines.


def deadline_of(action: Json) -> Json:
    """3: the signed deadline; one that is left out is none."""
    return {"kind": "none", "words": None, "quantity": None, **action.get("deadline", {})}


def is_recurring(action: Json) -> bool:
    """3: whether it is judged period by period."""
    return bool(deadline_of(action)["kind"] == "recurring")


def begins(view: View, action: Json) -> date:
    """Used throughout: adoption, or the day of the change that stands in its place."""
    day: date = action["begins"] or view.plan["plan"]["adopted_on"]
    return day


def parts(view: View, action: Json) -> list[tuple[View, Json]]:
    """B3 and B6: an action with `each` side by side, one with steps step by step, else itself."""
    if action.get("each"):
        found = []
        for side in action["each"]:
            kept = [
                e
                for e in view.entries
                if e.ref != action["ref"] or e.kind not in OF_ONE_SIDE or e.row["side"] == side
            ]
            found.append((view._replace(entries=kept), {**action, "each": None}))
        return found
    deadline = deadline_of(action)
    if deadline.get("steps"):
        return [
            (view, {**action, "deadline": {**deadline, **step, "steps": None}})
            for step in deadline["steps"]
        ]
    return [(view, action)]


def signed_window(view: View, action: Json) -> Span | None:
    """3: the window before any move, of an action with one deadline; `within` opens with the
    earliest event, or B5 when an action is done.
    """
    deadline, settings = deadline_of(action), view.plan["plan"]
    if deadline["kind"] in ("start", "finish"):
        return span(deadline["when"])
    if deadline["kind"] == "immediate":
        return begins(view, action), begins(view, action) + settings["grace_days"] * DAY
    if deadline["kind"] in ("none", "recurring"):
        return None
    other = view.action(deadline["of"])
    if other is not None:
        done = satisfied(view, other) if judge(view, other)[0] in MET else None
        first = done[1] if done else None
    else:
        first = earliest([e for e in view.of(action, "event") if e.row["words"] == deadline["of"]])
    if first is None:
        return None
    last = add_months(first, deadline.get("months", 0)) + deadline.get("days", 0) * DAY
    for _ in range(deadline.get("working_days", 0)):
        last += (3 if last.weekday() == 4 else 2 if last.weekday() == 5 else 1) * DAY
    return first, last


def deciding_move(view: View, action: Json) -> Entry | None:
    """3 and A2: the move in force that decides; B6: steps are not moved."""
    if is_recurring(action) or "steps" in deadline_of(action):
        return None
    return latest(decided(view, action, "moved"))


def undoes(reopened: Entry, entry: Entry) -> bool:
    """3 and A4: what could have happened by its first day, or stands before it and could have
    happened by its last.
    """
    return entry.first <= reopened.first or (
        entry.place < reopened.place and entry.first <= reopened.last
    )


def fallen(view: View, action: Json) -> date | None:
    """A4: the day on which what stood fell; B2: on which the readings fell short again."""
    deadline = deadline_of(action)
    if "level" in deadline:
        day, before = None, False
        for entry in readings(view, action):
            if before and not reaches(deadline, entry):
                day = entry.first
            before = reaches(deadline, entry)
        return day
    if deadline["quantity"] is not None:
        return None
    all_reopened, found = view.of(action, "reopened"), []
    for reopened in all_reopened:
        sooner = [r for r in all_reopened if r.first < reopened.first]
        newly = [
            e
            for e in satisfying_kinds(view, action)
            if undoes(reopened, e) and not any(undoes(r, e) for r in sooner)
        ]
        if newly:
            found.append((order(reopened), max(reopened.first, min(e.first for e in newly))))
    return max(found)[1] if found else None


def current_window(view: View, action: Json) -> Span | None:
    """3, moving: the window of the move that decides, else the signed one; A4, A5 and B2: a later
    day from which it is owed takes its place, unless it was moved since.
    """
    move = deciding_move(view, action)
    window = span(move.row["to"]) if move is not None else signed_window(view, action)
    if window is None:
        return None
    days = [fallen(view, action)]
    needed = needed_days(view, action)
    if needed and None not in needed:
        days.append(max(day for day in needed if day is not None))
    later = [d for d in days if d is not None and d > window[1]]
    later = [d for d in later if move is None or move.first < d]
    return (max(later), max(later)) if later else window


def judged_by(view: View, action: Json) -> tuple[View, Json]:
    """B3: the earliest of the sides that have not done it, at the end the latest; B6: the earliest
    step not reached, at the end the last.
    """
    found = parts(view, action)
    unmet = [part for part in found if satisfied(*part) is None]
    if action.get("each"):
        windows = [(current_window(*part), part) for part in unmet or found]
        ends = [(window[1], part) for window, part in windows if window is not None]
        if not ends:
            return found[0]
        pick = min if unmet else max
        return pick(ends, key=lambda one: one[0])[1]
    return unmet[0] if unmet else found[-1]


def reached(target: Decimal, steps: list[tuple[date, Decimal]]) -> date | None:
    """3 and 5: the day since which the running sum has stood at the target without a break."""
    since = None
    for day in sorted({when for when, _ in steps}):
        if sum(amount for when, amount in steps if when <= day) < target:
            since = None
        elif since is None:
            since = day
    return since


def readings(view: View, action: Json) -> list[Entry]:
    """B2: by first day, then as in the register."""
    return sorted(view.of(action, "reading"), key=lambda e: (e.first, e.place))


def reaches(deadline: Json, entry: Entry) -> bool:
    """B2: at least, or at most, the level."""
    figure, level = int(entry.row["quantity"]), deadline["level"]
    return bool(figure <= level if deadline.get("at") == "most" else figure >= level)


def satisfying_run(view: View, action: Json) -> list[Entry]:
    """B2: the unbroken run of readings that reach the level, up to the one that counts."""
    run: list[Entry] = []
    for entry in readings(view, action):
        run = [*run, entry] if reaches(deadline_of(action), entry) else []
    return run


def satisfying_kinds(view: View, action: Json) -> list[Entry]:
    """3: the entries that satisfy an action without a quantity, undone or not."""
    starts = deadline_of(action)["kind"] in ("start", "immediate")
    return view.of(action, "completed", *(["started"] if starts else []))


def satisfying(view: View, action: Json) -> list[Entry]:
    """3: the entries that satisfy an action without a quantity, less those that a reopening has
    undone.
    """
    reopened = view.of(action, "reopened")
    found = satisfying_kinds(view, action)
    return [e for e in found if not any(undoes(r, e) for r in reopened)]


def satisfying_now(view: View, action: Json) -> list[Entry]:
    """A3: the entries that can be confirmed or disputed with effect."""
    found = []
    for part, alone in parts(view, action):
        deadline = deadline_of(alone)
        if "level" in deadline:
            found += satisfying_run(part, alone)
        elif deadline["quantity"] is not None:
            found += part.of(alone, "delivered")
        else:
            found += satisfying(part, alone)
    return found


def satisfied(view: View, action: Json) -> Span | None:
    """3: the first and last day on which an action that is not recurring can have been satisfied;
    B3 and B6: when all its parts were.
    """
    deadline = deadline_of(action)
    if action.get("each") or deadline.get("steps"):
        spans = [satisfied(*part) for part in parts(view, action)]
        done = [one for one in spans if one is not None]
        if len(done) < len(spans):
            return None
        return max(first for first, _ in done), max(last for _, last in done)
    if "level" in deadline:
        run = satisfying_run(view, action)
        return (run[0].first, run[0].last) if run else None
    if deadline["quantity"] is None:
        found = satisfying(view, action)
        return (min(e.first for e in found), min(e.last for e in found)) if found else None
    deliveries = [(e, Decimal(e.row["quantity"])) for e in view.of(action, "delivered")]
    target = Decimal(deadline["quantity"])
    soonest = reached(target, [(e.first, number) for e, number in deliveries])
    surest = reached(target, [(e.last, number) for e, number in deliveries])
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


def needs_on(view: View, action: Json) -> list[tuple[str, date | None]]:
    """B5: each event that is needed, with the first day of the earliest."""
    events = view.of(action, "event")
    return [
        (name, earliest([e for e in events if e.row["words"] == name]))
        for name in action.get("needs", [])
    ]


def needed_days(view: View, action: Json) -> list[date | None]:
    """3 and A5, conditions: per body that must agree, and per event, the first day of the earliest,
    None while missing; not of a body whose side alone leads.
    """
    given, leads = view.of(action, "consent"), set(lead_sides(view, action))
    days = []
    for body in action.get("consents", []):
        side = view.plan["bodies"].get(body)
        if side is None or leads != {side}:
            days.append(earliest([e for e in given if e.row["words"] == body]))
    return days + [day for _, day in needs_on(view, action)]


def single_state(view: View, action: Json) -> Verdict:
    """4: an action that is not recurring, before anything that closes it otherwise."""
    done = [(satisfied(*part), current_window(*part)) for part in parts(view, action)]
    verdicts = [met(when, window[1] if window else None) for when, window in done if when]
    if len(verdicts) == len(done):  # B6: in time, certainly late by the longest, or not to be told
        late = [days for state, days in verdicts if state == "met-late" and days is not None]
        if late:
            return "met-late", max(late)
        return ("met-undated" if ("met-undated", None) in verdicts else "met"), None
    window = current_window(*judged_by(view, action))
    unknown = window is None and deadline_of(action)["kind"] == "within"
    if None in needed_days(view, action) or unknown:
        return "awaiting", (view.on - window[1]).days if window and view.on > window[1] else None
    return by_calendar(view, *window) if window else ("no-date", None)


# Recurring actions.


def starts_period(settings: Json, every: str, day: date) -> bool:
    """3 and B4: whether a period of that rhythm begins on the day."""
    if every == "week":
        return day.weekday() == 0
    if every == "plan-year" and settings["year_basis"] == "anniversary":
        adopted: date = settings["adopted_on"]
        return day == add_months(adopted, 12 * (day.year - adopted.year))
    if every == "plan-year" and settings["year_basis"] == "uk-financial":
        return (day.month, day.day) == (4, 1)
    return day.day == 1 and (day.month - 1) % MONTHS.get(every, 12) == 0


def end_of_period(settings: Json, every: Any, first: date) -> date:
    """3 and B4: the last day of the period that begins on that day."""
    if isinstance(every, dict):
        return first + timedelta(days=every["days"] - 1)
    if every == "week":
        return first + 6 * DAY
    if every == "plan-year" and settings["year_basis"] == "anniversary":
        adopted: date = settings["adopted_on"]
        return add_months(adopted, 12 * (first.year + 1 - adopted.year)) - DAY
    return add_months(first, MONTHS.get(every, 12)) - DAY


def name_of_period(every: Any, first: date, last: date) -> str:
    """4 and B4: its EDTF date, its ISO week, or its interval."""
    if every == "week":
        year, week, _ = first.isocalendar()
        return f"{year}-W{week:02d}"
    if every == "month":
        return f"{first.year}-{first.month:02d}"
    if every == "quarter":
        return f"{first.year}-{33 + first.month // 3}"
    if every == "half-year":
        return f"{first.year}-{40 + first.month // 7}"
    return str(first.year) if every == "year" else f"{first}/{last}"


def day_of_period(text: Any) -> date:
    """B4: the first day of what names a period, or the day itself."""
    text = str(text)
    if "-W" in text:
        return date.fromisocalendar(int(text[:4]), int(text[6:8]), 1)
    return span(text.split("/")[0])[0]


def rhythm(view: View, action: Json) -> Iterator[Period]:
    """3 and B4: the periods of one rhythm from its first to its last, for ever if it has none."""
    deadline, settings = deadline_of(action), view.plan["plan"]
    every, day = deadline["every"], begins(view, action)
    if "first" in deadline:
        day = day_of_period(deadline["first"])
    elif isinstance(every, dict):
        day += DAY
    else:
        while not starts_period(settings, every, day):
            day += DAY
    while "last" not in deadline or day <= day_of_period(deadline["last"]):
        last = end_of_period(settings, every, day)
        yield name_of_period(every, day, last), day, last
        day = last + DAY


def periods(view: View, action: Json) -> list[Period]:
    """3: all periods that began by the day, and the next one; A1: of each rhythm those that end
    while it is in force and begin after the last one before them had ended.
    """
    days = {s.since for s in view.said if s.since and counts(s, view.on, view.known)}
    edges: list[date] = [date.min, *sorted(days)]
    found: list[Period] = []
    for start, end in zip(edges, [*edges[1:], None], strict=True):
        at = view.at(view.on if end is None else start)
        terms = at.action(action["ref"])
        if terms is None or not is_recurring(terms):
            continue
        for name, first, last in rhythm(at, terms):
            if end is not None and last >= end:
                break
            if last >= start and (not found or first > found[-1][2]):
                found.append((name, first, last))
            if first > view.on:
                break
    return found


def over_by_completion(view: View, action: Json) -> date | None:
    """A1: the day after the period that holds the completion, or its own day where none does."""
    ended = earliest(view.of(action, "completed"))
    if ended is None:
        return None
    held = [last + DAY for _, first, last in periods(view, action) if first <= ended <= last]
    day = held[0] if held else ended
    return day if day <= view.on else None


def over_since(view: View, action: Json) -> date | None:
    """A1: from when the duty of a recurring action is over; B4: by `last` the day after it."""
    days = [over_by_completion(view, action)]
    if "last" in deadline_of(action):
        ends = [last for _, _, last in rhythm(view, action)]
        days += [ends[-1] + DAY] if ends and ends[-1] < view.on else []
    return min((day for day in days if day is not None), default=None)


def judged_periods(view: View, action: Json) -> list[tuple[date, Json]]:
    """3 and A1: the periods up to the one that holds the day, each with its last day and judged for
    itself by the terms of its last day.
    """
    ended = earliest(view.of(action, "completed"))
    closed = min(closing_days(view, action).values(), default=None)
    deliveries, judged = view.of(action, "delivered"), []
    for name, first, last in [one for one in periods(view, action) if one[1] <= view.on]:
        at = view.at(min(last, view.on))
        terms = at.action(action["ref"])
        assert terms is not None
        needed, target = needed_days(at, terms), deadline_of(terms)["quantity"]
        agreed = [day for day in needed if day is not None]
        inside = [e for e in deliveries if first <= e.first and e.last <= last]
        delivered = sum(int(e.row["quantity"]) for e in inside)
        if (
            None in needed
            or (agreed and last < max(agreed))
            or (ended is not None and first > ended)
            or (closed is not None and last >= closed)
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


def closed_periods(view: View, action: Json) -> list[tuple[date, str]]:
    """A1: the last day and state of each period that is assessed and has ended."""
    judged = [(last, shown["state"]) for last, shown in judged_periods(view, action)]
    return [one for one in judged if one[0] < view.on and one[1] != "not-assessed"]


def recurring_state(view: View, action: Json) -> Verdict:
    """A1: a recurring action, before anything that closes it otherwise."""
    missing = None in needed_days(view, action)
    ended = closed_periods(view, action)
    if over_since(view, action) is not None:
        if ended or over_by_completion(view, action) is not None:
            return ("met-short" if any(state in SHORT for _, state in ended) else "met"), None
        return ("awaiting" if missing else "no-date"), None
    if missing:
        return "awaiting", None
    judged = judged_periods(view, action)
    current = judged[-1] if judged and judged[-1][0] >= view.on else None
    if current is None or current[1]["state"] != "met":
        run: list[date] = []  # last days of the unbroken run of short periods up to the latest
        for last, state in ended:
            run = [*run, last] if state in SHORT else []
        if run:
            return "overdue", (view.on - run[0]).days
    if current is not None:
        open_now = current[1]["state"] == "open"
        return ("due", (current[0] - view.on).days) if open_now else ("met", None)
    coming = [(first, last) for _, first, last in periods(view, action) if first > view.on]
    return by_calendar(view, *coming[0]) if coming else ("no-date", None)


def recurring_window(view: View, action: Json) -> Span | None:
    """3: the period of the day, else the next one; of a duty that has ended the last one."""
    found, ended = periods(view, action), earliest(view.of(action, "completed"))
    if ended is not None:
        begun = [(first, last) for _, first, last in found if first <= ended]
        return begun[-1] if begun else None
    not_past = [(first, last) for _, first, last in found if last >= view.on]
    return not_past[0] if not_past else found[-1][1:] if found else None


# States.


def scored(action: Json) -> bool:
    """1: firm and soft, and not left to third parties."""
    return action["modality"] in ("firm", "soft") and not action.get("third_party", False)


def until_since(view: View, action: Json) -> date | None:
    """3 and A5: the latest first day of what satisfies the actions named, None unless all are met,
    over if they recur, and not disputed.
    """
    days = []
    for ref in action.get("until", []):
        other = view.action(ref)
        if other is None or marked(view, other, "disputed"):
            return None
        if is_recurring(other):
            over = over_since(view, other)
            if over is None or judge(view, other)[0] != "met":
                return None
            days.append(over)
        else:
            done = satisfied(view, other)
            if done is None or judge(view, other)[0] not in SATISFIED:
                return None
            days.append(done[0])
    return max(days, default=None)


def closing_days(view: View, action: Json) -> dict[str, date]:
    """A1: from when the action is closed, in each of the three ways."""
    until, superseded = until_since(view, action), decided_since(view, action, "superseded")
    dropped, plan_ends = decided_since(view, action, "not-pursued"), plan_until(view)
    days = {
        "not-pursued": [dropped, action.get("gone")],
        "superseded": [superseded, until],
        "lapsed": [plan_ends + DAY if plan_ends is not None and view.on > plan_ends else None],
    }
    found = {way: [day for day in some if day is not None] for way, some in days.items()}
    return {way: min(some) for way, some in found.items() if some}


def judge(view: View, action: Json) -> Verdict:
    """4 and D: exactly one state, in the order of precedence."""
    recurring, closed = is_recurring(action), closing_days(view, action)
    verdict = recurring_state(view, action) if recurring else single_state(view, action)
    if "not-pursued" in closed:
        return "not-pursued", None
    if recurring:
        over = over_since(view, action)
        in_time = over is not None and all(day >= over for day in closed.values())
    if verdict[0] in MET and (not recurring or in_time):
        return verdict
    if "superseded" in closed:
        return "superseded", None
    survives = scored(action) and not recurring and verdict[0] == "overdue"
    if "lapsed" in closed and not (survives and due_within_the_plan(view, action)):
        return "lapsed", None
    return verdict if scored(action) or verdict[0] not in BY_CALENDAR else ("no-date", None)


def due_within_the_plan(view: View, action: Json) -> bool:
    """B7: whether the last day it is judged by was not after that of the plan."""
    window, ends = current_window(*judged_by(view, action)), plan_until(view)
    return window is not None and ends is not None and window[1] <= ends


def in_met_state(view: View, action: Json, state: str) -> bool:
    """Used throughout: met in any form; of a recurring action only once it is over."""
    return state in MET and (not is_recurring(action) or over_since(view, action) is not None)


def marked(view: View, action: Json, kind: str) -> bool:
    """A3: whether an entry that satisfies now is confirmed, or disputed."""
    ids = {e.row["id"] for e in satisfying_now(view, action)}
    return any(e.row["to"] in ids for e in view.of(action, kind))


def sides_differ(view: View, action: Json) -> bool:
    """3 and A3: one side has a satisfying entry, another has reported without one and confirmed
    none.
    """
    deadline = deadline_of(action)
    figures = deadline["quantity"] is not None or "level" in deadline or "steps" in deadline
    if figures or action.get("each"):
        return False
    satisfy = satisfying(view, action)
    ids, done = {e.row["id"] for e in satisfy}, {e.row["side"] for e in satisfy}
    agree = {e.row["side"] for e in view.of(action, "confirmed") if e.row["to"] in ids}
    heard = {e.row["side"] for e in view.of(action, *HEARD)}
    sides = set(view.plan["plan"]["sides"])
    return bool(sides & done) and bool(sides & (heard - done - agree))


def progress(view: View, action: Json, state: str) -> str | None:
    """A8: the other axis."""
    if state in CLOSED:
        return None
    if in_met_state(view, action, state):
        return "done"
    return "under-way" if view.of(action, *AT_WORK) else "none"


def is_stale(view: View, action: Json, state: str) -> bool:
    """4 and A6: no report for as many days as the action, or the plan, allows."""
    after = action.get("stale_days", view.plan["plan"]["stale_days"])
    heard = [e.said[0] for e in view.of(action, *NEWS)]
    quiet = view.on - max([begins(view, action), *heard])
    open_still = scored(action) and state not in CLOSED and not in_met_state(view, action, state)
    return open_still and after != 0 and quiet.days >= after


def total(view: View, action: Json) -> int | None:
    """3 and B6: all that was delivered, None where no total is to be reached."""
    if deadline_of(action)["quantity"] is None or is_recurring(action):
        return None
    return sum(int(e.row["quantity"]) for e in view.of(action, "delivered"))


def reading(view: View, action: Json) -> int | None:
    """B2: the figure that counts."""
    found = readings(view, action) if "level" in deadline_of(action) else []
    return int(found[-1].row["quantity"]) if found else None


def each_side(view: View, action: Json) -> list[Json] | None:
    """B3: the sides, each judged as if its own reports alone were there."""
    if not action.get("each"):
        return None
    shown = []
    for side, (own, alone) in zip(action["each"], parts(view, action), strict=True):
        state, days = judge(own, alone)
        figures = {"delivered": total(own, alone), "reading": reading(own, alone)}
        at = progress(own, alone, state)
        shown.append({"side": side, "state": state, "days": days, "progress": at, **figures})
    return shown


def each_step(view: View, action: Json) -> list[Json] | None:
    """B6: the steps, each judged as if alone."""
    steps = deadline_of(action).get("steps")
    if not steps:
        return None
    shown = []
    for step, part in zip(steps, parts(view, action), strict=True):
        state, days = judge(*part)
        figures = {"when": step["when"], "quantity": step["quantity"]}
        shown.append({**figures, "state": state, "days": days})
    return shown


def action_status(view: View, number: Any, action: Json) -> Json:
    """4 and C: one action as the status lists it."""
    deadline, recurring = deadline_of(action), is_recurring(action)
    state, days = judge(view, action)
    own, alone = judged_by(view, action)
    window = recurring_window(view, action) if recurring else current_window(own, alone)
    signed = signed_window(own, alone)
    steps = bool(deadline.get("steps"))
    done = None if recurring else satisfied(*((own, alone) if steps else (view, action)))
    counted = not recurring and not action.get("each")
    passed = (
        max(0, (min(view.on, done[0] if done else view.on) - signed[1]).days) if signed else None
    )
    mood = latest(view.of(action, "confidence"))
    closed = closed_periods(view, action) if recurring else []
    needs = [{"name": n, "on": str(day) if day else None} for n, day in needs_on(view, action)]
    base = deadline.get("baseline")
    return {
        "ref": action["ref"],
        "commitment": number,
        "scored": scored(action),
        "modality": action["modality"],
        "state": state,
        "days": days,
        "progress": progress(view, action, state),
        "words": deadline["words"],
        "first_day": str(window[0]) if window else None,
        "last_day": str(window[1]) if window else None,
        "original_last_day": str(signed[1]) if signed else None,
        "original_days": passed,
        "proposed": open_proposals(view, view.of(action, *DECISIONS), joint_sides(view, action)),
        "stale": is_stale(view, action, state),
        "confirmed": marked(view, action, "confirmed"),
        "disputed": marked(view, action, "disputed"),
        "sides_differ": not recurring and sides_differ(view, action),
        "never_reported": not view.of(action, *NEWS),
        "confidence": mood.row["words"] if mood else None,
        "delivered": total(view, alone) if counted else None,
        "target": deadline_of(alone)["quantity"] if counted else None,
        "periods": [shown for _, shown in judged_periods(view, action)] if recurring else [],
        "periods_short": sum(s in SHORT for _, s in closed) if recurring else None,
        "periods_closed": len(closed) if recurring else None,
        "reading": reading(view, action) if counted else None,
        "level": deadline.get("level"),
        "baseline": {"value": base["value"], "on": str(base["on"])} if base else None,
        "each": each_side(view, action),
        "steps": each_step(view, action),
        "needs": needs,
    }


# Money.


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


def refunded_below(stated: Sums, entries: list[Entry]) -> date | None:
    """A4: the latest day of a refund after which no stated currency is full, where one was
    before.
    """
    fall, full_before = None, False
    money = [e for e in entries if e.kind in ("paid", "refunded")]
    for day in sorted({e.first for e in money}):
        so_far = [e for e in money if e.first <= day]
        full = any(net(currency, so_far) >= amount for currency, amount in stated.items())
        if full_before and not full:
            fall = day
        full_before = full
    return fall


def net(currency: str, entries: list[Entry]) -> Decimal:
    """5: payments less refunds, never below zero."""
    own = [(e.kind, Decimal(e.row["amount"])) for e in entries if e.row["currency"] == currency]
    paid = sum((amount for kind, amount in own if kind == "paid"), Decimal(0))
    return max(Decimal(0), paid - sum(amount for kind, amount in own if kind == "refunded"))


def opening(view: View, promise: Json, entries: list[Entry]) -> date | None:
    """A7: the day that opened conditional money, None while nothing has."""
    named = promise.get("condition")
    other = view.action(named) if named else None
    if other is not None:
        done = satisfied(view, other) if judge(view, other)[0] in MET else None
        return done[1] if done else None
    if named:
        return earliest([e for e in entries if e.kind == "event" and e.row["words"] == named])
    return earliest([e for e in entries if e.kind in ("consent", "event")])


def written(sums: Sums) -> dict[str, str]:
    """A7: with the decimals that ISO 4217 gives the currency."""
    shown = {}
    for currency, amount in sums.items():
        decimals = 4 if currency in FOUR_DECIMALS else 3 if currency in THREE_DECIMALS else 2
        shown[currency] = f"{amount:.{0 if currency in NO_DECIMALS else decimals}f}"
    return shown


def instalment_status(
    view: View, promise: Json, number: int, original: date | None, stated: Sums, gone: bool
) -> Json:
    """5: one instalment as the status lists it, with the states of actions in their order."""
    firmness, ends = promise.get("firmness", "firm"), plan_until(view)
    entries = [e for e in view.of(promise) if e.row["instalment"] in ("", str(number))]
    done, kinds = paid_in_full(stated, entries), {e.kind for e in entries}
    waits = firmness in ("conditional", "on-delivery")
    opened = opening(view, promise, entries) if waits else None
    due = original
    if original is not None:
        days_owed = [original, opened, refunded_below(stated, entries)]
        due = max(day for day in days_owed if day is not None)
    state, days = by_calendar(view, due, due) if due and firmness != "up-to" else ("no-date", None)
    if waits and opened is None:
        state, days = "awaiting", None
    if ends is not None and view.on > ends:
        survives = state == "overdue" and due is not None and due <= ends
        state, days = (state, days) if survives else ("lapsed", None)
    if "superseded" in kinds:
        state, days = "superseded", None
    if done is not None:
        state, days = met(done, due)
    if "not-pursued" in kinds or gone:
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
        "original_last_day": str(original) if original else None,
        "stated": written(stated),
        "paid": written(paid),
        "outstanding": written(left),
    }


def status(
    plan: Json | list[Json], rows: list[dict[str, str]], on: date, known: date | None
) -> Json:
    """2: everything as it stood on one day, to what was known by another (None: to this day)."""
    files = plan if isinstance(plan, list) else [plan]
    said = history(files, rows)
    of_the_day = plan_on(files, said, on, known)
    entries = counting(read(of_the_day, rows), on, known)
    view = View(of_the_day, on, entries, files, said, known)
    actions, commitments, money = [], [], []
    for commitment in view.plan["commitments"]:
        number = commitment["number"]
        shown = [action_status(view, number, action) for action in commitment["actions"]]
        own = [action for action in shown if action["scored"]]
        states = [action["state"] for action in own]
        worst = next((state for state in WORST_FIRST if state in states), None)
        how_many = {state: states.count(state) for state in states}
        how_many["disputed"] = sum(a["disputed"] and a["state"] in MET for a in own)
        commitments.append({"number": number, "state": worst, "counts": how_many})
        actions += shown
    for promise in view.plan["promises"]:
        for one in promise["schedule"]:
            gone = bool(one["withdrawn"] or promise.get("withdrawn"))
            terms = (one["number"], one["due"], one["stated"], gone)
            money.append(instalment_status(view, promise, *terms))
    until, sides = plan_until(view), view.plan["plan"]["sides"]
    opened = [str(e.first) for e in entries if e.kind == "opened"]
    return {
        "plan": view.plan["plan"]["slug"],
        "on": str(on),
        "known": str(known or "now"),
        "until": str(until) if until else None,
        "opened": opened[0] if opened else None,
        "proposed": open_proposals(view, [e for e in entries if e.kind == "term"], sides),
        "commitments": commitments,
        "actions": actions,
        "contributions": money,
    }
