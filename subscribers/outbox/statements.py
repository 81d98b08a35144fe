"""A statement that is said again and again: on PostgreSQL it is planned once a connection, and answered in binary."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import psycopg
from django.db import connection


def rows(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """What the statement returns. By itself it is a transaction; inside one it is part of that."""
    if connection.vendor != "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall())
    connection.ensure_connection()
    # Django's cursors put the values into the text, so that PostgreSQL has to plan each statement anew.
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        return cursor.execute(statement.encode(), values, prepare=True, binary=True).fetchall()


def array(values: Iterable[object]) -> str:
    """Numbers, or words of plain letters, as PostgreSQL writes an array."""
    return f"{{{','.join(map(str, values))}}}"


def array_of_texts(values: Iterable[str]) -> str:
    """One text or more, without NUL, as PostgreSQL writes an array."""
    joined = "\0".join(values).replace("\\", "\\\\").replace('"', '\\"')
    return '{"' + joined.replace("\0", '","') + '"}'
