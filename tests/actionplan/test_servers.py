import os

import pytest
import redis
from django.db import connection

from tests.servers import on_postgres


@pytest.mark.sqlite
@pytest.mark.django_db
def test_the_database_is_the_one_of_this_run(worker: str) -> None:
    name = str(connection.settings_dict["NAME"])
    assert connection.vendor == ("postgresql" if on_postgres() else "sqlite")
    assert worker in name or "PYTEST_XDIST_WORKER" not in os.environ


def test_each_worker_has_a_queue_of_its_own(worker: str) -> None:
    number = os.environ["REDIS_URL"].rpartition("/")[2]
    expected = (
        str(int(worker.removeprefix("gw")) + 1) if "PYTEST_XDIST_WORKER" in os.environ else "0"
    )
    assert number == expected
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        assert client.ping()
