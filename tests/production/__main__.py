"""`python -m tests.production`: a production site on this machine until Ctrl-C or SIGTERM; needs
nothing installed.
"""

import os
import signal
from collections.abc import Callable
from contextlib import ExitStack

from tests import servers


class Cleanups(ExitStack):
    def add_cleanup(self, func: Callable[[], None]) -> None:
        self.callback(func)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "actionplan.settings")
    os.environ.pop("DATABASE_URL", None)
    with Cleanups() as cleanups:
        servers.start_all(cleanups, sqlite=False)
        from tests.production.site import production

        with production("by-hand") as site:
            print(
                f"{site.url}/ (its certificate: {site.certificate}); mail is caught on port {site.post.port}"
            )
            print("Ctrl-C ends everything.", flush=True)
            signal.sigwait({signal.SIGINT, signal.SIGTERM})


if __name__ == "__main__":
    main()
