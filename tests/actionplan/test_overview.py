"""Every figure of the overview is the length of the list behind it."""

import re
from datetime import date

import pytest
from django.test import Client
from django.utils.html import strip_tags
from pytest_django import Settings

from actionplan import samples
from actionplan.models import User
from commitments.models import Membership, Plan


@pytest.fixture
def reader(calais: Plan, settings: Settings, client: Client) -> Client:
    settings.ACTIONPLAN_TODAY = date(2015, 1, 12)
    samples.load(calais)
    user = User.objects.create(email="reader@example.org")
    Membership.objects.create(user=user, plan=calais, role="viewer")
    client.force_login(user)
    return client


def length(client: Client, address: str) -> int:
    context = client.get(address.replace("&amp;", "&")).context
    paginator = context["page_obj"].paginator if "page_obj" in context else context["table"].paginator
    return int(paginator.count)


@pytest.mark.parametrize("day", ["", "?on=2014-11-20", "?on=2014-11-20&known=now", "?on=2015-03-01"])
def test_every_figure_of_the_overview_is_the_length_of_its_list(reader: Client, day: str) -> None:
    page = reader.get(f"/{day}").context
    for commitment in page["commitments"]:
        for count in commitment["counts"]:
            assert length(reader, count["url"]) == count["count"], count["url"]
    silent = page["silent"]
    assert length(reader, silent["never_url"]) == silent["never_count"]
    assert length(reader, silent["stale_url"]) == silent["stale_count"]
    for said in page["sentence"]:
        address = re.search('href="([^"]+)"', said)
        number = re.match(r"\d+", strip_tags(said))
        assert address
        assert length(reader, address[1]) == (int(number[0]) if number else 0), said


def test_the_sentence_says_in_words_what_is_overdue_and_what_is_near(reader: Client) -> None:
    said = [strip_tags(part) for part in reader.get("/").context["sentence"]]
    assert said == ["2 actions are overdue", "1 falls due within 14 days", "10 entries were recorded this week"]
