"""What the hash of an entry covers, written out: no hash of an older entry ever changes."""

import hashlib
import json
import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

from commitments.models import Evidence
from commitments.register.hash_chain import (
    BOOKKEEPING,
    COLUMNS,
    RECOMPUTED,
    canonical,
    describe_file,
    digest_of_name,
    digest_of_texts,
)

CANONICAL_FORM = Path("docs/reference/canonical-form.md")
PAYMENT: dict[str, Any] = {
    "number": 7,
    "code": "e7",
    "kind": "paid",
    "ref": "1.2",
    "instalment": 1,
    "effective": "2015-02-10",
    "recorded_day": date(2015, 2, 11),
    "recorded_at": datetime(2015, 2, 11, 10, 30, tzinfo=timezone(timedelta(hours=1))),
    "loaded_at": datetime(2015, 2, 12, 9, tzinfo=UTC),
    "side": "GB",
    "by_id": 3,
    "to__number": None,
    "when": "",
    "words": "Déjà \u2028 “paid”",
    "quantity": None,
    "amount": Decimal("5"),
    "currency": "EUR",
    "terms": None,
    "text_digest": "",
    "previous_hash": "0" * 64,
    "form": None,
    "stated_recorded": None,
}


def test_an_entry_is_hashed_as_json_with_sorted_keys() -> None:
    assert canonical("calais-2014", PAYMENT).decode() == (
        '{"amount":"5.00","by":3,"code":"e7","currency":"EUR","effective":"2015-02-10",'
        '"instalment":1,"kind":"paid","loaded_at":"2015-02-12T09:00:00+00:00","number":7,'
        '"plan":"calais-2014","previous":"' + "0" * 64 + '","quantity":null,'
        '"recorded_at":"2015-02-11T09:30:00+00:00","recorded_day":"2015-02-11","ref":"1.2",'
        '"side":"GB","terms":null,"text":"","to":null,"when":"",'
        '"words":"Déjà \u2028 “paid”"}'
    )


def test_files_are_hashed_under_a_key_of_their_own() -> None:
    assert '"evidence":["aa","bb"],' in canonical("calais-2014", PAYMENT, ["aa", "bb"]).decode()


def test_terms_are_hashed_with_sorted_keys() -> None:
    terms = {"modality": "firm", "deadline": {"when": "2014-10", "kind": "start"}}
    written = canonical("calais-2014", PAYMENT | {"terms": terms}).decode()
    assert '"terms":{"deadline":{"kind":"start","when":"2014-10"},"modality":"firm"}' in written


def test_the_second_form_says_so_and_describes_its_files() -> None:
    file = Evidence(name="é.pdf", salt="salt", type="pdf", size=3, sha256="aa")
    file.name_digest = digest_of_name(file.salt, file.name)
    written = canonical("calais-2014", PAYMENT | {"form": 2}, [describe_file(file, 2)]).decode()
    assert (
        '"evidence":[{"name":"1d4fa87692e0c2782f63d786ee8310f4889a433d8ea0dc9bb9188982389cc528",'
        '"sha256":"aa","size":3,"type":"pdf"}],"form":2,"instalment":1,'
    ) in written


def test_each_column_of_an_entry_is_hashed_computed_again_or_bookkeeping() -> None:
    """A column that a page or rule could read without anybody noticing that it was changed."""
    other = {
        str: "other",
        int: 99,
        date: date(2001, 1, 1),
        datetime: datetime(2001, 1, 1, tzinfo=UTC),
        Decimal: Decimal("9"),
        type(None): 99,
    }
    covered = {"hash", "plan_id", *RECOMPUTED, *BOOKKEEPING}
    row = {"obligation_id": 1, "to_id": 1, **PAYMENT}
    for column in COLUMNS:
        name = {"to_id": "to__number"}.get(column, column)
        changed = canonical("calais-2014", row | {name: other.get(type(row.get(name)))})
        is_hashed = changed != canonical("calais-2014", row)
        assert is_hashed != (column in covered), column
    # the plan enters by its short name, and what is computed again is compared (test_register)
    assert canonical("other", row) != canonical("calais-2014", row)


def test_texts_stand_in_the_chain_as_one_salted_digest() -> None:
    texts = {"reason": "", "note": "é", "source": "", "decided_by": ""}
    assert digest_of_texts("salt", texts) == (
        "501b2b24e4590a53d5f6f405deb6eb96f197fc9024c1a331785dcf2b228b0253"
    )
    assert digest_of_texts("salt", dict.fromkeys(texts, "")) == ""


def test_the_page_on_the_canonical_form_works_its_examples_out() -> None:
    page = CANONICAL_FORM.read_text()
    first, texts, second = re.findall("```json\n(.*)\n```", page)
    salts = re.findall("`([0-9a-f]{32})`", page)
    stated = iter(re.findall("`([0-9a-f]{64})`", page))
    assert next(stated) == hashlib.sha256(first.encode()).hexdigest()
    assert next(stated) == digest_of_texts(salts[0], json.loads(texts))
    assert next(stated) == digest_of_name(salts[1], "procès-verbal.pdf")
    assert next(stated) == hashlib.sha256(second.encode()).hexdigest()
    assert f"{len(first.encode())} bytes" in page
    assert f"{len(second.encode())} bytes" in page


def test_the_page_on_the_canonical_form_has_each_key() -> None:
    page = CANONICAL_FORM.read_text()
    _first, _texts, second = re.findall("```json\n(.*)\n```", page)
    keys = set(re.findall(r"^\| `(\w+)` \|", page.split("## Salts")[0], re.MULTILINE))
    entry = PAYMENT | {"form": 2, "stated_recorded": "2015-02-11"}
    written = json.loads(canonical("calais-2014", entry, ["aa"]))
    assert keys == written.keys() == {*json.loads(second), "stated_recorded"}
