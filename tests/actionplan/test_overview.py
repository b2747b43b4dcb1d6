"""Every figure of the overview is the length of the list behind it."""

import re
from datetime import UTC, date, datetime

import pytest
from django.contrib import messages
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils.translation import override
from pytest_django import Settings

from actionplan.models import Mark, User
from commitments import clock
from commitments.files import entries
from commitments.models import Plan
from commitments.pages import labels
from commitments.register.memberships import record_differences
from commitments.rules.states import State
from tests import factories
from tests.client import Client, read_page
from tests.factories import create_manager, create_official, create_viewer, sign_in
from tests.generated import blank


@pytest.fixture
def reader(calais_with_entries: Plan) -> Client:
    return sign_in(create_viewer(calais_with_entries))


def length(client: Client, address: str) -> int:
    """How many the list at this address has on all its pages."""
    address = address.replace("&amp;", "&")
    if "/commitments/?" in address:
        return len(client.get(f"{address}&format=json").json())
    return int(client.get(address).context["page_obj"].paginator.count)


DAYS = [
    "",
    "?on=2014-11-20&known=now",
    pytest.param("?on=2014-11-20", marks=pytest.mark.slow),
    pytest.param("?on=2015-03-01", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("day", DAYS)
def test_every_count_of_a_commitment_is_the_length_of_its_list(reader: Client, day: str) -> None:
    for commitment in reader.get(f"/{day}").context["commitments"].lines:
        for state in commitment.counts:
            assert length(reader, state.url) == state.count, state.url


@pytest.mark.slow
@pytest.mark.parametrize("day", DAYS)
def test_every_figure_is_the_length_of_its_list(reader: Client, day: str) -> None:
    context = reader.get(f"/{day}").context
    figures = [figure.now for figure in context["figures"].values()]
    for comparison in context["comparisons"]:
        figures += [comparison.before, comparison.now]
    figures += [
        context["decisions"].actions,
        context["changes"].all,
        context["changes"].about_register,
    ]
    for figure in figures:
        assert length(reader, figure.url) == figure.count, figure.url


def test_figures_are_compared_with_those_a_month_before(reader: Client) -> None:
    context = reader.get("/").context
    assert context["earlier"] == date(2014, 12, 12)
    for comparison in context["comparisons"]:
        change = comparison.joined_count - comparison.left_count
        assert comparison.now.count - comparison.before.count == change


def test_in_the_first_month_figures_are_compared_with_the_day_of_adoption(reader: Client) -> None:
    assert reader.get("/?on=2014-10-01").context["earlier"] == date(2014, 9, 20)
    assert reader.get("/?on=2014-09-20").context["comparisons"] == []


def test_before_its_adoption_the_plan_is_not_said_to_be_in_order(reader: Client) -> None:
    said = read_page(reader, "/?on=2014-09-01")
    assert "not signed yet on this day. It was signed on 20 September 2014." in said
    assert "overdue" not in said


def test_of_what_has_no_date_a_commitment_says_how_much_is_under_way(reader: Client) -> None:
    line = reader.get("/").context["commitments"].lines[0]
    segments = [(segment.state, segment.start, segment.width) for segment in line.segments]
    assert segments[2:4] == [("under-way", 2, 2), ("no-date", 4, 3)]
    said = read_page(reader, "/").partition("Commitments")[2]
    assert "1 awaiting, 5 no date, of them 2 under way, 1 met" in said


def test_french_words_agree_with_their_number(reader: Client) -> None:
    User.objects.update(language="fr")
    said = read_page(reader, "/")
    assert "réalisées : 5" in said
    assert "contestée : 1" in said
    assert labels.counted_state(State.MET, 1) == labels.counted_state(State.MET, 2) == "met"
    with override("fr"):
        counted = [labels.counted_state(State.SUPERSEDED, count) for count in (1, 2)]
        assert counted == ["remplacée", "remplacées"]
        assert labels.counted_state(State.OVERDUE, 2) == "en retard"


def test_an_action_that_a_side_disputes_is_not_read_as_simply_met(reader: Client) -> None:
    said = read_page(reader, "/")
    assert "5 met (1 late, 1 disputed)" in said
    assert "met, disputed The United Kingdom says it is complete; France disputes this." in said


def test_a_red_confidence_needs_a_decision_and_says_why(reader: Client) -> None:
    said = read_page(reader, "/").partition("Needs a decision")[2]
    assert "2.5 Work out the border control measures" in said
    assert "confidence red The port has asked for changes" in said


def test_what_is_past_is_no_next_date(reader: Client) -> None:
    lines = reader.get("/").context["commitments"].lines
    dates = [line.next_date.next_day for line in lines if line.next_date]
    assert dates
    assert min(dates) >= date(2015, 1, 12)


def test_what_needs_a_decision_comes_worst_first(reader: Client) -> None:
    shown = reader.get("/").context["decisions"].shown
    assert [one.standing.obligation.ref for one in shown] == ["2.5", "3.4", "1.4", "5.5", "1.6"]


def test_rights_of_accounts_do_not_push_news_out_of_the_week(
    calais_with_entries: Plan, reader: Client
) -> None:
    record_differences(calais_with_entries, clock.now("Europe/London"))
    said = read_page(reader, "/").partition("Changes this week")[2]
    assert "Work out the border control measures: confidence red" in said
    assert "rights of an account" not in said
    assert "1 entry about the plan and its register" in said


def test_a_visitor_does_not_learn_the_confidence_of_owners(calais_with_entries: Plan) -> None:
    Plan.objects.filter(pk=calais_with_entries.pk).update(public=True)
    said = read_page(Client(), "/")
    assert "2.5 Work out" in said
    assert "confidence" not in said
    assert (
        "1.4 Build fences" not in said.partition("Needs a decision")[2].partition("Commitments")[0]
    )


def test_an_overdue_instalment_needs_a_decision(calais_with_entries: Plan) -> None:
    client = sign_in(create_viewer(calais_with_entries))
    said = read_page(client, "/?on=2015-04-02")
    assert (
        "1.2 Instalment 1 the signed text GB overdue by 2 days · €2 million was due 31 Mar 2015"
        in said
    )


def test_missed_months_can_be_counted_on_the_timeline(reader: Client) -> None:
    deadlines = [row.deadline for row in reader.get("/").context["timeline"].rows]
    (monthly,) = (each for each in deadlines if each.standing.action.ref == "5.5")
    assert [period.state for period in monthly.periods] == ["met", "partly", "met", "open"]
    assert monthly.periods_short == 1


def test_the_timeline_begins_with_what_slipped_most(reader: Client) -> None:
    rows = reader.get("/").context["timeline"].rows
    assert [(row.deadline.standing.action.ref, row.slip) for row in rows[:2]] == [
        ("2.5", 12),
        ("4.4", 10),
    ]


@pytest.mark.parametrize("path", ["/", "/commitments/?state=overdue"])
def test_an_unchanged_page_is_not_sent_again_to_the_same_reader(
    reader: Client, calais: Plan, path: str
) -> None:
    reader.get(path)  # brings the cookie of the forms
    tag = reader.get(path).headers["ETag"]
    kept = reader.get(path, headers={"If-None-Match": tag})
    assert (kept.status_code, kept.content) == (304, b"")
    other = Client()
    assert other.get(path, headers={"If-None-Match": tag}).status_code == 302
    other.force_login(create_viewer(calais))
    assert other.get(path, headers={"If-None-Match": tag}).status_code == 200
    row = blank(
        id="new", ref="4.4", kind="note", side="GB", effective="2015-01-12", recorded="2015-01-12"
    )
    text = "\n".join([",".join(row), ",".join(row.values())])
    assert (
        entries.load_entries(
            calais, text.encode(), now=datetime(2015, 1, 12, 9, tzinfo=UTC), by=None
        ).errors
        == []
    )
    assert reader.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_an_administrator_is_told_at_once_that_mail_is_held_no_longer(
    reader: Client, calais: Plan
) -> None:
    administrator = create_viewer(calais)
    User.objects.filter(pk=administrator.pk).update(is_superuser=True)
    Mark.objects.create(name=Mark.MAIL_HELD, at=datetime(2015, 1, 12, 9, tzinfo=UTC))
    reader.force_login(administrator)
    reader.get("/")  # brings the cookie of the forms
    held = reader.get("/")
    assert "Emails are paused." in held.content.decode()
    Mark.objects.all().delete()
    again = reader.get("/", headers={"If-None-Match": held.headers.get("ETag", "*")})
    assert (again.status_code, "Emails are paused." in again.content.decode()) == (200, False)


def test_a_page_with_a_message_is_sent_whole_and_not_kept(
    reader: Client, rf: RequestFactory
) -> None:
    reader.get("/")
    tag = reader.get("/").headers["ETag"]
    request = rf.get("/")
    storage = CookieStorage(request)
    storage.add(messages.SUCCESS, "Recorded.")
    response = HttpResponse()
    storage.update(response)
    reader.cookies["messages"] = response.cookies["messages"].value
    said = reader.get("/", headers={"If-None-Match": tag})
    assert (said.status_code, "Recorded." in said.content.decode(), "ETag" in said.headers) == (
        200,
        True,
        False,
    )


def test_jobs_are_dated_by_the_real_clock_which_a_fixed_day_has_to_say(
    reader: Client, calais: Plan, settings: Settings
) -> None:
    administrator = create_viewer(calais)
    User.objects.filter(pk=administrator.pk).update(is_superuser=True)
    reader.force_login(administrator)
    said = "By the real clock, not on the fixed day."
    fixed = said in reader.get("/").content.decode()
    settings.ACTIONPLAN_TODAY = None
    assert (fixed, said in reader.get("/").content.decode()) == (True, False)


def test_others_than_administrators_read_of_jobs_only_that_one_is_late(reader: Client) -> None:
    said = read_page(reader, "/")
    assert "an automatic task is late" in said
    assert "Overdue check" not in said


def test_the_last_that_a_side_said_is_of_its_latest_day(reader: Client) -> None:
    """The samples bring the confirmation of 18 December after the report of 7 January."""
    decisions = reader.get("/").context["decisions"].shown
    (of_1_6,) = [one for one in decisions if one.standing.obligation.ref == "1.6"]
    said = {row.entry.side: row.entry.recorded_day for row in of_1_6.said}
    assert said == {"FR": date(2015, 1, 7), "GB": date(2014, 12, 18)}


def test_what_waits_for_the_reader_says_so_where_it_needs_a_decision(
    calais_with_entries: Plan, manager: User, reader: Client
) -> None:
    words = "Your turn: confirm or dispute"
    page = read_page(sign_in(manager), "/")
    row = page[page.index("5.5 Send two DCPAF officers") :]
    assert words in row[: row.index("1.6 ")]
    assert words not in read_page(reader, "/")
    assert words not in read_page(sign_in(manager), "/?on=2015-01-11")


def turns_of(client: Client) -> list[str]:
    """What the overview asks of its reader."""
    page = client.get("/")
    return [
        f"{decision.standing.obligation.ref} {turn.act} {turn.count}"
        for decision in page.context["decisions"].shown
        for turn in decision.turns
    ]


def test_a_row_says_what_the_reader_is_to_do(calais_with_entries: Plan) -> None:
    client = sign_in(create_manager(calais_with_entries, side="GB"))
    assert turns_of(client) == ["2.5 report 1", "3.4 respond 1", "5.5 confirm 3", "1.6 report 1"]
    said = read_page(client, "/").partition("Needs a decision")[2]
    assert "confidence red Your turn: report" in said
    assert "France disputes this. Your turn: answer the dispute" in said
    assert "Your turn: confirm or dispute 3 entries" in said


def test_readers_of_every_side_see_whose_turn_it_is(calais_with_entries: Plan) -> None:
    french = create_manager(calais_with_entries, side="FR")
    reader, viewer = sign_in(french), sign_in(create_viewer(calais_with_entries))
    for client in (reader, viewer):
        said = read_page(client, "/")
        assert "France disputes this. Waiting for the United Kingdom to answer." in said
        assert "Waiting for" not in read_page(client, "/?on=2015-01-11")
    british = sign_in(create_manager(calais_with_entries, side="GB"))
    assert "Waiting for" not in read_page(british, "/")
    User.objects.filter(pk=french.pk).update(language="fr")
    said = read_page(reader, "/").replace("\xa0", " ").replace("\u202f", " ")
    assert "Achevée selon le Royaume-Uni, contestée par la France." in said
    assert "Le Royaume-Uni doit répondre." in said
    note = factories.entry_row("3.4", "note", "2015-01-10", side="GB", note="Signed soon.")
    factories.load_entries(calais_with_entries, [note])
    assert "Le Royaume-Uni doit répondre." not in read_page(reader, "/").replace("\xa0", " ")


def test_what_a_row_asks_for_is_open_to_the_reader_and_counted_in_the_bar(
    calais_with_entries: Plan,
) -> None:
    client = sign_in(create_manager(calais_with_entries, side="GB"))
    page = client.get("/")
    turns = [turn for decision in page.context["decisions"].shown for turn in decision.turns]
    for turn in turns:
        assert client.get(turn.url).status_code == 200
    waiting = sum(turn.count for turn in turns if turn.act != "report")
    tally = next(item for item in page.context["navigation"] if item.label == "My actions")
    assert tally.count == waiting
    assert f"Waiting for your side’s word ({waiting}) " in read_page(client, "/mine/")


def test_who_cannot_act_is_asked_for_nothing(reader: Client, calais_with_entries: Plan) -> None:
    assert turns_of(reader) == []
    official = create_official(calais_with_entries, side="FR", bodies=["dcpaf"])
    assert turns_of(sign_in(official)) == ["2.5 report 1", "5.5 report 1"]


def test_money_that_is_late_asks_those_who_record_it_for_the_payment(
    calais_with_entries: Plan, settings: Settings
) -> None:
    settings.ACTIONPLAN_TODAY = date(2015, 4, 2)
    manager = create_manager(calais_with_entries, side="GB")
    assert "1.2 pay 1" in turns_of(sign_in(manager))


def test_each_action_that_counts_is_in_one_figure_of_the_sentence(reader: Client) -> None:
    figures = reader.get("/").context["figures"]
    parts = [
        figures[name].now for name in ("met", "overdue", "ahead", "awaiting", "no_date", "closed")
    ]
    assert sum(part.count for part in parts) == figures["counting"].now.count == 28
    said = read_page(reader, "/")
    assert "28 actions: 5 met (1 late, 1 disputed), 1 overdue, 4 due or to come" in said
    assert "15 without a date, 2 closed. The figures below overlap." in said


def test_what_is_met_no_longer_is_named(reader: Client) -> None:
    said = read_page(reader, "/")
    assert "1.9 is no longer met" in said.partition("Needs a decision")[0]
    change = said.partition("Since last month")[2]
    assert "+2: 2.2, 3.4 (disputed) −1: 1.9 (under way, no date)" in change


def test_the_french_of_figures_and_of_what_is_due_reads_as_french(reader: Client) -> None:
    User.objects.update(language="fr")
    said = read_page(reader, "/")
    assert "quantité réalisée : 2" in said
    assert "échéance en cours il reste 19 jours" in said
    assert "à échéance il reste" not in said


def test_each_row_leads_to_the_signed_words(reader: Client) -> None:
    text = reader.get("/text/").text
    for path in ("/", "/commitments/", "/commitments/2/", "/fund/"):
        page = reader.get(path).text
        anchors = re.findall(r'href="[^"]*/text/#([^"]+)"', page)
        assert anchors, path
        assert all(f'id="{anchor}"' in text for anchor in anchors), path
    said = read_page(reader, "/").partition("Needs a decision")[2]
    assert "2.5 Work out the border control measures Signed text: 2, fourth sentence" in said
    assert "promised by United Kingdom · the signed text" in said
