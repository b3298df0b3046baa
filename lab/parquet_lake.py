"""A data lake: tables that are folders of Parquet files, queried with DuckDB.

It reads the SQL of Trino, and has the limits of Trino's Hive connector: INSERT adds
files, UPDATE and DELETE are refused, and there are no constraints.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp


class LakeError(Exception):
    """An error as Trino reports it: its name, its code, and a message."""

    def __init__(self, name: str, code: int, message: str) -> None:
        super().__init__(message)
        self.name = name
        self.code = code
        self.message = message


def lake_error(error: Exception) -> LakeError:
    """Return what an error of DuckDB or of the parser is called in Trino."""
    text = re.sub(r"\x1b\[\d*m", "", str(error)).partition("\n")[0]
    if isinstance(error, sqlglot.ParseError | duckdb.ParserException):
        return LakeError("SYNTAX_ERROR", 1, text)
    if isinstance(error, duckdb.CatalogException):
        if text.startswith("Catalog Error: Table"):
            return LakeError("TABLE_NOT_FOUND", 46, text)
        return LakeError("FUNCTION_NOT_FOUND", 6, text)
    if "Referenced " in text:
        return LakeError("COLUMN_NOT_FOUND", 47, text)
    return LakeError("GENERIC_USER_ERROR", 0, text)


@dataclass
class Outcome:
    """What a statement came to.

    `columns` are names with their types in Trino, and `rows` have values as in Trino's
    JSON. `written` is the number of rows of an INSERT, None for a query. `files` is the
    number of Parquet files that the statement read.
    """

    columns: list[tuple[str, str]] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    written: int | None = None
    files: int = 0


class ParquetLake:
    """The catalog "lake", whose tables are folders below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._database = duckdb.connect()
        self._database.execute("ATTACH ':memory:' AS lake")
        self._partitions: dict[str, str | None] = {}

    def close(self) -> None:
        """Close the database; the files stay."""
        self._database.close()

    def create_table(
        self,
        name: str,
        columns: Mapping[str, str],
        rows: Iterable[Sequence[object]],
        *,
        partitioned_by: str | None = None,
    ) -> None:
        """Create the table `name`, as in "bikes.rides", with one row at least.

        `columns` has their types. There is one file, or one for each value of the
        column `partitioned_by`.
        """
        self._partitions[name] = partitioned_by
        typed = ", ".join(f'"{one}" {kind}' for one, kind in columns.items())
        listed = ", ".join(f'"{one}"' for one in columns)
        marks = ", ".join("?" for _ in columns)
        hive = "hive_partitioning = false"
        if partitioned_by is not None:
            kind = columns[partitioned_by]
            hive = f"hive_types = {{'{partitioned_by}': {kind}}}"
        with self._database.cursor() as cursor:
            cursor.execute(f"CREATE TEMP TABLE pending ({typed})")
            values = [list(row) for row in rows]
            added = f"INSERT INTO pending VALUES ({marks})"  # noqa: S608  its own words
            cursor.executemany(added, values)
            self._write_files(cursor, name)
            schema = name.partition(".")[0]
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS lake.{schema}")
            files = f"read_parquet('{self._path(name)}/**/*.parquet', {hive})"
            view = f"SELECT {listed} FROM {files}"  # noqa: S608
            cursor.execute(f"CREATE VIEW lake.{name} AS {view}")

    def files(self, name: str) -> list[Path]:
        """Return the Parquet files of a table."""
        return sorted(self._path(name).rglob("*.parquet"))

    def run(self, sql: str, catalog: str, schema: str) -> Outcome:
        """Return what a statement in the SQL of Trino comes to.

        Raises:
            LakeError: it has failed, or Trino's Hive connector does not support it.
        """
        try:
            statement = sqlglot.parse_one(sql, read="trino")
            with self._database.cursor() as cursor:
                if statement.find(exp.Table):
                    self._use(cursor, catalog, schema)
                if isinstance(statement, exp.Insert):
                    return self._insert(cursor, statement, schema)
                _refuse(statement)
                return self._query(cursor, statement, schema)
        except (sqlglot.ParseError, duckdb.Error) as error:
            raise lake_error(error) from error

    def _path(self, name: str) -> Path:
        return self.folder.joinpath(*name.split("."))

    def _use(
        self, cursor: duckdb.DuckDBPyConnection, catalog: str, schema: str
    ) -> None:
        """Look for tables in a schema, as the client's headers say."""
        if catalog != "lake":
            text = f"Catalog '{catalog}' not found"
            raise LakeError("CATALOG_NOT_FOUND", 44, text)
        if not any(name.startswith(f"{schema}.") for name in self._partitions):
            text = f"Schema '{schema}' does not exist"
            raise LakeError("SCHEMA_NOT_FOUND", 45, text)
        cursor.execute(f'USE lake."{schema}"')

    def _insert(
        self, cursor: duckdb.DuckDBPyConnection, insert: exp.Insert, schema: str
    ) -> Outcome:
        """Add the rows of an INSERT to a table, as new files."""
        if insert.args.get("returning"):
            text = "mismatched input 'RETURNING'. Expecting: <EOF>"
            raise LakeError("SYNTAX_ERROR", 1, text)
        target = insert.find(exp.Table)
        assert target is not None
        name = f"{target.db or schema}.{target.name}"
        if name not in self._partitions:
            text = f"Table 'lake.{name}' does not exist"
            raise LakeError("TABLE_NOT_FOUND", 46, text)
        cursor.execute(f"CREATE TEMP TABLE pending AS FROM lake.{name} LIMIT 0")
        target.replace(exp.to_table("temp.pending"))
        cursor.execute(insert.sql("duckdb"))
        return Outcome(written=self._write_files(cursor, name))

    def _write_files(self, cursor: duckdb.DuckDBPyConnection, name: str) -> int:
        """Write the table `pending` to new files of a table, and drop it."""
        folder = self._path(name)
        folder.mkdir(parents=True, exist_ok=True)
        column = self._partitions[name]
        target = f"'{folder}' (FORMAT parquet, PARTITION_BY ({column}), APPEND)"
        if column is None:
            file = folder / f"{len(self.files(name))}.parquet"
            target = f"'{file}' (FORMAT parquet)"
        (written,) = cursor.execute(f"COPY pending TO {target}").fetchone() or (0,)
        cursor.execute("DROP TABLE pending")
        return int(written)

    def _query(
        self, cursor: duckdb.DuckDBPyConnection, query: exp.Expr, schema: str
    ) -> Outcome:
        sql = query.sql("duckdb")
        files = 0
        if isinstance(query, exp.Query):
            tables = [
                f"{one.db or schema}.{one.name}" for one in query.find_all(exp.Table)
            ]
            ((_, plan),) = cursor.execute(f"EXPLAIN (FORMAT json) {sql}").fetchall()
            everything = sum(
                len(self.files(one)) for one in tables if one in self._partitions
            )
            files = _files_read(json.loads(plan), everything)
        cursor.execute(sql)
        columns = [
            (name, _trino_type(str(kind))) for name, kind, *_ in cursor.description
        ]
        rows = [[_json(value) for value in row] for row in cursor.fetchall()]
        return Outcome(columns, rows, files=files)


