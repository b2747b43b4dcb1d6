"""Languages of a plan: tags of BCP 47, as far as their parts are known to the CLDR.

langcodes was looked at: it would be a dependency for one question that Babel's names answer.
"""

import re

from babel import Locale

_TAG = re.compile(
    r"(?P<language>[a-z]{2,3})(?:-(?P<script>[a-z]{4}))?(?:-(?P<region>[a-z]{2}|\d{3}))?"
    r"(?P<variants>(?:-(?:[a-z0-9]{5,8}|\d[a-z0-9]{3}))*)",
    re.ASCII | re.IGNORECASE,
)
# they stand for no one language
_NO_LANGUAGE = ("und", "mul", "mis", "zxx")


def canonical_tag(tag: str) -> str:
    """The tag as it is written, such as fr-CA; empty for what names no language."""
    match = _TAG.fullmatch(tag)
    if not match:
        return ""
    names = Locale("en")
    language = match["language"].lower()
    script = (match["script"] or "").title()
    region = (match["region"] or "").upper()
    is_known = (
        language in names.languages
        and language not in _NO_LANGUAGE
        and (not script or script in names.scripts)
        and (not region or region in names.territories)
    )
    if not is_known:
        return ""
    parts = [part for part in (language, script, region) if part]
    return "-".join(parts) + match["variants"].lower()
