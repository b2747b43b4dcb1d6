"""Dates as officials write them, in either language."""

from datetime import date

import pytest

from commitments.forms.written_dates import edtf
from commitments.rules.dates import DateError

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
            "mi-octobre 2014",
            "99999999999999999999",
            "\x00",
            "october" * 1000,
            "١٤ October 2014",
        ),
    ],
)
def test_what_has_no_one_meaning_is_refused(said: str) -> None:
    with pytest.raises(DateError):
        edtf(said, TODAY)
