"""Other answers to section 12.3."""

from dataclasses import replace
from inspect import Parameter, Signature
from typing import Annotated, Any

from fastapi import (
    APIRouter,
    Body,
    Cookie,
    Depends,
    Header,
    HTTPException,
    Query,
    Request,
    Response,
)
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError

from sensei.variants import right, wrong


def added(app, entry, endpoint, **changes):
    """Add the route of an entry, with other arguments for some of them."""
    arguments = {
        "methods": [entry.method],
        "status_code": entry.status_code,
        "operation_id": entry.name,
    }
    app.add_api_route(entry.path, endpoint, **(arguments | changes))


def with_website(app):
    """Add the website to an app, and return the app."""
    app.add_api_route("/{page:path}", show_page)
    return app


@wrong("12.3.1", caught_by="test_q1_each_entry_has_its_route[four entries]")
def control_app(config):
    """Read the loop's variable in the endpoint."""
    app = FastAPI()
    for entry in config:

        def endpoint() -> str:
            return run(entry.command)

        added(app, entry, endpoint)
    return with_website(app)


@wrong("12.3.1", caught_by="test_q1_each_entry_has_its_route[four entries]")
def control_app(config):
    """Write a lambda that reads the loop's variable."""
    app = FastAPI()
    for entry in config:
        command = entry.command
        added(app, entry, lambda: run(command))
    return with_website(app)


@wrong("12.3.1", caught_by="test_q1_each_entry_has_its_route[four entries]")
def control_app(config):
    """Add the routes behind the website."""
    app = with_website(FastAPI())
    for entry in config:
        added(app, entry, partial(run, entry.command))
    return app


@wrong("12.3.1", caught_by="test_q1_a_client_cannot_change_the_command")
def control_app(config):
    """Bind the command as a default, which FastAPI takes for a query parameter."""
    app = FastAPI()
    for entry in config:

        def endpoint(command: str = entry.command) -> str:
            return run(command)

        added(app, entry, endpoint)
    return with_website(app)


@wrong("12.3.1", caught_by="test_q1_a_client_cannot_change_the_command")
def control_app(config):
    """Bind the entry as a default, which becomes a body."""
    app = FastAPI()
    for entry in config:
        added(app, entry, lambda entry=entry: run(entry.command))
    return with_website(app)


@wrong("12.3.1", caught_by="test_q1_a_client_cannot_change_the_command")
def control_app(config):
    """Bind the command by its name."""
    app = FastAPI()
    for entry in config:
        added(app, entry, partial(run, command=entry.command))
    return with_website(app)


@wrong("12.3.1", caught_by="test_q1_each_entry_has_its_route")
def control_app(config):
    """Take the command as a query parameter."""
    app = FastAPI()
    for entry in config:
        added(app, entry, run)
    return with_website(app)


COMMANDS = {}


def kept(key):
    """Return an endpoint that finds its command when it is called."""
    return lambda: run(COMMANDS[key])


@wrong(
    "12.3.1",
    caught_by="test_q1_two_apps_can_have_entries_that_differ_in_the_command",
)
def control_app(config):
    """Keep the commands of all apps in one dict, by name."""
    app = FastAPI()
    for entry in config:
        COMMANDS[entry.name] = entry.command
        added(app, entry, kept(entry.name))
    return with_website(app)


@wrong(
    "12.3.1",
    caught_by="test_q1_two_apps_can_have_entries_that_differ_in_the_command",
)
def control_app(config):
    """Keep the first command of each method and path."""
    app = FastAPI()
    for entry in config:
        key = entry.method, entry.path
        COMMANDS.setdefault(key, entry.command)
        added(app, entry, kept(key))
    return with_website(app)


@wrong("12.3.1", caught_by="test_q1_the_command_runs_for_each_request")
def control_app(config):
    """Run the command when the route is added."""
    app = FastAPI()
    for entry in config:
        result = run(entry.command)
        added(app, entry, partial(str, result))
    return with_website(app)


@wrong("12.3.1", caught_by="test_q1_each_entry_has_its_route")
def control_app(config):
    """Forget the methods."""
    app = FastAPI()
    for entry in config:
        added(app, entry, partial(run, entry.command), methods=None)
    return with_website(app)


@wrong("12.3.1", caught_by="test_q1_a_route_has_the_method_of_its_entry_only")
def control_app(config):
    """Allow GET and POST for each entry."""
    app = FastAPI()
    for entry in config:
        methods = ["GET", "POST", entry.method]
        added(app, entry, partial(run, entry.command), methods=methods)
    return with_website(app)


