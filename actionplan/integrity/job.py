"""The daily verification: what it found last is kept, shown, and told to the managers of all sides."""

from datetime import date

from django.conf import settings
from django.utils import timezone, translation

from actionplan.digests import messages
from actionplan.digests.rendering import render_texts
from actionplan.integrity.verify import Expected, verify_plan
from actionplan.models import Digest, Mark, Verification
from commitments.findings import Finding, in_plain_words
from commitments.models import Membership, Plan, Role

# a mail names so many; all of them stand on the overview
MOST_IN_A_MAIL = 50
# with tables and columns, of which verify_register says all
MOST_FOR_THE_ADMINISTRATOR = 10


def verify_daily(plan: Plan, day: date) -> dict[str, int]:
    """Verify a plan, against the head of the last run as well, and raise the alarm if need be."""
    last = Verification.objects.filter(plan=plan).first()
    expected = [Expected(last.number, last.hash)] if last and last.number else []
    verified = verify_plan(plan, expected=expected)
    head = Expected(verified.number, verified.hash)
    # a head that the register no longer holds stays what is asked for
    if expected and any(finding.kind == "expected" for finding in verified.findings):
        (head,) = expected
    Verification.objects.update_or_create(
        plan=plan,
        defaults={
            "at": timezone.now(),
            "number": head.number,
            "hash": head.hash,
            "findings": [finding.to_json() for finding in verified.findings],
            "notes": [finding.to_json() for finding in verified.notes],
        },
    )
    alarms = 0
    # a restored site shows what it finds, and mails nobody before it is released
    if verified.findings and Mark.when(Mark.MAIL_HELD) is None:
        alarms = queue_alarms(plan, day, verified.findings)
    return {"findings": len(verified.findings), "alarms": alarms}


def queue_alarms(plan: Plan, day: date, findings: list[Finding]) -> int:
    """One mail to each manager of each side, at most one a day, whether or not they want digests;
    returns how many are new.
    """
    managers = Membership.objects.filter(plan=plan, role=Role.MANAGER, user__is_active=True)
    alarms = []
    for membership in managers.select_related("user"):
        alarm = messages.new_digest(plan, membership.user, Digest.Kind.ALARM, day)
        _write_texts(alarm, findings)
        alarms.append(alarm)
    Digest.objects.bulk_create(alarms, ignore_conflicts=True)
    ids = [alarm.message_id for alarm in alarms]
    return Digest.objects.filter(plan=plan, message_id__in=ids).count()


def _write_texts(alarm: Digest, findings: list[Finding]) -> None:
    with translation.override(alarm.language):
        sentences = in_plain_words(findings)
        context = {
            "plan": alarm.plan,
            "on": alarm.week,
            "sentences": sentences[:MOST_IN_A_MAIL],
            "more": max(len(sentences) - MOST_IN_A_MAIL, 0),
            "findings": findings[:MOST_FOR_THE_ADMINISTRATOR],
            "site": settings.SITE_URL,
            "language": alarm.language,
        }
        render_texts("alarm", context).write_to(alarm)
