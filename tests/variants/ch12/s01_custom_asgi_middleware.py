"""Other answers to section 12.1."""

import asyncio
import json
from functools import partial
from urllib.parse import unquote

from fastapi import WebSocketDisconnect
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, HTTPConnection

from sensei.variants import right, wrong


class Wrapper:
    """What all answers to 12.1.1 have in common."""

    def __init__(self, app, visits):
        self.app = app
        self.visits = visits

    def add(self, scope, **changes):
        """Add the visit of a scope, with some other values."""
        headers = dict(scope["headers"])
        fields = {
            "kind": scope["type"],
            "raw_path": scope["raw_path"],
            "query_string": scope["query_string"],
            "user_agent": headers.get(b"user-agent"),
        }
        self.visits.append(Visit(**fields | changes))


@wrong("12.1.1", caught_by="test_q1_the_lifespan_adds_no_visit")
class VisitLog(Wrapper):
    """Take every scope for one of HTTP."""

    async def __call__(self, scope, receive, send):
        self.add(scope)
        await self.app(scope, receive, send)


@wrong("12.1.1", caught_by="test_q1_the_lifespan_adds_no_visit")
class VisitLog(Wrapper):
    """Add a visit without values for the lifespan."""

    async def __call__(self, scope, receive, send):
        headers = dict(scope.get("headers", []))
        path, query = scope.get("raw_path", b""), scope.get("query_string", b"")
        agent = headers.get(b"user-agent")
        self.visits.append(Visit(scope["type"], path, query, agent))
        await self.app(scope, receive, send)


@wrong("12.1.1", caught_by="test_q1_the_lifespan_adds_no_visit")
class VisitLog(Wrapper):
    """Do not run the lifespan."""

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            return
        self.add(scope)
        await self.app(scope, receive, send)


@wrong("12.1.1", caught_by="test_q1_the_application_receives_the_same_objects")
class VisitLog(Wrapper):
    """Answer the lifespan in the middleware."""

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        self.add(scope)
        await self.app(dict(scope), receive, send)


@wrong("12.1.1", caught_by="test_q1_a_websocket_connection_adds_one_visit")
class VisitLog(Wrapper):
    """Forget WebSockets."""

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            self.add(scope)
        await self.app(scope, receive, send)


@wrong("12.1.1", caught_by="test_q1_a_websocket_connection_adds_one_visit")
class VisitLog(Wrapper):
    """Run nothing for a WebSocket."""

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            self.add(scope)
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)


@wrong("12.1.1", caught_by="test_q1_a_websocket_connection_adds_one_visit")
class VisitLog(Wrapper):
    """Make a request of a WebSocket."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            agent = Request(scope).headers.get("user-agent")
            self.add(scope, user_agent=agent and agent.encode("latin-1"))
        await self.app(scope, receive, send)


@wrong("12.1.1", caught_by="test_q1_a_websocket_connection_adds_one_visit")
class VisitLog(Wrapper):
    """Name each kind "http"."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            self.add(scope, kind="http")
        await self.app(scope, receive, send)


@wrong("12.1.1", caught_by="test_q1_a_websocket_connection_adds_one_visit")
class VisitLog(Wrapper):
    """Keep the scheme, and not the type."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            self.add(scope, kind=scope["scheme"])
        await self.app(scope, receive, send)


@wrong(
    "12.1.1",
    caught_by="test_q1_a_visit_has_the_values_of_the_scope[http-a decoded path]",
)
class VisitLog(Wrapper):
    """Encode the decoded path."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            self.add(scope, raw_path=scope["path"].encode())
        await self.app(scope, receive, send)


@wrong(
    "12.1.1",
    caught_by="test_q1_a_visit_has_the_values_of_the_scope",
)
class VisitLog(Wrapper):
    """Decode the path."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            self.add(scope, raw_path=scope["raw_path"].decode())
        await self.app(scope, receive, send)


@wrong(
    "12.1.1",
    caught_by="test_q1_a_visit_has_the_values_of_the_scope[http-a slash in a name]",
)
class VisitLog(Wrapper):
    """Quote the decoded path again."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            path = HTTPConnection(scope).url.path
            self.add(scope, raw_path=path.encode())
        await self.app(scope, receive, send)


@wrong("12.1.1", caught_by="test_q1_a_visit_has_the_values_of_the_scope[http-a query]")
class VisitLog(Wrapper):
    """Append the query to the path."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            query = scope["query_string"]
            self.add(
                scope, raw_path=scope["raw_path"] + (b"?" + query if query else b"")
            )
        await self.app(scope, receive, send)


@wrong("12.1.1", caught_by="test_q1_a_visit_has_the_values_of_the_scope[http-a query]")
class VisitLog(Wrapper):
    """Keep one value of a query parameter that is repeated."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            query = dict(HTTPConnection(scope).query_params)
            text = "&".join(f"{name}={value}" for name, value in query.items())
            self.add(scope, query_string=text.encode())
        await self.app(scope, receive, send)


@wrong(
    "12.1.1",
    caught_by="test_q1_a_visit_has_the_values_of_the_scope"
    "[http-a query that is encoded]",
)
class VisitLog(Wrapper):
    """Decode the query."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            query = str(HTTPConnection(scope).query_params)
            self.add(scope, query_string=query.replace("+", " ").encode())
        await self.app(scope, receive, send)


@wrong(
    "12.1.1",
    caught_by="test_q1_a_visit_has_the_values_of_the_scope"
    "[http-the header between others]",
)
class VisitLog(Wrapper):
    """Look for a header in `str`."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            agent = dict(scope["headers"]).get("user-agent")
            self.add(scope, user_agent=agent)
        await self.app(scope, receive, send)


@wrong("12.1.1", caught_by="test_q1_the_scopes_of_uvicorn_are_inspected")
class VisitLog(Wrapper):
    """Write the header's name with capital letters."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            agent = dict(scope["headers"]).get(b"User-Agent")
            self.add(scope, user_agent=agent)
        await self.app(scope, receive, send)


@wrong("12.1.1", caught_by="test_q1_the_scopes_of_uvicorn_are_inspected")
class VisitLog(Wrapper):
    """Keep the header as text."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            agent = Headers(scope=scope).get("user-agent")
            self.add(scope, user_agent=agent)
        await self.app(scope, receive, send)


