"""Other answers to section 6.2."""

import traceback

from fastapi import HTTPException
from fastapi.responses import Response

from sensei.variants import right, wrong

PROBLEM = "application/problem+json"


@wrong("6.2.1", caught_by="test_q1_an_error_of_the_server_has_no_detail[500]")
def explain_errors(app):
    """Send the text of each error."""

    @app.exception_handler(NewsError)
    def explain(request: Request, error: NewsError):
        body = {"type": error.type, "title": error.title, "status": error.status}
        body["detail"] = str(error)
        return JSONResponse(body, error.status, media_type=PROBLEM)


@wrong("6.2.1", caught_by="test_q1_an_error_of_the_server_has_no_detail[500]")
def explain_errors(app):
    """Take 500 for an error of the client."""

    @app.exception_handler(NewsError)
    def explain(request: Request, error: NewsError):
        body = {"type": error.type, "title": error.title, "status": error.status}
        if error.status <= 500:
            body["detail"] = str(error)
        return JSONResponse(body, error.status, media_type=PROBLEM)


@wrong("6.2.1", caught_by="test_q1_an_error_of_the_server_has_no_detail[502]")
def explain_errors(app):
    """Send null as the detail of a server's error."""

    @app.exception_handler(NewsError)
    def explain(request: Request, error: NewsError):
        body = {"type": error.type, "title": error.title, "status": error.status}
        body["detail"] = str(error) if error.status < 500 else None
        return JSONResponse(body, error.status, media_type=PROBLEM)


@wrong("6.2.1", caught_by="test_q1_a_given_error_becomes_a_problem[CommentsClosed]")
def explain_errors(app):
    """Keep the media type of JSON."""

    @app.exception_handler(NewsError)
    def explain(request: Request, error: NewsError):
        body = {"type": error.type, "title": error.title, "status": error.status}
        if error.status < 500:
            body["detail"] = str(error)
        return JSONResponse(body, error.status)


@wrong("6.2.1", caught_by="test_q1_a_given_error_becomes_a_problem[ArchiveDown]")
def explain_errors(app):
    """Put the status into the body only."""

    @app.exception_handler(NewsError)
    def explain(request: Request, error: NewsError):
        body = {"type": error.type, "title": error.title, "status": error.status}
        if error.status < 500:
            body["detail"] = str(error)
        return JSONResponse(body, media_type=PROBLEM)


@wrong("6.2.1", caught_by="test_q1_an_error_of_the_client_has_its_detail[404]")
def explain_errors(app):
    """Register a handler for each class that is known."""

    def explain(request: Request, error: NewsError):
        body = {"type": error.type, "title": error.title, "status": error.status}
        if error.status < 500:
            body["detail"] = str(error)
        return JSONResponse(body, error.status, media_type=PROBLEM)

    for kind in (CommentsClosed, ArchiveDown):
        app.add_exception_handler(kind, explain)


@wrong("6.2.1", caught_by="test_q1_an_error_of_the_client_has_its_detail[404]")
def explain_errors(app):
    """Take the first argument for the text."""

    @app.exception_handler(NewsError)
    def explain(request: Request, error: NewsError):
        body = {"type": error.type, "title": error.title, "status": error.status}
        if error.status < 500:
            body["detail"] = error.args[0]
        return JSONResponse(body, error.status, media_type=PROBLEM)


@wrong("6.2.1", caught_by="test_q1_an_error_of_the_client_has_its_detail[422]")
def explain_errors(app):
    """Leave out an empty text."""

    @app.exception_handler(NewsError)
    def explain(request: Request, error: NewsError):
        body = {"type": error.type, "title": error.title, "status": error.status}
        if error.status < 500 and str(error):
            body["detail"] = str(error)
        return JSONResponse(body, error.status, media_type=PROBLEM)


@wrong("6.2.1", caught_by="test_q1_a_given_error_becomes_a_problem[CommentsClosed]")
def explain_errors(app):
    """Raise an HTTPException, which nobody handles any more in a handler."""

    @app.exception_handler(NewsError)
    def explain(request: Request, error: NewsError):
        raise HTTPException(error.status, str(error))


