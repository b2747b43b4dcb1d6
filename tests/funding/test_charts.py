"""The geometry of the fund's charts."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from commitments.models import Obligation, Standing
from funding.charts import BASE, TOP, WIDTH, draw_charts, round_up
from funding.instalments import InstalmentOnDay

AMOUNT = st.decimals(min_value="0.01", max_value="999999999999.99", places=2)
CODES = st.dictionaries(st.sampled_from(["EUR", "GBP", "USD"]), AMOUNT, max_size=3)


def line(number: int, stated: dict[str, Decimal], paid: dict[str, Decimal]) -> InstalmentOnDay:
    row = Standing(obligation=Obligation(ref="1.2", instalment=number))
    return InstalmentOnDay(row, stated, paid, {})


@given(st.lists(st.tuples(CODES, CODES), max_size=6))
def test_each_currency_has_a_chart_of_its_own_and_every_bar_stays_inside(
    pairs: list[tuple[dict[str, Decimal], dict[str, Decimal]]],
) -> None:
    lines = [line(number, *pair) for number, pair in enumerate(pairs, 1)]
    charts = draw_charts(lines)
    codes = [code for stated, paid in pairs for code in (*stated, *paid)]
    assert [chart.currency for chart in charts] == list(dict.fromkeys(codes))
    for chart in charts:
        for bar in chart.bars:
            assert 0 <= bar.x <= bar.x + bar.width <= WIDTH
            for top, height in ((bar.stated_y, bar.stated_height), (bar.paid_y, bar.paid_height)):
                assert top >= TOP - 0.1
                assert abs(top + height - BASE) < 0.2


@given(AMOUNT)
def test_the_axis_ends_at_the_next_round_figure(value: Decimal) -> None:
    top = round_up(value)
    assert value <= top <= value * 10
    assert top.normalize().as_tuple().digits in {(1,), (2,), (5,)}
