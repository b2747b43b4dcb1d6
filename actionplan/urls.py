"""Addresses: those of a plan stand under /plans/SLUG/, and short ones lead there."""

from django.urls import include, path, register_converter

from actionplan.api_tokens.views import Tokens
from actionplan.between.views import Between
from actionplan.converters import Number
from actionplan.digests import views as digests
from actionplan.jobs import health
from actionplan.overview import views
from actionplan.overview.charts import ChartFile
from actionplan.overview.plans import plans
from actionplan.papers.views import Paper, PaperFile, PaperOrderView
from actionplan.plan_transfer.views import ExportPlan, LoadPlan
from actionplan.schemas import views as schemas
from actionplan.security_txt import PATH, security_txt
from actionplan.styleguide import StyleGuide
from actionplan.webhooks.views import Webhooks
from actionplan.witnesses.views import Witnesses, WitnessFeed
from commitments.views import (
    annotations,
    clearance,
    commitments,
    decisions,
    meetings,
    questions,
    redaction,
    reports,
)
from commitments.views.entry_files import LoadEntries, OpenPlan
from commitments.views.evidence import EvidenceFile, SmallPicture
from commitments.views.feeds import RegisterFeed
from commitments.views.register import EntryDetail, Register
from commitments.views.report_several import ReportSeveral
from funding import recording as money
from funding import views as funding

register_converter(Number, "number")

plan_pages = [
    path("", views.Overview.as_view(), name="overview"),
    path("commitments/", commitments.ActionList.as_view(), name="commitments"),
    path("commitments/<str:number>/", funding.CommitmentDetail.as_view(), name="commitment"),
    path("actions/<str:ref>/", digests.FollowedAction.as_view(), name="action"),
    path("actions/<str:ref>/follow/", digests.FollowAction.as_view(), name="follow"),
    path("actions/<str:ref>/report/", reports.Report.as_view(), name="report"),
    path("actions/<str:ref>/move/", decisions.Move.as_view(), name="move"),
    path("actions/<str:ref>/decide/", decisions.Decide.as_view(), name="decide"),
    path("ask/<str:ref>/", questions.Ask.as_view(), name="ask"),
    path("term/", decisions.MoveTerm.as_view(), name="term"),
    path("mine/", commitments.Mine.as_view(), name="mine"),
    path("mine/report/", ReportSeveral.as_view(), name="report-several"),
    path("mine/confirm/", annotations.ConfirmSeveral.as_view(), name="confirm-several"),
    path("mine/held/release/", clearance.ReleaseSeveral.as_view(), name="release-several"),
    path("mine/held/<number:number>/", clearance.Release.as_view(), name="held"),
    path("mine/held/<number:number>/return/", clearance.SendBack.as_view(), name="send-back"),
    path("mine/held/<number:number>/remove/", clearance.TakeBack.as_view(), name="take-back"),
    path("mine/held/file/<uuid:key>/", clearance.HeldFileView.as_view(), name="held-file"),
    path("mine/held/file/<uuid:key>/small/", clearance.HeldPicture.as_view(), name="held-picture"),
    path("fund/", funding.FundDetail.as_view(), name="fund"),
    path("fund/pay/<str:ref>/", money.RecordPayment.as_view(), name="pay"),
    path("fund/spend/<str:code>/", money.RecordSpending.as_view(), name="spend"),
    path("text/", funding.Text.as_view(), name="text"),
    path("register/", Register.as_view(), name="register"),
    path("register/load/", LoadEntries.as_view(), name="load-entries"),
    path("register/open/", OpenPlan.as_view(), name="open-plan"),
    path("register/export/", ExportPlan.as_view(), name="export-plan"),
    path("register/<number:number>/", EntryDetail.as_view(), name="entry"),
    path("register/<number:number>/withdraw/", annotations.Withdraw.as_view(), name="withdraw"),
    path("register/<number:number>/confirm/", annotations.Confirm.as_view(), name="confirm"),
    path("register/<number:number>/dispute/", annotations.Dispute.as_view(), name="dispute"),
    path("register/<number:number>/ask/", questions.AskAbout.as_view(), name="ask-about"),
    path("register/<number:number>/answer/", questions.Answer.as_view(), name="answer"),
    path("register/<number:number>/redact/", redaction.AskForRedaction.as_view(), name="redact"),
    path("register/<number:number>/agree/", redaction.AgreeToRedaction.as_view(), name="agree"),
    path("evidence/<uuid:key>/", EvidenceFile.as_view(), name="evidence"),
    path("evidence/<uuid:key>/small/", SmallPicture.as_view(), name="picture"),
    path("digests/", digests.Digests.as_view(), name="digests"),
    path("digests/release/", digests.MailRelease.as_view(), name="mail-release"),
    path("digests/preview/", digests.DigestPreview.as_view(), name="digest-preview"),
    path("digests/<number:number>/", digests.DigestDetail.as_view(), name="digest"),
    path("digests/<number:number>/mend/", digests.DigestMend.as_view(), name="digest-mend"),
    path("between/", Between.as_view(), name="between"),
    path("between/paper/", Paper.as_view(), name="paper"),
    path("meetings/", meetings.Meetings.as_view(), name="meetings"),
    path("meetings/add/", meetings.RecordMeeting.as_view(), name="add-meeting"),
    path("meetings/<number:number>/", meetings.RecordMeeting.as_view(), name="change-meeting"),
    path(
        "meetings/<number:number>/conclude/",
        meetings.RecordConclusion.as_view(),
        name="record-conclusion",
    ),
    path("between/paper/<uuid:key>/", PaperOrderView.as_view(), name="paper-order"),
    path("between/paper/<uuid:key>/file/", PaperFile.as_view(), name="paper-file"),
    path("tokens/", Tokens.as_view(), name="tokens"),
    path("webhooks/", Webhooks.as_view(), name="webhooks"),
    path("calendar.ics", funding.CalendarFeed.as_view(), name="calendar"),
    path("register.atom", RegisterFeed.as_view(), name="register-feed"),
    path("witnesses/", Witnesses.as_view(), name="witnesses"),
    path("witness.json", WitnessFeed.as_view(), name="witness"),
    path("charts/<str:name>.svg", ChartFile.as_view(), name="chart"),
    path("status.json", views.Status.as_view(), name="status"),
]

urlpatterns = [
    path("", include("actionplan.accounts.urls")),
    path("language/", views.set_language, name="language"),
    path("styleguide/", StyleGuide.as_view(), name="styleguide"),
    path("load-plan/", LoadPlan.as_view(), name="load-plan"),
    path("accessibility/", views.accessibility, name="accessibility"),
    path(PATH, security_txt, name="security-txt"),
    *(path(name, schemas.document, {"name": name}, name=name) for name in schemas.NAMES),
    path("unsubscribe/<str:token>/", digests.Unsubscribe.as_view(), name="unsubscribe"),
    path("health/", health.alive, name="health"),
    path("health/ready/", health.ready, name="health-ready"),
    path("health/jobs/", health.working, name="health-jobs"),
    path("plans/", plans, name="plans"),
    path("plans/<slug:slug>/", include((plan_pages, "plan"))),
    path("", include(plan_pages)),
]

handler400 = "actionplan.error_views.bad_request"
handler403 = "actionplan.error_views.forbidden"
handler404 = "actionplan.error_views.not_found"
# asked for by allauth, where it counts tries
handler429 = "actionplan.error_views.too_many_requests"
handler500 = "actionplan.error_views.server_error"
