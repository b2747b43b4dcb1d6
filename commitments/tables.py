"""The list of actions, for the page and for its export."""

from typing import Any

import django_tables2 as tables
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from commitments import labels
from commitments.filters import MOST_URGENT
from commitments.models import Standing
from commitments.pages import Page
from commitments.templatetags.plan import localized


class ActionTable(tables.Table):
    ref = tables.Column(accessor="obligation__ref", verbose_name=_("Ref"), order_by="obligation__action__position")
    action = tables.Column(accessor="obligation__action__title", verbose_name=_("Action"), orderable=False)
    state = tables.Column(verbose_name=_("State"), order_by=MOST_URGENT)
    deadline = tables.Column(
        accessor="words",
        verbose_name=_("Deadline"),
        order_by=("last_day", "obligation__action__position"),
        empty_values=(),
        attrs={"td": {"class": "deadline"}},
    )
    days = tables.Column(accessor="pk", verbose_name=_("Days"), orderable=False)
    modality = tables.Column(verbose_name=_("Modality"), order_by=("modality", "obligation__action__position"))
    notice = tables.Column(accessor="pk", verbose_name=_("Notice"), orderable=False)

    class Meta:
        attrs = {"class": "table"}
        order_by = "state"
        empty_text = _("No action matches.")

    def __init__(self, *args: Any, page: Page, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.page_ = page

    def render_action(self, value: dict[str, str], record: Standing) -> str:
        return format_html('<a href="{}">{}</a>', self.page_.url("action", record.obligation.ref), localized(value))

    def render_state(self, value: str) -> str:
        return format_html(
            '<span class="state state-{}">{}</span>',
            value,
            labels.STATES[value],  # type: ignore[index]
        )

    def render_deadline(self, record: Standing) -> str:
        words = format_html('<q lang="{}">{}</q> ', self.page_.plan.languages[0], record.words) if record.words else ""
        last = labels.short_day(record.last_day)
        return format_html("{}<span>{}</span>", words, last) if words or last else "—"

    def render_days(self, record: Standing) -> str:
        return labels.days(record, self.page_.on)

    def render_modality(self, value: str) -> str:
        return str(labels.MODALITIES.get(value, value))

    def render_notice(self, record: Standing) -> str:
        notices = [
            _("stale") if record.stale_since else "",
            _("never reported") if record.never_reported and record.scored else "",
            _("sides differ") if record.sides_differ else "",
            _("disputed") if record.disputed else "",
        ]
        return ", ".join(str(notice) for notice in notices if notice)