@wrong("6.2.1", caught_by="test_q1_a_given_error_becomes_a_problem[CommentsClosed]")
def explain_errors(app):
    """Return a dict, as an endpoint does."""

    @app.exception_handler(NewsError)
    def explain(request: Request, error: NewsError):
        return {"type": error.type, "title": error.title, "status": error.status}


@wrong("6.2.1", caught_by="test_q1_other_responses_stay_as_they_are[RuntimeError]")
def explain_errors(app):
    """Handle all exceptions."""

    @app.exception_handler(Exception)
    def fail(request: Request, error: Exception):
        body = {"type": "about:blank", "title": "Failed", "status": 500}
        return JSONResponse(body, 500, media_type=PROBLEM)

    @app.exception_handler(NewsError)
    def explain(request: Request, error: NewsError):
        body = {"type": error.type, "title": error.title, "status": error.status}
        if error.status < 500:
            body["detail"] = str(error)
        return JSONResponse(body, error.status, media_type=PROBLEM)


@wrong("6.2.1", caught_by="test_q1_other_responses_stay_as_they_are[HTTPException]")
def explain_errors(app):
    """Change the form of each HTTPException as well."""

    @app.exception_handler(HTTPException)
    def refuse(request: Request, error: HTTPException):
        body = {"type": "about:blank", "title": error.detail}
        return JSONResponse(body, error.status_code, media_type=PROBLEM)

    @app.exception_handler(NewsError)
    def explain(request: Request, error: NewsError):
        body = {"type": error.type, "title": error.title, "status": error.status}
        if error.status < 500:
            body["detail"] = str(error)
        return JSONResponse(body, error.status, media_type=PROBLEM)


@wrong("6.2.1", caught_by="test_q1_an_error_of_the_server_has_no_detail[502]")
def explain_errors(app):
    """Send the text in a header."""

    @app.exception_handler(NewsError)
    def explain(request: Request, error: NewsError):
        body = {"type": error.type, "title": error.title, "status": error.status}
        if error.status < 500:
            body["detail"] = str(error)
        headers = {"X-Error": ascii(str(error))}
        return JSONResponse(body, error.status, headers, PROBLEM)


@wrong("6.2.1", caught_by="test_q1_an_error_of_the_client_has_its_detail[404]")
def explain_errors(app):
    """Tidy the text."""

    @app.exception_handler(NewsError)
    def explain(request: Request, error: NewsError):
        body = {"type": error.type, "title": error.title, "status": error.status}
        if error.status < 500:
            body["detail"] = str(error).strip()
        return JSONResponse(body, error.status, media_type=PROBLEM)


@right("6.2.1")
def explain_errors(app):
    """Write the JSON oneself, in an async handler."""

    async def explain(request, error):
        fields = ["type", "title", "status"]
        body = {name: getattr(error, name) for name in fields}
        if error.status // 100 != 5:
            body |= {"detail": f"{error}"}
        return Response(json.dumps(body), error.status, {"Content-Type": PROBLEM})

    app.add_exception_handler(NewsError, explain)


@right("6.2.1")
def explain_errors(app):
    """Use a class for the response, and put the handler into the table."""

    class ProblemResponse(JSONResponse):
        media_type = PROBLEM

    def explain(request, error):
        detail = {"detail": str(error)} if error.status < 500 else {}
        return ProblemResponse(
            status_code=error.status,
            content={
                "status": error.status,
                "title": error.title,
                "type": error.type,
                **detail,
            },
        )

    app.exception_handlers[NewsError] = explain


def entry_of(record):
    """Return the four fields that each line has."""
    return {
        "level": record.levelname,
        "logger": record.name,
        "message": record.getMessage(),
        "request": request_id.get(),
    }


@wrong("6.2.2", caught_by="test_q2_a_line_has_level_logger_message_and_request[INFO]")
class JsonFormatter(logging.Formatter):
    """Take the message without its arguments."""

    def format(self, record):
        entry = entry_of(record) | {"message": record.msg}
        for name, value in extra_fields(record).items():
            entry[name] = "***" if name.lower() in SECRETS else value
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


@wrong("6.2.2", caught_by="test_q2_a_line_has_level_logger_message_and_request[DEBUG]")
class JsonFormatter(logging.Formatter):
    """Read an attribute that the base class would set."""

    def format(self, record):
        entry = entry_of(record) | {"message": record.message}
        for name, value in extra_fields(record).items():
            entry[name] = "***" if name.lower() in SECRETS else value
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