@wrong(
    "12.1.1",
    caught_by="test_q1_a_visit_has_the_values_of_the_scope"
    "[websocket-bytes that are not ASCII]",
)
class VisitLog(Wrapper):
    """Encode the header as UTF-8."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            agent = Headers(scope=scope).get("user-agent")
            self.add(scope, user_agent=None if agent is None else agent.encode())
        await self.app(scope, receive, send)


@wrong(
    "12.1.1",
    caught_by="test_q1_a_visit_has_the_values_of_the_scope[http-an empty user agent]",
)
class VisitLog(Wrapper):
    """Take an empty header for a missing one."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            agent = dict(scope["headers"]).get(b"user-agent") or None
            self.add(scope, user_agent=agent)
        await self.app(scope, receive, send)


@wrong(
    "12.1.1",
    caught_by="test_q1_a_visit_has_the_values_of_the_scope[http-no user agent]",
)
class VisitLog(Wrapper):
    """Raise an exception without the header."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            self.add(scope, user_agent=dict(scope["headers"])[b"user-agent"])
        await self.app(scope, receive, send)


@wrong(
    "12.1.1",
    caught_by="test_q1_a_visit_has_the_values_of_the_scope[websocket-no headers]",
)
class VisitLog(Wrapper):
    """Keep an empty value without the header."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            agent = dict(scope["headers"]).get(b"user-agent", b"")
            self.add(scope, user_agent=agent)
        await self.app(scope, receive, send)


@wrong(
    "12.1.1",
    caught_by="test_q1_a_visit_has_the_values_of_the_scope[http-similar headers]",
)
class VisitLog(Wrapper):
    """Take each header whose name contains the one that is looked for."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            found = [v for n, v in scope["headers"] if b"user-agent" in n]
            self.add(scope, user_agent=found[0] if found else None)
        await self.app(scope, receive, send)


@wrong(
    "12.1.1",
    caught_by="test_q1_a_visit_has_the_values_of_the_scope[http-spaces]",
)
class VisitLog(Wrapper):
    """Shorten the header to the name of the program."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            agent = dict(scope["headers"]).get(b"user-agent")
            self.add(scope, user_agent=agent and agent.partition(b" ")[0])
        await self.app(scope, receive, send)


@wrong("12.1.1", caught_by="test_q1_the_visit_is_added_before_the_application_runs")
class VisitLog(Wrapper):
    """Add the visit afterwards."""

    async def __call__(self, scope, receive, send):
        try:
            await self.app(scope, receive, send)
        finally:
            if scope["type"] != "lifespan":
                self.add(scope)


@wrong("12.1.1", caught_by="test_q1_an_exception_passes_through[http-LookupError]")
class VisitLog(Wrapper):
    """Swallow exceptions."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            self.add(scope)
        try:
            await self.app(scope, receive, send)
        except Exception:
            pass


@wrong("12.1.1", caught_by="test_q1_an_exception_passes_through[lifespan-KeyError]")
class VisitLog(Wrapper):
    """Swallow what the lifespan raises."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            self.add(scope)
            return await self.app(scope, receive, send)
        try:
            await self.app(scope, receive, send)
        except Exception:
            pass


@wrong("12.1.1", caught_by="test_q1_an_exception_passes_through[http-LookupError]")
class VisitLog(Wrapper):
    """Raise another exception."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            self.add(scope)
        try:
            await self.app(scope, receive, send)
        except Exception as error:
            raise RuntimeError("The application failed.") from error


@wrong("12.1.1", caught_by="test_q1_the_scopes_of_uvicorn_are_inspected")
class VisitLog(Wrapper):
    """Forget to run the application."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            self.add(scope)
        else:
            await self.app(scope, receive, send)


@wrong("12.1.1", caught_by="test_q1_the_visit_is_added_before_the_application_runs")
class VisitLog(Wrapper):
    """Call the application twice."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            self.add(scope)
            await self.app(scope, receive, send)
        await self.app(scope, receive, send)


@wrong("12.1.1", caught_by="test_q1_an_exception_passes_through")
class VisitLog(Wrapper):
    """Run the application in a task that nobody awaits."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            self.add(scope)
        self.task = asyncio.create_task(self.app(scope, receive, send))
        self.task.add_done_callback(lambda task: task.exception())
        await asyncio.wait([self.task])


@wrong("12.1.1", caught_by="test_q1_the_messages_are_left_to_the_application[http]")
class VisitLog(Wrapper):
    """Read the body for the log."""

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            await receive()
        if scope["type"] != "lifespan":
            self.add(scope)
        await self.app(scope, receive, send)


@wrong("12.1.1", caught_by="test_q1_the_application_receives_the_same_objects")
class VisitLog(Wrapper):
    """Pass on a copy of the scope."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            self.add(scope)
        await self.app(dict(scope), receive, send)


@wrong("12.1.1", caught_by="test_q1_the_application_receives_the_same_objects[http]")
class VisitLog(Wrapper):
    """Leave something in the scope."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            self.add(scope)
            scope["state"]["visit"] = self.visits[-1]
        await self.app(scope, receive, send)


@wrong("12.1.1", caught_by="test_q1_the_application_receives_the_same_objects[http]")
class VisitLog(Wrapper):
    """Decode the headers in the scope."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            self.add(scope)
            scope["headers"] = [
                (name.decode(), value.decode()) for name, value in scope["headers"]
            ]
        await self.app(scope, receive, send)


@wrong("12.1.1", caught_by="test_q1_the_application_receives_the_same_objects[http]")
class VisitLog(Wrapper):
    """Sort the headers of the scope."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            scope["headers"].sort()
            self.add(scope)
        await self.app(scope, receive, send)


@wrong("12.1.1", caught_by="test_q1_the_application_receives_the_same_objects[http]")
class VisitLog(Wrapper):
    """Wrap `send`."""

    async def __call__(self, scope, receive, send):
        async def watch_send(message):
            await send(message)

        if scope["type"] != "lifespan":
            self.add(scope)
        await self.app(scope, receive, watch_send)


