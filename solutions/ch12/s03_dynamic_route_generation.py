"""12.3  Dynamic route generation.

A route is added by a function call, so a program can add routes in a loop: one for each
entry of a configuration, or for each table of a plugin.
Notes: content/docs/fastapi-pro/dynamic-route-generation.md
"""

# region answer
from dataclasses import dataclass
from functools import partial
from typing import Any

# stub: from dataclasses import dataclass
# stub: from typing import Any
# stub:
# endregion
from fastapi import FastAPI
from pydantic import BaseModel

from sensei import ___


@dataclass(frozen=True)
class RouteConfig:
    """An entry of the configuration: a route, and the command that it runs."""

    name: str
    method: str
    path: str
    status_code: int
    command: str


def run(command: str) -> str:
    """Run a command in the cinema, and return its result."""
    return f"done: {command}"


def show_page(page: str) -> str:
    """Return a page of the website."""
    return f"page: {page}"


def control_app(config: list[RouteConfig]) -> FastAPI:
    """12.3.1  How can you use `app.add_api_route()` to generate routes dynamically at
    startup?

    A configuration describes the routes of a cinema's control room. Add one route to
    `app` for each entry of `config`. The code below already adds the website, a route
    whose path matches every path. You can move this line.

    - Each new route has the method, the path and the status code of its entry. The
      OpenAPI document shows them, and the entry's `name` as the `operationId`.
    - For each request, the endpoint calls `run` with the entry's `command`, and returns
      the result as JSON. A client cannot change the command.
    - Every other GET request still returns the page of the website.

    Given:
        The entries have different names, and no path has a parameter.
        Two entries can have the same path, with different methods.

    Example of `config`, a request and its response:
        [RouteConfig("dim", "POST", "/lights/dim", 202, "dim the lights")]
        POST /lights/dim  ->  202  "done: dim the lights"
        GET /prices       ->  200  "page: prices"
    """
    app = FastAPI()
    # region answer
    # In words: `add_api_route` does what the decorators `@app.get` and `@app.post` do,
    # as a function call. So a loop can add a route for each entry of a configuration,
    # before the first request arrives. `partial` binds the command of each entry; a
    # function that reads the loop's variable would always see the last entry. FastAPI
    # uses the first route that matches, so the website comes last.
    for entry in config:
        app.add_api_route(
            entry.path,
            partial(run, entry.command),
            methods=[entry.method],
            status_code=entry.status_code,
            operation_id=entry.name,
        )
    app.add_api_route("/{page:path}", show_page)
    # stub: app.add_api_route("/{page:path}", show_page)
    # stub: raise NotImplementedError
    # endregion
    return app


@dataclass
class Table:
    """A table of a plugin: its name, the model of its rows, and the rows themselves.

    Other programs append rows, too. Such a row is a dict, which can have more fields
    than the model.
    """

    name: str
    model: type[BaseModel]
    rows: list[Any]


def plugin_app(tables: list[Table]) -> FastAPI:
    """Create the application that has the tables of all plugins."""
    app = FastAPI()
    for table in tables:
        add_table(app, table)
    return app


def add_table(app: FastAPI, table: Table) -> None:
    """12.3.2  Provide a use case where dynamic route generation would be beneficial.

    The cinemas of a chain use the same program, but each has plugins with tables of its
    own, such as films, vouchers or popcorn. `plugin_app` above calls your function once
    for each table. Add two routes to `app`. `{name}` is the name of the table.

    - `GET /{name}` returns a list of all rows, in the order of `table.rows`. In the
      response, each row has the fields of the model only. `table.rows` and the rows in
      it stay the same.
    - `POST /{name}` takes the fields of a row as its JSON body and validates them with
      the model. It appends the new instance of the model to `table.rows`, and returns
      201 and this row.
    - If the body is not valid, return the usual 422 of FastAPI, and append nothing.
    - In the OpenAPI document, the model describes the body of `POST` and the rows in
      the responses of both routes.

    Given:
        The fields of a model can have defaults, constraints and aliases.

    Example for the table "films", if its model has the field `title`:
        POST /films  {"title": "Alien"}  ->  201  {"title": "Alien"}
        GET /films                       ->  200  [{"title": "Alien"}]
    """
    # region answer
    # In words: The program does not know the tables when it is written: a plugin or a
    # configuration names them. All of them need the same routes, with other models.
    # So one function adds the routes of any table. FastAPI reads the annotations when
    # a route is added, and an annotation can be a variable that holds a class.

    def read_rows() -> Any:
        return table.rows

    def add_row(row: table.model) -> Any:  # type: ignore[name-defined]
        table.rows.append(row)
        return row

    path, model = f"/{table.name}", table.model
    app.add_api_route(path, read_rows, response_model=list[model])  # type: ignore[valid-type]
    app.add_api_route(
        path, add_row, methods=["POST"], status_code=201, response_model=model
    )
    # endregion


def worker() -> FastAPI:
    """Create the application, as each worker process does when it starts."""
    app = FastAPI()

    @app.get("/films/{title}")
    def read_film(title: str) -> str:
        return f"film {title}"

    @app.post("/admin/routes")
    def add_route(path: str, text: str) -> None:
        app.add_api_route(path, lambda: text)

    @app.delete("/admin/routes")
    def remove_routes(path: str) -> None:
        for route in [*app.router.routes]:
            if getattr(route, "path", None) == path:
                app.router.routes.remove(route)

    return app


def drawbacks() -> dict[str, object]:
    """12.3.3  What are the potential drawbacks of generating routes dynamically at
    runtime?

    The application above adds and removes routes while it runs. Predict what happens in
    six runs. Each run begins with new processes, and all requests of a run are sent one
    after the other.

    - "order" and "twice": the text that the last request returns. In "order", a client
      adds `/films/today` with the text "today", and requests `/films/today`. In
      "twice", it adds `/prices` with the text "old", adds it again with the text "new",
      and requests `/prices`.
    - "added" and "removed": True if the last response of `/openapi.json` lists
      `/prices`, else False. In "added", a client requests `/openapi.json`, adds
      `/prices`, and requests `/openapi.json` again. In "removed", it adds `/prices`,
      requests `/openapi.json`, removes `/prices`, and requests `/openapi.json` again.
    - "workers" and "restart": the status code that `GET /prices` returns. In "workers",
      the server has two worker processes: one adds `/prices`, and then the other one
      receives `GET /prices`. In "restart", the server has one worker process. It adds
      `/prices`, the server is restarted, and then it receives `GET /prices`.

    Example of a request that adds `/prices` with the text "old":
        POST /admin/routes?path=/prices&text=old
    """
    # region answer
    # In words: A new route comes last, so a route that matches already hides it, and
    # nobody is told. It exists in the memory of one process: other workers do not have
    # it, and a restart loses it. FastAPI notices when `add_api_route` adds a route and
    # renews the OpenAPI document, but it does not notice a change of the list
    # `routes`. No type checker and no reviewer sees such a route. Data that changes at
    # runtime belongs in a database, behind one route with a path parameter.
    return {
        "order": "film today",
        "twice": "old",
        "added": True,
        "removed": True,
        "workers": 404,
        "restart": 404,
    }
    # stub: return {
    # stub:     "order": ___,
    # stub:     "twice": ___,
    # stub:     "added": ___,
    # stub:     "removed": ___,
    # stub:     "workers": ___,
    # stub:     "restart": ___,
    # stub: }
    # endregion