@wrong(
    "6.2.2", caught_by="test_q2_a_line_has_level_logger_message_and_request[WARNING]"
)
class JsonFormatter(logging.Formatter):
    """Use the number of the level."""

    def format(self, record):
        entry = entry_of(record) | {"level": record.levelno}
        for name, value in extra_fields(record).items():
            entry[name] = "***" if name.lower() in SECRETS else value
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


@wrong("6.2.2", caught_by="test_q2_a_line_has_level_logger_message_and_request[INFO]")
class JsonFormatter(logging.Formatter):
    """Put everything that the record has into the line."""

    def format(self, record):
        return json.dumps(entry_of(record) | vars(record), default=str)


@wrong("6.2.2", caught_by="test_q2_an_exception_has_its_traceback")
class JsonFormatter(logging.Formatter):
    """Let the base class format the message, which adds the traceback to it."""

    def format(self, record):
        entry = entry_of(record) | {"message": super().format(record)}
        for name, value in extra_fields(record).items():
            entry[name] = "***" if name.lower() in SECRETS else value
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


@wrong("6.2.2", caught_by="test_q2_an_exception_has_its_traceback")
class JsonFormatter(logging.Formatter):
    """Forget the exception."""

    def format(self, record):
        entry = entry_of(record)
        for name, value in extra_fields(record).items():
            entry[name] = "***" if name.lower() in SECRETS else value
        return json.dumps(entry, default=str)


@wrong("6.2.2", caught_by="test_q2_an_exception_has_its_traceback")
class JsonFormatter(logging.Formatter):
    """Keep the text of the exception only."""

    def format(self, record):
        entry = entry_of(record)
        for name, value in extra_fields(record).items():
            entry[name] = "***" if name.lower() in SECRETS else value
        if record.exc_info:
            entry["traceback"] = repr(record.exc_info[1])
        return json.dumps(entry, default=str)


@wrong("6.2.2", caught_by="test_q2_an_exception_has_its_traceback")
class JsonFormatter(logging.Formatter):
    """Replace the line breaks of the traceback."""

    def format(self, record):
        entry = entry_of(record)
        for name, value in extra_fields(record).items():
            entry[name] = "***" if name.lower() in SECRETS else value
        if record.exc_info:
            lines = self.formatException(record.exc_info).split("\n")
            entry["traceback"] = " ".join(lines)
        return json.dumps(entry, default=str)


@wrong("6.2.2", caught_by="test_q2_a_line_has_level_logger_message_and_request[INFO]")
class JsonFormatter(logging.Formatter):
    """Have a traceback in each line."""

    def format(self, record):
        entry = entry_of(record)
        for name, value in extra_fields(record).items():
            entry[name] = "***" if name.lower() in SECRETS else value
        entry["traceback"] = record.exc_info and self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


@wrong("6.2.2", caught_by="test_q2_a_line_has_the_fields_of_extra[date]")
class JsonFormatter(logging.Formatter):
    """Let `json` raise an exception for other values."""

    def format(self, record):
        entry = entry_of(record)
        for name, value in extra_fields(record).items():
            entry[name] = "***" if name.lower() in SECRETS else value
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry)


@wrong("6.2.2", caught_by="test_q2_a_line_has_the_fields_of_extra[number]")
class JsonFormatter(logging.Formatter):
    """Turn each value into a text."""

    def format(self, record):
        entry = entry_of(record)
        for name, value in extra_fields(record).items():
            entry[name] = "***" if name.lower() in SECRETS else str(value)
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry)


@wrong("6.2.2", caught_by="test_q2_a_line_has_the_fields_of_extra[decimal]")
class JsonFormatter(logging.Formatter):
    """Use the representation for programmers."""

    def format(self, record):
        entry = entry_of(record)
        for name, value in extra_fields(record).items():
            entry[name] = "***" if name.lower() in SECRETS else value
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=repr)


