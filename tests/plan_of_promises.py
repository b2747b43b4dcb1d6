"""A small plan with each kind of promise that more than a date decides, for tests to report on."""

PROMISES = """\
format = 1

[plan]
slug = "promises"
title = { en = "Plan of promises", fr = "Plan de promesses" }
adopted_on = 2014-09-20
until = "2016-09-19"
timezone = "Europe/London"
sides = ["GB", "FR"]
languages = ["en", "fr"]
lead_days = 14
grace_days = 0
stale_days = 30
year_basis = "calendar"

[[bodies]]
id = "office"
name = { en = "Office", fr = "Bureau" }
side = "GB"

[[bodies]]
id = "ministry"
name = { en = "Ministry", fr = "Ministère" }
side = "FR"

[[commitments]]
number = "III"
title = { en = "Promises", fr = "Promesses" }

  [[commitments.actions]]
  ref = "level"
  title = { en = "Officers", fr = "Agents" }
  modality = "firm"
  lead = ["office"]


    [commitments.actions.deadline]
    kind = "finish"
    when = "../2015-12-31"
    level = 1400
    baseline = { value = 900, on = "2014" }
    words = "1,400 officers by the end of 2015"

  [[commitments.actions]]
  ref = "each"
  title = { en = "Name an officer", fr = "Nommer un agent" }
  modality = "firm"
  lead = ["office", "ministry"]
  each = ["GB", "FR"]
  deadline = { kind = "finish", when = "2014-12", words = "each party" }

  [[commitments.actions]]
  ref = "joint"
  title = { en = "Meet", fr = "Se réunir" }
  modality = "firm"
  lead = ["office", "ministry"]
  deadline = { kind = "finish", when = "../2014-12-31", words = "by the end of the year" }

  [[commitments.actions]]
  ref = "steps"
  title = { en = "Boats", fr = "Bateaux" }
  modality = "firm"
  lead = ["office"]
  needs = ["inspection"]

    [commitments.actions.deadline]
    kind = "finish"
    steps = [{ when = "../2014-12-31", quantity = 2 }, { when = "../2015-12-31", quantity = 5 }]
    unit = { en = "boats", fr = "bateaux" }
    words = "two boats, then five"

  [[commitments.actions]]
  ref = "weekly"
  title = { en = "Call", fr = "Appel" }
  modality = "optional"
  lead = ["office"]
  deadline = { kind = "recurring", every = "week", quantity = 1, words = "every week" }

  [[commitments.actions]]
  ref = "often"
  title = { en = "Visit", fr = "Visite" }
  modality = "optional"
  lead = ["office"]
  deadline = { kind = "recurring", every = { days = 45 }, quantity = 1, words = "every 45 days" }
"""
