import json

from django.core.management.base import CommandParser

from actionplan.overview.status import Json, status
from commitments import clock
from commitments.management.arguments import SiteCommand, find_plan, read_day


class Command(SiteCommand):
    help = "The state of everything on a day, as known on that day, on another, or now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--on", help="a civil day in the plan's zone; today where left out")
        parser.add_argument("--known", help="a day, or now; as `--on` where left out")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(
        self,
        *args: object,
        slug: str,
        on: str | None,
        known: str | None,
        format: str,
        **options: object,
    ) -> None:
        plan = find_plan(slug)
        today = clock.today(plan.timezone)
        day = read_day("--on", on, today)
        known_day = None if known == "now" else read_day("--known", known, day)
        content = status(plan, day, known_day, today=today)
        if format == "json":
            self.stdout.write(json.dumps(content, ensure_ascii=False, indent=1))
            return
        for line in text_lines(content):
            self.stdout.write(line)


def text_lines(content: Json) -> list[str]:
    """A line for each commitment, action and instalment."""
    text = [f"{content['plan']} on {content['on']}, as known on {content['known']}"]
    for commitment in content["commitments"]:
        counts = ", ".join(f"{count} {state}" for state, count in commitment["counts"].items())
        text.append(f"{commitment['number']:<10}{commitment['state'] or '-':<14}{counts}")
    for action in content["actions"]:
        stale = "  stale" if action["stale"] else ""
        text.append(_line(action["ref"], action, action["last_day"], stale))
    for money in content["contributions"]:
        outstanding = ", ".join(f"{code} {amount}" for code, amount in money["outstanding"].items())
        tail = f"  outstanding {outstanding}" if outstanding else ""
        text.append(_line(f"{money['ref']}/{money['instalment']}", money, money["last_day"], tail))
    return text


def _line(ref: str, row: Json, last: str | None, tail: str) -> str:
    days = "" if row["days"] is None else f"{row['days']} d"
    return f"{ref:<10}{row['state']:<14}{days:<9}{last or '':<11}{tail}".rstrip()
