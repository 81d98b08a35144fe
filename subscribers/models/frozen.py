"""A column for what is written once and never looked into by the database."""

from __future__ import annotations

import json
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class Frozen(models.JSONField):
    """JSON that is written once and read whole: on PostgreSQL the text as it stands (`json`).

    Taken apart (`jsonb`) it is a third larger in each of a letter's two changes, and reading it costs twice as much.
    It can't be compared or searched.
    """

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        return "json" if connection.vendor == "postgresql" else super().db_type(connection)

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:  # noqa: ARG002
        return json.dumps(value, separators=(",", ":"))

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> Any:  # noqa: ARG002
        return json.loads(value) if isinstance(value, str) else value  # psycopg reads it by itself
