"""Hands one body over to one address: within a bound of time, and without following anything.

`requests` and `urllib3` were looked at: their times are those of each read, so that a server that
answers a byte at a time holds a worker for as long as it likes.
"""

import socket
import ssl
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from threading import Timer
from time import monotonic

from actionplan.models import WebhookDelivery
from actionplan.webhooks.addresses import (
    Address,
    ForbiddenNetwork,
    NoAddress,
    read_address,
    resolve,
)

Problem = WebhookDelivery.Problem
# a whole delivery, from the name's look-up to the end of the answer
SECONDS = 10.0
# of an answer; only its status counts
BYTES_READ = 16 * 1024


class NotDelivered(Exception):
    """The receiver did not take it, or nobody knows whether it did."""

    def __init__(self, problem: Problem, status: int | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.status = status


class NoConnection(OSError):
    """None of the numbers of a host answers."""


class Connection(HTTPConnection):
    """A connection on a socket that is there already, so that no name is looked up again."""

    def __init__(self, address: Address, opened: socket.socket) -> None:
        super().__init__(address.host, address.port)
        self.opened = opened

    def connect(self) -> None:
        self.sock = self.opened


def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """The status of the answer, one of those that mean "taken". Raises NotDelivered."""
    end = monotonic() + SECONDS
    try:
        address = read_address(url)
        status = _post(address, body, headers, end)
    except (NoAddress, ForbiddenNetwork) as error:
        raise NotDelivered(Problem.ADDRESS) from error
    except socket.gaierror as error:
        raise NotDelivered(Problem.NAME) from error
    except ssl.SSLCertVerificationError as error:
        raise NotDelivered(Problem.CERTIFICATE) from error
    except (OSError, HTTPException) as error:
        is_late = isinstance(error, TimeoutError) or monotonic() >= end
        raise NotDelivered(Problem.TIME if is_late else _problem_of(error)) from error
    if not 200 <= status < 300:
        raise NotDelivered(Problem.STATUS, status)
    return status


def _problem_of(error: Exception) -> Problem:
    return Problem.CONNECTION if isinstance(error, NoConnection) else Problem.ANSWER


def _post(address: Address, body: bytes, headers: dict[str, str], end: float) -> int:
    opened = _connect(resolve(address, end - monotonic()), address.port, end)
    try:
        if address.scheme == "https":
            context = ssl.create_default_context()
            # the timeout of the socket bounds the whole handshake
            opened = context.wrap_socket(opened, server_hostname=address.host)
        # each read has a bound of its own; this one is for all of them
        timer = Timer(max(end - monotonic(), 0), _cut, [opened])
        timer.start()
        try:
            return _exchange(Connection(address, opened), address, body, headers, end)
        finally:
            timer.cancel()
    finally:
        opened.close()


def _connect(numbers: list[str], port: int, end: float) -> socket.socket:
    """Connect to the first of the numbers that answers, within the time that is left."""
    for number in numbers:
        remaining = end - monotonic()
        if remaining <= 0:
            raise TimeoutError
        with suppress(OSError):
            return socket.create_connection((number, port), timeout=remaining)
    if monotonic() >= end:
        raise TimeoutError
    raise NoConnection


def _cut(opened: socket.socket) -> None:
    with suppress(OSError):
        opened.shutdown(socket.SHUT_RDWR)


def _exchange(
    connection: Connection, address: Address, body: bytes, headers: dict[str, str], end: float
) -> int:
    connection.request(
        "POST",
        address.target,
        body,
        {"Host": address.netloc, "Connection": "close", **headers},
    )
    with closing(connection.getresponse()) as response:
        if monotonic() >= end:
            # cut in the middle of its head, which the library takes for the whole
            raise TimeoutError
        # the rest is read so that the receiver can end in order; it decides nothing
        with suppress(OSError, HTTPException):
            response.read(BYTES_READ)
        return response.status