@wrong("12.1.1", caught_by="test_q1_each_request_adds_its_own_visit")
class VisitLog(Wrapper):
    """Keep each visit once."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            self.add(scope)
            kept = list(dict.fromkeys(self.visits))
            self.visits.clear()
            self.visits.extend(kept)
        await self.app(scope, receive, send)


@wrong("12.1.1", caught_by="test_q1_each_request_adds_its_own_visit")
class VisitLog(Wrapper):
    """Keep the last visit only."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            self.visits.clear()
            self.add(scope)
        await self.app(scope, receive, send)


@wrong("12.1.1", caught_by="test_q1_each_request_adds_its_own_visit")
class VisitLog(Wrapper):
    """Replace the list."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            self.visits = list(self.visits)
            self.add(scope)
        await self.app(scope, receive, send)


@wrong("12.1.1", caught_by="test_q1_an_exception_passes_through[http-CancelledError]")
class VisitLog(Wrapper):
    """Swallow the cancellation of a client that leaves."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            self.add(scope)
        try:
            await self.app(scope, receive, send)
        except asyncio.CancelledError:
            pass


@wrong("12.1.1", caught_by="test_q1_an_exception_passes_through[http-KeyError]")
class VisitLog(Wrapper):
    """Take each KeyError for the lifespan, and call the application again."""

    async def __call__(self, scope, receive, send):
        try:
            self.add(scope)
            await self.app(scope, receive, send)
        except KeyError:
            await self.app(scope, receive, send)


@wrong("12.1.1", caught_by="test_q1_the_application_receives_the_same_objects[http]")
class VisitLog(Wrapper):
    """Keep one header of each name in the scope."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            scope["headers"] = list(dict(scope["headers"]).items())
            self.add(scope)
        await self.app(scope, receive, send)


@wrong("12.1.1", caught_by="test_q1_the_application_runs_in_the_same_task[http]")
class VisitLog(Wrapper):
    """Run the application in another task, and wait for it."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            self.add(scope)
        await asyncio.gather(self.app(scope, receive, send))


@wrong("12.1.1", caught_by="test_q1_connections_are_handled_at_the_same_time")
class VisitLog(Wrapper):
    """Handle one connection after the other."""

    def __init__(self, app, visits):
        super().__init__(app, visits)
        self.lock = asyncio.Lock()

    async def __call__(self, scope, receive, send):
        async with self.lock:
            if scope["type"] != "lifespan":
                self.add(scope)
            await self.app(scope, receive, send)


@wrong("12.1.1", caught_by="test_q1_connections_are_handled_at_the_same_time")
class VisitLog(Wrapper):
    """Keep the scope of a connection in the object."""

    async def __call__(self, scope, receive, send):
        self.scope = scope
        await asyncio.sleep(0)
        if self.scope["type"] != "lifespan":
            self.add(self.scope)
        await self.app(self.scope, receive, send)


@wrong(
    "12.1.1",
    caught_by="test_q1_a_visit_has_the_values_of_the_scope[http-a root path]",
)
class VisitLog(Wrapper):
    """Cut the root path."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            root = scope["root_path"].encode()
            self.add(scope, raw_path=scope["raw_path"].removeprefix(root))
        await self.app(scope, receive, send)


@wrong("12.1.1", caught_by="test_q1_each_request_adds_its_own_visit")
class VisitLog(Wrapper):
    """Look at GET and at WebSockets only."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan" and scope.get("method", "GET") == "GET":
            self.add(scope)
        await self.app(scope, receive, send)


@wrong(
    "12.1.1",
    caught_by="test_q1_a_visit_has_the_values_of_the_scope",
)
class VisitLog(Wrapper):
    """Add a dict."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            self.add(scope)
            self.visits.append(self.visits.pop()._asdict())
        await self.app(scope, receive, send)


@wrong("12.1.1", caught_by="test_q1_a_visit_has_the_values_of_the_scope")
class VisitLog(Wrapper):
    """Add a plain tuple."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            self.add(scope)
            self.visits.append(tuple(self.visits.pop()))
        await self.app(scope, receive, send)


@wrong("12.1.1", caught_by="test_q1_the_scopes_of_uvicorn_are_inspected")
class VisitLog(Wrapper):
    """Forget `await`."""

    def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            self.add(scope)
        self.app(scope, receive, send).close()


@wrong("12.1.1", caught_by="test_q1_each_request_adds_its_own_visit")
class VisitLog(Wrapper):
    """Keep the header of an earlier request in the object."""

    agent = None

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            for name, value in scope["headers"]:
                if name == b"user-agent":
                    self.agent = value
            self.add(scope, user_agent=self.agent)
        await self.app(scope, receive, send)


@wrong("12.1.1", caught_by="test_q1_each_request_adds_its_own_visit")
class VisitLog(Wrapper):
    """Read the header once for each client."""

    def __init__(self, app, visits):
        super().__init__(app, visits)
        self.agents = {}

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            agent = dict(scope["headers"]).get(b"user-agent")
            self.add(scope, user_agent=self.agents.setdefault(scope["client"], agent))
        await self.app(scope, receive, send)


@wrong("12.1.1", caught_by="test_q1_each_request_adds_its_own_visit")
class VisitLog(Wrapper):
    """Put the newest visit first."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            self.add(scope)
            self.visits.insert(0, self.visits.pop())
        await self.app(scope, receive, send)


@wrong("12.1.1", caught_by="test_q1_an_exception_passes_through[http-RuntimeError]")
class VisitLog(Wrapper):
    """Swallow the errors of the framework."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            self.add(scope)
        try:
            await self.app(scope, receive, send)
        except RuntimeError:
            pass


@wrong(
    "12.1.1",
    caught_by="test_q1_an_exception_passes_through[websocket-WebSocketDisconnect]",
)
class VisitLog(Wrapper):
    """Swallow the disconnect of a WebSocket."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            self.add(scope)
        try:
            await self.app(scope, receive, send)
        except WebSocketDisconnect:
            pass


@wrong(
    "12.1.1",
    caught_by="test_q1_a_visit_has_the_values_of_the_scope[http-a health check]",
)
class VisitLog(Wrapper):
    """Leave out requests that are not of people."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan" and scope["path"] not in ("/health", "/docs"):
            self.add(scope)
        await self.app(scope, receive, send)


