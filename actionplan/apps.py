from django.apps import AppConfig
from django.contrib.staticfiles.apps import StaticFilesConfig


class ActionplanConfig(AppConfig):
    name = "actionplan"

    def ready(self) -> None:
        # connects the receivers of its signals
        from actionplan.accounts import signals  # noqa: F401


class StaticFiles(StaticFilesConfig):
    """Collects of Bootstrap's package only the style sheet that pages use, and its source map."""

    ignore_patterns = [
        *StaticFilesConfig.ignore_patterns,
        "bootstrap-*",
        "bootstrap.rtl.*",
        "bootstrap.css*",
    ]
