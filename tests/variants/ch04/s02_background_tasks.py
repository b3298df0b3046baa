"""Other answers to section 4.2."""

import asyncio
import threading
from functools import partial

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from starlette.background import BackgroundTask

from sensei.variants import right, wrong


@wrong("4.2.1", caught_by="test_q1_the_email_is_sent_after_the_response")
def tickets_app(server):
    """Send the email in the endpoint."""
    app = FastAPI()

    @app.post("/tickets", status_code=202)
    def buy(purchase: Purchase):
        send_email(server, purchase.email, f"Your ticket: {purchase.event}")
        return purchase

    return app


@wrong("4.2.1", caught_by="test_q1_the_email_is_sent_after_the_response")
def tickets_app(server):
    """Call the function, and add its result as a task."""
    app = FastAPI()

    @app.post("/tickets", status_code=202)
    def buy(purchase: Purchase, tasks: BackgroundTasks):
        text = f"Your ticket: {purchase.event}"
        tasks.add_task(send_email(server, purchase.email, text))
        return purchase

    return app


@wrong("4.2.1", caught_by="test_q1_each_buyer_gets_an_email_with_the_event")
def tickets_app(server):
    """Create the BackgroundTasks in the endpoint, so that no response has them."""
    app = FastAPI()

    @app.post("/tickets", status_code=202)
    def buy(purchase: Purchase):
        tasks = BackgroundTasks()
        text = f"Your ticket: {purchase.event}"
        tasks.add_task(send_email, server, purchase.email, text)
        return purchase

    return app


@wrong("4.2.1", caught_by="test_q1_each_buyer_gets_an_email_with_the_event")
def tickets_app(server):
    """Share one BackgroundTasks between all responses."""
    app = FastAPI()
    tasks = BackgroundTasks()

    @app.post("/tickets")
    def buy(purchase: Purchase):
        text = f"Your ticket: {purchase.event}"
        tasks.add_task(send_email, server, purchase.email, text)
        return JSONResponse(purchase.model_dump(), 202, background=tasks)

    return app


@wrong("4.2.1", caught_by="test_q1_each_buyer_gets_an_email_with_the_event")
def tickets_app(server):
    """Send the event alone."""
    app = FastAPI()

    @app.post("/tickets", status_code=202)
    def buy(purchase: Purchase, tasks: BackgroundTasks):
        tasks.add_task(send_email, server, purchase.email, purchase.event)
        return purchase

    return app


@wrong("4.2.1", caught_by="test_q1_each_buyer_gets_an_email_with_the_event")
def tickets_app(server):
    """Send the values of the example."""
    app = FastAPI()

    @app.post("/tickets", status_code=202)
    def buy(purchase: Purchase, tasks: BackgroundTasks):
        text = "Your ticket: Jazz Night"
        tasks.add_task(send_email, server, "mara@example.com", text)
        return purchase

    return app


@wrong("4.2.1", caught_by="test_q1_each_buyer_gets_an_email_with_the_event")
def tickets_app(server):
    """Send only the first email."""
    app = FastAPI()
    done = []

    @app.post("/tickets", status_code=202)
    def buy(purchase: Purchase, tasks: BackgroundTasks):
        if not done:
            text = f"Your ticket: {purchase.event}"
            tasks.add_task(send_email, server, purchase.email, text)
        done.append(purchase)
        return purchase

    return app


@wrong("4.2.1", caught_by="test_q1_post_tickets_returns_202_and_the_purchase")
def tickets_app(server):
    """Return the usual status code."""
    app = FastAPI()

    @app.post("/tickets")
    def buy(purchase: Purchase, tasks: BackgroundTasks):
        text = f"Your ticket: {purchase.event}"
        tasks.add_task(send_email, server, purchase.email, text)
        return purchase

    return app


@wrong("4.2.1", caught_by="test_q1_post_tickets_returns_202_and_the_purchase")
def tickets_app(server):
    """Return a message in the place of the purchase."""
    app = FastAPI()

    @app.post("/tickets", status_code=202)
    def buy(purchase: Purchase, tasks: BackgroundTasks):
        text = f"Your ticket: {purchase.event}"
        tasks.add_task(send_email, server, purchase.email, text)
        return {"message": "The email is on its way."}

    return app


@wrong("4.2.1", caught_by="test_q1_the_email_is_sent_after_the_response")
def tickets_app(server):
    """Start a thread."""
    app = FastAPI()

    @app.post("/tickets", status_code=202)
    def buy(purchase: Purchase):
        text = f"Your ticket: {purchase.event}"
        arguments = (server, purchase.email, text)
        threading.Thread(target=send_email, args=arguments).start()
        return purchase

    return app


@wrong("4.2.1", caught_by="test_q1_the_email_is_sent_after_the_response")
def tickets_app(server):
    """Start a task of asyncio."""
    app = FastAPI()
    running = set()

    @app.post("/tickets", status_code=202)
    async def buy(purchase: Purchase):
        text = f"Your ticket: {purchase.event}"
        sending = asyncio.to_thread(send_email, server, purchase.email, text)
        running.add(asyncio.create_task(sending))
        return purchase

    return app


