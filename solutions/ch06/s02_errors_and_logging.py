"""6.2  Error handling and logging in FastAPI.

An error has two readers. The client needs a response that a program can understand. The
developers need a log that says where it happened, and in which request.
Notes: content/docs/fastapi/performance/error-handling-and-logging.md
"""

import json
import logging
from contextvars import ContextVar
from typing import Any, ClassVar

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse


class NewsError(Exception):
    """An error of the news site. The services that raise it know nothing of HTTP."""

    type: ClassVar[str] = "/problems/failed"
    title: ClassVar[str] = "The request failed"
    status: ClassVar[int] = 400


class CommentsClosed(NewsError):
    """Nobody can comment on the article any more."""

    type = "/problems/comments-closed"
    title = "The comments are closed"
    status = 409


class ArchiveDown(NewsError):
    """The archive does not respond."""

    type = "/problems/archive-down"
    title = "The archive is not available"
    status = 503


def explain_errors(app: FastAPI) -> None:
    """6.2.1  How can custom exception handlers improve error responses in FastAPI?

    The services raise subclasses of `NewsError`, and each of them becomes a 500 today.
    RFC 9457 describes a response that programs can read: problem details. Register an
    exception handler for `NewsError` with `app`. Other responses stay as they are.

    - The status code is the `status` of the exception. The body is a JSON object with
      its "type", "title" and "status".
    - If the status is below 500, the object also has "detail", the text of the
      exception. From 500 on, there is no such field, and no part of the text is sent:
      it can name hosts or tables.
    - The media type of the response is `application/problem+json`.

    Example:
        raise CommentsClosed("Article 7 is too old.")
        ->  409  {"type": "/problems/comments-closed", "title": "The comments are
                  closed", "status": 409, "detail": "Article 7 is too old."}
    """

    # region answer
    # In words: The endpoints and services only say what went wrong. One handler decides
    # how each error looks, so all errors have the same form, and a new subclass needs
    # no new code. Programs read the type and the status, and people the title. The
    # handler is also the place that keeps internal details from the client.
    @app.exception_handler(NewsError)
    def explain(request: Request, error: NewsError) -> JSONResponse:
        body = {"type": error.type, "title": error.title, "status": error.status}
        if error.status < 500:
            body["detail"] = str(error)
        return JSONResponse(body, error.status, media_type="application/problem+json")

    # endregion


# A middleware sets it for each request.
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

SECRETS = {"password", "token", "authorization"}

STANDARD = {*vars(logging.makeLogRecord({})), "message", "asctime"}


def extra_fields(record: logging.LogRecord) -> dict[str, Any]:
    """Return what the logger was given as `extra`, by name."""
    return {name: one for name, one in vars(record).items() if name not in STANDARD}


class JsonFormatter(logging.Formatter):
    """6.2.2  What are the best practices for logging in a production FastAPI
    environment?

    In production, a program collects the logs of all processes, and developers search
    in them. It reads one JSON object from each line. Write the method `format`. It
    returns the line for a log record.

    - The object has the fields "level" and "logger" (their names), "message" (with its
      arguments filled in) and "request" (the `request_id` of the request that logs, or
      null).
    - It also has each field of `extra`. A value that JSON does not have becomes a text,
      by `str`. This also holds for the values inside of a list or a dict.
    - If the name of a field of `extra` is in `SECRETS`, its value is "***". Upper and
      lower case are the same here: `Token` is a secret, too.
    - If the record has an exception, "traceback" is the text that the formatter's
      `formatException` returns for it. If not, there is no such field.
    - There is no line break (LF or CR) in the line. Otherwise a client could write
      lines of its own into the log.

    Given:
        No field of `extra` is called like another field of the object. Its numbers are
        finite. The keys of a dict are texts, and none of them is in `SECRETS`.
        The `exc_info` of a record is None, or has an exception.

    Example:
        logger.info("%s logged in", "ana", extra={"token": "t-1", "tries": 2})
        ->  {"level": "INFO", "logger": "news", "message": "ana logged in",
             "request": "r-7", "token": "***", "tries": 2}
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line for a log record."""
        # region answer
        # In words: Log to standard output, one JSON object a line, so that programs can
        # search in it. Each line has the ID of its request, which joins the lines of a
        # request. Values go into fields of their own, and secrets do not go into the
        # log. A traceback belongs to the same entry as its message.
        entry = {
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request": request_id.get(),
        }
        for name, value in extra_fields(record).items():
            entry[name] = "***" if name.lower() in SECRETS else value
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)
        # endregion


logger = logging.getLogger("news")


def load_article(number: int) -> str:
    """Load an article. If there is none, raise an HTTPException with 404."""
    return f"the text of article {number}"


def find_related(number: int) -> list[str]:
    """Ask another service for the titles of related articles."""
    return ["Snow in the north"]


def articles_app() -> FastAPI:
    """6.2.3  How do you log exceptions with tracebacks in FastAPI?

    When something fails, the log of the news site does not say where: no entry has a
    traceback. Some errors have two entries, and the client sees the text of the
    exception. Repair the application.

    - If `load_article` raises an HTTPException, FastAPI sends the response, with its
      detail and its headers. Nothing is logged, at any level.
    - If `load_article` raises another exception, the response is 500 with the body
      `{"error": "Something went wrong."}`. The log gets one entry with the level ERROR
      and a message with the method and the path. It shows the exception and its
      traceback.
    - If `find_related` raises any exception, the response is 200 with the text and an
      empty list. The log gets one entry with the level WARNING. It shows the exception
      and its traceback.

    Given:
        The log is what `logger` receives. The entry that Uvicorn writes for a 500 does
        not count.
    """
    app = FastAPI()

    @app.exception_handler(Exception)
    def apologize(request: Request, error: Exception) -> JSONResponse:
        # region answer
        logger.error("%s %s", request.method, request.url.path, exc_info=error)
        return JSONResponse({"error": "Something went wrong."}, 500)
        # stub: logger.exception("%s %s", request.method, request.url.path)
        # stub: return JSONResponse({"error": str(error)}, 500)
        # endregion

    @app.get("/articles/{number}")
    def read_article(number: int) -> dict[str, Any]:
        # region answer
        # In words: `exc_info` adds the exception and its traceback to an entry.
        # `logger.exception` takes the exception that is being handled in this thread.
        # FastAPI runs a `def` handler in another thread, so pass the exception there.
        # Log an exception once, where it is handled. Whoever raises it again leaves
        # that to the handler.
        text = load_article(number)
        try:
            related = find_related(number)
        except Exception:
            logger.warning("no related articles for %s", number, exc_info=True)
            related = []
        # stub: try:
        # stub:     text = load_article(number)
        # stub: except Exception as error:
        # stub:     logger.error("cannot load %s: %s", number, error)
        # stub:     raise
        # stub: try:
        # stub:     related = find_related(number)
        # stub: except Exception as error:
        # stub:     logger.warning("no related articles for %s: %s", number, error)
        # stub:     related = []
        # endregion
        return {"text": text, "related": related}

    return app
