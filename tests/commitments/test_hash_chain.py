"""What the hash of an entry covers, written out: no hash of an older entry ever changes."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from commitments.register.hash_chain import canonical, digest_of_texts

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


def test_texts_stand_in_the_chain_as_one_salted_digest() -> None:
    texts = {"reason": "", "note": "é", "source": "", "decided_by": ""}
    assert digest_of_texts("salt", texts) == (
        "501b2b24e4590a53d5f6f405deb6eb96f197fc9024c1a331785dcf2b228b0253"
    )
    assert digest_of_texts("salt", dict.fromkeys(texts, "")) == ""
