"""The tests of section 4.3."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from socket import SHUT_RDWR
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from lab import Server, client, fastapi_app, in_words, serve, stand_in

# How often the tests look for what has to happen, and the seconds of a look. During
# each look the server can do something, however busy the machine is.
LOOKS = 20
LOOK = 0.05


@dataclass(frozen=True)
class Closed:
    """The end of a WebSocket, with the code that the server sent."""

    code: int


class Nothing:
    """What a client receives if nothing comes."""

    def __repr__(self) -> str:
        return "nothing"


class Desk:
    """An application on a server, and the clients that are connected to it.

    A client of a path with `?slow` is slow: sending to it has to wait while
    `is_slow` is true.

    `open` is how many WebSocket endpoints run. `raised` has the kinds of the exceptions
    that left them. `late` is how many messages were sent to clients after the
    application had read that they are gone. `given_up` is how many were not sent,
    because the application did not wait for a slow client. `before` is awaited before
    each text.
    """

    def __init__(self, app: object, call: str) -> None:
        self.open = 0
        self.late = 0
        self.given_up = 0
        self.before: Callable[[str], Awaitable[None]] | None = None
        self.raised: list[type[BaseException]] = []
        self.is_slow = True
        self.knows_losses = True
        self._app = fastapi_app(app, call)
        self._stack = ExitStack()
        self._server: Server

    @contextmanager
    def serve(self) -> Iterator["Desk"]:
        """Serve the application during the block."""
        with serve(self._watched) as self._server, self._stack:
            try:
                yield self
            finally:
                self.knows_losses, self.is_slow = True, False

    async def _watched(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        gone = False

        async def hear() -> Message:
            nonlocal gone
            message = await receive()
            if message["type"] == "websocket.disconnect":
                while not self.knows_losses:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
                gone = True
            return message

        async def tell(message: Message) -> None:
            is_text = message["type"] == "websocket.send"
            self.late += gone and is_text
            # Not by full buffers: how much fits into them changes by itself.
            must_wait = is_text and scope["query_string"] == b"slow"
            try:
                while must_wait and self.is_slow:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
            except asyncio.CancelledError:
                self.given_up += 1
                raise
            if is_text and self.before is not None:
                await self.before(str(message.get("text")))
            await send(message)

        self.open += 1
        try:
            await self._app(scope, hear, tell)
        except BaseException as error:
            self.raised.append(type(error))
            raise
        finally:
            self.open -= 1

    def handshake(self, path: str, **options: Any) -> ClientConnection | int:
        """Return a WebSocket, or the status code of the rejected handshake."""
        address = f"{self._server.url}{path}".replace("http", "ws", 1)
        options |= {"proxy": None, "open_timeout": 30, "close_timeout": 0.5}
        try:
            return self._stack.enter_context(connect(address, **options))
        except InvalidStatus as rejected:
            return rejected.response.status_code

    def connect(self, path: str, **options: Any) -> ClientConnection:
        """Return an open WebSocket."""
        opened = self.handshake(path, **options)
        assert isinstance(opened, ClientConnection), (
            f"The handshake of `WebSocket {path}` was rejected with status {opened}."
            f"{self.error} The docstring asks to accept this WebSocket. Look at the "
            "path in the decorator, at the parameters, and at `accept`."
        )
        return opened

    def request(self, method: str, path: str, **options: Any) -> Any:
        """Return the response of a request."""
        return self._server.client.request(method, path, timeout=30, **options)

    def looks(self) -> Iterator[None]:
        """Yield each time that the server had the opportunity to do something."""
        for _ in range(LOOKS):
            self.request("GET", "/look")
            yield

    def settle(self) -> None:
        """Let the server do what it can do now."""
        for _ in self.looks():
            pass

    def until(self, happened: Callable[[], bool]) -> bool:
        """Wait until something has happened. Return False if it does not happen."""
        for _ in self.looks():
            if happened():
                return True
            time.sleep(LOOK / 10)
        return False

    def receive(self, socket: ClientConnection) -> str | Closed | Nothing:
        """Return the next text that a client receives, or what happens instead."""
        return self.receive_each([socket])[0]

    def receive_each(
        self, sockets: Sequence[ClientConnection]
    ) -> list[str | Closed | Nothing]:
        """Return the next text that each client receives, or what happens instead."""
        received: list[str | Closed | Nothing] = [Nothing() for _ in sockets]
        for _ in self.looks():
            for number, socket in enumerate(sockets):
                if isinstance(received[number], Nothing):
                    received[number] = self._look(socket, LOOK / len(sockets))
            if not any(isinstance(one, Nothing) for one in received):
                break
        return received

    def _look(self, socket: ClientConnection, seconds: float) -> str | Closed | Nothing:
        try:
            text = socket.recv(timeout=seconds)
        except TimeoutError:
            return Nothing()
        except ConnectionClosed:
            return Closed(int(socket.close_code or 1006))
        return text if isinstance(text, str) else repr(text)

    def send(self, socket: ClientConnection, text: str) -> None:
        """Send a text from a client, if its WebSocket is still open."""
        with suppress(ConnectionClosed):
            socket.send(text)

    def leave(self, socket: ClientConnection, manner: str = "left") -> None:
        """Close the connection of a client, or cut it."""
        if manner == "lost the connection":
            with suppress(OSError):
                socket.socket.shutdown(SHUT_RDWR)
        else:
            socket.close()

    @property
    def errors(self) -> list[Exception]:
        """The exceptions that left the application."""
        for error in self._server.errors:
            if isinstance(error, NotImplementedError):
                raise error
        return self._server.errors

    @property
    def error(self) -> str:
        """What the answer raised, as a sentence; else nothing."""
        return f" Your code raised {in_words(self.errors[0])}." if self.errors else ""


@contextmanager
def chat(answers: Any) -> Iterator[tuple[Desk, Any]]:
    """Serve 4.3.1. Yield its desk and its room."""
    rooms: list[Any] = []

    def create(room: Any) -> None:
        room.sockets = []
        rooms.append(room)

    stand_in(answers.Room.__init__, create)
    app = answers.chat_app()
    assert rooms, (
        "`chat_app()` returned an application, and did not create a `Room`. Leave "
        "`room = Room()` as it is in the stub: each application has a room of its own."
    )
    with Desk(app, "chat_app()").serve() as desk:
        yield desk, rooms[0]


def test_q1_everybody_receives_what_a_participant_sends(answers):
    with chat(answers) as (desk, room):
        participants = [
            desk.connect(f"/chat/{name}") for name in ("Ada", "McKay", "Ada")
        ]
        for sender, text, expected in (
            (0, "My printer is on fire", "Ada: My printer is on fire"),
            (1, " Which: model?\n", "McKay:  Which: model?\n"),
            (2, "", "Ada: "),
            (0, "My printer is on fire", "Ada: My printer is on fire"),
        ):
            assert desk.until(lambda: len(room.sockets) == 3), (
                "Three participants connected, and `room.sockets` has "
                f"{len(room.sockets)} WebSockets.{desk.error} The docstring asks to "
                "add each one. Look at what your code does after `accept`."
            )
            desk.send(participants[sender], text)
            received = desk.receive_each(participants)
            assert received == [expected] * 3, (
                f"Ada, McKay and another Ada are here. One sent {text!r}, and they "
                f"received {in_words(received)}.{desk.error} The docstring asks to "
                f"send {expected!r} to everybody, each text once. Look at your loop."
            )


@pytest.mark.parametrize("manner", ["left", "lost the connection"])
def test_q1_the_others_chat_on_when_a_participant_leaves(answers, manner):
    with chat(answers) as (desk, room):
        names = ("Bo", "Ada", "Ada", "Cy")
        bo, ada, *others = (desk.connect(f"/chat/{name}") for name in names)
        desk.until(lambda: len(room.sockets) == 4)
        desk.leave(ada, manner)
        is_removed = desk.until(lambda: len(room.sockets) == 3)
        desk.send(bo, "Ada?")
        received = desk.receive_each([bo, *others])

        assert is_removed, (
            f"Of four participants one {manner}, and `room.sockets` has "
            f"{len(room.sockets)} WebSockets.{desk.error} The docstring asks to remove "
            "the WebSocket of this one. Look at what your code does after the loop."
        )
        assert received == ["Bo: Ada?"] * 3, (
            f"One Ada {manner}. Then Bo sent 'Ada?'. Bo, the other Ada and Cy received "
            f"{in_words(received)}.{desk.error} The docstring asks to send 'Bo: Ada?' "
            "to everybody in the room. Look at what you remove when one leaves."
        )


def test_q1_a_lost_connection_does_not_end_the_chat(answers):
    with chat(answers) as (desk, room):
        ada, bo, cy = (desk.connect(f"/chat/{name}") for name in ("Ada", "Bo", "Cy"))
        desk.until(lambda: len(room.sockets) == 3)
        desk.knows_losses = False  # the server still has to read of it
        desk.leave(bo, "lost the connection")
        desk.settle()
        for text in ("Bo?", "Are you there?"):
            desk.send(ada, text)
            received = desk.receive_each([ada, cy])
            assert received == [f"Ada: {text}"] * 2, (
                f"Bo's connection is lost. Then Ada sent {text!r}, and Ada and Cy "
                f"received {in_words(received)}.{desk.error} The docstring asks to "
                "send it to everybody. Look at what `room.send` skips."
            )


def prediction(predicted: object, key: str) -> object:
    """Return the prediction for `key`."""
    assert isinstance(predicted, dict), (
        f"`differences()` returned {in_words(predicted)}. It has to return the dict, "
        "with your predictions in it."
    )
    assert key in predicted, (
        f"`differences()` has no {key!r}. Leave the keys as they are in the stub."
    )
    return predicted[key]


def seen_in_a_run(answers: Any, key: str) -> object:
    """Return what is to be predicted for `key`."""
    sessions: Counter[str] = Counter()
    app = answers.tickets_app(sessions)
    if key.startswith("WebSocket"):
        with Desk(app, "tickets_app(...)").serve() as desk:
            return desk.handshake(key.removeprefix("WebSocket "))
    with client(app) as one, ExitStack() as stack:
        if key.startswith("GET"):
            return one.get(key.removeprefix("GET ")).status_code
        if key.startswith("/live"):
            return "/live/{number}" in one.get("/openapi.json").json()["paths"]
        socket = stack.enter_context(one.websocket_connect("/live/7"))
        if key.startswith("sessions opened"):
            for _ in range(3):
                socket.send_text("And now?")
                socket.receive_text()
            return sessions["opened"]
        stack.enter_context(one.websocket_connect("/live/8"))
        return sessions["open"]


KEYS = {
    "GET /tickets/seven": "`number` is declared as an `int`, so the parameter is "
    "invalid. Look at what FastAPI returns for an invalid parameter.",
    "WebSocket /live/seven": "The parameter is invalid, so FastAPI never accepts this "
    "WebSocket. Look at how Uvicorn rejects a handshake.",
    "GET /live/7": "This request is no handshake. Look for an endpoint that has this "
    "path and the method GET.",
    "/live/{number} is in the OpenAPI document": "OpenAPI describes requests and "
    'their responses. Look at the notes: "A connection is not a request".',
    "sessions opened while one WebSocket sends three messages": "FastAPI calls the "
    "endpoint once for a connection. Look at `session`, its dependency.",
    "sessions open while two WebSockets are connected": "The code after `yield` runs "
    "when the endpoint has ended. Look at the loop in `live`.",
}


@pytest.mark.parametrize("key", KEYS)
def test_q2_the_difference_is_predicted(answers, key):
    predicted = prediction(answers.differences(), key)

    seen = seen_in_a_run(answers, key)
    is_right = predicted == seen
    is_kind = isinstance(predicted, int)
    is_kind &= isinstance(predicted, bool) == isinstance(seen, bool)
    assert is_kind, (
        f"For {key!r} the dict contains {in_words(predicted)}. The docstring asks for "
        f"{'True or False' if isinstance(seen, bool) else 'a number'}."
    )
    assert is_right, (
        f"For {key!r} you predict {in_words(predicted)}. The run shows something else. "
        f"{KEYS[key]}"
    )


class LanguageModel:
    """The language model of 4.3.3. It repeats the question.

    At the word "..." it waits until `goes_on`. `writing` is how many answers it writes,
    and `questions` has all questions.
    """

    def __init__(self, answers: Any) -> None:
        self.goes_on = False
        self.writing = 0
        self.questions: list[str] = []
        stand_in(answers.words_for, self.words)

    async def words(self, question: str) -> AsyncIterator[str]:
        """Yield the words of a question."""
        self.questions.append(question)
        self.writing += 1
        try:
            for word in question.split():
                while word == "..." and not self.goes_on:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
                yield word
        finally:
            self.writing -= 1


def ask(desk: Desk, socket: ClientConnection, question: str) -> None:
    """Send a question, and check the words of the answer before the first "..."."""
    desk.send(socket, question)
    for word in question.partition("...")[0].split():
        received = desk.receive(socket)
        assert received == word, (
            f"The customer sent {question!r}. The next word of the answer is {word!r}, "
            f"and the customer received {in_words(received)}.{desk.error} The "
            "docstring asks that `write_answer` sends the answer to each question. "
            "Look at what your code does with this text."
        )


def stop(desk: Desk, socket: ClientConnection, when: str) -> None:
    """Send "stop", and check that "[stopped]" comes next."""
    desk.send(socket, "stop")
    received = desk.receive(socket)
    assert received == "[stopped]", (
        f'The customer sent "stop" {when}, and received {in_words(received)} next.'
        f'{desk.error} The docstring asks for "[stopped]". Look at what your code '
        "does until then."
    )


@pytest.fixture
def assistant(answers):
    """The application of 4.3.3 on a server, and its language model."""
    model = LanguageModel(answers)
    with Desk(answers.assistant_app(), "assistant_app()").serve() as desk:
        yield desk, model


def test_q3_stop_ends_an_answer_that_waits_for_a_word(assistant):
    desk, model = assistant
    socket = desk.connect("/assistant")
    for question in ("first second ... third", "... fourth"):
        ask(desk, socket, question)
        desk.until(lambda: model.writing == 1)
        stop(desk, socket, "while the answer waited for its next word")

        assert desk.until(lambda: model.writing == 0), (
            'The customer received "[stopped]", and `words_for` still runs. The '
            "docstring asks to end the answer at once, also while it waits for its "
            "next word. Look at what your code does with the running answer."
        )


def test_q3_nothing_of_the_stopped_answer_follows(assistant):
    desk, model = assistant

    async def go_on(text: str) -> None:
        """Let an answer that still runs send its next words before "[stopped]"."""
        if text == "[stopped]":
            model.goes_on = True
            for _ in range(50):
                await asyncio.sleep(0.001 * model.writing)

    desk.before = go_on
    socket = desk.connect("/assistant")
    ask(desk, socket, "first ... second")
    stop(desk, socket, "during an answer")
    desk.until(lambda: model.writing == 0)
    questions = ["Please stop stop", "stop it", "Stop", " stop ", ""]
    for question in questions:
        ask(desk, socket, question)
        received = desk.receive(socket)
        assert received == "[end]", (
            f"After a stopped answer, the customer sent {question!r}. After the words "
            f"of its answer came {in_words(received)}.{desk.error} The docstring asks "
            'for "[end]" after an answer that nobody stops. Look at what stops it.'
        )

    assert model.questions[1:] == questions, (
        f"The customer sent the questions {in_words(questions)}. The language model "
        f"received {in_words(model.questions[1:])}. The docstring asks that "
        "`write_answer` sends the answer to each question. Look at what it is given."
    )


def test_q3_stop_without_a_running_answer_sends_stopped(assistant):
    desk, _ = assistant
    socket = desk.connect("/assistant")
    stop(desk, socket, "before the first question")
    ask(desk, socket, "first second")
    received = desk.receive(socket)
    stop(desk, socket, "after the answer")
    stop(desk, socket, "a second time")
    ask(desk, socket, "third ...")
    stop(desk, socket, "during an answer")

    assert received == "[end]", (
        f"After the words of the answer the customer received {in_words(received)}."
        f'{desk.error} The docstring asks for "[end]" after an answer. Look at what '
        "your code does when an answer has ended."
    )


def test_q3_stop_ends_no_answer_of_another_customer(assistant):
    desk, model = assistant
    ada, bo = desk.connect("/assistant"), desk.connect("/assistant")
    ask(desk, ada, "Ada's ... answer")
    ask(desk, bo, "Bo's ... answer")
    stop(desk, ada, "during an answer")
    desk.until(lambda: model.writing == 1)
    model.goes_on = True
    received = [desk.receive(bo)]
    while len(received) < 3 and isinstance(received[-1], str):
        received.append(desk.receive(bo))

    assert received == ["...", "answer", "[end]"], (
        f'Ada sent "stop" during her answer. Of his own answer, Bo then received '
        f"{in_words(received)}.{desk.error} The docstring says that each customer has "
        "a WebSocket of their own. Look at where your code keeps the running answer."
    )


@pytest.mark.parametrize("manner", ["left", "lost the connection"])
def test_q3_the_answer_ends_when_the_customer_leaves(assistant, manner):
    desk, model = assistant
    socket = desk.connect("/assistant")
    ask(desk, socket, "first ... second")
    desk.leave(socket, manner)

    assert desk.until(lambda: model.writing == 0), (
        f"The customer {manner} during an answer, and `words_for` still runs."
        f"{desk.error} The docstring asks to end the running answer. Look at what your "
        "code does after the loop."
    )


@pytest.fixture
def agents(answers):
    """The application of 4.3.4 on a server."""
    with Desk(answers.notifications_app(), "notifications_app()").serve() as desk:
        yield desk


def notify(desk: Desk, agent: str, ticket: int, given: str) -> dict[str, Any]:
    """Send a notification to an agent, and return it."""
    text = f"Ticket {ticket} has a new reply" if ticket else ""
    notification = {"ticket": ticket, "text": text}
    path = f"/agents/{agent}/notifications"
    try:
        status = desk.request("POST", path, json=notification).status_code
    except OSError as error:
        status = in_words(error)
    assert status == 200, (
        f"{given}. `POST {path}` with {notification} returned {status}.{desk.error} "
        "The docstring asks for 200. Look at the POST endpoint."
    )
    return notification


def received_by(desk: Desk, *devices: ClientConnection) -> list[object]:
    """Return the next JSON that each device receives, or what it receives instead."""
    return [decoded(one) for one in desk.receive_each(devices)]


def decoded(received: object) -> object:
    """Return a text decoded from JSON, if it is JSON."""
    try:
        return json.loads(received) if isinstance(received, str) else received
    except ValueError:
        return received


def test_q4_each_device_of_the_agent_receives_the_notification(agents):
    ada = [agents.connect("/agents/ada/live") for _ in range(2)]
    bo = agents.connect("/agents/Ada/live")
    for agent, devices, ticket in (("ada", ada, 7), ("ada", ada, 0), ("Ada", [bo], 9)):
        agents.until(lambda: agents.open == 3)
        given = "The agent 'ada' has two devices, and the agent 'Ada' has one"
        sent = notify(agents, agent, ticket, given)
        received = received_by(agents, *devices)

        assert received == [sent] * len(devices), (
            f"{given}. {agent!r} was sent {in_words(sent)}. Next, the devices of "
            f"{agent!r} received {in_words(received)}.{agents.error} The docstring "
            "asks to send it once to each device of this agent, and to no other one. "
            "Look at what you send, and to which WebSockets."
        )


def test_q4_an_agent_without_devices_is_no_error(agents):
    notify(agents, "ada", 7, "Ada has never been connected")
    device = agents.connect("/agents/ada/live")
    sent = notify(agents, "ada", 8, "Ada has one device")
    [received] = received_by(agents, device)
    agents.leave(device)
    agents.until(lambda: agents.open == 0)
    notify(agents, "ada", 9, "Ada's only device has disconnected")

    assert received == sent, (
        "Ticket 7 was sent before the device connected, ticket 8 afterwards. First, "
        f"the device received {in_words(received)}.{agents.error} The docstring asks "
        "to send a notification to the devices that are connected. Look at what you "
        "keep when a device connects."
    )


def test_q4_a_body_that_is_no_notification_returns_422(agents):
    device = agents.connect("/agents/ada/live")
    notify(agents, "ada", 7, "Ada has one device")
    received_by(agents, device)
    for body in ({"ticket": "seven", "text": "New reply"}, {"ticket": 7}, {}):
        returned = agents.request("POST", "/agents/ada/notifications", json=body)
        status = returned.status_code
        assert status == 422, (
            f"`POST /agents/ada/notifications` with the body {body} returned {status}."
            f"{agents.error} The docstring asks for 422, because this is not a "
            "`Notification`. Look at the parameters of the POST endpoint."
        )
    sent = notify(agents, "ada", 8, "Ada has one device")
    [received] = received_by(agents, device)

    assert received == sent, (
        "Ticket 8 was sent after a body that is not a `Notification`. Next, the device "
        f"received {in_words(received)}.{agents.error} The docstring asks to send "
        "notifications only. Look at what you do before you send."
    )


def test_q4_a_lost_device_does_not_keep_the_others_from_receiving(agents):
    first, second, third = (agents.connect("/agents/ada/live") for _ in range(3))
    agents.knows_losses = False  # the server still has to read of them
    agents.leave(second, "lost the connection")
    agents.settle()
    for ticket in (7, 8):
        sent = notify(agents, "ada", ticket, "One of Ada's three devices is lost")
        received = received_by(agents, first, third)

        assert received == [sent] * 2, (
            "The connection to the second of Ada's three devices is lost. The two "
            f"others received {in_words(received)}, after ticket {ticket} was sent."
            f"{agents.error} The docstring asks that they receive the notification "
            "nevertheless. Look at what one exception does to the other calls."
        )


def test_q4_a_slow_device_does_not_keep_the_others_from_receiving(agents):
    first = agents.connect("/agents/ada/live")
    slow = agents.connect("/agents/ada/live?slow")
    third = agents.connect("/agents/ada/live")
    sending, received = [], []
    with ThreadPoolExecutor(2) as threads:
        given = "One of Ada's three devices is slow"
        for ticket in (7, 8):
            sending.append(threads.submit(notify, agents, "ada", ticket, given))
            received += received_by(agents, first, third)
        given_up = agents.given_up
        agents.leave(slow, "lost the connection")
        agents.is_slow = False
        sent = [one.result() for one in sending for _ in (first, third)]

    tickets = [one.get("ticket") if isinstance(one, dict) else one for one in received]
    assert received == sent, (
        "The second of Ada's three devices reads so slowly that sending to it has to "
        "wait. The two others were sent ticket 7 and then ticket 8. They received "
        f"{in_words(tickets)}.{agents.error} The docstring asks that they receive each "
        "notification at once. Look at what waits for one device."
    )
    assert given_up == 0, (
        "The second of Ada's three devices reads slowly. Your code waited for it, gave "
        "up, and sent to the third device then. The docstring asks that the other "
        "devices receive the notification at once. Look at what waits for one device."
    )


def test_q4_a_lost_device_does_not_keep_a_slow_one_from_receiving(agents):
    slow = agents.connect("/agents/ada/live?slow")
    lost = agents.connect("/agents/ada/live")
    agents.knows_losses = False  # the server still has to read of it
    agents.leave(lost, "lost the connection")
    agents.settle()
    with ThreadPoolExecutor(1) as thread:
        given = "One of Ada's two devices is lost, the other one is slow"
        sending = thread.submit(notify, agents, "ada", 7, given)
        agents.settle()
        agents.is_slow = False
        [received] = received_by(agents, slow)
        sent = sending.result()

    assert received == sent, (
        "One of Ada's two devices is lost. The other one is slow, and began to read "
        f"after the notification was sent. It received {in_words(received)}."
        f"{agents.error} The docstring asks that each device that is connected "
        "receives it. Look at what one exception does to the other calls."
    )


@pytest.mark.parametrize("manner", ["left", "lost the connection"])
def test_q4_the_endpoint_ends_when_the_device_disconnects(agents, manner):
    goes, stays = (agents.connect("/agents/ada/live") for _ in range(2))
    agents.leave(goes, manner)
    has_ended = agents.until(lambda: agents.open == 1)
    sent = notify(agents, "ada", 7, "One of Ada's two devices has disconnected")
    [received] = received_by(agents, stays)

    assert has_ended, (
        f"A device {manner}, and its endpoint still runs. The docstring asks to end "
        "it. Look at what it waits for: only reading tells it of the disconnect."
    )
    assert received == sent, (
        f"One of Ada's two devices {manner}. The other one received "
        f"{in_words(received)}.{agents.error} The docstring asks to send it the "
        "notification. Look at what you remove from `devices`."
    )
    assert agents.late == 0, (
        f"A device {manner}, its endpoint ended, and the next notification was sent to "
        "it as well. The docstring asks to remove its WebSocket from `devices`. Look "
        "at what your code does after it has read the disconnect."
    )


class Statistics:
    """The chats of 4.3.5, as a list of what was called."""

    def __init__(self) -> None:
        self.agent_answers = False
        self.begun: list[str] = []
        self.ended: list[tuple[str, int]] = []

    def begin(self, customer: str) -> None:
        """Note a customer."""
        self.begun.append(customer)

    def end(self, customer: str, code: int) -> None:
        """Note a customer and a code."""
        self.ended.append((customer, code))


@contextmanager
def support(
    answers: Any, answer: Callable[[str], str], *, gate: bool = False
) -> Iterator[tuple[Desk, Statistics]]:
    """Serve 4.3.5. With a `gate`, answers wait until `agent_answers` is true."""
    chats = Statistics()

    async def answer_to(question: str) -> str:
        while gate and not chats.agent_answers:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        return answer(question)

    stand_in(answers.answer_to, answer_to)
    with Desk(answers.support_app(chats), "support_app(...)").serve() as desk:
        yield desk, chats


def say(desk: Desk, socket: ClientConnection, question: str) -> None:
    """Send a question, and check its answer."""
    desk.send(socket, question)
    received = desk.receive(socket)
    assert received == question.upper(), (
        f"The customer asked {question!r}, and received {in_words(received)}."
        f"{desk.error} Every question still has to receive what `answer_to` returns. "
        "Look at your loop."
    )


def check_end(desk: Desk, chats: Statistics, what: str, *expected: tuple[str, int]):
    """Check that one chat has ended, with one of the expected calls."""
    desk.until(lambda: desk.open == 0)
    codes = " or ".join(str(code) for _, code in expected)
    assert len(chats.ended) == 1, (
        f"{what}. `chats.end` was called {len(chats.ended)} times: "
        f"{in_words(chats.ended)}.{desk.error} The docstring asks to call it once. "
        "Look at which lines run after the exception."
    )
    assert chats.ended[0] in expected, (
        f"{what}. `chats.end` was called with {in_words(chats.ended[0])}.{desk.error} "
        f"The docstring asks for {expected[0][0]!r} and the code {codes}. Look at "
        "where this code comes from."
    )


@pytest.mark.parametrize("code", [1000, 1001, 4000])
def test_q5_the_end_is_noted_with_the_code_of_the_customer(answers, code):
    with support(answers, str.upper) as (desk, chats):
        socket = desk.connect("/support/ada")
        for question in ("hello", "", "hello"):
            say(desk, socket, question)
        socket.close(code)

        check_end(desk, chats, f"Ada sent the code {code}", ("ada", code))
        assert chats.begun == ["ada"], (
            f"Ada was connected once, and `chats.begin` was called with "
            f"{in_words(chats.begun)}. The docstring asks to repair the end only. Look "
            "at the lines before the loop."
        )
        assert not desk.errors, (
            f"Ada sent the code {code}.{desk.error} The docstring asks that the "
            "endpoint ends without an exception. Look at your `except`."
        )


def test_q5_a_connection_that_is_lost_while_reading_is_noted(answers):
    with support(answers, str.upper) as (desk, chats):
        socket = desk.connect("/support/bo")
        say(desk, socket, "hello")
        desk.leave(socket, "lost the connection")

        check_end(desk, chats, "Bo lost the connection", ("bo", 1005), ("bo", 1006))
        assert not desk.errors, (
            f"Bo lost the connection.{desk.error} The docstring asks that the endpoint "
            "ends without an exception. Look at your `except`."
        )


def test_q5_a_connection_that_is_lost_before_the_answer_is_noted(answers):
    with support(answers, str.upper, gate=True) as (desk, chats):
        socket = desk.connect("/support/cy")
        desk.send(socket, "Is anybody there?")
        desk.settle()
        desk.leave(socket, "lost the connection")
        desk.settle()
        chats.agent_answers = True

        what = "Cy lost the connection before the answer was there"
        check_end(desk, chats, what, ("cy", 1005), ("cy", 1006))
        assert not desk.errors, (
            f"{what}.{desk.error} The docstring asks that the endpoint ends without an "
            "exception. Look at which lines your `try` contains: sometimes only "
            "`send_text` finds out that the connection is lost."
        )


class Halt(BaseException):
    """An exception that is no `Exception`, as KeyboardInterrupt is none."""


@pytest.mark.parametrize(
    "kind", [ConnectionResetError, RuntimeError, asyncio.CancelledError, Halt]
)
def test_q5_an_exception_of_answer_to_passes_through(answers, kind):
    def fail(question: str) -> str:
        raise kind("no agent")

    with support(answers, fail) as (desk, chats):
        socket = desk.connect("/support/ada")
        desk.send(socket, "hello")
        what = f"`answer_to` raised {kind.__name__}"
        what += "" if issubclass(kind, Exception) else ", which is no `Exception`"
        check_end(desk, chats, what, ("ada", 1011))

        raised = ", ".join(error.__name__ for error in desk.raised) or "nothing"
        assert desk.raised == [kind], (
            f"{what}, and the endpoint raised {raised}. The docstring asks to let this "
            "exception pass through. Look at your `except` and `finally`."
        )


def test_q5_a_binary_message_does_not_hide_the_end(answers):
    with support(answers, str.upper) as (desk, chats):
        socket = desk.connect("/support/ada")
        say(desk, socket, "hello")
        socket.send(b"hello")
        desk.settle()
        socket.close(1001)

        # An endpoint that goes on after the message learns of the close code.
        what = "Ada sent a binary message, and then the code 1001"
        check_end(desk, chats, what, ("ada", 1011), ("ada", 1001))
        raised = [error.__name__ for error in desk.raised]
        assert chats.ended == [("ada", 1001)] or raised == ["KeyError"], (
            f"{what}. `receive_text` raised a KeyError, `chats.end` noted 1011, and "
            f"the endpoint raised {raised or 'nothing'}. The docstring asks to let the "
            "exception pass through. Look at your `except` and `finally`."
        )


def test_q5_the_chats_of_others_go_on(answers):
    def answer(question: str) -> str:
        if question == "fail":
            raise LookupError("no agent")
        return question.upper()

    with support(answers, answer) as (desk, chats):
        ada, bo = (desk.connect(f"/support/{name}") for name in ("ada", "bo"))
        say(desk, ada, "hello")
        ada.close(1001)
        desk.until(lambda: bool(chats.ended))
        say(desk, bo, "still here")

        assert chats.ended == [("ada", 1001)], (
            f"Ada left, and Bo stayed. `chats.end` was called with "
            f"{in_words(chats.ended)}.{desk.error} The docstring asks to call it once, "
            "for the customer who is gone. Look at where you call it."
        )
        desk.send(bo, "fail")
        desk.until(lambda: desk.open == 0)
        assert chats.ended[1:] == [("bo", 1011)], (
            "Ada left with the code 1001. Then `answer_to` raised LookupError for Bo, "
            f"and `chats.end` was called with {in_words(chats.ended[1:])}. The "
            "docstring asks for 'bo' and the code 1011. Look at where you keep it."
        )


class Notes:
    """The sessions and the notes of 4.3.6."""

    def __init__(self, answers: Any) -> None:
        self.sessions = {"k-1": "ada", "k-2": "bo"}
        self.added: list[tuple[str, str]] = []
        stand_in(answers.agent_of, lambda session: self.sessions.get(session))
        stand_in(answers.add_note, lambda agent, text: self.added.append((agent, text)))
        self.origin: str | None = answers.ORIGIN


@pytest.fixture
def notes(answers):
    """The application of 4.3.6 on a server, and its notes."""
    kept = Notes(answers)
    with Desk(answers.notes_app(), "notes_app()").serve() as desk:
        yield desk, kept


def handshake(
    desk: Desk, origin: str | None, cookie: str | None, query: str = "?agent=mallory"
) -> Any:
    """Return the WebSocket of an agent, or the status of the rejected handshake.

    Other parts of the request have what the header and the cookie have to have.
    """
    headers = {"Cookie": cookie} if cookie is not None else {}
    headers |= {"Referer": "https://desk.example", "Session": "k-1"}
    headers |= {"Authorization": "Bearer k-1"}
    return desk.handshake(f"/notes{query}", origin=origin, additional_headers=headers)


def log_in(
    desk: Desk, kept: Notes, session: str = "k-1", query: str = "?agent=mallory"
) -> ClientConnection:
    """Return the WebSocket of an agent who is logged in."""
    socket = handshake(desk, kept.origin, f"theme=dark; session={session}", query)
    assert isinstance(socket, ClientConnection), (
        f"The handshake of `/notes{query}` with `Origin: {kept.origin}` and the cookie "
        f"of an agent was rejected with status {socket}.{desk.error} The docstring "
        "asks to accept it. Look at the parameters of your endpoint."
    )
    return socket


def save(desk: Desk, socket: ClientConnection, text: str) -> None:
    """Send a note, and check that it is saved."""
    desk.send(socket, text)
    received = desk.receive(socket)
    assert received == "saved", (
        f"An agent who is logged in sent a note of {len(text)} characters, and "
        f'received {in_words(received)}.{desk.error} The docstring asks for "saved". '
        "Look at what your code checks for each text."
    )


def check_closed(desk: Desk, socket: ClientConnection, code: int, given: str) -> None:
    """Check that the server closes the WebSocket with this code."""
    received = desk.receive(socket)
    assert received == Closed(code), (
        f"{given}. The client received {in_words(received)}.{desk.error} The docstring "
        f"asks to close the WebSocket with the code {code}. Look at what your code "
        "checks for each text."
    )


def test_q6_notes_are_added_in_the_name_of_the_agent(notes):
    desk, kept = notes
    ada, bo = log_in(desk, kept, "k-1"), log_in(desk, kept, "k-2", query="")
    for socket, text in ((ada, "called back"), (bo, " sent a part\n"), (ada, "")):
        save(desk, socket, text)

    expected = [("ada", "called back"), ("bo", " sent a part\n"), ("ada", "")]
    assert kept.added == expected, (
        "Ada, Bo and Ada again sent a note. Ada connected with `?agent=mallory`, and "
        f"`add_note` was called with {in_words(kept.added)}. The docstring asks for "
        f"{in_words(expected)}. Look at where the agent and the text come from."
    )


ORIGINS = [
    None,
    "https://evil.example",
    "http://desk.example",
    "https://desk.example.evil.example",
    "https://evil-desk.example",
    "https://desk-example",
    "https://new.desk.example",
    "https://desk.example:8443",
    "http://localhost:8000",
    "https://desk",
    "null",
]


def test_q6_another_origin_is_rejected(notes):
    desk, kept = notes
    for origin in ORIGINS:
        seen = handshake(desk, origin, "session=k-1")

        assert seen == 403, (
            "A handshake with the cookie of an agent and "
            f"{f'the origin {origin}' if origin else 'no header Origin'} was "
            f"{f'rejected with {seen}' if isinstance(seen, int) else 'accepted'}."
            f"{desk.error} The docstring asks to reject it with 403, unless the origin "
            f"is {kept.origin}. Look at what you compare before `accept`."
        )


COOKIES = [
    None,
    "session=",
    "session=k-3",
    "session=ada",
    "agent=k-1",
    "old_session=k-1",
    "session=k-0",
]


def test_q6_a_handshake_without_a_session_is_rejected(notes):
    desk, kept = notes
    kept.sessions = {"k-0": "ada"}
    log_in(desk, kept, "k-0")
    kept.sessions = {"k-1": "ada"}
    for cookie in COOKIES:
        seen = handshake(desk, kept.origin, cookie, "?session=k-1&token=k-1&agent=ada")

        assert seen == 403, (
            "A handshake with the right origin and "
            f"{f'the cookie {cookie!r}' if cookie else 'no cookie'} was "
            f"{f'rejected with {seen}' if isinstance(seen, int) else 'accepted'}."
            f"{desk.error} The docstring asks to reject it with 403: no agent has this "
            "session now. Look at where your code reads the session."
        )


def test_q6_the_session_is_checked_for_each_text(notes):
    desk, kept = notes
    ada, bo = log_in(desk, kept, "k-1"), log_in(desk, kept, "k-2")
    save(desk, ada, "one")
    del kept.sessions["k-1"]
    desk.send(ada, "two")
    check_closed(desk, ada, 1008, "The agent logged out and then sent a note")
    save(desk, bo, "three")

    assert kept.added == [("ada", "one"), ("bo", "three")], (
        f"Ada sent a note, logged out, and sent another one. Bo is logged in. The "
        f"notes are {in_words(kept.added)}. The docstring asks to call `agent_of` "
        "again for each text. Look at what your code does before `add_note`."
    )


@pytest.mark.parametrize("letter", ["x", "é"], ids=["ASCII", "accents"])
def test_q6_a_text_that_is_too_long_closes_the_websocket(answers, notes, letter):
    desk, kept = notes
    socket = log_in(desk, kept)
    save(desk, socket, letter * (answers.LONGEST - 1) + " ")
    desk.send(socket, letter * answers.LONGEST + " ")
    given = f"A text has {answers.LONGEST + 1} characters"
    check_closed(desk, socket, 1009, given)

    lengths = [len(text) for _, text in kept.added]
    assert lengths == [answers.LONGEST], (
        f"Two texts had {answers.LONGEST} and {answers.LONGEST + 1} characters. The "
        f"lengths of the notes are {lengths}. The docstring asks not to add the second "
        "one. Look at what your code does after the check."
    )
