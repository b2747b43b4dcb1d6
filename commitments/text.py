"""Words made plain for searching: small letters without accents, the same on every database."""

import unicodedata


def plain(text: str) -> str:
    """Élève becomes eleve; what is written with or without accents, in capitals or not, is found
    alike.
    """
    parted = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in parted if not unicodedata.combining(sign))
