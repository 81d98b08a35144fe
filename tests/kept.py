"""What several tests begin with, stored by the service once a process; later its rows are put back as they were."""

from collections.abc import Callable

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection, models

Rows = list[tuple[type[models.Model], list[models.Model]]]
_kept: dict[str, Rows] = {}


def once(name: str, make: Callable[[], None]) -> None:
    """Have in the database what `make` stores there, under a name that nothing else has."""
    if name in _kept:
        _put_back(_kept[name])
        return
    make()
    _kept[name] = [(model, list(model._base_manager.all())) for model in _tables()]


def _tables() -> list[type[models.Model]]:
    """Ours. Which of them is filled first does not matter: references are looked at when a transaction ends."""
    houses = (apps.get_app_config(name) for name in ("digest", "subscribers"))
    return [model for house in houses for model in house.get_models(include_auto_created=True)]


def _put_back(kept: Rows) -> None:
    for model, rows in kept:
        model._base_manager.all()._raw_delete(connection.alias)
        model._base_manager.bulk_create(rows)
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [model for model, _ in kept]):
            cursor.execute(statement)
