from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from actionplan import digest, jobs, outbox
from commitments import clock, console
from commitments.models import Plan


class Command(BaseCommand):
    help = "Sends the digests of the week that ended before a day's, at any hour; nobody gets one twice."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--on", help="a past day; today where left out")
        parser.add_argument("--dry-run", action="store_true", help="only say who would get what")

    def handle(self, *args: Any, **options: Any) -> None:
        for plan in Plan.objects.all():
            day = console.day("--on", options["on"], clock.today(plan.timezone))
            if options["dry_run"] and day <= clock.today(plan.timezone):
                self._say(plan, digest.week_before(day))
                continue
            try:
                done = jobs.run("send_digests", plan, day)
            except jobs.FutureDay as error:
                console.fail([str(error)])
            counts = ", ".join(f"{done[name]} {name}" for name in ("queued", "sent", "failed", "retried"))
            self.stdout.write(f"{plan.slug} {done['day']}: {counts}")

    def _say(self, plan: Plan, week: Any) -> None:
        for user, kind in outbox.recipients(plan):
            content, rendered = digest.rendered(plan, user, week, user.language or settings.LANGUAGE_CODE)
            subject = "nothing to say" if content.is_empty else rendered["subject"]
            self.stdout.write(f"{plan.slug} {week} {kind} {user.pk} ({user.post}): {subject}")
