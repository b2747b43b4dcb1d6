from datetime import date
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from actionplan.digests import rendering
from actionplan.digests.recipients import recipients
from actionplan.jobs import runner
from commitments import clock
from commitments.management import arguments
from commitments.models import Plan


class Command(BaseCommand):
    help = "Sends the digests of the week that ended before a day's, at any hour; nobody gets one twice."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--on", help="a past day; today where left out")
        parser.add_argument("--dry-run", action="store_true", help="only say who would get what")

    def handle(self, *args: Any, **options: Any) -> None:
        for plan in Plan.objects.all():
            day = arguments.read_day("--on", options["on"], clock.today(plan.timezone))
            if options["dry_run"] and day <= clock.today(plan.timezone):
                self._list_recipients(plan, rendering.week_before(day))
                continue
            try:
                done = runner.run("send_digests", plan, day)
            except runner.FutureDay as error:
                arguments.fail([str(error)])
            counts = ", ".join(
                f"{done[name]} {name}" for name in ("queued", "sent", "failed", "retried")
            )
            self.stdout.write(f"{plan.slug} {done['day']}: {counts}")

    def _list_recipients(self, plan: Plan, week: date) -> None:
        for recipient in recipients(plan, week):
            user = recipient.user
            language = user.language or settings.LANGUAGE_CODE
            content, texts = rendering.render_for(plan, user, week, language)
            subject = "nothing to say" if content.is_empty else texts.subject
            self.stdout.write(
                f"{plan.slug} {week} {recipient.kind} {user.pk} ({user.post}): {subject}"
            )