@wrong("4.2.1", caught_by="test_q1_the_email_is_sent_after_the_response")
def tickets_app(server):
    """Run the tasks before the response."""
    app = FastAPI()

    @app.post("/tickets", status_code=202)
    async def buy(purchase: Purchase):
        tasks = BackgroundTasks()
        text = f"Your ticket: {purchase.event}"
        tasks.add_task(send_email, server, purchase.email, text)
        await tasks()
        return purchase

    return app


@wrong("4.2.1", caught_by="test_q1_two_applications_use_their_own_mail_servers")
def tickets_app(server):
    """Keep the mail server in a global variable."""
    globals()["current"] = server
    app = FastAPI()

    @app.post("/tickets", status_code=202)
    def buy(purchase: Purchase, tasks: BackgroundTasks):
        text = f"Your ticket: {purchase.event}"
        tasks.add_task(send_email, globals()["current"], purchase.email, text)
        return purchase

    return app


@wrong("4.2.1", caught_by="test_q1_a_body_that_is_no_purchase_returns_422[no address]")
def tickets_app(server):
    """Take any object as the body."""
    app = FastAPI()

    @app.post("/tickets", status_code=202)
    def buy(purchase: dict[str, str], tasks: BackgroundTasks):
        text = f"Your ticket: {purchase.get('event')}"
        tasks.add_task(send_email, server, purchase.get("email"), text)
        return purchase

    return app


@wrong("4.2.1", caught_by="test_q1_other_requests_do_not_wait_for_the_email")
def tickets_app(server):
    """Block the event loop in an async task."""

    async def notify(purchase: Purchase) -> None:
        send_email(server, purchase.email, f"Your ticket: {purchase.event}")

    app = FastAPI()

    @app.post("/tickets", status_code=202)
    def buy(purchase: Purchase, tasks: BackgroundTasks):
        tasks.add_task(notify, purchase)
        return purchase

    return app


@wrong("4.2.1", caught_by="test_q1_other_requests_do_not_wait_for_the_email")
def tickets_app(server):
    """Wait for a thread in an async task."""

    async def notify(purchase: Purchase) -> None:
        arguments = (server, purchase.email, f"Your ticket: {purchase.event}")
        thread = threading.Thread(target=send_email, args=arguments)
        thread.start()
        thread.join()

    app = FastAPI()

    @app.post("/tickets", status_code=202)
    def buy(purchase: Purchase, tasks: BackgroundTasks):
        tasks.add_task(notify, purchase)
        return purchase

    return app


@wrong("4.2.1", caught_by="test_q1_each_buyer_gets_an_email_with_the_event")
def tickets_app(server):
    """Write the event with capital letters."""
    app = FastAPI()

    @app.post("/tickets", status_code=202)
    def buy(purchase: Purchase, tasks: BackgroundTasks):
        text = f"Your ticket: {purchase.event.title()}"
        tasks.add_task(send_email, server, purchase.email, text)
        return purchase

    return app


@wrong("4.2.1", caught_by="test_q1_each_buyer_gets_an_email_with_the_event")
def tickets_app(server):
    """Change the address and the event."""
    app = FastAPI()

    @app.post("/tickets", status_code=202)
    def buy(purchase: Purchase, tasks: BackgroundTasks):
        text = f"Your ticket: {purchase.event.strip()}"
        tasks.add_task(send_email, server, purchase.email.lower(), text)
        return purchase

    return app


@wrong("4.2.1", caught_by="test_q1_each_buyer_gets_an_email_with_the_event")
def tickets_app(server):
    """Send one email to each address."""
    app = FastAPI()
    done = set()

    @app.post("/tickets", status_code=202)
    def buy(purchase: Purchase, tasks: BackgroundTasks):
        if purchase.email not in done:
            text = f"Your ticket: {purchase.event}"
            tasks.add_task(send_email, server, purchase.email, text)
        done.add(purchase.email)
        return purchase

    return app


@wrong("4.2.1", caught_by="test_q1_overlapping_purchases_get_their_own_emails")
def tickets_app(server):
    """Share the purchase between all requests."""
    app = FastAPI()
    last = []

    def send():
        send_email(server, last[-1].email, f"Your ticket: {last[-1].event}")

    @app.post("/tickets", status_code=202)
    def buy(purchase: Purchase, tasks: BackgroundTasks):
        last.append(purchase)
        tasks.add_task(send)
        return purchase

    return app


@right("4.2.1")
def tickets_app(server):
    """Return a response of one's own, with a task."""
    app = FastAPI()

    @app.post("/tickets")
    async def buy(purchase: Purchase) -> Response:
        text = f"Your ticket: {purchase.event}"
        task = BackgroundTask(send_email, server, purchase.email, text)
        return JSONResponse(purchase.model_dump(), 202, background=task)

    return app


@right("4.2.1")
def tickets_app(server):
    """Add the task in a dependency, on a router."""

    def notify(purchase: Purchase, tasks: BackgroundTasks) -> Purchase:
        text = f"Your ticket: {purchase.event}"
        tasks.add_task(partial(send_email, server), to=purchase.email, text=text)
        return purchase

    router = APIRouter()

    @router.post("/tickets", status_code=202)
    async def buy(purchase: Annotated[Purchase, Depends(notify)]) -> Purchase:
        return purchase

    app = FastAPI()
    app.include_router(router)
    return app