@wrong("6.2.2", caught_by="test_q2_a_line_has_the_fields_of_extra[text]")
class JsonFormatter(logging.Formatter):
    """Put the fields into an object of their own."""

    def format(self, record):
        entry = entry_of(record)
        entry["extra"] = {
            name: "***" if name.lower() in SECRETS else value
            for name, value in extra_fields(record).items()
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


@wrong("6.2.2", caught_by="test_q2_a_line_has_the_fields_of_extra[text]")
class JsonFormatter(logging.Formatter):
    """Keep one dict for all lines."""

    entry = {}

    def format(self, record):
        self.entry |= entry_of(record)
        for name, value in extra_fields(record).items():
            self.entry[name] = "***" if name.lower() in SECRETS else value
        if record.exc_info:
            self.entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(self.entry, default=str)


@wrong("6.2.2", caught_by="test_q2_a_secret_is_not_in_the_line[Authorization]")
class JsonFormatter(logging.Formatter):
    """Compare the names as they are."""

    def format(self, record):
        entry = entry_of(record)
        for name, value in extra_fields(record).items():
            entry[name] = "***" if name in SECRETS else value
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


@wrong("6.2.2", caught_by="test_q2_a_secret_is_not_in_the_line[token]")
class JsonFormatter(logging.Formatter):
    """Look for the secret words inside of the names."""

    def format(self, record):
        entry = entry_of(record)
        for name, value in extra_fields(record).items():
            is_secret = any(word in name.lower() for word in SECRETS)
            entry[name] = "***" if is_secret else value
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


@wrong("6.2.2", caught_by="test_q2_a_secret_is_not_in_the_line[password]")
class JsonFormatter(logging.Formatter):
    """Leave secrets out."""

    def format(self, record):
        entry = entry_of(record)
        for name, value in extra_fields(record).items():
            if name.lower() not in SECRETS:
                entry[name] = value
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


@wrong("6.2.2", caught_by="test_q2_a_secret_is_not_in_the_line[token]")
class JsonFormatter(logging.Formatter):
    """Replace a secret only if it has a value."""

    def format(self, record):
        entry = entry_of(record)
        for name, value in extra_fields(record).items():
            entry[name] = "***" if value and name.lower() in SECRETS else value
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


@wrong("6.2.2", caught_by="test_q2_each_line_has_the_id_of_its_request")
class JsonFormatter(logging.Formatter):
    """Read the ID once, when the formatter is created."""

    def __init__(self):
        super().__init__()
        self.request = request_id.get()

    def format(self, record):
        entry = entry_of(record) | {"request": self.request}
        for name, value in extra_fields(record).items():
            entry[name] = "***" if name.lower() in SECRETS else value
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


@wrong("6.2.2", caught_by="test_q2_each_line_has_the_id_of_its_request")
class JsonFormatter(logging.Formatter):
    """Remember the last ID where there is none."""

    last = None

    def format(self, record):
        JsonFormatter.last = request_id.get() or JsonFormatter.last
        entry = entry_of(record) | {"request": JsonFormatter.last}
        for name, value in extra_fields(record).items():
            entry[name] = "***" if name.lower() in SECRETS else value
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


@wrong("6.2.2", caught_by="test_q2_a_line_has_level_logger_message_and_request[DEBUG]")
class JsonFormatter(logging.Formatter):
    """Return the JSON over several lines."""

    def format(self, record):
        entry = entry_of(record)
        for name, value in extra_fields(record).items():
            entry[name] = "***" if name.lower() in SECRETS else value
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str, indent=2)


@wrong("6.2.2", caught_by="test_q2_a_text_of_a_client_stays_in_its_line[quotes]")
class JsonFormatter(logging.Formatter):
    """Write the beginning of the JSON by hand."""

    def format(self, record):
        message = record.getMessage().replace("\n", "\\n").replace("\r", "\\r")
        request = json.dumps(request_id.get())
        line = (
            f'{{"level": "{record.levelname}", "logger": "{record.name}", '
            f'"message": "{message}", "request": {request}'
        )
        for name, value in extra_fields(record).items():
            value = "***" if name.lower() in SECRETS else value
            line += f', "{name}": {json.dumps(value, default=str)}'
        if record.exc_info:
            text = self.formatException(record.exc_info)
            line += f', "traceback": {json.dumps(text)}'
        return line + "}"


