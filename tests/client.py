"""The test client, as a reader: short addresses of pages lead on to permanent ones."""

import re
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.test import Client as DjangoClient
from django.utils.html import strip_tags

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response


class Client(DjangoClient):
    """Follows the redirect from a short address of a plan's page, such as /register/, to its
    permanent one; every other redirect is left to the test.
    """

    def request(self, **request: Any) -> "Response":
        response = super().request(**request)
        location = urlsplit(response.headers.get("Location", ""))
        is_short = location.path.startswith("/plans/") and location.path.endswith(
            request["PATH_INFO"]
        )
        if request["REQUEST_METHOD"] == "GET" and is_short:
            permanent = {"PATH_INFO": location.path, "QUERY_STRING": location.query}
            return super().request(**request | permanent)
        return response


def read_page(client: Client, address: str) -> str:
    """What stands on the page, as somebody reads it."""
    html = client.get(address).content.decode()
    main = html.partition("<main")[2].partition("</main>")[0]
    apart = re.sub(r"<(td|th|tr|div|p|li|dd|dt|h\d|b|span)\b", r" <\1", main)
    return " ".join(unescape(strip_tags(apart)).split())