@right("4.2.1")
def tickets_app(server):
    """Add an async function, which uses a thread for the email."""

    async def notify(purchase: Purchase) -> None:
        text = f"Your ticket: {purchase.event}"
        await run_in_threadpool(send_email, server, purchase.email, text)

    app = FastAPI()

    @app.post("/tickets")
    def buy(purchase: Purchase, tasks: BackgroundTasks, response: Response):
        response.status_code = 202
        tasks.add_task(notify, purchase)
        return purchase.model_dump()

    return app


@wrong("4.2.2", caught_by="test_q2_the_status_of_print_is_predicted")
def predictions():
    """Believe that the client learns of an exception in a task."""
    return {
        "status of /print": 500,
        "emails of /print": 0,
        "emails of /sold-out": 0,
        "emails after kill": 0,
        "emails after Ctrl-C": 1,
        "request during /remind": "waits",
    }


@wrong("4.2.2", caught_by="test_q2_the_emails_of_an_endpoint_are_predicted[/print]")
def predictions():
    """Believe that the tasks of a request do not depend on each other."""
    return {
        "status of /print": 202,
        "emails of /print": 1,
        "emails of /sold-out": 0,
        "emails after kill": 0,
        "emails after Ctrl-C": 1,
        "request during /remind": "waits",
    }


@wrong("4.2.2", caught_by="test_q2_the_emails_of_an_endpoint_are_predicted[/sold-out]")
def predictions():
    """Believe that a task runs as soon as it is added."""
    return {
        "status of /print": 202,
        "emails of /print": 0,
        "emails of /sold-out": 1,
        "emails after kill": 0,
        "emails after Ctrl-C": 1,
        "request during /remind": "waits",
    }


@wrong(
    "4.2.2",
    caught_by="test_q2_the_emails_after_the_end_of_the_process_are_predicted[kill]",
)
def predictions():
    """Believe that the next process continues with the tasks."""
    return {
        "status of /print": 202,
        "emails of /print": 0,
        "emails of /sold-out": 0,
        "emails after kill": 1,
        "emails after Ctrl-C": 1,
        "request during /remind": "waits",
    }


@wrong(
    "4.2.2",
    caught_by="test_q2_the_emails_after_the_end_of_the_process_are_predicted[Ctrl-C]",
)
def predictions():
    """Believe that Uvicorn stops without waiting for tasks."""
    return {
        "status of /print": 202,
        "emails of /print": 0,
        "emails of /sold-out": 0,
        "emails after kill": 0,
        "emails after Ctrl-C": 0,
        "request during /remind": "waits",
    }


@wrong("4.2.2", caught_by="test_q2_the_request_during_remind_is_predicted")
def predictions():
    """Believe that background tasks never disturb requests."""
    return {
        "status of /print": 202,
        "emails of /print": 0,
        "emails of /sold-out": 0,
        "emails after kill": 0,
        "emails after Ctrl-C": 1,
        "request during /remind": "returns",
    }


@wrong("4.2.2", caught_by="test_q2_the_emails_of_an_endpoint_are_predicted[/print]")
def predictions():
    """Write booleans for the numbers."""
    return {
        "status of /print": 202,
        "emails of /print": False,
        "emails of /sold-out": False,
        "emails after kill": False,
        "emails after Ctrl-C": True,
        "request during /remind": "waits",
    }


@right("4.2.2")
def predictions():
    """Build the dict from the endpoints."""
    emails = {"of /print": 0, "of /sold-out": 0, "after kill": 0, "after Ctrl-C": 1}
    return {f"emails {run}": count for run, count in emails.items()} | {
        "request during /remind": "waits",
        "status of /print": 202,
    }


@right("4.2.2")
def predictions():
    """Name the status code."""
    from http import HTTPStatus

    lost = ("of /print", "of /sold-out", "after kill")
    return dict.fromkeys((f"emails {run}" for run in lost), 0) | {
        "status of /print": HTTPStatus.ACCEPTED,
        "emails after Ctrl-C": 1,
        "request during /remind": "waits",
    }


def _reliable(engine, server, buy, send_outstanding):
    """Return the application of 4.2.3 with these functions."""

    @asynccontextmanager
    async def lifespan(_: FastAPI):
        await run_in_threadpool(send_outstanding)
        yield

    app = FastAPI(lifespan=lifespan)
    app.post("/tickets", status_code=202)(buy)
    return app


@wrong("4.2.3", caught_by="test_q3_the_email_is_stored_before_the_response")
def reliable_app(engine, server):
    """Store the email in the background task."""

    def send(email):
        send_email(server, email.to, email.text)
        mark_sent(engine, email)

    def send_outstanding():
        for email in outstanding_emails(engine):
            with suppress(OSError):
                send(email)

    def store_and_send(purchase):
        send(add_email(engine, purchase.email, f"Your ticket: {purchase.event}"))

    def buy(purchase: Purchase, tasks: BackgroundTasks) -> Purchase:
        tasks.add_task(store_and_send, purchase)
        return purchase

    return _reliable(engine, server, buy, send_outstanding)


@wrong("4.2.3", caught_by="test_q3_the_next_process_sends_the_email_of_a_killed_one")
def reliable_app(engine, server):
    """Mark the email as sent before it is sent."""

    def send(email):
        mark_sent(engine, email)
        send_email(server, email.to, email.text)

    def send_outstanding():
        for email in outstanding_emails(engine):
            with suppress(OSError):
                send(email)

    def buy(purchase: Purchase, tasks: BackgroundTasks) -> Purchase:
        email = add_email(engine, purchase.email, f"Your ticket: {purchase.event}")
        tasks.add_task(send, email)
        return purchase

    return _reliable(engine, server, buy, send_outstanding)