@wrong(
    "12.3.1", caught_by="test_q1_every_other_get_request_returns_the_page[lights/dim]"
)
def control_app(config):
    """Allow GET, too."""
    app = FastAPI()
    for entry in config:
        methods = {"GET", entry.method}
        added(app, entry, partial(run, entry.command), methods=methods)
    return with_website(app)


@wrong("12.3.1", caught_by="test_q1_each_entry_has_its_route")
def control_app(config):
    """Forget the status code."""
    app = FastAPI()
    for entry in config:
        added(app, entry, partial(run, entry.command), status_code=None)
    return with_website(app)


@wrong("12.3.1", caught_by="test_q1_each_entry_has_its_route[four entries]")
def control_app(config):
    """Use one status code for all."""
    app = FastAPI()
    for entry in config:
        added(app, entry, partial(run, entry.command), status_code=202)
    return with_website(app)


@wrong("12.3.1", caught_by="test_q1_the_name_is_the_operation_id[one entry]")
def control_app(config):
    """Forget the operation ID."""
    app = FastAPI()
    for entry in config:
        added(app, entry, partial(run, entry.command), operation_id=None)
    return with_website(app)


@wrong("12.3.1", caught_by="test_q1_the_name_is_the_operation_id[one entry]")
def control_app(config):
    """Give the name to the route, and not to the operation."""
    app = FastAPI()
    for entry in config:
        endpoint = partial(run, entry.command)
        added(app, entry, endpoint, operation_id=None, name=entry.name)
    return with_website(app)


@wrong("12.3.1", caught_by="test_q1_the_name_is_the_operation_id[one entry]")
def control_app(config):
    """Use the command as the operation ID."""
    app = FastAPI()
    for entry in config:
        endpoint = partial(run, entry.command)
        added(app, entry, endpoint, operation_id=entry.command)
    return with_website(app)


@wrong("12.3.1", caught_by="test_q1_the_name_is_the_operation_id[one entry]")
def control_app(config):
    """Hide the routes from the OpenAPI document."""
    app = FastAPI()
    for entry in config:
        added(app, entry, partial(run, entry.command), include_in_schema=False)
    return with_website(app)


@wrong("12.3.1", caught_by="test_q1_the_name_is_the_operation_id[one entry]")
def control_app(config):
    """Add Starlette's routes, which are not documented."""
    app = FastAPI()
    for entry in config:

        def endpoint(request: Request, entry=entry):
            return JSONResponse(run(entry.command), entry.status_code)

        app.add_route(entry.path, endpoint, methods=[entry.method], name=entry.name)
    return with_website(app)


@wrong("12.3.1", caught_by="test_q1_every_other_get_request_returns_the_page")
def control_app(config):
    """Forget the website."""
    app = FastAPI()
    for entry in config:
        added(app, entry, partial(run, entry.command))
    return app


@wrong("12.3.1", caught_by="test_q1_every_other_get_request_returns_the_page[a/b/c]")
def control_app(config):
    """Let the website have one segment."""
    app = FastAPI()
    for entry in config:
        added(app, entry, partial(run, entry.command))
    app.add_api_route("/{page}", show_page)
    return app


@wrong("12.3.1", caught_by="test_q1_each_entry_has_its_route[four entries]")
def control_app(config):
    """Add the website in the loop, behind the first entry."""
    app = FastAPI()
    for entry in config:
        added(app, entry, partial(run, entry.command))
        app.add_api_route("/{page:path}", show_page, methods=["GET", "POST"])
    return app


@wrong("12.3.1", caught_by="test_q1_each_app_has_the_entries_of_its_own_config")
def control_app(config, app=FastAPI()):
    """Use one app for all configurations."""
    app.router.routes[:] = [one for one in app.router.routes if one.name != "show_page"]
    for entry in config:
        added(app, entry, partial(run, entry.command))
    return with_website(app)


@wrong("12.3.1", caught_by="test_q1_each_entry_has_its_route[four entries]")
def control_app(config):
    """Keep one entry for each path."""
    app = FastAPI()
    for entry in {one.path: one for one in config}.values():
        added(app, entry, partial(run, entry.command))
    return with_website(app)


@wrong("12.3.1", caught_by="test_q1_each_entry_has_its_route[four entries]")
def control_app(config):
    """Add the first entry only."""
    app = FastAPI()
    for entry in config:
        added(app, entry, partial(run, entry.command))
        return with_website(app)
    return with_website(app)


