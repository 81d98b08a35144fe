"""On PostgreSQL: leave room in each page of letters, so that a good letter's two updates stay in place (HOT)."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def leave_room(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE subscribers_letter SET (fillfactor = 50)")


class Migration(migrations.Migration):
    dependencies = [("subscribers", "0001_initial")]
    operations = [migrations.RunPython(leave_room, migrations.RunPython.noop)]