@wrong("4.2.3", caught_by="test_q3_the_next_process_sends_the_email_of_a_killed_one")
def reliable_app(engine, server):
    """Mark the email as sent when the task is added."""

    def send(email):
        send_email(server, email.to, email.text)

    def send_outstanding():
        for email in outstanding_emails(engine):
            with suppress(OSError):
                send(email)
                mark_sent(engine, email)

    def buy(purchase: Purchase, tasks: BackgroundTasks) -> Purchase:
        email = add_email(engine, purchase.email, f"Your ticket: {purchase.event}")
        tasks.add_task(send, email)
        mark_sent(engine, email)
        return purchase

    return _reliable(engine, server, buy, send_outstanding)


@wrong("4.2.3", caught_by="test_q3_an_email_is_marked_before_the_next_one_is_sent")
def reliable_app(engine, server):
    """Mark all emails after the last one is sent."""

    def send(email):
        send_email(server, email.to, email.text)
        mark_sent(engine, email)

    def send_outstanding():
        sent = []
        for email in outstanding_emails(engine):
            with suppress(OSError):
                send_email(server, email.to, email.text)
                sent.append(email)
        for email in sent:
            mark_sent(engine, email)

    def buy(purchase: Purchase, tasks: BackgroundTasks) -> Purchase:
        email = add_email(engine, purchase.email, f"Your ticket: {purchase.event}")
        tasks.add_task(send, email)
        return purchase

    return _reliable(engine, server, buy, send_outstanding)


@wrong("4.2.3", caught_by="test_q3_the_task_sends_only_the_email_of_its_request")
def reliable_app(engine, server):
    """Let each request send all that is outstanding."""

    def send_outstanding():
        for email in outstanding_emails(engine):
            with suppress(OSError):
                send_email(server, email.to, email.text)
                mark_sent(engine, email)

    def buy(purchase: Purchase, tasks: BackgroundTasks) -> Purchase:
        add_email(engine, purchase.email, f"Your ticket: {purchase.event}")
        tasks.add_task(send_outstanding)
        return purchase

    return _reliable(engine, server, buy, send_outstanding)


@wrong("4.2.3", caught_by="test_q3_the_next_process_sends_the_email_of_a_killed_one")
def reliable_app(engine, server):
    """Send nothing at the start."""

    def send(email):
        send_email(server, email.to, email.text)
        mark_sent(engine, email)

    def buy(purchase: Purchase, tasks: BackgroundTasks) -> Purchase:
        email = add_email(engine, purchase.email, f"Your ticket: {purchase.event}")
        tasks.add_task(send, email)
        return purchase

    return _reliable(engine, server, buy, lambda: None)


@wrong("4.2.3", caught_by="test_q3_an_email_that_fails_at_the_start_stays_outstanding")
def reliable_app(engine, server):
    """Stop at the first error."""

    def send(email):
        send_email(server, email.to, email.text)
        mark_sent(engine, email)

    def send_outstanding():
        with suppress(OSError):
            for email in outstanding_emails(engine):
                send(email)

    def buy(purchase: Purchase, tasks: BackgroundTasks) -> Purchase:
        email = add_email(engine, purchase.email, f"Your ticket: {purchase.event}")
        tasks.add_task(send, email)
        return purchase

    return _reliable(engine, server, buy, send_outstanding)


@wrong("4.2.3", caught_by="test_q3_an_email_that_fails_at_the_start_stays_outstanding")
def reliable_app(engine, server):
    """Do not handle the error of the mail server at the start."""

    def send(email):
        send_email(server, email.to, email.text)
        mark_sent(engine, email)

    def send_outstanding():
        for email in outstanding_emails(engine):
            send(email)

    def buy(purchase: Purchase, tasks: BackgroundTasks) -> Purchase:
        email = add_email(engine, purchase.email, f"Your ticket: {purchase.event}")
        tasks.add_task(send, email)
        return purchase

    return _reliable(engine, server, buy, send_outstanding)


@wrong("4.2.3", caught_by="test_q3_an_email_that_fails_in_a_task_stays_outstanding")
def reliable_app(engine, server):
    """Ignore the error, and mark the email as sent."""

    def send(email):
        with suppress(OSError):
            send_email(server, email.to, email.text)
        mark_sent(engine, email)

    def send_outstanding():
        for email in outstanding_emails(engine):
            send(email)

    def buy(purchase: Purchase, tasks: BackgroundTasks) -> Purchase:
        email = add_email(engine, purchase.email, f"Your ticket: {purchase.event}")
        tasks.add_task(send, email)
        return purchase

    return _reliable(engine, server, buy, send_outstanding)


@wrong("4.2.3", caught_by="test_q3_an_email_that_fails_at_the_start_stays_outstanding")
def reliable_app(engine, server):
    """Mark the email as sent in a `finally` block at the start."""

    def send(email):
        send_email(server, email.to, email.text)
        mark_sent(engine, email)

    def send_outstanding():
        for email in outstanding_emails(engine):
            try:
                send_email(server, email.to, email.text)
            except OSError:
                pass
            finally:
                mark_sent(engine, email)

    def buy(purchase: Purchase, tasks: BackgroundTasks) -> Purchase:
        email = add_email(engine, purchase.email, f"Your ticket: {purchase.event}")
        tasks.add_task(send, email)
        return purchase

    return _reliable(engine, server, buy, send_outstanding)


