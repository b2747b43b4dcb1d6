"""Dates as officials write them, in either language."""

from datetime import date

import pytest

from commitments.rules.dates import DateError
from commitments.written_dates import AskedBack, edtf, writes_month_first

TODAY = date(2015, 1, 12)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("October 2014", "2014-10"),
        ("in October", "2014-10"),
        ("en janvier", "2015-01"),
        ("oct 2014", "2014-10"),
        ("Sept. 2014", "2014-09"),
        ("octobre 2014", "2014-10"),
        ("AOÛT 2014", "2014-08"),
        ("févr. 2015", "2015-02"),
        ("10/2014", "2014-10"),
        ("15/10/2014", "2014-10-15"),
        ("1er octobre 2014", "2014-10-01"),
        ("15th October 2014", "2014-10-15"),
        ("autumn 2014", "2014-23"),
        ("été 2014", "2014-22"),
        ("Q4 2014", "2014-36"),
        ("fourth quarter of 2014", "2014-36"),
        ("4e trimestre 2014", "2014-36"),
        ("first half of 2015", "2015-40"),
        ("2e semestre 2014", "2014-41"),
        ("2014", "2014"),
        ("2014-10", "2014-10"),
        ("by 31 March 2015", "../2015-03-31"),
        ("au plus tard le 31 mars 2015", "../2015-03-31"),
        ("d’ici 2016", "../2016"),
        (" ../2015-03-31 ", "../2015-03-31"),
        ("October 5, 2014", "2014-10-05"),
        ("Oct 5th 2014", "2014-10-05"),
        ("2014 Q4", "2014-36"),
        ("2014 October", "2014-10"),
        ("2014/10/05", "2014-10-05"),
        ("05.10.2014", "2014-10-05"),
        ("lundi 6 octobre 2014", "2014-10-06"),
        ("Mon 6 Oct 2014", "2014-10-06"),
        ("Mar 2014", "2014-03"),
        ("7 mar 2014", "2014-03-07"),
        ("mar. 7 oct. 2014", "2014-10-07"),
        ("mar 7/10/2014", "2014-10-07"),
        ("no later than 5 October 2014", "../2014-10-05"),
        ("5 October 2014 at the latest", "../2014-10-05"),
        ("end of March 2015", "2015-03"),
        ("fin mars 2015", "2015-03"),
        ("by the end of March 2015", "../2015-03"),
        ("10\u2011\u200b2014", "2014-10"),
    ],
)
def test_a_date_is_read_as_it_is_written(said: str, meant: str) -> None:
    assert edtf(said, TODAY) == meant


@pytest.mark.parametrize(
    "said",
    [
        *(
            "",
            "soon",
            "31/02/2015",
            "fifth quarter of 2014",
            "5e trimestre 2014",
            "3rd half 2014",
            "October October",
        ),
        *(
            "before October 2014",
            "99999999999999999999",
            "\x00",
            "october" * 1000,
            "24/2014",
            "33/2014",
            "0/2014",
            "2014-24",
            "2014-33",
            "../2014-41",
            "31-02-2015",
            "Tuesday 6 October 2014",
            "Monday October 2014",
            "١٤ October 2014",
        ),
    ],
)
def test_what_has_no_one_meaning_is_refused(said: str) -> None:
    with pytest.raises(DateError):
        edtf(said, TODAY)


@pytest.mark.parametrize(
    "said", ["½ 2014", "1⁄2 2014", "2014?", "2014-10~", "2014-10-01/..", "../October 2014", ">2014"]
)
def test_a_sign_that_changes_the_meaning_is_not_left_out(said: str) -> None:
    with pytest.raises(DateError):
        edtf(said, TODAY)


@pytest.mark.parametrize("said", ["until 31 March 2015", "jusqu’au 31 mars 2015"])
def test_a_deadline_until_a_day_is_by_that_day(said: str) -> None:
    assert edtf(said, TODAY, for_deadline=True) == "../2015-03-31"


@pytest.mark.parametrize(
    "said",
    [
        "week of 5 January 2015",
        "semaine du 5 janvier 2015",
        "5-9 January 2015",
        "5 to 9 January 2015",
        "du 5 au 9 janvier 2015",
        "28 March to 3 April 2015",
        "March – April 2015",
        "March 2014 to April 2015",
        "2014-2015",
        "between 1 and 5 October",
        "28 September to 3 October",
        "until March 2014",
        "since 5 October 2014",
        "jusqu’en mars 2014",
        "depuis mars 2014",
    ],
)
def test_a_span_of_days_is_asked_back(said: str) -> None:
    with pytest.raises(AskedBack, match="is a span of days"):
        edtf(said, TODAY)


def test_the_end_of_a_month_as_a_deadline_is_by_its_last_day() -> None:
    assert edtf("end of March 2015", for_deadline=True) == "../2015-03"


def test_a_day_with_two_readings_is_asked_back_where_readers_write_the_month_first() -> None:
    assert edtf("10/05/2014") == "2014-05-10"
    with pytest.raises(AskedBack, match="2014-05-10 and 2014-10-05"):
        edtf("10/05/2014", month_first=True)
    assert edtf("25/05/2014", month_first=True) == "2014-05-25"
    assert edtf("05/25/2014", month_first=True) == "2014-05-25"
    assert edtf("05/05/2014", month_first=True) == "2014-05-05"


@pytest.mark.parametrize(
    ("languages", "timezone", "first"),
    [
        (["en", "fr"], "Europe/London", False),
        (["fr", "en-US"], "Europe/Paris", True),
        (["en"], "America/New_York", True),
        (["en-CA", "fr-CA"], "America/Toronto", False),
        (["de", "x-none"], "Europe/Berlin", False),
        (["en"], "UTC", False),
    ],
)
def test_which_plans_have_readers_who_write_the_month_first(
    languages: list[str], timezone: str, first: bool
) -> None:
    assert writes_month_first(languages, timezone) is first


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("end of March 2014", "2014-03"),
        ("fin mars 2014", "2014-03"),
        ("early January", "2015-01"),
        ("mi-décembre", "2014-12"),
        ("12 January", "2015-01-12"),
        ("13 December", "2014-12-13"),
    ],
)
def test_what_happened_is_dated_as_people_say_it(said: str, meant: str) -> None:
    assert edtf(said, TODAY) == meant


def test_a_day_that_is_soon_to_come_is_not_taken_for_one_a_year_ago() -> None:
    with pytest.raises(DateError):
        edtf("13 January", TODAY)


def test_early_in_a_month_is_no_deadline() -> None:
    with pytest.raises(DateError):
        edtf("early March 2015", for_deadline=True)