@wrong("12.3.1", caught_by="test_q1_each_entry_has_its_route")
def control_app(config):
    """Type the example in."""
    app = FastAPI()

    @app.post("/lights/dim", status_code=202, operation_id="dim")
    def dim() -> str:
        return run("dim the lights")

    return with_website(app)


@wrong("12.3.1", caught_by="test_q1_each_entry_has_its_route")
def control_app(config):
    """Return the command itself."""
    app = FastAPI()
    for entry in config:
        added(app, entry, partial(str, entry.command))
    return with_website(app)


@wrong("12.3.1", caught_by="test_q1_each_entry_has_its_route")
def control_app(config):
    """Forget the return in the endpoint."""

    def endpoint_of(command):
        def endpoint():
            run(command)

        return endpoint

    app = FastAPI()
    for entry in config:
        added(app, entry, endpoint_of(entry.command))
    return with_website(app)


@wrong("12.3.1", caught_by="test_q1_each_entry_has_its_route")
def control_app(config):
    """Put a prefix before each path."""
    app = FastAPI()
    router = APIRouter(prefix="/control")
    for entry in config:
        added(router, entry, partial(run, entry.command))
    app.include_router(router)
    return with_website(app)


@wrong("12.3.1", caught_by="test_q1_the_name_is_the_operation_id[one entry]")
def control_app(config):
    """Look the entry up in one route for all paths."""
    app = FastAPI()
    known = {(one.method, f"{one.path}"): one for one in config}
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]

    def respond(page: str, request: Request, response: Response) -> str:
        entry = known.get((request.method, f"/{page}"))
        if entry is None and request.method != "GET":
            raise HTTPException(405)
        if entry is None:
            return show_page(page)
        response.status_code = entry.status_code
        return run(entry.command)

    for method in methods:
        app.add_api_route("/{page:path}", respond, methods=[method])
    return app


@wrong("12.3.1", caught_by="test_q1_the_name_is_the_operation_id[one entry]")
def control_app(config):
    """Reverse all routes, so that the website hides the OpenAPI document."""
    app = with_website(FastAPI())
    for entry in config:
        added(app, entry, partial(run, entry.command))
    app.router.routes.reverse()
    return app


@wrong("12.3.1", caught_by="test_q1_each_app_has_the_entries_of_its_own_config")
def control_app(config):
    """Return an empty app for an empty configuration."""
    app = FastAPI()
    if not config:
        return app
    for entry in config:
        added(app, entry, partial(run, entry.command))
    return with_website(app)


@wrong("12.3.1", caught_by="test_q1_a_client_cannot_change_the_command")
def control_app(config):
    """Bind the command as the default of a header."""
    app = FastAPI()
    for entry in config:

        def endpoint(command: Annotated[str, Header()] = entry.command) -> str:
            return run(command)

        added(app, entry, endpoint)
    return with_website(app)


@wrong("12.3.1", caught_by="test_q1_each_entry_has_its_route[four entries]")
def control_app(config):
    """Inject the command with a dependency that reads the loop's variable."""
    app = FastAPI()
    for entry in config:

        def endpoint(command: Annotated[str, Depends(lambda: entry.command)]) -> str:
            return run(command)

        added(app, entry, endpoint)
    return with_website(app)


@wrong("12.3.1", caught_by="test_q1_each_entry_has_its_route")
def control_app(config):
    """Return plain text."""
    app = FastAPI()
    for entry in config:
        endpoint = partial(run, entry.command)
        added(app, entry, endpoint, response_class=PlainTextResponse)
    return with_website(app)


@wrong("12.3.1", caught_by="test_q1_a_client_cannot_change_the_command")
def control_app(config):
    """Bind the command as the default of a cookie that is not documented."""
    app = FastAPI()
    for entry in config:
        hidden = Cookie(default=entry.command, include_in_schema=False)

        def endpoint(command: str = hidden) -> str:
            return run(command)

        added(app, entry, endpoint)
    return with_website(app)


@wrong(
    "12.3.1",
    caught_by="test_q1_a_route_has_the_method_of_its_entry_only[four entries]",
)
def control_app(config):
    """Allow HEAD for each entry with GET."""
    app = FastAPI()
    for entry in config:
        methods = {"GET": ["GET", "HEAD"]}.get(entry.method, [entry.method])
        added(app, entry, partial(run, entry.command), methods=methods)
    return with_website(app)


