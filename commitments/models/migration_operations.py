"""Steps of migrations that do not stop a running site."""

from typing import Any

from django.db import migrations


class AddIndexWhileRunning(migrations.AddIndex):
    """An index on a table in use: PostgreSQL builds it beside the writers. Its migration says
    `atomic = False`.
    """

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        schema_editor.add_index(model, self.index, concurrently=True)
