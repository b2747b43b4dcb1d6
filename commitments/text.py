"""Words made plain for searching: small letters without accents, the same on every database."""

import unicodedata


def plain(text: str) -> str:
    """Élève becomes eleve, so that words are found with or without accents and capitals."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))