@wrong("12.3.1", caught_by="test_q1_the_status_code_is_in_the_openapi_document")
def control_app(config):
    """Set the status code in the endpoint, so that it is not documented."""
    app = FastAPI()

    def endpoint_of(entry):
        def endpoint(response: Response) -> str:
            response.status_code = entry.status_code
            return run(entry.command)

        return endpoint

    for entry in config:
        added(app, entry, endpoint_of(entry), status_code=None)
    return with_website(app)


@wrong("12.3.1", caught_by="test_q1_each_entry_has_its_route[four entries]")
def control_app(config):
    """Write the JSON by hand."""
    app = FastAPI()

    def endpoint_of(entry):
        def endpoint():
            text = f'"{run(entry.command)}"'
            return Response(text, entry.status_code, media_type="application/json")

        return endpoint

    for entry in config:
        added(app, entry, endpoint_of(entry))
    return with_website(app)


@right("12.3.1")
def control_app(config):
    """Return the endpoint from a function."""

    def endpoint_of(command: str):
        async def endpoint() -> str:
            return run(command)

        return endpoint

    app = FastAPI()
    for entry in config:
        added(app, entry, endpoint_of(entry.command))
    return with_website(app)


@right("12.3.1")
def control_app(config):
    """Collect the routes in a router, with decorators."""
    router = APIRouter()

    def add(entry):
        @router.api_route(
            entry.path,
            methods=[entry.method],
            status_code=entry.status_code,
            operation_id=entry.name,
            name=entry.name,
        )
        def endpoint():
            return run(entry.command)

    for entry in config:
        add(entry)
    app = FastAPI()
    app.include_router(router)
    app.get("/{page:path}", include_in_schema=False)(show_page)
    return app


class Runs:
    """An endpoint that is an object."""

    def __init__(self, command):
        self.command = command

    def __call__(self) -> str:
        return run(self.command)


@right("12.3.1")
def control_app(config):
    """Insert route objects before the website, with objects as endpoints."""
    app = with_website(FastAPI())
    for entry in config:
        route = APIRoute(
            entry.path,
            Runs(entry.command),
            methods={entry.method},
            status_code=entry.status_code,
            operation_id=entry.name,
        )
        app.router.routes.insert(0, route)
    return app


@right("12.3.1")
def control_app(config):
    """Choose the decorator by the method, and map in a comprehension."""
    app = FastAPI(generate_unique_id_function=lambda route: route.name)

    def add(entry):
        decorator = getattr(app, entry.method.lower())
        decorator(entry.path, name=entry.name, status_code=entry.status_code)(
            lambda: run(entry.command)
        )

    [add(entry) for entry in config]
    app.add_api_route("/{page:path}", show_page, methods=["GET"])
    return app


@wrong("12.3.2", caught_by="test_q2_get_returns_the_fields_of_the_model_only")
def add_table(app, table):
    """Forget the response model of GET."""

    def create(row: table.model):
        table.rows.append(row)
        return row

    path, model = f"/{table.name}", table.model
    app.add_api_route(path, lambda: table.rows)
    app.add_api_route(
        path, create, methods=["POST"], status_code=201, response_model=model
    )


@wrong("12.3.2", caught_by="test_q2_get_returns_all_rows_in_their_order")
def add_table(app, table):
    """Declare one row as the response of GET."""
    with_routes(app, table, list_model=table.model)


def with_routes(app, table, read=None, create=None, list_model=None, **changes):
    """Add both routes, with another endpoint or model for some of it."""

    def list_rows():
        return table.rows

    def append(row: table.model):
        table.rows.append(row)
        return row

    path, model = f"/{table.name}", table.model
    app.add_api_route(path, read or list_rows, response_model=list_model or list[model])
    arguments = {"methods": ["POST"], "status_code": 201, "response_model": model}
    app.add_api_route(path, create or append, **(arguments | changes))


@wrong("12.3.2", caught_by="test_q2_get_returns_the_fields_of_the_model_only")
def add_table(app, table):
    """Declare `BaseModel` as the type of a row, which has no fields."""
    with_routes(app, table, list_model=list[BaseModel])


@wrong("12.3.2", caught_by="test_q2_get_returns_the_fields_of_the_model_only")
def add_table(app, table):
    """Declare dicts in the response."""
    with_routes(app, table, list_model=list[Any])


@wrong("12.3.2", caught_by="test_q2_post_appends_an_instance_of_the_model[film]")
def add_table(app, table):
    """Declare `BaseModel` as the type of the body."""

    def create(row: BaseModel):
        table.rows.append(row)
        return row

    with_routes(app, table, create=create)


