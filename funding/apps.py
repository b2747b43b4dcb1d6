from django.apps import AppConfig


class FundingConfig(AppConfig):
    name = "funding"

    def ready(self) -> None:
        from commitments.register import entry_types, standings
        from funding.entry_types import KINDS
        from funding.standings import history

        standings.instalment_history = [history]
        entry_types.register(KINDS)
