"""A small plan file for tests that change one thing in it, and where in a text that thing stands."""

import json
import re
from datetime import date
from typing import Any

SMALL = """\
format = 1

[plan]
slug = "small"
title = { en = "Small plan", fr = "Petit plan" }
adopted_on = 2014-09-20
timezone = "Europe/London"
sides = ["GB", "FR"]
languages = ["en", "fr"]
lead_days = 14
grace_days = 0
stale_days = 30
year_basis = "uk-financial"

[[bodies]]
id = "office"
name = { en = "Office", fr = "Bureau" }
side = "GB"

[[bodies]]
id = "port"
name = { en = "Port", fr = "Port" }

[[aims]]
id = "A1"
title = { en = "Aim", fr = "Objectif" }

[[commitments]]
number = 1
title = { en = "Commitment", fr = "Engagement" }
aims = ["A1"]

  [[commitments.actions]]
  ref = "1.1"
  title = { en = "Campaign", fr = "Campagne" }
  modality = "firm"
  lead = ["office"]
  with = ["port"]
  words = "will begin in October"
  deadline = { kind = "start", when = "2014-10", words = "will begin in October" }

    [[commitments.actions.interpretations]]
    question = { en = "Which October?", fr = "Quel octobre ?" }
    chosen = { en = "2014", fr = "2014" }
    because = { en = "The next.", fr = "Le prochain." }

  [[commitments.actions]]
  ref = "1.2"
  title = { en = "Officers", fr = "Agents" }
  modality = "firm"
  lead = ["office"]
  after = ["1.1"]
  deadline = { kind = "recurring", every = "month", quantity = 2, first = "2014-10", words = "each month two" }

  [[commitments.actions]]
  ref = "1.3"
  title = { en = "Report", fr = "Rapport" }
  modality = "soft"
  lead = ["office"]
  consents = ["port"]
  until = ["1.1"]
  deadline = { kind = "within", days = 14, of = "arrival", words = "within two weeks" }

[[funds]]
id = "fund"
title = { en = "Fund", fr = "Fonds" }
commitment = 1

  [[funds.contributions]]
  ref = "1.9"
  from = "GB"
  stated = [["EUR", "5000000"], ["GBP", "4000000"]]
  each = "year"
  times = 3

  [[funds.contributions]]
  ref = "1.9-FR"
  from = "FR"
  instalments = [ { year = "2014", stated = [["EUR", "7"]] } ]

  [[funds.purposes]]
  id = "security"
  title = { en = "Security", fr = "Sécurité" }
  actions = ["1.1"]

  [[funds.reported]]
  amount = ["GBP", "12000000"]
  by = { en = "Press", fr = "Presse" }
  on = 2014-09-20
"""


def toml(tree: dict[str, Any], above: str = "") -> str:
    """A plan's tree as the file that says it: tables inside tables in braces, lists of tables under
    headers.
    """
    lines, below = [], []
    for key, value in tree.items():
        if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            below += [f"[[{above}{key}]]\n{toml(item, f'{above}{key}.')}" for item in value]
        elif isinstance(value, dict) and key == "plan":
            below.append(f"[{key}]\n{toml(value)}")
        else:
            lines.append(f"{key} = {_value(value)}\n")
    return "".join([*lines, *below])


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return value.isoformat() if isinstance(value, date) else json.dumps(value)


def changed(text: str, *replacements: tuple[str, str]) -> str:
    """The text with each first occurrence replaced; each must be there."""
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def line_of(text: str, mark: str, occurrence: int = 1) -> int:
    """The number of the n-th line that holds the mark."""
    lines = enumerate(text.split("\n"), 1)
    numbers = [number for number, line in lines if mark in line]
    return numbers[occurrence - 1]


def tenfold(file: str) -> str:
    """The plan with each commitment and action ten times, under numbers of their own: 4.4 as 1.4.4
    to 10.4.4.
    """
    start, end = file.index("[[commitments]]"), file.index("[[funds]]")

    def renumbered(part: str, number: int) -> str:
        part = re.sub(r"(?m)^number = (\d)$", rf"number = {number}\1", part)
        named = re.compile(r"(?m)^  (ref|after|until|actions) = .*\d\.\d.*$")
        return named.sub(lambda line: re.sub(r'"(\d\.\d)"', rf'"{number}.\1"', line[0]), part)

    head = file[:start].replace('slug = "calais-2014"', 'slug = "tenfold"')
    copies = [renumbered(file[start:end], number) for number in range(1, 11)]
    fund = renumbered(file[end:], 1).replace("commitment = 1\n", "commitment = 11\n")
    return "".join([head, *copies, fund])