@wrong(
    "12.3.2", caught_by="test_q2_a_body_that_the_model_refuses_returns_422[no field]"
)
def add_table(app, table):
    """Take any dict as the body."""

    def create(row: dict[str, Any]):
        table.rows.append(row)
        return row

    with_routes(app, table, create=create, response_model=None)


@wrong(
    "12.3.2", caught_by="test_q2_a_body_that_the_model_refuses_returns_422[no field]"
)
def add_table(app, table):
    """Validate a dict in the endpoint, which leads to 500."""

    def create(row: dict[str, Any]):
        new = table.model.model_validate(row)
        table.rows.append(new)
        return new

    with_routes(app, table, create=create)


@wrong(
    "12.3.2", caught_by="test_q2_a_body_that_the_model_refuses_returns_422[no field]"
)
def add_table(app, table):
    """Return a 422 of the own making."""

    def create(row: dict[str, Any]):
        try:
            new = table.model.model_validate(row)
        except ValidationError as error:
            raise HTTPException(422, str(error)) from error
        table.rows.append(new)
        return new

    with_routes(app, table, create=create)


@wrong("12.3.2", caught_by="test_q2_the_model_is_in_the_openapi_document[0]")
def add_table(app, table):
    """Validate a dict in the endpoint, with FastAPI's 422."""

    def create(row: dict[str, Any]):
        try:
            new = table.model.model_validate(row)
        except ValidationError as error:
            raise RequestValidationError(error.errors()) from error
        table.rows.append(new)
        return new

    with_routes(app, table, create=create)


@wrong("12.3.2", caught_by="test_q2_post_appends_an_instance_of_the_model[film]")
def add_table(app, table):
    """Append a dict."""

    def create(row: table.model):
        table.rows.append(row.model_dump())
        return row

    with_routes(app, table, create=create)


@wrong("12.3.2", caught_by="test_q2_post_appends_an_instance_of_the_model[film]")
def add_table(app, table):
    """Append the body without validated values."""

    async def create(row: table.model, request: Request):
        table.rows.append(await request.json())
        return row

    with_routes(app, table, create=create)


@wrong("12.3.2", caught_by="test_q2_post_returns_the_row_and_get_lists_it[film]")
def add_table(app, table):
    """Append nothing."""
    with_routes(app, table, create=posted(table, lambda row: row))


def posted(table, work):
    """Return an endpoint that takes a row, and returns what `work` makes of it."""

    def create(row: table.model):
        return work(row)

    return create


@wrong("12.3.2", caught_by="test_q2_post_returns_the_row_and_get_lists_it[film]")
def add_table(app, table):
    """Return what `append` returns, which is None."""
    with_routes(
        app, table, create=posted(table, table.rows.append), response_model=None
    )


@wrong("12.3.2", caught_by="test_q2_post_returns_the_row_and_get_lists_it[film]")
def add_table(app, table):
    """Return 200."""
    with_routes(app, table, status_code=200)


@wrong("12.3.2", caught_by="test_q2_post_appends_an_instance_of_the_model[film]")
def add_table(app, table):
    """Put the newest row first."""

    def create(row: table.model):
        table.rows.insert(0, row)
        return row

    with_routes(app, table, create=create)


@wrong("12.3.2", caught_by="test_q2_get_returns_all_rows_in_their_order")
def add_table(app, table):
    """Return the newest row first."""
    with_routes(app, table, read=lambda: table.rows[::-1])


@wrong("12.3.2", caught_by="test_q2_get_returns_the_rows_at_the_time_of_the_request")
def add_table(app, table):
    """Read the rows once."""
    rows = list(table.rows)

    def create(row: table.model):
        table.rows.append(row)
        rows.append(row)
        return row

    with_routes(app, table, read=lambda: rows, create=create)


@wrong(
    "12.3.2", caught_by="test_q2_two_apps_with_the_same_name_of_a_table_share_nothing"
)
def add_table(app, table, tables={}):
    """Find the table by its name, for all apps."""
    tables[table.name] = table

    def create(row: table.model):
        tables[table.name].rows.append(row)
        return row

    name = table.name
    with_routes(app, table, read=lambda: tables[name].rows, create=create)


@wrong("12.3.2", caught_by="test_q2_another_name_returns_404[/film]")
def add_table(app, table):
    """Take the name of the table as a path parameter."""
    rows, model = table.rows, table.model

    def read(name: str):
        return rows

    app.add_api_route("/{name}", read, response_model=list[model])
    with_routes(app, table)


