"""The source that every installation starts with, and the counter of changes."""

from django.apps.registry import Apps as StateApps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def add(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("digest", "Source").objects.get_or_create(
        slug="huggingface",
        defaults={"short": "hf", "kind": "hf", "url": "https://huggingface.co/api/daily_papers", "closes": 29},
    )
    apps.get_model("digest", "Counter").objects.get_or_create(name="change", defaults={"value": 0})


class Migration(migrations.Migration):
    dependencies = [("digest", "0001_initial")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