@wrong("12.1.1", caught_by="test_q1_a_visit_has_the_values_of_the_scope[http-spaces]")
class VisitLog(Wrapper):
    """Strip the header."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            agent = dict(scope["headers"]).get(b"user-agent")
            self.add(scope, user_agent=agent and agent.strip())
        await self.app(scope, receive, send)


@right("12.1.1")
class VisitLog:
    """Name the types that have a path, and search for the header."""

    def __init__(self, app, visits):
        self.app = app
        self.visits = visits

    async def __call__(self, scope, receive, send):
        if scope["type"] in ("http", "websocket"):
            agent = None
            for name, value in scope["headers"]:
                if name == b"user-agent":
                    agent = value
                    break
            self.visits.append(
                Visit(
                    kind=scope["type"],
                    raw_path=scope["raw_path"],
                    query_string=scope["query_string"],
                    user_agent=agent,
                )
            )
        return await self.app(scope, receive, send)


@right("12.1.1")
class VisitLog:
    """Let Starlette read the headers, and encode the value as it decodes it."""

    def __init__(self, app, visits):
        self.app = app
        self.visits = visits

    async def __call__(self, scope, receive, send):
        match scope:
            case {"type": "lifespan"}:
                pass
            case {"type": kind, "raw_path": path, "query_string": query}:
                agent = HTTPConnection(scope).headers.get("User-Agent")
                raw = None if agent is None else agent.encode("latin-1")
                self.visits += [Visit(kind, path, query, raw)]
        await self.app(scope, receive, send)


@right("12.1.1")
class VisitLog:
    """Return the awaitable of the application from a plain function."""

    def __init__(self, app, visits):
        self.app = app
        self.note = partial(visits.append)

    def visit(self, scope):
        found = [v for n, v in scope["headers"] if n.decode("latin-1") == "user-agent"]
        agent = next(iter(found), None)
        return Visit(scope["type"], scope["raw_path"], scope["query_string"], agent)

    def __call__(self, scope, receive, send):
        if "headers" in scope:
            self.note(self.visit(scope))
        return self.app(scope, receive, send)


BEGIN, ERROR, END = "begin", "error", "end, film=None"


def predicted(**differences):
    """Return the predictions, with other values for some of them."""
    answer = {
        "film, base": [BEGIN, END],
        "film, pure": [BEGIN, "end, film=Metropolis"],
        "trailer, base": [BEGIN, END],
        "trailer, pure": [BEGIN, ERROR],
        "seats, base": ["endpoint"],
        "seats, pure": [BEGIN, "endpoint", END],
    }
    return answer | differences


@wrong("12.1.2", caught_by="test_q2_the_log_is_predicted[film, base]")
def logs():
    """Believe that a context variable comes out of `call_next`."""
    return predicted(**{"film, base": [BEGIN, "end, film=Metropolis"]})


@wrong("12.1.2", caught_by="test_q2_the_log_is_predicted[film, pure]")
def logs():
    """Believe that each endpoint has a context of its own."""
    return predicted(**{"film, pure": [BEGIN, END]})


@wrong("12.1.2", caught_by="test_q2_the_log_is_predicted[film, pure]")
def logs():
    """Expect the body of the response."""
    return predicted(**{"film, pure": [BEGIN, "end, film=Metropolis, 20:15"]})


@wrong("12.1.2", caught_by="test_q2_the_log_is_predicted[trailer, base]")
def logs():
    """Believe that `call_next` raises what happens in the body."""
    return predicted(**{"trailer, base": [BEGIN, ERROR]})


@wrong("12.1.2", caught_by="test_q2_the_log_is_predicted[trailer, base]")
def logs():
    """Believe that the error follows the end."""
    return predicted(**{"trailer, base": [BEGIN, END, ERROR]})


@wrong("12.1.2", caught_by="test_q2_the_log_is_predicted[trailer, pure]")
def logs():
    """Believe that the framework handles the error further inside."""
    return predicted(**{"trailer, pure": [BEGIN, END]})


@wrong("12.1.2", caught_by="test_q2_the_log_is_predicted[trailer, pure]")
def logs():
    """Believe that the block ends after its error."""
    return predicted(**{"trailer, pure": [BEGIN, ERROR, END]})


@wrong("12.1.2", caught_by="test_q2_the_log_is_predicted[seats, base]")
def logs():
    """Believe that `dispatch` is called for a WebSocket."""
    return predicted(**{"seats, base": [BEGIN, "endpoint", END]})


@wrong("12.1.2", caught_by="test_q2_the_log_is_predicted[seats, base]")
def logs():
    """Believe that a WebSocket does not get through the middleware."""
    return predicted(**{"seats, base": []})


@wrong("12.1.2", caught_by="test_q2_the_log_is_predicted[seats, base]")
def logs():
    """Believe that a WebSocket leads to an error."""
    return predicted(**{"seats, base": [BEGIN, ERROR]})


@wrong("12.1.2", caught_by="test_q2_the_log_is_predicted[seats, pure]")
def logs():
    """Believe that the middleware lets a WebSocket pass by."""
    return predicted(**{"seats, pure": ["endpoint"]})


@wrong("12.1.2", caught_by="test_q2_the_log_is_predicted[seats, pure]")
def logs():
    """Forget the entry of the endpoint."""
    return predicted(**{"seats, pure": [BEGIN, END]})


@wrong("12.1.2", caught_by="test_q2_the_log_is_predicted[seats, pure]")
def logs():
    """Expect the end before the endpoint."""
    return predicted(**{"seats, pure": [BEGIN, END, "endpoint"]})


@wrong("12.1.2", caught_by="test_q2_the_log_is_predicted[seats, pure]")
def logs():
    """Leave out a prediction."""
    answer = predicted()
    del answer["seats, pure"]
    return answer


@right("12.1.2")
def logs():
    """Give tuples."""
    return {name: tuple(entries) for name, entries in predicted().items()}


@right("12.1.2")
def logs():
    """Build the dict from a few names."""
    base, pure = "{}, base".format, "{}, pure".format
    film, trailer, seats = "film", "trailer", "seats"
    usual = [BEGIN, END]
    return {base(film): usual, base(trailer): usual, base(seats): ["endpoint"]} | {
        pure(film): [BEGIN, "end, film=Metropolis"],
        pure(trailer): [BEGIN, ERROR],
        pure(seats): [BEGIN, "endpoint", END],
    }


async def read_body(receive):
    """Return the whole body, or None if the client disconnects before its end."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def reply(send, status, text):
    """Send a complete response."""
    await send({"type": "http.response.start", "status": status, "headers": HEADERS})
    await send({"type": "http.response.body", "body": text})