@wrong(
    "12.3.2", caught_by="test_q2_a_body_that_the_model_refuses_returns_422[embedded]"
)
def add_table(app, table):
    """Embed the body in a field."""

    def create(row: Annotated[table.model, Body(embed=True)]):
        table.rows.append(row)
        return row

    with_routes(app, table, create=create)


@wrong("12.3.2", caught_by="test_q2_a_body_that_the_model_refuses_returns_422[null]")
def add_table(app, table):
    """Make the body optional."""

    def create(row: table.model | None = None):
        if row is not None:
            table.rows.append(row)
        return row

    with_routes(app, table, create=create, response_model=table.model | None)


@wrong("12.3.2", caught_by="test_q2_post_returns_the_row_and_get_lists_it[film]")
def add_table(app, table):
    """Take the fields from the query."""
    with_routes(app, table, create=from_query(table))


def from_query(table):
    """Return an endpoint that takes the fields as query parameters."""

    def create(row: Annotated[table.model, Query()]):
        table.rows.append(row)
        return row

    return create


@wrong(
    "12.3.2", caught_by="test_q2_a_body_that_the_model_refuses_returns_422[no field]"
)
def add_table(app, table):
    """Build the row without validation."""

    def create(body: dict[str, Any]):
        row = table.model.model_construct(**body)
        table.rows.append(row)
        return row

    with_routes(app, table, create=create)


@wrong("12.3.2", caught_by="test_q2_the_model_is_in_the_openapi_document[0]")
def add_table(app, table):
    """Write the rows of GET as JSON, without a response model."""

    def read():
        rows = TypeAdapter(list[table.model]).validate_python(table.rows)
        return JSONResponse([one.model_dump(mode="json") for one in rows])

    with_routes(app, table, read=read, list_model=Any)


@wrong("12.3.2", caught_by="test_q2_the_model_is_in_the_openapi_document[0]")
def add_table(app, table):
    """Leave the response of POST without a model."""

    def create(row: table.model):
        table.rows.append(row)
        return JSONResponse(row.model_dump(mode="json"), 201)

    with_routes(app, table, create=create, response_model=None)


@wrong("12.3.2", caught_by="test_q2_post_returns_the_row_and_get_lists_it[popcorn]")
def add_table(app, table):
    """Use the routes of films for all tables."""

    class Film(BaseModel):
        title: str
        minutes: int = 90

    model, table.model = table.model, Film
    with_routes(app, table)
    table.model = model


@wrong("12.3.2", caught_by="test_q2_post_returns_the_row_and_get_lists_it[film]")
def add_table(app, table):
    """Leave out the fields that the body does not set."""
    with_routes(app, table, response_model_exclude_unset=True)


@wrong("12.3.2", caught_by="test_q2_post_returns_the_row_and_get_lists_it[film]")
def add_table(app, table):
    """Leave out the fields that are null or have a default."""
    with_routes(
        app,
        table,
        response_model_exclude_none=True,
        response_model_exclude_defaults=True,
    )


@wrong("12.3.2", caught_by="test_q2_post_returns_the_row_and_get_lists_it[film]")
def add_table(app, table):
    """End the path with a slash."""
    slashed = replace(table, name=f"{table.name}/")
    with_routes(app, slashed)


@wrong("12.3.2", caught_by="test_q2_post_returns_the_row_and_get_lists_it[voucher]")
def add_table(app, table):
    """Derive the path from the name of the model."""
    with_routes(app, replace(table, name=f"{table.model.__name__.lower()}s"))


@wrong("12.3.2", caught_by="test_q2_post_returns_the_row_and_get_lists_it[film]")
def add_table(app, table):
    """Append a row only once."""

    def create(row: table.model):
        if row not in table.rows:
            table.rows.append(row)
        return row

    with_routes(app, table, create=create)


@wrong("12.3.2", caught_by="test_q2_get_returns_all_rows_in_their_order")
def add_table(app, table):
    """Return the rows in an object."""
    with_routes(
        app,
        table,
        read=lambda: {"rows": table.rows},
        list_model=dict[str, list[table.model]],
    )


@wrong("12.3.2", caught_by="test_q2_post_returns_the_row_and_get_lists_it[film]")
def add_table(app, table):
    """Return all rows from POST."""

    def create(row: table.model):
        table.rows.append(row)
        return table.rows

    with_routes(app, table, create=create, response_model=list[table.model])


