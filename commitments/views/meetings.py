"""The meetings of a plan: the list, and the pages on which people record them and what came of them."""

from functools import cached_property
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.translation import gettext as _

from commitments.forms.entries import ConclusionForm, MeetingForm, action_choices
from commitments.models import Action, Entry
from commitments.pages import labels
from commitments.pages.base import KeptView
from commitments.pages.meetings import Meeting, meetings_on
from commitments.register import permissions, services
from commitments.views.recording import RecordingView


class Meetings(KeptView):
    """Planned and held, with what was concluded and decided, and what has changed since."""

    public = True
    template_name = "commitments/meetings/body.html"

    def content(self) -> dict[str, object]:
        page = self.page
        meetings = meetings_on(page)
        return {
            "title": _("Meetings"),
            "to_come": [each for each in reversed(meetings) if not each.is_on_or_before(page.on)],
            "past": [each for each in meetings if each.is_on_or_before(page.on)],
            "can_record": permissions.can_record_meetings(page.rights),
        }


class MeetingRecording(RecordingView):
    """Recording about a meeting: the subject is the one of the address, None for a new one."""

    @cached_property
    def subject(self) -> Meeting | None:
        meeting = self._find_meeting(self.kwargs.get("number"))
        if not permissions.can_record_meetings(self.page.rights):
            raise PermissionDenied
        return meeting

    def _find_meeting(self, number: int | None) -> Meeting | None:
        if number is None:
            return None
        for meeting in meetings_on(self.page):
            if meeting.entry.number == number:
                return meeting
        raise Http404

    def get_success_url(self) -> str:
        return self.page.url("meetings")


class RecordMeeting(MeetingRecording):
    """A meeting that is planned, was held, or takes place on another day."""

    template_name = "commitments/meetings/record.html"
    form_class = MeetingForm

    def get_initial(self) -> dict[str, object]:
        initial = super().get_initial()
        if self.subject is None:
            return {"day": "", **{k: v for k, v in initial.items() if k != "day"}}
        row = self.subject.row
        known = {
            "name": self.subject.name,
            "day": labels.edtf(self.subject.when),
            "place": getattr(getattr(row.entry, "text", None), "note", ""),
        }
        return known | {name: initial[name] for name in initial if name != "day"}

    def record(self, form: MeetingForm, newest_seen: int | None) -> Entry:
        arguments = self.arguments(form, "name", "place")
        return services.record_meeting(
            plan=self.page.plan,
            when=form.cleaned_data["effective"],
            to=self.subject.entry if self.subject else None,
            **arguments,
        )


class RecordConclusion(MeetingRecording):
    """What was concluded at a meeting that has been."""

    template_name = "commitments/meetings/conclude.html"
    form_class = ConclusionForm

    def get_form_kwargs(self) -> dict[str, Any]:
        actions = Action.objects.filter(plan=self.page.plan).order_by("position")
        return {
            **super().get_form_kwargs(),
            "plan": self.page.plan,
            "by": self.request.user.pk,
            "actions": action_choices(actions),
        }

    def record(self, form: ConclusionForm, newest_seen: int | None) -> Entry:
        assert self.subject is not None
        meeting = self.subject.entry
        meeting.plan = self.page.plan
        return services.record_conclusion(
            meeting=meeting,
            evidence=form.evidence,
            **self.arguments(form, "note", "ref", "source"),
        )