def check(scope):
    """Refuse all that is not HTTP."""
    if scope["type"] != "http":
        raise ValueError("There is HTTP only.")


@wrong("12.1.3", caught_by="test_q3_the_whole_body_is_received[two messages]")
async def ticket_app(scope, receive, send):
    """Read the first message only."""
    check(scope)
    message = await receive()
    if message["type"] == "http.disconnect":
        return
    body = message.get("body", b"")
    await reply(send, *box_office(scope["method"], scope["path"], body))


@wrong("12.1.3", caught_by="test_q3_uvicorn_serves_the_application")
async def ticket_app(scope, receive, send):
    """Read the first message only, as in a real run."""
    check(scope)
    body = (await receive()).get("body", b"")
    await reply(send, *box_office(scope["method"], scope["path"], body))


@wrong("12.1.3", caught_by="test_q3_the_whole_body_is_received[two messages]")
async def ticket_app(scope, receive, send):
    """Keep the last message only."""
    check(scope)
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body = message.get("body", b"")
        more = message.get("more_body", False)
    await reply(send, *box_office(scope["method"], scope["path"], body))


@wrong("12.1.3", caught_by="test_q3_the_whole_body_is_received[four messages]")
async def ticket_app(scope, receive, send):
    """Read two messages at the most."""
    check(scope)
    message = await receive()
    body = message.get("body", b"")
    if message.get("more_body", False):
        message = await receive()
        body += message.get("body", b"")
    if message["type"] == "http.disconnect":
        return
    await reply(send, *box_office(scope["method"], scope["path"], body))


@wrong("12.1.3", caught_by="test_q3_the_whole_body_is_received[an empty first message]")
async def ticket_app(scope, receive, send):
    """Stop at an empty message."""
    check(scope)
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body += message.get("body", b"")
        if not message.get("body") or not message.get("more_body"):
            break
    await reply(send, *box_office(scope["method"], scope["path"], body))


@wrong(
    "12.1.3",
    caught_by="test_q3_the_whole_body_is_received[neither `body` nor `more_body`]",
)
async def ticket_app(scope, receive, send):
    """Rely on the key `more_body`."""
    check(scope)
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body += message.get("body", b"")
        more = message["more_body"]
    await reply(send, *box_office(scope["method"], scope["path"], body))


@wrong("12.1.3", caught_by="test_q3_the_whole_body_is_received[no `body`, then more]")
async def ticket_app(scope, receive, send):
    """Rely on the key `body`."""
    check(scope)
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body += message["body"]
        more = message.get("more_body", False)
    await reply(send, *box_office(scope["method"], scope["path"], body))


@wrong("12.1.3", caught_by="test_q3_the_whole_body_is_received[no `more_body`]")
async def ticket_app(scope, receive, send):
    """Take a missing `more_body` for True."""
    check(scope)
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body += message.get("body", b"")
        more = message.get("more_body", True)
    await reply(send, *box_office(scope["method"], scope["path"], body))


@wrong("12.1.3", caught_by="test_q3_the_whole_body_is_received")
async def ticket_app(scope, receive, send):
    """Read until the client disconnects."""
    check(scope)
    body = b""
    while (message := await receive())["type"] == "http.request":
        body += message.get("body", b"")
    await reply(send, *box_office(scope["method"], scope["path"], body))


@wrong("12.1.3", caught_by="test_q3_the_whole_body_is_received[no UTF-8]")
async def ticket_app(scope, receive, send):
    """Convert the body to text and back."""
    check(scope)
    body = await read_body(receive)
    if body is None:
        return
    body = body.decode(errors="replace").encode()
    await reply(send, *box_office(scope["method"], scope["path"], body))


@wrong("12.1.3", caught_by="test_q3_the_whole_body_is_received[one message]")
async def ticket_app(scope, receive, send):
    """Pass the body on as text."""
    check(scope)
    body = await read_body(receive)
    if body is not None:
        status, text = box_office(scope["method"], scope["path"], body.decode())
        await reply(send, status, text)


@wrong("12.1.3", caught_by="test_q3_the_whole_body_is_received[two messages]")
async def ticket_app(scope, receive, send):
    """Call `box_office` for each part."""
    check(scope)
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        more = message.get("more_body", False)
        body = message.get("body", b"")
        status, text = box_office(scope["method"], scope["path"], body)
    await reply(send, status, text)


@wrong("12.1.3", caught_by="test_q3_the_whole_body_is_received[one message]")
async def ticket_app(scope, receive, send):
    """Call `box_office` once for the status and once for the body."""
    check(scope)
    body = await read_body(receive)
    if body is not None:
        status = box_office(scope["method"], scope["path"], body)[0]
        text = box_office(scope["method"], scope["path"], body)[1]
        await reply(send, status, text)


@wrong(
    "12.1.3",
    caught_by="test_q3_requests_at_the_same_time_have_their_own_body",
)
class ticket_app:
    """Keep the body in an object that serves all requests."""

    body = b""

    def __new__(cls, scope, receive, send):
        return cls.run(scope, receive, send)

    @classmethod
    async def run(cls, scope, receive, send):
        check(scope)
        cls.body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            cls.body += message.get("body", b"")
            more = message.get("more_body", False)
        await reply(send, *box_office(scope["method"], scope["path"], cls.body))