@wrong("4.2.3", caught_by="test_q3_the_email_is_sent_and_marked_after_the_response")
def reliable_app(engine, server):
    """Send the email before the response."""

    def send(email):
        send_email(server, email.to, email.text)
        mark_sent(engine, email)

    def send_outstanding():
        for email in outstanding_emails(engine):
            with suppress(OSError):
                send(email)

    def buy(purchase: Purchase) -> Purchase:
        send(add_email(engine, purchase.email, f"Your ticket: {purchase.event}"))
        return purchase

    return _reliable(engine, server, buy, send_outstanding)


@wrong("4.2.3", caught_by="test_q3_an_email_is_sent_only_once")
def reliable_app(engine, server):
    """Never mark an email at the start."""

    def send(email):
        send_email(server, email.to, email.text)
        mark_sent(engine, email)

    def send_outstanding():
        for email in outstanding_emails(engine):
            with suppress(OSError):
                send_email(server, email.to, email.text)

    def buy(purchase: Purchase, tasks: BackgroundTasks) -> Purchase:
        email = add_email(engine, purchase.email, f"Your ticket: {purchase.event}")
        tasks.add_task(send, email)
        return purchase

    return _reliable(engine, server, buy, send_outstanding)


@wrong("4.2.3", caught_by="test_q3_the_email_is_sent_and_marked_after_the_response")
def reliable_app(engine, server):
    """Only store the email, and leave the rest to the next start."""

    def send_outstanding():
        for email in outstanding_emails(engine):
            with suppress(OSError):
                send_email(server, email.to, email.text)
                mark_sent(engine, email)

    def buy(purchase: Purchase) -> Purchase:
        add_email(engine, purchase.email, f"Your ticket: {purchase.event}")
        return purchase

    return _reliable(engine, server, buy, send_outstanding)


@wrong("4.2.3", caught_by="test_q3_the_email_is_sent_and_marked_after_the_response")
def reliable_app(engine, server):
    """Do not mark the email that a task has sent."""

    def send(email):
        send_email(server, email.to, email.text)

    def send_outstanding():
        for email in outstanding_emails(engine):
            with suppress(OSError):
                send(email)
                mark_sent(engine, email)

    def buy(purchase: Purchase, tasks: BackgroundTasks) -> Purchase:
        email = add_email(engine, purchase.email, f"Your ticket: {purchase.event}")
        tasks.add_task(send, email)
        return purchase

    return _reliable(engine, server, buy, send_outstanding)


@wrong("4.2.3", caught_by="test_q3_an_email_that_fails_at_the_start_stays_outstanding")
def reliable_app(engine, server):
    """Read the outstanding emails when the application is created."""
    waiting = outstanding_emails(engine)

    def send(email):
        send_email(server, email.to, email.text)
        mark_sent(engine, email)

    def send_outstanding():
        for email in waiting:
            with suppress(OSError):
                send(email)

    def buy(purchase: Purchase, tasks: BackgroundTasks) -> Purchase:
        email = add_email(engine, purchase.email, f"Your ticket: {purchase.event}")
        tasks.add_task(send, email)
        return purchase

    return _reliable(engine, server, buy, send_outstanding)


@wrong("4.2.3", caught_by="test_q3_the_task_sends_only_the_email_of_its_request")
def reliable_app(engine, server):
    """Send all outstanding emails of this buyer."""

    def send(email):
        send_email(server, email.to, email.text)
        mark_sent(engine, email)

    def send_outstanding():
        for email in outstanding_emails(engine):
            with suppress(OSError):
                send(email)

    def send_all_to(buyer):
        for email in outstanding_emails(engine):
            if email.to == buyer:
                send(email)

    def buy(purchase: Purchase, tasks: BackgroundTasks) -> Purchase:
        add_email(engine, purchase.email, f"Your ticket: {purchase.event}")
        tasks.add_task(send_all_to, purchase.email)
        return purchase

    return _reliable(engine, server, buy, send_outstanding)


@wrong("4.2.3", caught_by="test_q3_the_task_sends_only_the_email_of_its_request")
def reliable_app(engine, server):
    """Send the email that was stored last."""

    def send(email):
        send_email(server, email.to, email.text)
        mark_sent(engine, email)

    def send_outstanding():
        for email in outstanding_emails(engine):
            with suppress(OSError):
                send(email)

    def send_last():
        send(outstanding_emails(engine)[-1])

    def buy(purchase: Purchase, tasks: BackgroundTasks) -> Purchase:
        add_email(engine, purchase.email, f"Your ticket: {purchase.event}")
        tasks.add_task(send_last)
        return purchase

    return _reliable(engine, server, buy, send_outstanding)


