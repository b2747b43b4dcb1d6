"""`python -m tests.schemas` writes docs/reference/openapi.json and the schemas beside it."""

import json
import os
from pathlib import Path

import django

REFERENCE = Path(__file__).parent.parent / "docs" / "reference"


def published() -> dict[str, str]:
    """The text of each document by the name of its file."""
    from actionplan.schemas.views import documents

    return {
        name: json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
        for name, schema in documents().items()
    }


if __name__ == "__main__":
    # settings need them; nothing is stored
    os.environ["SECRET_KEY"] = "only-for-schemas-that-store-nothing-and-serve-nobody"
    os.environ["DATABASE_URL"] = "sqlite:///:memory:"
    os.environ["DJANGO_SETTINGS_MODULE"] = "actionplan.settings"
    django.setup()
    for file_name, text in published().items():
        (REFERENCE / file_name).write_text(text)
