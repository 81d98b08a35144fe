"""How much a digest says of each paper, in three steps where there were two."""

from django.apps.registry import Apps as StateApps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def keep_titles(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Who chose titles alone keeps them; everybody else gets the new default."""
    apps.get_model('subscribers', 'Subscriber').objects.filter(titles_only=True).update(length='titles')


def mark_titles(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """The way back."""
    apps.get_model('subscribers', 'Subscriber').objects.filter(length='titles').update(titles_only=True)


class Migration(migrations.Migration):

    dependencies = [
        ('subscribers', '0011_rates_and_holds'),
    ]

    operations = [
        migrations.AddField(
            model_name='subscriber',
            name='length',
            field=models.CharField(choices=[('short', 'a short text of each paper'), ('abstracts', 'whole abstracts'), ('titles', 'titles only')], db_default='short', default='short', max_length=10),
        ),
        migrations.RunPython(keep_titles, mark_titles),
        migrations.RemoveField(
            model_name='subscriber',
            name='titles_only',
        ),
    ]
