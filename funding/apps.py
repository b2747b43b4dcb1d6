from django.apps import AppConfig


class FundingConfig(AppConfig):
    name = "funding"

    def ready(self) -> None:
        from commitments.register import entry_types, histories
        from funding.entry_types import KINDS
        from funding.histories import instalment_history

        histories.instalment_history = instalment_history
        entry_types.add_entry_types(KINDS)
