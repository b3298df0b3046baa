"""4.2  Background tasks.

A background task is a function that FastAPI calls after it has sent the response. The
client does not wait for it.
Notes: content/docs/fastapi/advanced-features/background-tasks.md
"""

import json
import smtplib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Annotated

from fastapi import BackgroundTasks, FastAPI, Header, HTTPException
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, EmailStr
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from sensei import ___


@dataclass(frozen=True)
class MailServer:
    """Where the mail server listens."""

    host: str
    port: int


class Purchase(BaseModel):
    """A request body: somebody buys a ticket for an event."""

    email: EmailStr
    event: str


def send_email(server: MailServer, to: str, text: str) -> None:
    """Send an email. Return when the mail server has accepted it."""
    message = EmailMessage()
    message["From"] = "tickets@example.com"
    message["To"] = to
    message["Subject"] = "Your ticket"
    message.set_content(text)
    with smtplib.SMTP(server.host, server.port, local_hostname="localhost") as smtp:
        smtp.send_message(message)


def tickets_app(server: MailServer) -> FastAPI:
    """4.2.1  Write a FastAPI endpoint that sends an email in the background using
    `BackgroundTasks`.

    Create an application and return it. Its endpoint `POST /tickets` takes a `Purchase`
    as the request body. Sending an email takes seconds, and the buyer does not wait.

    - `POST /tickets` returns the status code 202 and the purchase. It returns 422 if
      the request body is not a valid `Purchase`.
    - After the response, a background task sends an email with `send_email`. It goes to
      the email address of the purchase, and its text is `Your ticket: ` and the event.
    - The application handles other requests while `send_email` runs.

    Given:
        `send_email` blocks the thread that calls it.

    Example:
        POST /tickets  {"email": "mara@example.com", "event": "Jazz Night"}
            ->  202  {"email": "mara@example.com", "event": "Jazz Night"}
            then     send_email(server, "mara@example.com", "Your ticket: Jazz Night")
    """
    raise NotImplementedError


def print_ticket(event: str) -> None:
    """Print a ticket. Today this always raises an OSError."""
    raise OSError("The printer has no paper.")


async def send_reminder(server: MailServer, purchase: Purchase) -> None:
    """Send an email. `send_email` blocks the thread that calls it."""
    send_email(server, purchase.email, f"Tomorrow: {purchase.event}")


def sales_app(server: MailServer) -> FastAPI:
    """Return an application with four endpoints that add background tasks."""
    app = FastAPI()

    @app.post("/email", status_code=202)
    def email(purchase: Purchase, tasks: BackgroundTasks) -> None:
        tasks.add_task(send_email, server, purchase.email, purchase.event)

    @app.post("/print", status_code=202)
    def print_then_email(purchase: Purchase, tasks: BackgroundTasks) -> None:
        tasks.add_task(print_ticket, purchase.event)
        tasks.add_task(send_email, server, purchase.email, purchase.event)

    @app.post("/sold-out", status_code=202)
    def email_then_fail(purchase: Purchase, tasks: BackgroundTasks) -> None:
        tasks.add_task(send_email, server, purchase.email, purchase.event)
        raise HTTPException(409, "The event is sold out.")

    @app.post("/remind", status_code=202)
    def remind(purchase: Purchase, tasks: BackgroundTasks) -> None:
        tasks.add_task(send_reminder, server, purchase)

    return app


def predictions() -> dict[str, object]:
    """4.2.2  What are the limitations of `BackgroundTasks` in FastAPI?

    Uvicorn serves `sales_app` above in one process. Predict what happens when a client
    sends one purchase to one of its endpoints. Replace each `___` with a status code,
    with a number of emails, or with "waits" or "returns".

    - "status of /print", "emails of /print": the status code that `POST /print`
      returns, and the number of emails that arrive after it.
    - "emails of /sold-out": the number of emails that arrive after `POST /sold-out`.
    - "emails after kill": the response of `POST /email` has arrived, and the background
      task is about to call `send_email`. Now `kill -9` ends the process. Then the
      server is started again. Predict how many emails arrive in all.
    - "emails after Ctrl-C": one Ctrl-C ends the process, and not `kill -9`. Everything
      else is the same.
    - "request during /remind": the background task of `POST /remind` waits for a slow
      mail server. Another client sends `GET /docs`. Predict whether this request
      "waits" until the task has finished, or "returns" before.
    """
    return {
        "status of /print": ___,
        "emails of /print": ___,
        "emails of /sold-out": ___,
        "emails after kill": ___,
        "emails after Ctrl-C": ___,
        "request during /remind": ___,
    }


