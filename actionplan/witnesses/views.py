"""What witnesses read and hand back, and the page that says who they are."""

from typing import Any, TypedDict

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt

from actionplan.models import Checkpoint, SigningKey, User, WitnessKey
from actionplan.witnesses import checkpoints, notes
from actionplan.witnesses.proofs import BATCH, Proof, iter_proofs
from commitments import clock
from commitments.models import Role
from commitments.pages.base import PlanView

FORMAT = 1
# a signed note is shorter by far
LONGEST_NOTE = 10_000


class WitnessContent(TypedDict):
    format: int
    origin: str
    keys: list[checkpoints.SiteKey]
    checkpoint: str | None
    entries: list[Proof]


class Seen(TypedDict):
    seen: int


# a note is believed for its signature, whoever brings it
@method_decorator(csrf_exempt, name="dispatch")
class WitnessFeed(PlanView):
    """GET reads a part of the register with its checkpoint; POST hands a signed checkpoint back."""

    def get(self, request: HttpRequest) -> HttpResponse:
        plan = self.page.plan
        number = request.GET.get("after", "0")
        after = int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 0
        # The checkpoint first: what is recorded meanwhile stands behind it.
        checkpoint = checkpoints.sign_head(plan, clock.now(plan.timezone))
        content: WitnessContent = {
            "format": FORMAT,
            "origin": checkpoints.origin_of(plan),
            "keys": checkpoints.describe_site_keys(),
            "checkpoint": checkpoint.note if checkpoint else None,
            "entries": list(iter_proofs(plan, after=after, most=BATCH, hidden_on=self.page.today)),
        }
        return JsonResponse(content, json_dumps_params={"ensure_ascii": False})

    def post(self, request: HttpRequest) -> HttpResponse:
        if not hasattr(request, "only_plan"):
            # a browser has nothing to hand over
            return self.http_method_not_allowed(request)
        plan = self.page.plan
        try:
            if int(request.headers.get("Content-Length") or 0) > LONGEST_NOTE:
                raise checkpoints.SignatureRefused("this is too long for a signed note")
            note = request.body.decode()
            checkpoint = checkpoints.record_signature(plan, note, clock.now(plan.timezone))
        except (UnicodeDecodeError, checkpoints.SignatureRefused) as refusal:
            return JsonResponse({"error": str(refusal)}, status=422)
        return JsonResponse(Seen(seen=checkpoint.number))


class KeyForm(forms.Form):
    key = forms.CharField(
        label=gettext_lazy("Key of the witness"),
        help_text=gettext_lazy("The line that actionplan-witness shows when it is set up."),
        max_length=200,
    )


class Witnesses(PlanView):
    """The checkpoint of the register, the site's keys, and the witnesses of each side."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(KeyForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        if not self._manages:
            raise PermissionDenied
        user = request.user
        assert user.is_authenticated
        plan = self.page.plan
        now = clock.now(plan.timezone)
        if "end" in request.POST:
            self._end(request.POST["end"], user)
            return HttpResponseRedirect(self.page.url("witnesses"))
        form = KeyForm(request.POST)
        if form.is_valid():
            try:
                side = self.page.rights.side
                text = form.cleaned_data["key"]
                checkpoints.register_key(plan, side=side, text=text, by=user, now=now)
            except notes.NoNote:
                form.add_error("key", _("This is no key of a witness: copy its whole line."))
        if form.is_valid():
            messages.success(request, _("The witness is registered."))
            return HttpResponseRedirect(self.page.url("witnesses"))
        return self._show(form, status=422)

    @property
    def _manages(self) -> bool:
        rights = self.page.rights
        return rights.role == Role.MANAGER and bool(rights.side)

    def _end(self, number: str, user: User) -> None:
        plan = self.page.plan
        keys = WitnessKey.objects.filter(plan=plan, side=self.page.rights.side)
        is_number = number.isascii() and number.isdigit() and len(number) < 10
        key = get_object_or_404(keys, pk=int(number) if is_number else 0)
        checkpoints.end_key(key, by=user, now=clock.now(plan.timezone))
        messages.success(self.request, _("Signatures of this witness are no longer taken."))

    def _show(self, form: KeyForm, status: int = 200) -> HttpResponse:
        plan = self.page.plan
        now = clock.now(plan.timezone)
        checkpoint = checkpoints.sign_head(plan, now)
        context: dict[str, Any] = {
            "page": self.page,
            "form": form,
            "manages": self._manages,
            "sightings": checkpoints.sightings(plan, now),
            "keys": WitnessKey.objects.filter(plan=plan).select_related("by"),
            "site_keys": SigningKey.objects.all(),
            "origin": checkpoints.origin_of(plan),
            "checkpoint": checkpoint or Checkpoint.objects.filter(plan=plan).last(),
            "is_signed": checkpoint is not None,
        }
        return render(self.request, "actionplan/witnesses.html", context, status=status)
