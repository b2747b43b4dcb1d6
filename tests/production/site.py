"""The whole of a production site on this machine, as the guides in docs/how-to set it up: no trial,
no samples' day.

`python -m tests.production` starts one, says where it is and runs until it is stopped.
"""

import contextlib
from collections.abc import Iterator
from urllib.parse import urlsplit

from tests.faults.world import World
from tests.production.proxy import proxy
from tests.production.tls import PostgresTlsEnd, TlsEnd, certificate


class Production(World):
    """PostgreSQL and Valkey with passwords behind TLS, gunicorn behind a proxy that ends TLS, a
    worker, two beats.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.queue.start()
        (self.folder / "proxy").mkdir()
        self.certificate, key = certificate(self.folder)
        files = self.certificate, key
        database, queue = urlsplit(self.server), urlsplit(self.queue.url)
        self.database_end = PostgresTlsEnd(database.port or 5432, files)
        self.queue_end = TlsEnd(queue.port or 6379, files)
        self.proxy = proxy(self.folder / "proxy", self.port, files)
        self.url = f"https://localhost:{self.proxy.port}"
        trust = f"ssl_cert_reqs=required&ssl_ca_certs={self.certificate}"
        self.queue_url = f"rediss://:{queue.password}@localhost:{self.queue_end.port}/0?{trust}"

    def environment(self, database: str) -> dict[str, str]:
        found = super().environment(database)
        if database == self.database:
            place = urlsplit(self._address(database))
            safe = place._replace(
                netloc=f"{place.username}:{place.password}@localhost:{self.database_end.port}",
                query=f"sslmode=verify-full&sslrootcert={self.certificate}",
            )
            found |= {
                "DATABASE_URL": safe.geturl(),
                "ACTIONPLAN_TRIAL": "0",
                "ALLOWED_HOSTS": "localhost,127.0.0.1",
            }
        return found

    def start_all(self) -> None:
        self.open()
        self.serve()
        self.worker()
        for number in (1, 2):
            self.beat_was_down(number)
            self.beat(number)

    def close(self) -> None:
        self.proxy.close()
        super().close()
        for end in (self.database_end, self.queue_end):
            end.close()


@contextlib.contextmanager
def production(name: str) -> Iterator[Production]:
    site = Production(name)
    try:
        site.start_all()
        yield site
    finally:
        site.close()
