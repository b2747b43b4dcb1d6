"""Papers for a meeting: written at once, or for a long plan by the worker."""

from functools import cached_property
from uuid import UUID

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from actionplan.between.views import Between
from actionplan.models import PaperOrder
from actionplan.papers import orders
from actionplan.papers.writers import (
    CONTENT_TYPES,
    LANGUAGES,
    LENGTHS,
    WRITERS,
    PaperChoice,
    can_write_papers,
    write_paper,
)
from commitments.pages.base import PlanView
from commitments.pages.etag import respond_if_changed

# seconds after which the page of a paper that is not ready asks again
ASK_AGAIN = "3"


class Paper(Between):
    """The comparison of two days as a file: for ministers short, for officials in full."""

    @cached_property
    def choice(self) -> PaperChoice:
        days = self.days
        return PaperChoice(
            earlier=days.earlier.on,
            later=days.later.on,
            is_corrected=days.is_corrected,
            format=self._one_of("format", list(WRITERS)),
            language=self._one_of("language", list(LANGUAGES)),
            length=self._one_of("length", LENGTHS),
        )

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        self._check_choice()
        if not orders.is_written_by_worker(self.page.plan):
            return respond_if_changed(self.page, request, self._write)
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        return render(request, "actionplan/papers/ask.html", {"choice": self.choice})

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Have the worker write it, where it is long."""
        if not request.user.is_authenticated or not self.page.inside:
            return self.handle_no_permission()
        if not orders.is_written_by_worker(self.page.plan):
            return self.get(request)
        self._check_choice()
        order = orders.ask_for_paper(
            self.page.plan, request.user, self.choice, wants_mail="mail" in request.POST
        )
        return HttpResponseRedirect(self.page.url("paper-order", order.pk))

    def _check_choice(self) -> None:
        """Raises BadRequest."""
        _checked = self.choice
        if not can_write_papers():
            raise BadRequest(
                _("This site cannot write papers: its administrator installs actionplan[papers].")
            )

    def _write(self) -> HttpResponse:
        return _as_file(write_paper(self.page, self.choice), self.page.plan.slug, self.choice)

    def _one_of(self, name: str, choices: list[str] | tuple[str, ...]) -> str:
        """One of these, the first where none is named."""
        value = self.request.GET.get(name) or choices[0]
        if value not in choices:
            raise BadRequest(
                _("“%(name)s” can only be one of: %(choices)s.")
                % {"name": name, "choices": ", ".join(choices)}
            )
        return value


class PaperOrderView(PlanView):
    """A paper that the account has asked for: how far it has come, and where it is."""

    def get(self, request: HttpRequest, key: UUID) -> HttpResponse:
        order = self._order(key)
        choice = PaperChoice.from_query(order.choice)
        context = {
            "order": order,
            "choice": choice,
            "is_outdated": orders.has_been_removed_from(order),
            "is_ready": order.state == PaperOrder.State.READY,
            "is_failed": order.state == PaperOrder.State.FAILED,
            "again": self.page.url("paper", **choice.query),
            "back": self.page.url("between", **choice.days_query),
        }
        response = render(request, "actionplan/papers/order.html", context)
        if order.finished is None:
            response.headers["Refresh"] = ASK_AGAIN
        return response

    def _order(self, key: UUID) -> PaperOrder:
        """Raises Http404 for the paper of another account, and for one that is a day old."""
        own = orders.fresh_orders().filter(plan=self.page.plan, by=self.request.user.pk)
        return get_object_or_404(own, pk=key)


class PaperFile(PaperOrderView):
    """The file itself, as far as the account may still read all that is in it."""

    def get(self, request: HttpRequest, key: UUID) -> HttpResponse:
        order = self._order(key)
        if order.content is None or orders.has_been_removed_from(order):
            raise Http404
        choice = PaperChoice.from_query(order.choice)
        return _as_file(bytes(order.content), self.page.plan.slug, choice)


def _as_file(content: bytes, slug: str, choice: PaperChoice) -> HttpResponse:
    response = HttpResponse(content, content_type=CONTENT_TYPES[choice.format])
    name = choice.file_name(slug)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
