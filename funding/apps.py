from django.apps import AppConfig


class FundingConfig(AppConfig):
    name = "funding"

    def ready(self) -> None:
        from commitments import kinds, standings
        from funding.kinds import KINDS
        from funding.standings import history

        standings.instalment_history = [history]
        kinds.register(KINDS)