@wrong("12.1.3", caught_by="test_q3_uvicorn_serves_the_application")
async def ticket_app(scope, receive, send, parts=[]):
    """Keep the parts in a default value."""
    check(scope)
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    body = b"".join(parts)
    await reply(send, *box_office(scope["method"], scope["path"], body))


@wrong("12.1.3", caught_by="test_q3_method_and_path_are_those_of_the_scope[GET]")
async def ticket_app(scope, receive, send):
    """Write the method and the path of the example."""
    check(scope)
    body = await read_body(receive)
    if body is not None:
        await reply(send, *box_office("POST", "/tickets", body))


@wrong(
    "12.1.3",
    caught_by="test_q3_method_and_path_are_those_of_the_scope[not ASCII]",
)
async def ticket_app(scope, receive, send):
    """Take the raw path."""
    check(scope)
    body = await read_body(receive)
    if body is not None:
        path = scope["raw_path"].decode()
        await reply(send, *box_office(scope["method"], path, body))


@wrong(
    "12.1.3",
    caught_by="test_q3_method_and_path_are_those_of_the_scope[a percent sign]",
)
async def ticket_app(scope, receive, send):
    """Decode the path a second time."""
    check(scope)
    body = await read_body(receive)
    if body is not None:
        path = unquote(scope["path"])
        await reply(send, *box_office(scope["method"], path, body))


@wrong(
    "12.1.3",
    caught_by="test_q3_method_and_path_are_those_of_the_scope[a query]",
)
async def ticket_app(scope, receive, send):
    """Append the query to the path."""
    check(scope)
    body = await read_body(receive)
    if body is not None:
        path, query = scope["path"], scope["query_string"].decode()
        path = f"{path}?{query}" if query else path
        await reply(send, *box_office(scope["method"], path, body))


@wrong(
    "12.1.3",
    caught_by="test_q3_method_and_path_are_those_of_the_scope[a final slash]",
)
async def ticket_app(scope, receive, send):
    """Drop a final slash."""
    check(scope)
    body = await read_body(receive)
    if body is not None:
        path = scope["path"].rstrip("/") or "/"
        await reply(send, *box_office(scope["method"], path, body))


@wrong(
    "12.1.3",
    caught_by="test_q3_method_and_path_are_those_of_the_scope[a question mark]",
)
async def ticket_app(scope, receive, send):
    """Take the path of the URL, which is cut at a decoded question mark."""
    check(scope)
    body = await read_body(receive)
    path = Request(scope).url.path
    if body is not None:
        await reply(send, *box_office(scope["method"], path, body))


@wrong("12.1.3", caught_by="test_q3_method_and_path_are_those_of_the_scope[OPTIONS]")
async def ticket_app(scope, receive, send):
    """Handle OPTIONS without `box_office`."""
    check(scope)
    body = await read_body(receive)
    if scope["method"] == "OPTIONS":
        await reply(send, 204, b"")
    elif body is not None:
        await reply(send, *box_office(scope["method"], scope["path"], body))


@wrong("12.1.3", caught_by="test_q3_a_complete_response_is_sent")
async def ticket_app(scope, receive, send):
    """Start a response, and do not finish it."""
    check(scope)
    body = await read_body(receive)
    if body is None:
        return
    status, text = box_office(scope["method"], scope["path"], body)
    start = {"type": "http.response.start", "status": status, "headers": HEADERS}
    await send(start)
    await send({"type": "http.response.body", "body": text, "more_body": True})


@wrong("12.1.3", caught_by="test_q3_a_complete_response_is_sent")
async def ticket_app(scope, receive, send):
    """Send the start, and put the body into it."""
    check(scope)
    body = await read_body(receive)
    if body is None:
        return
    status, text = box_office(scope["method"], scope["path"], body)
    start = {"type": "http.response.start", "status": status, "headers": HEADERS}
    await send(start | {"body": text})


@wrong("12.1.3", caught_by="test_q3_a_complete_response_is_sent[200-]")
async def ticket_app(scope, receive, send):
    """Send no body if it is empty."""
    check(scope)
    body = await read_body(receive)
    if body is None:
        return
    status, text = box_office(scope["method"], scope["path"], body)
    start = {"type": "http.response.start", "status": status, "headers": HEADERS}
    await send(start)
    if text:
        await send({"type": "http.response.body", "body": text})


@wrong("12.1.3", caught_by="test_q3_a_complete_response_is_sent")
async def ticket_app(scope, receive, send):
    """Send the body before the start."""
    check(scope)
    body = await read_body(receive)
    if body is None:
        return
    status, text = box_office(scope["method"], scope["path"], body)
    await send({"type": "http.response.body", "body": text})
    await send({"type": "http.response.start", "status": status, "headers": HEADERS})


@wrong("12.1.3", caught_by="test_q3_a_complete_response_is_sent")
async def ticket_app(scope, receive, send):
    """Send the body alone."""
    check(scope)
    body = await read_body(receive)
    if body is not None:
        text = box_office(scope["method"], scope["path"], body)[1]
        await send({"type": "http.response.body", "body": text})


@wrong("12.1.3", caught_by="test_q3_a_complete_response_is_sent")
async def ticket_app(scope, receive, send):
    """Finish the response twice."""
    check(scope)
    body = await read_body(receive)
    if body is None:
        return
    await reply(send, *box_office(scope["method"], scope["path"], body))
    await send({"type": "http.response.body", "body": b""})


@wrong("12.1.3", caught_by="test_q3_a_complete_response_is_sent[404-No page]")
async def ticket_app(scope, receive, send):
    """Send the status of the example."""
    check(scope)
    body = await read_body(receive)
    if body is not None:
        text = box_office(scope["method"], scope["path"], body)[1]
        await reply(send, 201, text)


@wrong("12.1.3", caught_by="test_q3_a_complete_response_is_sent")
async def ticket_app(scope, receive, send):
    """Send no headers."""
    check(scope)
    body = await read_body(receive)
    if body is None:
        return
    status, text = box_office(scope["method"], scope["path"], body)
    await send({"type": "http.response.start", "status": status})
    await send({"type": "http.response.body", "body": text})


