"""A coordinator that speaks the REST protocol of Trino; DuckDB computes.

https://trino.io/docs/current/develop/client-protocol.html
"""

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote_plus, unquote_plus

import sqlglot
from sqlglot import TokenType
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lab.parquet_lake import LakeError, Outcome, ParquetLake, lake_error
from lab.server import serve
from lab.trino_results import error_json, pages_json

# What the client sends to find out whether a coordinator knows EXECUTE IMMEDIATE.
_PROBE = "EXECUTE IMMEDIATE 'SELECT 1'"
_EXECUTE = re.compile(
    r"EXECUTE (?:IMMEDIATE '(?P<sql>(?:[^']|'')*)'|(?P<name>\w+))"
    r"(?: USING (?P<values>.*))?",
    re.DOTALL | re.IGNORECASE,
)
# A value in USING: everything up to a comma outside of quotes and brackets.
_VALUE = re.compile(r"(?:'(?:[^']|'')*'|[(\[][^)\]]*[)\]]|[^,'(\[])+")


@dataclass
class Query:
    """A statement that the coordinator received, and what became of it.

    `sql` has `?` for each bound parameter, and `parameters` has their values as Trino
    writes them, as in `DATE '2026-03-01'`. `headers` are those of the request. `rows`
    are all that the result has, and `pages_sent` counts the pages with rows that the
    client fetched. `error` is the name of an error, such as "NOT_SUPPORTED".
    """

    sql: str
    parameters: list[str]
    headers: dict[str, str]
    rows: int = 0
    files_read: int = 0
    pages_sent: int = 0
    cancelled: bool = False
    error: str | None = None
    pages: list[dict[str, Any]] = field(default_factory=list, repr=False)

    @property
    def verb(self) -> str:
        """The first word, in capitals: "SELECT", "INSERT"."""
        return self.sql.strip().partition(" ")[0].upper()

    @property
    def user(self) -> str:
        """Who sent the statement."""
        return self.headers.get("x-trino-user", "")

    @property
    def database(self) -> str:
        """The catalog and the schema, as in "lake/bikes"."""
        names = (
            self.headers.get(f"x-trino-{one}", "") for one in ("catalog", "schema")
        )
        return "/".join(name for name in names if name)