@wrong("6.2.2", caught_by="test_q2_the_traceback_is_the_one_of_the_record")
class JsonFormatter(logging.Formatter):
    """Take the exception that is being handled now."""

    def format(self, record):
        entry = {
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request": request_id.get(),
        }
        for name, value in extra_fields(record).items():
            entry[name] = "***" if name.lower() in SECRETS else value
        if record.exc_info:
            entry["traceback"] = traceback.format_exc()
        return json.dumps(entry, default=str)


@wrong("6.2.2", caught_by="test_q2_the_traceback_is_the_one_of_the_record")
class JsonFormatter(logging.Formatter):
    """Ask `sys` whether there is an exception."""

    def format(self, record):
        import sys

        entry = {
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request": request_id.get(),
        }
        for name, value in extra_fields(record).items():
            entry[name] = "***" if name.lower() in SECRETS else value
        if sys.exc_info()[0]:
            entry["traceback"] = self.formatException(sys.exc_info())
        return json.dumps(entry, default=str)


@wrong("6.2.2", caught_by="test_q2_a_line_has_the_fields_of_extra[nested]")
class JsonFormatter(logging.Formatter):
    """Turn a whole dict into a text because of one value in it."""

    def format(self, record):
        entry = entry_of(record)
        for name, value in extra_fields(record).items():
            try:
                json.dumps(value)
            except TypeError:
                value = str(value)
            entry[name] = "***" if name.lower() in SECRETS else value
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry)


@wrong("6.2.2", caught_by="test_q2_a_line_has_level_logger_message_and_request[INFO]")
class JsonFormatter(logging.Formatter):
    """Tidy the message."""

    def format(self, record):
        entry = entry_of(record) | {"message": record.getMessage().strip()}
        for name, value in extra_fields(record).items():
            entry[name] = "***" if name.lower() in SECRETS else value
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


@wrong("6.2.2", caught_by="test_q2_an_exception_has_its_traceback")
class JsonFormatter(logging.Formatter):
    """Keep the line break at the end, which `formatException` removes."""

    def format(self, record):
        entry = entry_of(record)
        for name, value in extra_fields(record).items():
            entry[name] = "***" if name.lower() in SECRETS else value
        if record.exc_info:
            lines = traceback.format_exception(*record.exc_info)
            entry["traceback"] = "".join(lines)
        return json.dumps(entry, default=str)


@right("6.2.2")
class JsonFormatter(logging.Formatter):
    """Build the object in one expression, and keep other scripts readable."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            name: value if name.casefold() not in SECRETS else "***"
            for name, value in extra_fields(record).items()
        }
        failed = (
            {"traceback": self.formatException(record.exc_info)}
            if record.exc_info
            else {}
        )
        return json.dumps(
            {
                **fields,
                "request": request_id.get(),
                "message": str(record.msg) % record.args
                if record.args
                else str(record.msg),
                "logger": record.name,
                "level": logging.getLevelName(record.levelno),
                **failed,
            },
            ensure_ascii=False,
            default=lambda value: f"{value!s}",
        )


@right("6.2.2")
class JsonFormatter(logging.Formatter):
    """Write an encoder, and take the traceback from the library."""

    class Encoder(json.JSONEncoder):
        def default(self, value):
            return str(value)

    def format(self, record):
        entry = dict(
            level=record.levelname,
            logger=record.name,
            message=record.getMessage(),
            request=request_id.get(None),
        )
        entry.update(extra_fields(record))
        for name in list(entry):
            if name.lower() in SECRETS:
                entry[name] = "***"
        if record.exc_info is not None and record.exc_info[0] is not None:
            lines = traceback.format_exception(record.exc_info[1])
            entry["traceback"] = "".join(lines).removesuffix("\n")
        return self.Encoder(separators=(",", ":")).encode(entry)


SORRY = {"error": "Something went wrong."}


def app_with(handler, read):
    """Return an application with this handler and this endpoint."""
    app = FastAPI()
    if handler is not None:
        app.add_exception_handler(Exception, handler)
    app.get("/articles/{number}")(read)
    return app


def log_and_apologize(request, error):
    """Log the exception, and send the fixed text."""
    logger.error("%s %s", request.method, request.url.path, exc_info=error)
    return JSONResponse(SORRY, 500)


def read_with_warning(number: int):
    """Return the article, with a warning if the related ones fail."""
    text = load_article(number)
    try:
        related = find_related(number)
    except Exception:
        logger.warning("nothing related to %s", number, exc_info=True)
        related = []
    return {"text": text, "related": related}


@wrong(
    "6.2.3", caught_by="test_q3_an_exception_of_load_article_is_logged_once[OSError]"
)
def articles_app():
    """Look for the exception in the thread of the handler."""

    def apologize(request, error):
        logger.exception("%s %s", request.method, request.url.path)
        return JSONResponse(SORRY, 500)

    return app_with(apologize, read_with_warning)


@wrong(
    "6.2.3", caught_by="test_q3_an_exception_of_load_article_is_logged_once[KeyError]"
)
def articles_app():
    """Put the traceback of the handler's thread into the message."""

    def apologize(request, error):
        text = traceback.format_exc()
        logger.error("%s %s\n%s", request.method, request.url.path, text)
        return JSONResponse(SORRY, 500)

    return app_with(apologize, read_with_warning)


