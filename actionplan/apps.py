from django.apps import AppConfig


class ActionplanConfig(AppConfig):
    name = "actionplan"
    default_auto_field = "django.db.models.BigAutoField"