class TrinoCoordinator:
    """A running coordinator; `lake` has its tables, and `queries` what it received.

    What the client sends on its own when it first connects is not among `queries`.
    It refuses every statement after the first `max_queries` that are in `queries`.
    """

    def __init__(self, lake: ParquetLake, page_rows: int) -> None:
        self.port = 0
        self.lake = lake
        self.queries: list[Query] = []
        self.max_queries = math.inf
        self._page_rows = page_rows
        self._numbers = count(1)
        self._running: dict[str, Query] = {}

    def url(self, schema: str, user: str = "analyst") -> str:
        """Return the URL for SQLAlchemy."""
        return f"trino://{user}@127.0.0.1:{self.port}/lake/{schema}"

    def _app(self) -> Starlette:
        page = "/v1/statement/executing/{query}/{page:int}"
        return Starlette(
            routes=[
                Route("/v1/statement", self._post, methods=["POST"]),
                Route(page, self._get, methods=["GET"]),
                Route(page, self._delete, methods=["DELETE"]),
            ]
        )

    async def _post(self, request: Request) -> Response:
        """Run a statement, and say where its first page is."""
        sent = (await request.body()).decode()
        headers = dict(request.headers)
        number = f"query_{next(self._numbers)}"
        first = {"id": number, "infoUri": str(request.base_url), "stats": {}}
        address = f"{request.base_url}v1/statement/executing/{number}"
        added: dict[str, str] = {}
        try:
            query = _read(sent, headers)
            if sent != _PROBE:
                self.queries.append(query)
            if len(self.queries) > self.max_queries:
                text = 'Too many queued queries for "global"'
                raise LakeError("QUERY_QUEUE_FULL", 0x2_0002, text)
            outcome = self._run(query, added)
        except LakeError as error:
            query.error = error.name
            return JSONResponse(first | {"error": error_json(error)})
        query.rows, query.files_read = len(outcome.rows), outcome.files
        query.pages = pages_json(outcome, self._page_rows)
        for page, content in enumerate(query.pages):
            content |= first
            if page + 1 < len(query.pages):
                content["nextUri"] = f"{address}/{page + 1}"
        self._running[number] = query
        return JSONResponse(first | {"nextUri": f"{address}/0"}, headers=added)

    def _run(self, query: Query, added: dict[str, str]) -> Outcome:
        """Return what a statement comes to; `added` gets headers of the response."""
        transaction = query.headers.get("x-trino-transaction-id", "NONE")
        if query.verb == "PREPARE":
            _, name, _, sql = query.sql.split(maxsplit=3)
            added["X-Trino-Added-Prepare"] = f"{name}={quote_plus(sql)}"
        elif query.verb == "DEALLOCATE":
            added["X-Trino-Deallocated-Prepare"] = query.sql.split()[-1]
        elif query.verb == "START":
            added["X-Trino-Started-Transaction-Id"] = f"{next(self._numbers)}"
        elif query.verb in ("COMMIT", "ROLLBACK"):
            added["X-Trino-Clear-Transaction-Id"] = "true"
        else:
            if query.verb == "INSERT" and transaction != "NONE":
                text = "Catalog only supports writes using autocommit: lake"
                raise LakeError("AUTOCOMMIT_WRITE_CONFLICT", 25, text)
            sql = _with_values(query.sql, query.parameters)
            catalog, _, schema = query.database.partition("/")
            return self.lake.run(sql, catalog, schema)
        return Outcome(written=0)

    def _page_of(self, request: Request) -> tuple[Query | None, int]:
        names = request.path_params
        return self._running.get(names["query"]), names["page"]

    async def _get(self, request: Request) -> Response:
        query, page = self._page_of(request)
        if query is None or query.cancelled:
            return Response(status_code=410)
        query.pages_sent += bool(query.pages[page].get("data"))
        return JSONResponse(query.pages[page])

    async def _delete(self, request: Request) -> Response:
        query, _ = self._page_of(request)
        if query is not None:
            query.cancelled = True
        return Response(status_code=204)


@contextmanager
def trino_coordinator(*, page_rows: int = 2) -> Iterator[TrinoCoordinator]:
    """Yield a coordinator with an empty lake; it sends `page_rows` rows a page."""
    with TemporaryDirectory() as folder:
        lake = ParquetLake(Path(folder))
        coordinator = TrinoCoordinator(lake, page_rows)
        try:
            with serve(coordinator._app()) as server:
                coordinator.port = server.port
                yield coordinator
        finally:
            lake.close()


def _read(sent: str, headers: dict[str, str]) -> Query:
    """Return the statement of a request, without EXECUTE around it."""
    execute = _EXECUTE.fullmatch(sent)
    if execute is None:
        return Query(sent, [], headers)
    sql = (execute["sql"] or "").replace("''", "'")
    if execute["name"]:
        prepared = headers.get("x-trino-prepared-statement", "").split(",")
        known = dict(one.strip().split("=", 1) for one in prepared if one)
        sql = unquote_plus(known.get(execute["name"], ""))
    return Query(sql, _VALUE.findall(execute["values"] or ""), headers)


def _with_values(sql: str, parameters: list[str]) -> str:
    """Return a statement with the values of its parameters in it."""
    if not parameters:
        return sql
    try:
        tokens = sqlglot.tokenize(sql, read="trino")
        marks = [one for one in tokens if one.token_type is TokenType.PLACEHOLDER]
        pairs = list(zip(marks, parameters, strict=True))
    except (sqlglot.errors.SqlglotError, ValueError) as error:
        raise lake_error(error) from error
    for mark, value in reversed(pairs):
        sql = f"{sql[: mark.start]} {value} {sql[mark.end + 1 :]}"
    return sql