@wrong("6.2.3", caught_by="test_q3_an_exception_of_load_article_is_logged_once[Broken]")
def articles_app():
    """Log the text of the exception."""

    def apologize(request, error):
        logger.error("%s %s: %r", request.method, request.url.path, error)
        return JSONResponse(SORRY, 500)

    return app_with(apologize, read_with_warning)


@wrong(
    "6.2.3", caught_by="test_q3_an_exception_of_load_article_is_logged_once[OSError]"
)
def articles_app():
    """Log where the exception comes up, and in the handler again."""

    def read(number: int):
        try:
            return read_with_warning(number)
        except HTTPException:
            raise
        except Exception:
            logger.exception("cannot load %s", number)
            raise

    return app_with(log_and_apologize, read)


@wrong(
    "6.2.3", caught_by="test_q3_an_exception_of_load_article_is_logged_once[KeyError]"
)
def articles_app():
    """Log the exception without the request."""

    def apologize(request, error):
        logger.error("unhandled exception", exc_info=error)
        return JSONResponse(SORRY, 500)

    return app_with(apologize, read_with_warning)


@wrong(
    "6.2.3", caught_by="test_q3_an_exception_of_load_article_is_logged_once[OSError]"
)
def articles_app():
    """Use the root logger."""

    def apologize(request, error):
        path = request.url.path
        logging.error("%s %s", request.method, path, exc_info=error)
        return JSONResponse(SORRY, 500)

    return app_with(apologize, read_with_warning)


@wrong("6.2.3", caught_by="test_q3_an_exception_of_load_article_is_logged_once[Broken]")
def articles_app():
    """Log in the endpoint only, without the method."""

    def read(number: int):
        try:
            return read_with_warning(number)
        except HTTPException:
            raise
        except Exception:
            logger.exception("cannot load /articles/%s", number)
            raise

    return app_with(lambda request, error: JSONResponse(SORRY, 500), read)


@wrong("6.2.3", caught_by="test_q3_the_client_does_not_see_the_exception[KeyError]")
def articles_app():
    """Send the name of the exception."""

    def apologize(request, error):
        log_and_apologize(request, error)
        return JSONResponse({"error": type(error).__name__}, 500)

    return app_with(apologize, read_with_warning)


@wrong("6.2.3", caught_by="test_q3_the_client_does_not_see_the_exception[OSError]")
def articles_app():
    """Raise an HTTPException in the place of the exception."""

    def read(request: Request, number: int):
        try:
            return read_with_warning(number)
        except HTTPException:
            raise
        except Exception:
            logger.exception("%s %s", request.method, request.url.path)
            raise HTTPException(500, "Something went wrong.") from None

    return app_with(None, read)


@wrong("6.2.3", caught_by="test_q3_an_http_exception_is_not_logged[404]")
def articles_app():
    """Treat an HTTPException as any other exception."""

    def read(request: Request, number: int):
        try:
            return read_with_warning(number)
        except Exception as error:
            return log_and_apologize(request, error)

    return app_with(None, read)


