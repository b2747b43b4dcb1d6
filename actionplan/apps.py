import gc

from django.apps import AppConfig


class ActionplanConfig(AppConfig):
    name = "actionplan"

    def ready(self) -> None:
        # a page or a job makes thousands of objects that last as long as it: looking for garbage
        # among them less often takes a sixth off its time
        gc.set_threshold(20_000)
        from actionplan.accounts import signals  # noqa: F401  listens from here on
