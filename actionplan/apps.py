from django.apps import AppConfig


class ActionplanConfig(AppConfig):
    name = "actionplan"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from actionplan.accounts import receivers  # noqa: F401  listens from here on
