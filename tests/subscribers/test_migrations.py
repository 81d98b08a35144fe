"""Migrations that move what is stored: nobody's choice is lost on the way, or on the way back."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

BEFORE, AFTER = "0011_rates_and_holds", "0012_length"


def moved(to: str) -> type:
    """Subscribers as they are stored after this migration, which is the last one applied."""
    executor = MigrationExecutor(connection)
    executor.migrate([("subscribers", to)])
    return executor.loader.project_state([("subscribers", to)]).apps.get_model("subscribers", "Subscriber")


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_who_chose_titles_alone_keeps_them_and_all_others_get_short_texts():
    try:
        old = moved(BEFORE)
        for number, titles in enumerate((True, False)):
            old.objects.create(address=f"r{number}@example.org", key=f"{number:032}", titles_only=titles)
        new = moved(AFTER)
        assert list(new.objects.order_by("id").values_list("length", flat=True)) == ["titles", "short"]
        new.objects.create(address="r2@example.org", key=f"{2:032}", length="abstracts")
        old = moved(BEFORE)
        assert list(old.objects.order_by("id").values_list("titles_only", flat=True)) == [True, False, False]
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())