@wrong(
    "4.2.3",
    caught_by="test_q3_an_email_that_fails_at_the_start_stays_outstanding[SMTPRecipientsRefused]",
)
def reliable_app(engine, server):
    """Handle only the errors of the network."""

    def send(email):
        send_email(server, email.to, email.text)
        mark_sent(engine, email)

    def send_outstanding():
        for email in outstanding_emails(engine):
            with suppress(ConnectionError):
                send(email)

    def buy(purchase: Purchase, tasks: BackgroundTasks) -> Purchase:
        email = add_email(engine, purchase.email, f"Your ticket: {purchase.event}")
        tasks.add_task(send, email)
        return purchase

    return _reliable(engine, server, buy, send_outstanding)


@wrong("4.2.3", caught_by="test_q3_an_email_is_marked_before_the_next_one_is_sent")
def reliable_app(engine, server):
    """Send one email to each address at the start."""

    def send(email):
        send_email(server, email.to, email.text)
        mark_sent(engine, email)

    def send_outstanding():
        for email in {one.to: one for one in outstanding_emails(engine)}.values():
            with suppress(OSError):
                send(email)

    def buy(purchase: Purchase, tasks: BackgroundTasks) -> Purchase:
        email = add_email(engine, purchase.email, f"Your ticket: {purchase.event}")
        tasks.add_task(send, email)
        return purchase

    return _reliable(engine, server, buy, send_outstanding)


@wrong("4.2.3", caught_by="test_q3_an_email_is_marked_before_the_next_one_is_sent")
def reliable_app(engine, server):
    """Mark all emails with the same text to the same address."""

    def send(email):
        send_email(server, email.to, email.text)
        with Session(engine) as session, session.begin():
            same = (Email.to == email.to, Email.text == email.text)
            session.execute(update(Email).where(*same).values(is_sent=True))

    def send_outstanding():
        for email in outstanding_emails(engine):
            with suppress(OSError):
                send(email)

    def buy(purchase: Purchase, tasks: BackgroundTasks) -> Purchase:
        email = add_email(engine, purchase.email, f"Your ticket: {purchase.event}")
        tasks.add_task(send, email)
        return purchase

    return _reliable(engine, server, buy, send_outstanding)


@wrong("4.2.3", caught_by="test_q3_an_email_that_fails_at_the_start_stays_outstanding")
def reliable_app(engine, server):
    """Try again until nothing is outstanding."""

    def send(email):
        send_email(server, email.to, email.text)
        mark_sent(engine, email)

    def send_outstanding():
        while emails := outstanding_emails(engine):
            for email in emails:
                with suppress(OSError):
                    send(email)

    def buy(purchase: Purchase, tasks: BackgroundTasks) -> Purchase:
        email = add_email(engine, purchase.email, f"Your ticket: {purchase.event}")
        tasks.add_task(send, email)
        return purchase

    return _reliable(engine, server, buy, send_outstanding)


@wrong("4.2.3", caught_by="test_q3_the_email_is_sent_and_marked_after_the_response")
def reliable_app(engine, server):
    """Delete the email in the place of marking it."""

    def send(email):
        send_email(server, email.to, email.text)
        with Session(engine) as session, session.begin():
            session.delete(session.get_one(Email, email.id))

    def send_outstanding():
        for email in outstanding_emails(engine):
            with suppress(OSError):
                send(email)

    def buy(purchase: Purchase, tasks: BackgroundTasks) -> Purchase:
        email = add_email(engine, purchase.email, f"Your ticket: {purchase.event}")
        tasks.add_task(send, email)
        return purchase

    return _reliable(engine, server, buy, send_outstanding)


@wrong("4.2.3", caught_by="test_q3_the_task_sends_only_the_email_of_its_request")
def reliable_app(engine, server):
    """Send the first outstanding email, as from a queue."""

    def send(email):
        send_email(server, email.to, email.text)
        mark_sent(engine, email)

    def send_next():
        send(outstanding_emails(engine)[0])

    def send_outstanding():
        for email in outstanding_emails(engine):
            with suppress(OSError):
                send(email)

    def buy(purchase: Purchase, tasks: BackgroundTasks) -> Purchase:
        add_email(engine, purchase.email, f"Your ticket: {purchase.event}")
        tasks.add_task(send_next)
        return purchase

    return _reliable(engine, server, buy, send_outstanding)


@wrong("4.2.3", caught_by="test_q3_two_applications_use_their_own_tables")
def reliable_app(engine, server):
    """Keep the engine in a global variable."""
    globals()["current"] = engine

    def send(email):
        send_email(server, email.to, email.text)
        mark_sent(globals()["current"], email)

    def send_outstanding():
        for email in outstanding_emails(globals()["current"]):
            with suppress(OSError):
                send(email)

    def buy(purchase: Purchase, tasks: BackgroundTasks) -> Purchase:
        email = add_email(
            globals()["current"], purchase.email, f"Your ticket: {purchase.event}"
        )
        tasks.add_task(send, email)
        return purchase

    return _reliable(engine, server, buy, send_outstanding)


@wrong("4.2.3", caught_by="test_q3_an_email_that_fails_at_the_start_stays_outstanding")
def reliable_app(engine, server):
    """Continue after the first error only."""

    def send(email):
        send_email(server, email.to, email.text)
        mark_sent(engine, email)

    def send_outstanding():
        emails = iter(outstanding_emails(engine))
        with suppress(OSError):
            for email in emails:
                send(email)
        for email in emails:
            send(email)

    def buy(purchase: Purchase, tasks: BackgroundTasks) -> Purchase:
        email = add_email(engine, purchase.email, f"Your ticket: {purchase.event}")
        tasks.add_task(send, email)
        return purchase

    return _reliable(engine, server, buy, send_outstanding)


