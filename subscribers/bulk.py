"""Very many rows at once, for what publish reads and writes: COPY and one UPDATE on PostgreSQL, many sets of parameters
elsewhere.

A tenth of what `bulk_create` costs. What the database checks it checks as ever, and says as ever: an IntegrityError for
a row that is there already. A call runs inside the caller's transaction; its rows are all written or none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from django.db import connection
from django.db.models import Field, Model, TextField
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast

Value = str | int | bytes | None  # as the database reads it: see `instant`; JSON as its text


def insert(model: type[Model], columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
    """Rows with a value for each of these columns. Name all that can't be NULL: no default of the model counts."""
    quote = connection.ops.quote_name
    table, names = quote(model._meta.db_table), ", ".join(map(quote, columns))
    with connection.wrap_database_errors, connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            places = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", list(rows))  # noqa: S608 - names of ours


def update(model: type[Model], columns: Sequence[str], rows: Collection[Sequence[str | int | None]]) -> None:
    """Set these columns of the rows with these ids: each of `rows` is an id and a value for each column.

    Numbers and times only: nothing here escapes a text.
    """
    if not rows:
        return
    quote = connection.ops.quote_name
    table, names = quote(model._meta.db_table), list(map(quote, columns))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            sets = ", ".join(f"{name} = new.{name}" for name in names)
            types = ", ".join(f"%s::{_type(model, name)}[]" for name in ("id", *columns))
            cursor.execute(
                f"UPDATE {table} SET {sets} FROM unnest({types}) AS new (id, {', '.join(names)}) "  # noqa: S608
                f"WHERE {table}.id = new.id",
                list(map(_array, zip(*rows, strict=True))),
            )
        else:
            sets = ", ".join(f"{name} = %s" for name in names)
            cursor.executemany(f"UPDATE {table} SET {sets} WHERE id = %s", [(*row[1:], row[0]) for row in rows])  # noqa: S608


def reserved(model: type[Model], count: int) -> Sequence[int]:
    """So many ids that no row of the table has or will get but those that the caller writes, ascending.

    Elsewhere than on PostgreSQL they are those after the last one: there one transaction writes at a time.
    """
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            named = "SELECT pg_get_serial_sequence(%s, 'id')::regclass AS one OFFSET 0"  # looked up once
            given = f"SELECT nextval(one) FROM ({named}) AS sequence, generate_series(1, %s)"  # noqa: S608
            cursor.execute(given, [connection.ops.quote_name(table), count])
            return sorted(number for (number,) in cursor.fetchall())
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        last = (cursor.fetchone() or (0,))[0]
        return range(last + 1, last + 1 + count)


def among(numbers: Sequence[int]) -> RawSQL:
    """For `id__in`: these numbers as one parameter, where tens of thousands of them are dear to write into a query."""
    if connection.vendor == "postgresql":
        return RawSQL("SELECT unnest(%s::bigint[])", [_array(numbers)])
    return RawSQL("SELECT value FROM json_each(%s)", [str(list(numbers))])


def as_text(column: str) -> Cast:
    """A column of times, or of JSON, as text: of very many few differ, and reading each anew is dear. See `moment`."""
    return Cast(column, TextField())


@lru_cache(maxsize=16_384)
def moment(text: str | None) -> datetime | None:
    """The time that the database wrote, in UTC."""
    if text is None:
        return None
    read = datetime.fromisoformat(text)
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)


@lru_cache(maxsize=16_384)
def instant(when: datetime | None) -> str | None:
    """An aware time as the database reads it."""
    return None if when is None else str(connection.ops.adapt_datetimefield_value(when))


def _type(model: type[Model], column: str) -> str:
    field = model._meta.get_field(column)
    assert isinstance(field, Field)
    return str(field.db_type(connection))


def _array(values: Iterable[str | int | None]) -> str:
    """An array of numbers or times as PostgreSQL writes it; psycopg takes microseconds for each of its values."""
    return f"{{{','.join('NULL' if value is None else str(value) for value in values)}}}"