@wrong("12.1.3", caught_by="test_q3_a_complete_response_is_sent")
async def ticket_app(scope, receive, send):
    """Send the headers as a dict of `str`."""
    check(scope)
    body = await read_body(receive)
    if body is None:
        return
    status, text = box_office(scope["method"], scope["path"], body)
    headers = {"content-type": "text/plain; charset=utf-8"}
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})


@wrong("12.1.3", caught_by="test_q3_a_complete_response_is_sent")
async def ticket_app(scope, receive, send):
    """Send other headers."""
    check(scope)
    body = await read_body(receive)
    if body is None:
        return
    status, text = box_office(scope["method"], scope["path"], body)
    headers = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})


@wrong("12.1.3", caught_by="test_q3_a_complete_response_is_sent[200-]")
async def ticket_app(scope, receive, send):
    """Add a header with a wrong length."""
    check(scope)
    body = await read_body(receive)
    if body is None:
        return
    status, text = box_office(scope["method"], scope["path"], body)
    length = (b"content-length", str(len(body)).encode())
    headers = [*HEADERS, length]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})


@wrong("12.1.3", caught_by="test_q3_uvicorn_serves_the_application")
async def ticket_app(scope, receive, send):
    """Append to the given headers, which are the same in all responses."""
    check(scope)
    body = await read_body(receive)
    if body is not None:
        status, text = box_office(scope["method"], scope["path"], body)
        HEADERS.append((b"content-length", str(len(text)).encode()))
        await reply(send, status, text)


@wrong("12.1.3", caught_by="test_q3_a_complete_response_is_sent")
async def ticket_app(scope, receive, send):
    """Send the body as text."""
    check(scope)
    body = await read_body(receive)
    if body is None:
        return
    status, text = box_office(scope["method"], scope["path"], body)
    await reply(send, status, text.decode(errors="replace"))


@wrong("12.1.3", caught_by="test_q3_a_complete_response_is_sent[201-Sold: M, 2]")
async def ticket_app(scope, receive, send):
    """Send the body as JSON."""
    check(scope)
    body = await read_body(receive)
    if body is None:
        return
    status, text = box_office(scope["method"], scope["path"], body)
    await reply(send, status, json.dumps(text.decode()).encode())


@wrong("12.1.3", caught_by="test_q3_a_complete_response_is_sent")
async def ticket_app(scope, receive, send):
    """Forget to await `send`."""
    check(scope)
    body = await read_body(receive)
    if body is not None:
        reply(send, *box_office(scope["method"], scope["path"], body)).close()


@wrong("12.1.3", caught_by="test_q3_a_client_that_disconnects_buys_nothing")
async def ticket_app(scope, receive, send):
    """Take a disconnect for the end of the body."""
    check(scope)
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    await reply(send, *box_office(scope["method"], scope["path"], body))


@wrong("12.1.3", caught_by="test_q3_a_client_that_disconnects_buys_nothing[2]")
async def ticket_app(scope, receive, send):
    """Look for a disconnect in the first two messages only."""
    check(scope)
    body, more, number = b"", True, 0
    while more:
        message = await receive()
        number += 1
        if message["type"] == "http.disconnect" and number < 3:
            return
        body += message.get("body", b"")
        more = message.get("more_body", False)
    await reply(send, *box_office(scope["method"], scope["path"], body))


@wrong("12.1.3", caught_by="test_q3_a_client_that_disconnects_buys_nothing[0]")
async def ticket_app(scope, receive, send):
    """Look for a disconnect after the first message."""
    check(scope)
    message = await receive()
    body = message.get("body", b"")
    while message.get("more_body", False):
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body += message.get("body", b"")
    await reply(send, *box_office(scope["method"], scope["path"], body))


@wrong("12.1.3", caught_by="test_q3_a_client_that_disconnects_buys_nothing")
async def ticket_app(scope, receive, send):
    """Break out of the loop, and sell nevertheless."""
    check(scope)
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        body += message.get("body", b"")
        more = message.get("more_body", False)
    await reply(send, *box_office(scope["method"], scope["path"], body))


@wrong("12.1.3", caught_by="test_q3_a_client_that_disconnects_buys_nothing")
async def ticket_app(scope, receive, send):
    """Send an error to a client that has gone."""
    check(scope)
    body = await read_body(receive)
    if body is None:
        return await reply(send, 400, b"The body is not complete.")
    await reply(send, *box_office(scope["method"], scope["path"], body))


@wrong("12.1.3", caught_by="test_q3_a_client_that_disconnects_buys_nothing")
async def ticket_app(scope, receive, send):
    """Raise an exception."""
    check(scope)
    body = await read_body(receive)
    if body is None:
        raise ConnectionError("The client has disconnected.")
    await reply(send, *box_office(scope["method"], scope["path"], body))


@wrong("12.1.3", caught_by="test_q3_another_type_of_scope_raises_value_error")
async def ticket_app(scope, receive, send):
    """Take every scope for one of HTTP."""
    body = await read_body(receive)
    if body is not None:
        await reply(send, *box_office(scope["method"], scope["path"], body))


@wrong("12.1.3", caught_by="test_q3_another_type_of_scope_raises_value_error")
async def ticket_app(scope, receive, send):
    """Return for every other type of scope."""
    if scope["type"] != "http":
        return
    body = await read_body(receive)
    if body is not None:
        await reply(send, *box_office(scope["method"], scope["path"], body))


@wrong("12.1.3", caught_by="test_q3_another_type_of_scope_raises_value_error")
async def ticket_app(scope, receive, send):
    """Use an assertion."""
    assert scope["type"] == "http"
    body = await read_body(receive)
    if body is not None:
        await reply(send, *box_office(scope["method"], scope["path"], body))


@wrong("12.1.3", caught_by="test_q3_another_type_of_scope_raises_value_error[https]")
async def ticket_app(scope, receive, send):
    """Accept each type that begins with "http"."""
    if not scope["type"].startswith("http"):
        raise ValueError(scope["type"])
    body = await read_body(receive)
    if body is not None:
        await reply(send, *box_office(scope["method"], scope["path"], body))