@wrong(
    "6.2.3",
    caught_by="test_q3_an_exception_of_find_related_is_logged_as_a_warning[OSError]",
)
def articles_app():
    """Log the warning as an error."""

    def read(number: int):
        text = load_article(number)
        try:
            related = find_related(number)
        except Exception:
            logger.exception("nothing related to %s", number)
            related = []
        return {"text": text, "related": related}

    return app_with(log_and_apologize, read)


@wrong(
    "6.2.3",
    caught_by="test_q3_an_exception_of_find_related_is_logged_as_a_warning[KeyError]",
)
def articles_app():
    """Log the warning without a traceback."""

    def read(number: int):
        text = load_article(number)
        try:
            related = find_related(number)
        except Exception as error:
            logger.warning("nothing related to %s: %r", number, error)
            related = []
        return {"text": text, "related": related}

    return app_with(log_and_apologize, read)


@wrong(
    "6.2.3",
    caught_by="test_q3_an_exception_of_find_related_is_logged_as_a_warning[Broken]",
)
def articles_app():
    """Let the failure of the other service fail the request."""

    def read(number: int):
        return {"text": load_article(number), "related": find_related(number)}

    return app_with(log_and_apologize, read)


@wrong(
    "6.2.3",
    caught_by="test_q3_an_exception_of_find_related_is_logged_as_a_warning[HTTPException]",
)
def articles_app():
    """Let an HTTPException of the other service pass."""

    def read(number: int):
        text = load_article(number)
        try:
            related = find_related(number)
        except HTTPException:
            raise
        except Exception:
            logger.warning("nothing related to %s", number, exc_info=True)
            related = []
        return {"text": text, "related": related}

    return app_with(log_and_apologize, read)


@wrong(
    "6.2.3",
    caught_by="test_q3_an_exception_of_find_related_is_logged_as_a_warning[OSError]",
)
def articles_app():
    """Swallow the exception."""

    def read(number: int):
        text = load_article(number)
        try:
            related = find_related(number)
        except Exception:
            related = []
        return {"text": text, "related": related}

    return app_with(log_and_apologize, read)


@wrong("6.2.3", caught_by="test_q3_an_http_exception_is_not_logged[410]")
def articles_app():
    """Log an HTTPException at a low level."""

    def read(number: int):
        try:
            return read_with_warning(number)
        except HTTPException as error:
            logger.info("no article %s: %s", number, error.detail)
            raise

    return app_with(log_and_apologize, read)


@wrong("6.2.3", caught_by="test_q3_an_http_exception_is_not_logged[503]")
def articles_app():
    """Raise the HTTPException anew, without its headers."""

    def read(number: int):
        try:
            return read_with_warning(number)
        except HTTPException as error:
            raise HTTPException(error.status_code, error.detail) from None

    return app_with(log_and_apologize, read)


@wrong("6.2.3", caught_by="test_q3_an_http_exception_is_not_logged[404]")
def articles_app():
    """Send the response of the HTTPException in the form of the other errors."""

    def read(number: int):
        try:
            return read_with_warning(number)
        except HTTPException as error:
            body = {"error": error.detail}
            return JSONResponse(body, error.status_code, error.headers)

    return app_with(log_and_apologize, read)


@right("6.2.3")
def articles_app():
    """Use an async handler, which runs where the exception is handled."""

    async def apologize(request: Request, error: Exception):
        logger.exception(f"failed: {request.method} {request.url}")
        return JSONResponse(SORRY, 500)

    async def read(number: int):
        text = load_article(number)
        try:
            related = find_related(number)
        except Exception as error:
            logger.log(logging.WARNING, "nothing related", exc_info=error)
            related = []
        return {"text": text, "related": related}

    return app_with(apologize, read)


@right("6.2.3")
def articles_app():
    """Catch the exception in a middleware, so that nobody else logs it."""
    app = app_with(None, read_with_warning)

    @app.middleware("http")
    async def catch(request, call_next):
        try:
            return await call_next(request)
        except Exception:
            logger.exception("%s %s", request.method, request.url.path)
            return JSONResponse(SORRY, 500)

    return app


@right("6.2.3")
def articles_app():
    """Put the traceback into the text of the message."""

    def apologize(request, error):
        text = "".join(traceback.format_exception(error))
        logger.error("%s %s\n%s", request.method, request.url.path, text)
        return JSONResponse(SORRY, 500)

    return app_with(apologize, read_with_warning)