def _refuse(statement: exp.Expr) -> None:
    """Refuse what changes rows or tables, in the words of Trino's Hive connector."""
    text = ""
    if isinstance(statement, exp.Update | exp.Delete | exp.Merge):
        text = "Modifying Hive table rows is only supported for transactional tables"
    elif not isinstance(statement, exp.Query | exp.Show):
        text = f"The coordinator of the lab does not support {statement.key.upper()}"
    if text:
        raise LakeError("NOT_SUPPORTED", 13, text)


def _files_read(plan: object, everything: int) -> int:
    """Return how many files a plan reads, `everything` if it has no filter of files."""
    if isinstance(plan, list):
        return sum(_files_read(one, everything) for one in plan)
    assert isinstance(plan, dict)
    if "PARQUET" in plan["name"]:
        scanned = plan["extra_info"].get("Scanning Files", str(everything))
        return int(scanned.partition("/")[0])
    return _files_read(plan["children"], everything)


def _trino_type(kind: str) -> str:
    """Return what Trino calls a type of DuckDB."""
    names = {"HUGEINT": "bigint", "FLOAT": "real"}
    names |= dict.fromkeys(
        ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"), "timestamp(6)"
    )
    same = ("BOOLEAN", "INTEGER", "BIGINT", "DOUBLE", "DATE", "DECIMAL")
    return names.get(kind, kind.lower() if kind.startswith(same) else "varchar")


def _json(value: object) -> object:
    """Return a value as it stands in Trino's JSON."""
    if isinstance(value, datetime):
        return value.isoformat(" ", "microseconds")
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value if value is None or isinstance(value, int | float) else str(value)