@wrong(
    "12.3.2", caught_by="test_q2_a_body_that_the_model_refuses_returns_422[no field]"
)
def add_table(app, table):
    """Append before the model has validated the body."""

    def create(row: dict[str, Any]):
        table.rows.append(row)
        try:
            table.rows[-1] = table.model(**row)
        except ValidationError as error:
            raise RequestValidationError(error.errors()) from error
        return table.rows[-1]

    with_routes(app, table, create=create)


@wrong("12.3.2", caught_by="test_q2_post_appends_an_instance_of_the_model[film]")
def add_table(app, table):
    """Give the table another list."""

    def create(row: table.model):
        table.rows = [*table.rows, row]
        return row

    with_routes(app, table, create=create)


@wrong("12.3.2", caught_by="test_q2_get_returns_all_rows_in_their_order")
def add_table(app, table):
    """Return a page of rows."""
    with_routes(app, table, read=lambda: table.rows[:100])


@wrong("12.3.2", caught_by="test_q2_each_table_has_two_routes")
def add_table(app, table):
    """Let clients delete all rows, too."""
    with_routes(app, table)
    app.add_api_route(f"/{table.name}", table.rows.clear, methods=["DELETE"])


@wrong("12.3.2", caught_by="test_q2_post_returns_the_row_and_get_lists_it[voucher]")
def add_table(app, table):
    """Write the name of the table in lower case."""
    with_routes(app, replace(table, name=table.name.lower()))


@wrong("12.3.2", caught_by="test_q2_post_appends_an_instance_of_the_model[film]")
def add_table(app, table):
    """Return the first row."""

    def create(row: table.model):
        table.rows.append(row)
        return table.rows[0]

    with_routes(app, table, create=create)


@wrong("12.3.2", caught_by="test_q2_post_returns_its_own_row")
def add_table(app, table):
    """Return the last row, which another program may have appended."""

    def create(row: table.model):
        table.rows.append(row)
        return table.rows[-1]

    with_routes(app, table, create=create)


@wrong("12.3.2", caught_by="test_q2_get_does_not_change_the_rows")
def add_table(app, table):
    """Replace the dicts by instances when the rows are read."""

    def read():
        table.rows[:] = TypeAdapter(list[table.model]).validate_python(table.rows)
        return table.rows

    with_routes(app, table, read=read)


@wrong("12.3.2", caught_by="test_q2_get_does_not_change_the_rows")
def add_table(app, table):
    """Remove the fields that the model does not have from the rows."""

    def read():
        for row in table.rows:
            for name in set(row) - set(table.model.model_fields):
                del row[name]
        return table.rows

    with_routes(app, table, read=read)


@wrong("12.3.2", caught_by="test_q2_two_tables_can_have_the_same_model")
def add_table(app, table):
    """Find the table by its model."""
    by_model = app.state._state.setdefault("by_model", {})
    by_model.setdefault(table.model, table)

    def create(row: table.model):
        by_model[type(row)].rows.append(row)
        return row

    with_routes(app, table, read=lambda: by_model[table.model].rows, create=create)


@wrong("12.3.2", caught_by="test_q2_get_returns_the_rows_at_the_time_of_the_request")
def add_table(app, table):
    """Return the instances after the dicts."""

    def read():
        return sorted(table.rows, key=lambda row: isinstance(row, table.model))

    with_routes(app, table, read=read)


@wrong("12.3.2", caught_by="test_q2_a_body_that_the_model_refuses_returns_422[no JSON]")
def add_table(app, table):
    """Read the body by hand, and document the model."""
    model = table.model

    async def create(request: Request):
        body = await request.json()
        try:
            row = model.model_validate(body)
        except ValidationError as error:
            entries = [
                {**one, "loc": ("body", *one["loc"])}
                for one in error.errors(include_context=False)
            ]
            raise RequestValidationError(entries) from error
        table.rows.append(row)
        return row

    content = {"application/json": {"schema": model.model_json_schema()}}
    with_routes(
        app, table, create=create, openapi_extra={"requestBody": {"content": content}}
    )


@right("12.3.2")
def add_table(app, table):
    """Decorate functions, with the models in their annotations."""
    model, rows = table.model, table.rows

    @app.get(f"/{table.name}")
    async def read() -> list[model]:
        return rows

    @app.post(f"/{table.name}", status_code=201)
    async def create(row: model) -> model:
        rows.append(row)
        return row