@wrong("12.1.3", caught_by="test_q3_the_whole_body_is_received[a hundred messages]")
async def ticket_app(scope, receive, send):
    """Receive ten messages at most."""
    check(scope)
    body = b""
    for _ in range(10):
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    await reply(send, *box_office(scope["method"], scope["path"], body))


@wrong(
    "12.1.3", caught_by="test_q3_method_and_path_are_those_of_the_scope[a root path]"
)
async def ticket_app(scope, receive, send):
    """Put the root path before the path, which has it already."""
    check(scope)
    body = await read_body(receive)
    path = scope["root_path"] + scope["path"]
    if body is not None:
        await reply(send, *box_office(scope["method"], path, body))


@wrong("12.1.3", caught_by="test_q3_a_complete_response_is_sent[201-Sold: M, 2]")
async def ticket_app(scope, receive, send):
    """Add a header to `HEADERS` with each response."""
    check(scope)
    body = await read_body(receive)
    if body is not None:
        status, text = box_office(scope["method"], scope["path"], body)
        HEADERS.append((b"content-length", b"%d" % len(text)))
        await reply(send, status, text)


@wrong("12.1.3", caught_by="test_q3_another_type_of_scope_raises_value_error[radio]")
async def ticket_app(scope, receive, send):
    """Refuse the lifespan and WebSockets only."""
    if scope["type"] in ("lifespan", "websocket"):
        raise ValueError(scope["type"])
    body = await read_body(receive)
    if body is not None:
        await reply(send, *box_office(scope["method"], scope["path"], body))


@wrong(
    "12.1.3", caught_by="test_q3_another_type_of_scope_raises_value_error[websocket]"
)
async def ticket_app(scope, receive, send):
    """Refuse the lifespan only."""
    if scope["type"] == "lifespan":
        raise ValueError("There is no lifespan.")
    body = await read_body(receive)
    if body is not None:
        await reply(send, *box_office("GET", scope["path"], body))


@wrong(
    "12.1.3", caught_by="test_q3_another_type_of_scope_raises_value_error[websocket]"
)
async def ticket_app(scope, receive, send):
    """Close a WebSocket in words."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1000})
    check(scope)
    body = await read_body(receive)
    if body is not None:
        await reply(send, *box_office(scope["method"], scope["path"], body))


@wrong("12.1.3", caught_by="test_q3_another_type_of_scope_raises_value_error[lifespan]")
async def ticket_app(scope, receive, send):
    """Complete the lifespan."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    check(scope)
    body = await read_body(receive)
    if body is not None:
        await reply(send, *box_office(scope["method"], scope["path"], body))


@wrong("12.1.3", caught_by="test_q3_another_type_of_scope_raises_value_error")
async def ticket_app(scope, receive, send):
    """Receive a message before looking at the type."""
    body = await read_body(receive)
    check(scope)
    if body is not None:
        await reply(send, *box_office(scope["method"], scope["path"], body))


@wrong("12.1.3", caught_by="test_q3_uvicorn_serves_the_application")
def ticket_app(scope):
    """Write the older form of ASGI, with two calls."""
    check(scope)

    async def instance(receive, send):
        body = await read_body(receive)
        if body is not None:
            await reply(send, *box_office(scope["method"], scope["path"], body))

    return instance


@right("12.1.3")
async def ticket_app(scope, receive, send):
    """Let Starlette read the request and send the response, with a length."""
    check(scope)
    try:
        body = await Request(scope, receive).body()
    except ClientDisconnect:
        return
    status, text = box_office(scope["method"], scope["path"], body)
    response = Response(text, status, media_type="text/plain")
    await response(scope, receive, send)


@right("12.1.3")
async def ticket_app(scope, receive, send):
    """Collect the parts in a list, send two messages, and wait for the disconnect."""
    if scope["type"] != "http":
        raise ValueError(f"{scope['type']} is not supported")
    parts = []
    while True:
        match await receive():
            case {"type": "http.disconnect"}:
                return
            case {"body": bytes() as part, "more_body": True}:
                parts.append(part)
            case {"more_body": True}:
                pass
            case message:
                parts.append(message.get("body", b""))
                break
    status, text = box_office(scope["method"], scope["path"], b"".join(parts))
    await send(
        {"type": "http.response.start", "status": status, "headers": list(HEADERS)}
    )
    await send({"type": "http.response.body", "body": text, "more_body": True})
    await send({"type": "http.response.body"})
    await receive()


class TicketApp:
    """An application as an object, with a method for each part."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            raise UnicodeError("another kind of ValueError")
        body = bytearray()
        message = {"more_body": True}
        while message.get("more_body"):
            message = await receive()
            if message["type"] != "http.request":
                return None
            body.extend(message.get("body") or b"")
        return await self.respond(scope, body, send)

    async def respond(self, scope, body, send):
        status, text = await asyncio.to_thread(
            box_office, scope["method"], scope["path"], body
        )
        headers = [[*pair] for pair in HEADERS]
        headers.append([b"content-length", str(len(text)).encode()])
        await send(
            {"type": "http.response.start", "status": status, "headers": headers}
        )
        await send({"type": "http.response.body", "body": text, "more_body": False})
        return None


@right("12.1.3")
async def ticket_app(scope, receive, send):
    """Call an object, which runs `box_office` in a thread."""
    # `box_office` wants bytes, and joins them with its own.
    await TicketApp()(scope, receive, send)


async def parts_of(receive):
    """Yield the parts of a body."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise EOFError
        yield message.get("body", b"")
        more = message.get("more_body", False)


@right("12.1.3")
async def ticket_app(scope, receive, send):
    """Read an async generator, and leave it with an exception."""
    if scope.get("type") != "http":
        raise ValueError
    try:
        body = b"".join([part async for part in parts_of(receive)])
    except EOFError:
        return
    status, text = box_office(body=body, method=scope["method"], path=scope["path"])
    messages = (
        {"type": "http.response.start", "status": status, "headers": tuple(HEADERS)},
        {"type": "http.response.body", "body": text},
    )
    for message in messages:
        await send(message)
