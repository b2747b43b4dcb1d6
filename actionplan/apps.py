from django.apps import AppConfig


class ActionplanConfig(AppConfig):
    name = "actionplan"

    def ready(self) -> None:
        # connects the receivers of its signals
        from actionplan.accounts import signals  # noqa: F401
