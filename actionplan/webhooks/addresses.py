"""Which addresses a webhook may have, and to which networks it may lead.

Who adds an address must not reach through this site what only this site's own network reaches. So
a name is resolved once for each delivery, each address that it has is checked, and the connection
goes to one of these: what the name means a moment later changes nothing.
"""

import ipaddress
import re
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

PORTS = {"http": 80, "https": 443}
GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class NoAddress(ValueError):
    """A text is not the address of a server that could be called."""


class ForbiddenNetwork(Exception):
    """An address leads to a network that deliveries do not enter."""


@dataclass(frozen=True)
class Address:
    """An address in the parts that a request needs."""

    scheme: str
    host: str
    port: int
    netloc: str
    target: str


def read_address(text: str) -> Address:
    """Raises NoAddress, and ForbiddenNetwork for one that is forbidden whatever it resolves to."""
    if not re.fullmatch(r"[!-~]{1,500}", text):
        raise NoAddress(text)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise NoAddress(text) from error
    if parts.scheme not in PORTS or not parts.hostname or port == 0:
        raise NoAddress(text)
    if "@" in parts.netloc or "\\" in parts.netloc or parts.fragment:
        raise NoAddress(text)
    if parts.scheme == "http" and not settings.WEBHOOKS_TO_PRIVATE_NETWORKS:
        raise NoAddress(text)
    query = f"?{parts.query}" if parts.query else ""
    address = Address(
        scheme=parts.scheme,
        host=parts.hostname,
        port=port or PORTS[parts.scheme],
        netloc=parts.netloc,
        target=(parts.path or "/") + query,
    )
    _check_number(address)
    return address


def _check_number(address: Address) -> None:
    """Refuse a forbidden number at once, in whatever way it is written; names are not looked up."""
    try:
        infos = socket.getaddrinfo(address.host, address.port, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return
    _check(str(info[4][0]) for info in infos)


def resolve(address: Address, seconds: float) -> list[str]:
    """The numbers that the host has now. Raises OSError, TimeoutError, ForbiddenNetwork."""
    # the system's own look-up has no bound: it is left to end by itself
    executor = ThreadPoolExecutor(max_workers=1)
    try:
        look_up = executor.submit(
            socket.getaddrinfo, address.host, address.port, type=socket.SOCK_STREAM
        )
        infos = look_up.result(timeout=seconds)
    except UnicodeError as error:
        raise socket.gaierror(str(error)) from error
    finally:
        executor.shutdown(wait=False)
    numbers = list(dict.fromkeys(str(info[4][0]) for info in infos))
    _check(numbers)
    return numbers


def _check(numbers: Iterable[str]) -> None:
    if settings.WEBHOOKS_TO_PRIVATE_NETWORKS:
        return
    for number in numbers:
        if not is_public(ipaddress.ip_address(number)):
            raise ForbiddenNetwork(number)


def is_public(number: IpAddress) -> bool:
    """Whether it is a server on the internet, and nothing that this machine or its network is."""
    if isinstance(number, ipaddress.IPv6Address):
        carried = _carried_number(number)
        if carried is not None:
            return is_public(carried)
        if number not in GLOBAL_UNICAST:
            return False
    return number.is_global and not (number.is_multicast or number.is_reserved)


def _carried_number(number: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 number that an IPv6 one stands for: mapped, 6to4, Teredo."""
    if number.teredo is not None:
        return number.teredo[1]
    return number.ipv4_mapped or number.sixtofour