@right("12.3.2")
def add_table(app, table):
    """Set the annotations afterwards, in a router with a prefix."""
    router = APIRouter(prefix=f"/{table.name}", tags=[table.name])

    def read():
        return list(table.rows)

    def create(row):
        table.rows.append(row)
        return row

    read.__annotations__ = {"return": list[table.model]}
    create.__annotations__ = {"row": table.model, "return": table.model}
    router.add_api_route("", read)
    router.add_api_route("", create, methods=["POST"], status_code=201)
    app.include_router(router)


@right("12.3.2")
def add_table(app, table):
    """Write the signature by hand, and validate the rows when they are read."""
    rows = TypeAdapter(list[table.model])

    def create(**fields):
        table.rows.append(fields["row"])
        return fields["row"]

    parameter = Parameter("row", Parameter.KEYWORD_ONLY, annotation=table.model)
    create.__signature__ = Signature([parameter])
    with_routes(
        app, table, read=lambda: rows.validate_python(table.rows), create=create
    )


@right("12.3.2")
def add_table(app, table):
    """Document the models by hand, and return responses."""
    model = table.model

    def create(row: Annotated[model, Body()]):
        table.rows.append(row)
        return JSONResponse(row.model_dump(mode="json", by_alias=True), 201)

    with_routes(app, table, create=create)


@wrong("12.3.2", caught_by="test_q2_post_returns_the_row_and_get_lists_it[alias]")
def add_table(app, table):
    """Turn all rows into dicts, which have no aliases."""

    def read():
        return [
            one.model_dump() if isinstance(one, table.model) else one
            for one in table.rows
        ]

    with_routes(app, table, read=read)


@wrong("12.3.2", caught_by="test_q2_post_returns_the_row_and_get_lists_it[alias]")
def add_table(app, table):
    """Build a new instance from the fields of the validated one."""

    def create(row: table.model):
        new = table.model(**row.model_dump())
        table.rows.append(new)
        return new

    with_routes(app, table, create=create)


MODELS = {}


@wrong("12.3.2", caught_by="test_q2_two_models_can_have_the_same_name")
def add_table(app, table):
    """Find the model by its name."""
    model = MODELS.setdefault(table.model.__name__, table.model)
    with_routes(app, replace(table, model=model))


@wrong("12.3.2", caught_by="test_q2_post_returns_the_row_and_get_lists_it[alias]")
def add_table(app, table):
    """Return the fields without their aliases."""
    with_routes(app, table, response_model_by_alias=False)


def predicted(**differences):
    """Return the predictions, with other values for some of them."""
    answer = {
        "order": "film today",
        "twice": "old",
        "added": True,
        "removed": True,
        "workers": 404,
        "restart": 404,
    }
    return answer | differences


@wrong("12.3.3", caught_by="test_q3_the_runs_are_predicted[order]")
def drawbacks():
    """Believe that the more exact path wins."""
    return predicted(order="today")


@wrong("12.3.3", caught_by="test_q3_the_runs_are_predicted[order]")
def drawbacks():
    """Leave out the word "film"."""
    return predicted(order="today", twice="old")


@wrong("12.3.3", caught_by="test_q3_the_runs_are_predicted[twice]")
def drawbacks():
    """Believe that the second route replaces the first one."""
    return predicted(twice="new")


@wrong("12.3.3", caught_by="test_q3_the_runs_are_predicted[added]")
def drawbacks():
    """Believe that FastAPI never renews the document."""
    return predicted(added=False)


@wrong("12.3.3", caught_by="test_q3_the_runs_are_predicted[removed]")
def drawbacks():
    """Believe that FastAPI notices each change of its routes."""
    return predicted(removed=False)


@wrong("12.3.3", caught_by="test_q3_the_runs_are_predicted[workers]")
def drawbacks():
    """Believe that workers share their routes."""
    return predicted(workers=200)


@wrong("12.3.3", caught_by="test_q3_the_runs_are_predicted[workers]")
def drawbacks():
    """Believe that the other worker fails."""
    return predicted(workers=500)


@wrong("12.3.3", caught_by="test_q3_the_runs_are_predicted[restart]")
def drawbacks():
    """Believe that routes are kept over a restart."""
    return predicted(restart=200)


@wrong("12.3.3", caught_by="test_q3_the_runs_are_predicted[restart]")
def drawbacks():
    """Write the status code as text."""
    return predicted(restart="404")


@wrong("12.3.3", caught_by="test_q3_the_runs_are_predicted[added]")
def drawbacks():
    """Write a number instead of True."""
    return predicted(added=1)
