"""The charts of the overview as files: SVG that stands alone, with its caption and its source.

Colours and fonts are attributes, since what opens such a file may read no style sheet; each state
stands there in words as well.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from actionplan.overview.content import commitments, recurrences_of
from actionplan.overview.priorities import pressing_actions
from actionplan.overview.timeline import TimelineRow, timeline
from commitments.pages import labels
from commitments.pages.base import PlanView
from commitments.pages.counts import count_states
from commitments.pages.entries import entries_on
from commitments.pages.etag import respond_if_changed
from commitments.pages.page import Page
from commitments.rules.states import SATISFIED
from funding.instalments import instalments_on
from funding.promises import promises
from funding.templatetags.money import different_money, same_money

# as in the style sheet for paper
COLOURS: dict[str, str] = {
    "overdue": "#9c1c1c",
    "due": "#7d4300",
    "due-soon": "#8a6500",
    "upcoming": "#30566c",
    "awaiting": "#5a3f8a",
    "under-way": "#525c62",
    **{state.value: "#1c6138" for state in SATISFIED},
}
OTHER_COLOUR = "#767676"
HEAD, FOOT = 64, 56
BAR_WIDTH = 400
LONGEST_TITLE = 54


@dataclass(frozen=True)
class Row:
    """A line of a chart: its title, what is drawn, and the same in words."""

    y: int
    title: str
    words: str
    segments: list["Segment"]
    drawn: TimelineRow | None = None
    colour: str = OTHER_COLOUR


@dataclass(frozen=True)
class Segment:
    start: float
    width: float
    colour: str


@dataclass(frozen=True)
class Chart:
    caption: str
    rows: list[Row]
    line_height: int
    template: str = "bars"
    # the place of the day shown on the timeline
    now: int = 0

    @property
    def height(self) -> int:
        return HEAD + len(self.rows) * self.line_height + FOOT


def chart_of_commitments(page: Page) -> Chart:
    bars = commitments(page, count_states(page, page.on))
    height = 46
    rows = []
    for position, line in enumerate(bars.lines):
        words = ", ".join(f"{count.count} {count.label}" for count in line.counts)
        unit = BAR_WIDTH / bars.scale
        rows.append(
            Row(
                y=HEAD + position * height,
                title=_shorten(f"{line.commitment.number} {labels.text(line.commitment.title)}"),
                words=words or _("nothing counted"),
                segments=[
                    Segment(part.start * unit, part.width * unit, colour_of(part.state))
                    for part in line.segments
                ],
            )
        )
    return Chart(_("Commitments, by the status of their actions"), rows, height)


def chart_of_timeline(page: Page) -> Chart:
    standings = pressing_actions(page)
    drawing = timeline(page, standings, recurrences_of(page, standings))
    height = 34
    rows = []
    for position, drawn in enumerate(drawing.rows if drawing else []):
        standing = drawn.deadline.standing
        rows.append(
            Row(
                y=HEAD + position * height,
                title=_shorten(f"{standing.obligation.ref} {labels.text(standing.action.title)}"),
                words=f"{labels.state(standing.state)}, {drawn.deadline.days_in_words}",
                segments=[],
                drawn=drawn,
                colour=colour_of(standing.state),
            )
        )
    caption = _("Timeline of the most pressing actions")
    return Chart(caption, rows, height, "timeline", drawing.now if drawing else 0)


def chart_of_fund(page: Page) -> Chart:
    height = 46
    rows = []
    for position, (title, words, percent) in enumerate(_shares_paid(page)):
        segments = [
            Segment(0, BAR_WIDTH, "#dddddd"),
            Segment(0, percent * BAR_WIDTH / 100, COLOURS["upcoming"]),
        ]
        rows.append(Row(HEAD + position * height, title, words, segments))
    return Chart(_("Contributions, promised and paid"), rows, height)


def _shares_paid(page: Page) -> Iterator[tuple[str, str, int]]:
    for promise in promises(instalments_on(page)):
        for bar in promise.bars:
            paid = _("Nothing paid")
            if promise.paid:
                paid = _("%(amounts)s paid") % {"amounts": different_money(promise.paid)}
            words = _("%(paid)s of %(promised)s") % {
                "paid": paid,
                "promised": same_money(promise.promised),
            }
            yield (
                f"{promise.contribution.ref} {labels.side(promise.contribution.side)}",
                words,
                bar.percent,
            )


CHARTS: dict[str, Callable[[Page], Chart]] = {
    "commitments": chart_of_commitments,
    "timeline": chart_of_timeline,
    "fund": chart_of_fund,
}


def colour_of(state: str) -> str:
    return COLOURS.get(state, OTHER_COLOUR)


def _shorten(text: str) -> str:
    return str(Truncator(text).chars(LONGEST_TITLE))


class ChartFile(PlanView):
    """One chart as a file to take along."""

    public = True

    def get(self, request: HttpRequest, name: str) -> HttpResponseBase:
        if name not in CHARTS or self.page.on < self.page.plan.adopted_on:
            raise Http404
        self.name = name
        return respond_if_changed(self.page, request, self._make_response)

    def _make_response(self) -> HttpResponse:
        page = self.page
        chart = CHARTS[self.name](page)
        context = {
            "chart": chart,
            "language": labels.language(),
            "source": self._describe_source(),
            "address": settings.SITE_URL + page.url("overview", on=page.on.isoformat()),
        }
        content = render_to_string(f"actionplan/charts/{chart.template}.svg", context)
        response = HttpResponse(content, content_type="image/svg+xml")
        file_name = f"{page.plan.slug}-{self.name}-{page.on}.svg"
        response.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
        return response

    def _describe_source(self) -> str:
        page = self.page
        newest = entries_on(page).first()
        return _("%(plan)s, %(day)s, register up to entry %(number)s") % {
            "plan": Truncator(labels.text(page.plan.title)).chars(70),
            "day": labels.day(page.on),
            "number": newest.number if newest else 0,
        }