class Base(DeclarativeBase):
    """The base class of the models."""


class Email(Base):
    """An email. It is outstanding until it is marked as sent."""

    __tablename__ = "emails"

    id: Mapped[int] = mapped_column(primary_key=True)
    to: Mapped[str]
    text: Mapped[str]
    is_sent: Mapped[bool] = mapped_column(default=False)


def add_email(engine: Engine, to: str, text: str) -> Email:
    """Store an outstanding email in the table, commit, and return it."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        email = Email(to=to, text=text)
        session.add(email)
    return email


def outstanding_emails(engine: Engine) -> list[Email]:
    """Return the emails that are not marked as sent."""
    with Session(engine) as session:
        query = select(Email).where(Email.is_sent.is_(False)).order_by(Email.id)
        return list(session.scalars(query))


def mark_sent(engine: Engine, email: Email) -> None:
    """Mark an email as sent, and commit."""
    with Session(engine) as session, session.begin():
        session.execute(update(Email).where(Email.id == email.id).values(is_sent=True))


def reliable_app(engine: Engine, server: MailServer) -> FastAPI:
    """4.2.3  How can you ensure background tasks complete reliably in a FastAPI app?

    A background task is lost if the server process is killed. Store each email in the
    table `emails`, so that the next process can send it. Write `send`,
    `send_outstanding` and `buy_ticket`.

    - `buy_ticket` stores the email of the purchase before it returns the purchase. The
      text is `Your ticket: ` and the event.
    - After the response, a background task sends the email of this request. It does not
      send other outstanding emails: the tasks of other requests send them.
    - An email is marked as sent after `send_email` has returned, and not before.
    - `send_outstanding` sends the outstanding emails. It marks each one before it sends
      the next one.
    - If `send_email` raises an OSError in `send_outstanding`, the email stays
      outstanding. `send_outstanding` continues with the next one.

    Given:
        The server calls `send_outstanding` when it starts, before the first request.
        One process serves the application.
        The errors of a mail server and of the network are OSErrors.
    """

    def send(email: Email) -> None:
        """Send one outstanding email."""
        raise NotImplementedError

    def send_outstanding() -> None:
        """Send the emails that an earlier process has not sent."""
        raise NotImplementedError

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(send_outstanding)
        yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/tickets", status_code=202)
    def buy_ticket(purchase: Purchase, tasks: BackgroundTasks) -> Purchase:
        raise NotImplementedError

    return app


# The name of the user, from the header `X-User` of the request.
User = Annotated[str, Header(alias="X-User")]


def now() -> datetime:
    """Return the current time."""
    return datetime.now(UTC)


def write_activity(log: Path, user: str, action: str, at: datetime) -> None:
    """Append a line to the activity log."""
    entry = {"user": user, "action": action, "at": at.isoformat()}
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")


def events_app(log: Path) -> FastAPI:
    """4.2.4  Write a FastAPI endpoint that logs user activity in the background.

    Create an application and return it. Its endpoint `GET /events/{event}` shows an
    event, and logs which user has looked at it.

    - `GET /events/jazz` returns `{"event": "jazz"}`, and the same for other events.
    - After the response, a background task calls `write_activity`. The action is
      `viewed ` and the event. Each request writes one line.
    - The time in the log is what `now()` returns during the request. The background
      task can run much later.

    Given:
        A parameter of type `User` gets the name of the user from a header.

    Example:
        GET /events/jazz with the header X-User: mara  ->  200  {"event": "jazz"}
            then  write_activity(log, "mara", "viewed jazz", ...)
    """
    raise NotImplementedError
