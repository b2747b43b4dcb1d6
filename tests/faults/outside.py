"""What a test of a fault sees of a site and does to it from outside, the same on both databases."""

from typing import Any

from tests.faults.smtp import SmtpServer

WAITING = "SELECT count(*) FROM actionplan_digest WHERE state IN ('queued', 'sending')"


class Outside:
    """A site with its mail server; how it runs is for others to say."""

    post: SmtpServer

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """With %s for each value."""
        raise NotImplementedError

    def manage(self, *arguments: str, **environ: str) -> str:
        """A command, to its end, which must be a good one; what it said."""
        raise NotImplementedError

    def value(self, query: str, *values: Any) -> Any:
        return self.rows(query, *values)[0][0]

    def recipients(self) -> list[str]:
        """Who gets a digest."""
        found = self.rows(
            "SELECT email FROM actionplan_user u JOIN commitments_membership m ON m.user_id = u.id "
            "WHERE is_active AND role IN ('official', 'manager') ORDER BY u.id"
        )
        return [email for (email,) in found]

    def only(self, people: int) -> list[str]:
        """All other accounts but the administrator's are disabled; gives the addresses of those who
        get a digest.
        """
        chosen = self.recipients()[:people]
        marks = ", ".join(["%s"] * len(chosen))
        self.rows(
            f"UPDATE actionplan_user SET is_active = (email IN ({marks}) OR is_superuser)",  # noqa: S608
            *chosen,
        )
        return chosen

    def later(self) -> None:
        """So much time passes that every wait and every lease is over. To be called while nobody
        sends.
        """
        self.rows(
            "UPDATE actionplan_digest SET next_try = CURRENT_TIMESTAMP WHERE state = 'queued'"
        )
        self.rows(
            "UPDATE actionplan_digest SET lease_until = CURRENT_TIMESTAMP WHERE state = 'sending'"
        )

    def finish_digests(self, rounds: int = 6) -> None:
        """As many runs, each a while later, as it takes until every digest has come to an end."""
        for _round in range(rounds):
            self.later()
            self.manage("run_due_jobs")
            if not self.value(WAITING):
                return
        raise AssertionError(f"{self.value(WAITING)} digests wait after {rounds} rounds")