@right("4.2.3")
def reliable_app(engine, server):
    """Handle every exception, also in the task."""

    def send(email):
        try:
            send_email(server, email.to, email.text)
        except Exception as error:
            print(f"{email.to}: {error}")
        else:
            mark_sent(engine, email)

    def send_outstanding():
        for email in outstanding_emails(engine):
            send(email)

    def buy(purchase: Purchase, tasks: BackgroundTasks) -> Purchase:
        email = add_email(engine, purchase.email, f"Your ticket: {purchase.event}")
        tasks.add_task(send, email)
        return purchase

    return _reliable(engine, server, buy, send_outstanding)


@right("4.2.3")
def reliable_app(engine, server):
    """Use async functions, and a response of one's own."""

    async def send(email):
        await run_in_threadpool(send_email, server, email.to, email.text)
        await run_in_threadpool(mark_sent, engine, email)

    @asynccontextmanager
    async def lifespan(_: FastAPI):
        for email in await run_in_threadpool(outstanding_emails, engine):
            try:
                await send(email)
            except OSError:
                continue
        yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/tickets")
    async def buy(purchase: Purchase) -> Response:
        text = f"Your ticket: {purchase.event}"
        email = await run_in_threadpool(add_email, engine, purchase.email, text)
        task = BackgroundTask(send, email)
        return JSONResponse(purchase.model_dump(), 202, background=task)

    return app


@right("4.2.3")
def reliable_app(engine, server):
    """Pass ids, and add two tasks: the second one runs only after the first."""

    def send_one(id):
        with Session(engine) as session:
            email = session.get_one(Email, id)
        send_email(server=server, to=email.to, text=email.text)

    def mark_one(id):
        with Session(engine) as session, session.begin():
            session.get_one(Email, id).is_sent = True

    def send_outstanding():
        for id in [email.id for email in outstanding_emails(engine)]:
            try:
                send_one(id)
            except OSError as error:
                print(f"email {id}: {error}")
            else:
                mark_one(id)

    def buy(purchase: Purchase, tasks: BackgroundTasks) -> Purchase:
        with Session(engine) as session, session.begin():
            email = Email(to=purchase.email, text=f"Your ticket: {purchase.event}")
            session.add(email)
            session.flush()
            id = email.id
        tasks.add_task(send_one, id)
        tasks.add_task(mark_one, id)
        return purchase

    return _reliable(engine, server, buy, send_outstanding)


@wrong("4.2.4", caught_by="test_q4_the_activity_is_logged_after_the_response")
def events_app(log):
    """Write the line in the endpoint."""
    app = FastAPI()

    @app.get("/events/{event}")
    def read_event(event: str, user: User):
        write_activity(log, user, f"viewed {event}", now())
        return {"event": event}

    return app


@wrong("4.2.4", caught_by="test_q4_the_time_in_the_log_is_the_time_of_the_request")
def events_app(log):
    """Ask for the time in the background task."""
    app = FastAPI()

    @app.get("/events/{event}")
    def read_event(event: str, user: User, tasks: BackgroundTasks):
        tasks.add_task(lambda: write_activity(log, user, f"viewed {event}", now()))
        return {"event": event}

    return app


@wrong("4.2.4", caught_by="test_q4_the_time_in_the_log_is_the_time_of_the_request")
def events_app(log):
    """Ask for the time once."""
    app = FastAPI()
    time = now()

    @app.get("/events/{event}")
    def read_event(event: str, user: User, tasks: BackgroundTasks):
        tasks.add_task(write_activity, log, user, f"viewed {event}", time)
        return {"event": event}

    return app


@wrong("4.2.4", caught_by="test_q4_the_time_in_the_log_is_the_time_of_the_request")
def events_app(log):
    """Use another clock."""
    app = FastAPI()

    @app.get("/events/{event}")
    def read_event(event: str, user: User, tasks: BackgroundTasks):
        time = datetime.now(UTC)
        tasks.add_task(write_activity, log, user, f"viewed {event}", time)
        return {"event": event}

    return app


@wrong("4.2.4", caught_by="test_q4_each_request_is_logged_with_its_user_and_event")
def events_app(log):
    """Pass the function `now` itself."""
    app = FastAPI()

    @app.get("/events/{event}")
    def read_event(event: str, user: User, tasks: BackgroundTasks):
        tasks.add_task(write_activity, log, user, f"viewed {event}", now)
        return {"event": event}

    return app


@wrong("4.2.4", caught_by="test_q4_the_activity_is_logged_after_the_response")
def events_app(log):
    """Call the function, and add its result as a task."""
    app = FastAPI()

    @app.get("/events/{event}")
    def read_event(event: str, user: User, tasks: BackgroundTasks):
        tasks.add_task(write_activity(log, user, f"viewed {event}", now()))
        return {"event": event}

    return app


@wrong("4.2.4", caught_by="test_q4_each_request_is_logged_with_its_user_and_event")
def events_app(log):
    """Log the event without "viewed"."""
    app = FastAPI()

    @app.get("/events/{event}")
    def read_event(event: str, user: User, tasks: BackgroundTasks):
        tasks.add_task(write_activity, log, user, event, now())
        return {"event": event}

    return app


