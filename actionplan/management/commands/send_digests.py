from datetime import date

from django.core.management.base import CommandParser

from actionplan.digests.content import Week, week_before
from actionplan.digests.recipients import recipients
from actionplan.digests.rendering import Renderer
from actionplan.jobs import runner
from commitments import clock
from commitments.management.arguments import SiteCommand, plans_with_day
from commitments.models import Plan


class Command(SiteCommand):
    help = "Sends the digests of the week that ended before a day's, at any hour; nobody gets one twice."
    refusals = (runner.FutureDay,)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--on", help="a past day; today where left out")
        parser.add_argument("--dry-run", action="store_true", help="only say who would get what")

    def handle(self, *args: object, on: str | None, dry_run: bool, **options: object) -> None:
        for plan, day in plans_with_day(on):
            if dry_run and day <= clock.today(plan.timezone):
                self._list_recipients(plan, week_before(day))
                continue
            done = runner.run("send_digests", plan, day)
            counts = ", ".join(
                f"{done[name]} {name}" for name in ("queued", "sent", "failed", "retried")
            )
            self.stdout.write(f"{plan.slug} {done['day']}: {counts}")

    def _list_recipients(self, plan: Plan, week: date) -> None:
        renderer = Renderer(Week(plan, week))
        for recipient in recipients(plan, week):
            user = recipient.user
            texts = renderer.render(recipient, user.mail_language)
            subject = "nothing to say" if texts.is_empty else texts.subject
            self.stdout.write(
                f"{plan.slug} {week} {recipient.role} {user.pk} ({user.post}): {subject}"
            )
