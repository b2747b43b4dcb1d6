"""Addresses: short ones for the current plan, the same under /plans/SLUG/ where there are several."""

from django.urls import include, path

from actionplan.api_tokens.views import Tokens
from actionplan.digests import views as digests
from actionplan.jobs import health
from actionplan.overview import views
from actionplan.plan_transfer.views import ExportPlan, LoadPlan
from actionplan.styleguide import StyleGuide
from commitments.views import commitments, recording
from commitments.views.actions import ActionDetail
from commitments.views.entry_files import LoadEntries
from commitments.views.evidence import EvidenceFile
from commitments.views.feeds import RegisterFeed
from commitments.views.register import EntryDetail, Register
from commitments.views.text import Text
from funding import recording as money
from funding import views as funding

plan_pages = [
    path("", views.Overview.as_view(), name="overview"),
    path("commitments/", commitments.ActionList.as_view(), name="commitments"),
    path("commitments/<int:number>/", funding.CommitmentDetail.as_view(), name="commitment"),
    path("actions/<str:ref>/", ActionDetail.as_view(), name="action"),
    path("actions/<str:ref>/report/", recording.Report.as_view(), name="report"),
    path("actions/<str:ref>/move/", recording.Move.as_view(), name="move"),
    path("actions/<str:ref>/decide/", recording.Decide.as_view(), name="decide"),
    path("mine/", commitments.Mine.as_view(), name="mine"),
    path("fund/", funding.FundDetail.as_view(), name="fund"),
    path("fund/pay/<str:ref>/", money.RecordPayment.as_view(), name="pay"),
    path("fund/spend/<str:code>/", money.RecordSpending.as_view(), name="spend"),
    path("text/", Text.as_view(), name="text"),
    path("register/", Register.as_view(), name="register"),
    path("register/load/", LoadEntries.as_view(), name="load-entries"),
    path("register/export/", ExportPlan.as_view(), name="export-plan"),
    path("register/<int:number>/", EntryDetail.as_view(), name="entry"),
    path("register/<int:number>/withdraw/", recording.Withdraw.as_view(), name="withdraw"),
    path("register/<int:number>/confirm/", recording.Confirm.as_view(), name="confirm"),
    path("register/<int:number>/dispute/", recording.Dispute.as_view(), name="dispute"),
    path("register/<int:number>/redact/", recording.Redact.as_view(), name="redact"),
    path("evidence/<uuid:key>/", EvidenceFile.as_view(), name="evidence"),
    path("digests/", digests.Digests.as_view(), name="digests"),
    path("digests/release/", digests.MailRelease.as_view(), name="mail-release"),
    path("digests/preview/", digests.DigestPreview.as_view(), name="digest-preview"),
    path("digests/<int:number>/", digests.DigestDetail.as_view(), name="digest"),
    path("digests/<int:number>/mend/", digests.DigestMend.as_view(), name="digest-mend"),
    path("tokens/", Tokens.as_view(), name="tokens"),
    path("calendar.ics", funding.CalendarFeed.as_view(), name="calendar"),
    path("register.atom", RegisterFeed.as_view(), name="register-feed"),
    path("status.json", views.Status.as_view(), name="status"),
]

urlpatterns = [
    path("", include("actionplan.accounts.urls")),
    path("language/", views.set_language, name="language"),
    path("styleguide/", StyleGuide.as_view(), name="styleguide"),
    path("load-plan/", LoadPlan.as_view(), name="load-plan"),
    path("accessibility/", views.accessibility, name="accessibility"),
    path("unsubscribe/<str:token>/", digests.Unsubscribe.as_view(), name="unsubscribe"),
    path("health/", health.alive, name="health"),
    path("health/ready/", health.ready, name="health-ready"),
    path("health/jobs/", health.working, name="health-jobs"),
    path("plans/<slug:slug>/", include((plan_pages, "plan"))),
    path("", include(plan_pages)),
]

handler400 = "actionplan.error_views.bad_request"
handler403 = "actionplan.error_views.forbidden"
handler404 = "actionplan.error_views.not_found"
handler500 = "actionplan.error_views.server_error"