@wrong("4.2.4", caught_by="test_q4_each_request_is_logged_with_its_user_and_event")
def events_app(log):
    """Log the same activity only once."""
    app = FastAPI()
    seen = set()

    @app.get("/events/{event}")
    def read_event(event: str, user: User, tasks: BackgroundTasks):
        if (user, event) not in seen:
            tasks.add_task(write_activity, log, user, f"viewed {event}", now())
        seen.add((user, event))
        return {"event": event}

    return app


@wrong("4.2.4", caught_by="test_q4_each_request_is_logged_with_its_user_and_event")
def events_app(log):
    """Create the BackgroundTasks in the endpoint."""
    app = FastAPI()

    @app.get("/events/{event}")
    def read_event(event: str, user: User):
        BackgroundTasks().add_task(write_activity, log, user, f"viewed {event}", now())
        return {"event": event}

    return app


@wrong("4.2.4", caught_by="test_q4_the_activity_is_logged_after_the_response")
def events_app(log):
    """Start a thread."""
    app = FastAPI()

    @app.get("/events/{event}")
    def read_event(event: str, user: User):
        arguments = (log, user, f"viewed {event}", now())
        threading.Thread(target=write_activity, args=arguments).start()
        return {"event": event}

    return app


@wrong("4.2.4", caught_by="test_q4_get_event_returns_the_event[poetry slam]")
def events_app(log):
    """Return the event of the example."""
    app = FastAPI()

    @app.get("/events/{event}")
    def read_event(event: str, user: User, tasks: BackgroundTasks):
        tasks.add_task(write_activity, log, user, f"viewed {event}", now())
        return {"event": "jazz"}

    return app


@wrong("4.2.4", caught_by="test_q4_each_request_is_logged_with_its_user_and_event")
def events_app(log):
    """Keep the log in a global variable."""
    globals()["current"] = log
    app = FastAPI()

    @app.get("/events/{event}")
    def read_event(event: str, user: User, tasks: BackgroundTasks):
        action = f"viewed {event}"
        tasks.add_task(write_activity, globals()["current"], user, action, now())
        return {"event": event}

    return app


@wrong("4.2.4", caught_by="test_q4_the_time_in_the_log_is_the_time_of_the_request")
def events_app(log):
    """Cut the time."""
    app = FastAPI()

    @app.get("/events/{event}")
    def read_event(event: str, user: User, tasks: BackgroundTasks):
        time = now().replace(microsecond=0)
        tasks.add_task(write_activity, log, user, f"viewed {event}", time)
        return {"event": event}

    return app


@wrong("4.2.4", caught_by="test_q4_the_time_in_the_log_is_the_time_of_the_request")
def events_app(log):
    """Share the time between all requests."""
    app = FastAPI()
    times = []

    def write(user, event):
        write_activity(log, user, f"viewed {event}", times[-1])

    @app.get("/events/{event}")
    def read_event(event: str, user: User, tasks: BackgroundTasks):
        times.append(now())
        tasks.add_task(write, user, event)
        return {"event": event}

    return app


@wrong("4.2.4", caught_by="test_q4_each_request_is_logged_with_its_user_and_event")
def events_app(log):
    """Write in small letters."""
    app = FastAPI()

    @app.get("/events/{event}")
    def read_event(event: str, user: User, tasks: BackgroundTasks):
        action = f"viewed {event}".lower()
        tasks.add_task(write_activity, log, user.lower(), action, now())
        return {"event": event}

    return app


@wrong("4.2.4", caught_by="test_q4_the_activity_is_logged_after_the_response")
def events_app(log):
    """Write the line with code of one's own."""

    def write(entry: dict[str, str]) -> None:
        with log.open("a") as file:
            file.write(json.dumps(entry) + "\n")

    app = FastAPI()

    @app.get("/events/{event}")
    def read_event(event: str, user: User, tasks: BackgroundTasks):
        action = f"viewed {event}"
        entry = {"user": user, "action": action, "at": now().isoformat()}
        tasks.add_task(write, entry)
        return {"event": event}

    return app


@wrong("4.2.4", caught_by="test_q4_the_time_in_the_log_is_the_time_of_the_request")
def events_app(log):
    """Share the event between all requests."""
    app = FastAPI()
    events = []

    def write(user, time):
        write_activity(log, user, f"viewed {events[-1]}", time)

    @app.get("/events/{event}")
    def read_event(event: str, user: User, tasks: BackgroundTasks):
        events.append(event)
        tasks.add_task(write, user, now())
        return {"event": event}

    return app


@right("4.2.4")
def events_app(log):
    """Log in a dependency."""

    def logged(event: str, user: User, tasks: BackgroundTasks) -> None:
        tasks.add_task(write_activity, log, user, f"viewed {event}", now())

    app = FastAPI()

    @app.get("/events/{event}", dependencies=[Depends(logged)])
    async def read_event(event: str) -> dict[str, str]:
        return {"event": event}

    return app


@right("4.2.4")
def events_app(log):
    """Read the header from the request, and return a response with a task."""
    app = FastAPI()

    @app.get("/events/{event}")
    async def read_event(request: Request, event: str) -> JSONResponse:
        user = request.headers["X-User"]
        entry = partial(write_activity, log, user, f"viewed {event}", at=now())
        return JSONResponse({"event": event}, background=BackgroundTask(entry))

    return app
