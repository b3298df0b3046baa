"""4.3  WebSockets in FastAPI.

A WebSocket is one connection that stays open. The client and the server both send
messages over it, at any time.
Notes: content/docs/fastapi/advanced-features/websockets.md
"""

# region answer
import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Annotated

from fastapi import (
    Cookie,
    Depends,
    FastAPI,
    Header,
    HTTPException,
    WebSocket,
    WebSocketDisconnect,
    WebSocketException,
)

# stub: import asyncio
# stub: from collections import Counter, defaultdict
# stub: from collections.abc import AsyncIterator, Iterator
# stub: from contextlib import suppress
# stub: from typing import Annotated
# stub:
# stub: from fastapi import Depends, FastAPI, WebSocket, WebSocketDisconnect
# endregion
from pydantic import BaseModel

from sensei import ___


class Room:
    """A chat room, with the WebSocket of each participant."""

    def __init__(self) -> None:
        self.sockets: list[WebSocket] = []

    async def send(self, text: str) -> None:
        """Send a text to every participant. Skip those whose connection is lost."""
        for socket in list(self.sockets):
            with suppress(WebSocketDisconnect, RuntimeError):
                await socket.send_text(text)


def chat_app() -> FastAPI:
    """4.3.1  Write a FastAPI WebSocket endpoint for a simple chat application.

    Customers and agents of a support desk chat in one room. Add the WebSocket endpoint
    `/chat/{name}` to the application below, where `name` is the participant's name.

    - Accept the WebSocket, and add it to `room.sockets`.
    - For each text of the participant, send the name and the text to everybody in the
      room, as in the example. This includes the participant. Use `room.send`.
    - When the participant disconnects, remove the WebSocket from `room.sockets`.

    Given:
        Two participants can have the same name. They send texts only.

    Example:
        Ada sends         My printer is on fire
        everybody gets    Ada: My printer is on fire
    """
    app = FastAPI()
    room = Room()

    # region answer
    @app.websocket("/chat/{name}")
    async def chat(socket: WebSocket, name: str) -> None:
        await socket.accept()
        room.sockets.append(socket)
        async for text in socket.iter_text():  # ends when the participant disconnects
            await room.send(f"{name}: {text}")
        room.sockets.remove(socket)

    # endregion
    return app


def tickets_app(sessions: Counter[str]) -> FastAPI:
    """Return the application that 4.3.2 asks about. It counts database sessions."""
    app = FastAPI()

    def session() -> Iterator[str]:
        sessions.update(["opened", "open"])
        yield "session"
        sessions.subtract(["open"])

    @app.get("/tickets/{number}")
    def read(number: int, session: Annotated[str, Depends(session)]) -> str:
        return f"Ticket {number} is open"

    @app.websocket("/live/{number}")
    async def live(
        socket: WebSocket, number: int, session: Annotated[str, Depends(session)]
    ) -> None:
        await socket.accept()
        async for _ in socket.iter_text():
            await socket.send_text(f"Ticket {number} is open")

    return app


def differences() -> dict[str, int | bool]:
    """4.3.2  How do WebSockets differ from REST endpoints in FastAPI?

    Uvicorn serves `tickets_app` above. Predict what happens.

    - The first three: the status code of the HTTP response.
    - "/live/{number} is in the OpenAPI document": True or False.
    - The last two: a number of database sessions. For each of the two, the application
      is started anew, and receives nothing else.

    Given:
        A WebSocket begins with an HTTP request, the handshake. Its response has the
        status code 101 if the WebSocket is accepted.
    """
    # region answer
    # In words: A REST endpoint runs once for each request, and its return value becomes
    # the response. A WebSocket endpoint runs once for each connection, until it ends,
    # and so do its dependencies: a database session stays open all this time. Errors
    # before `accept` reject the handshake, mostly with 403. The OpenAPI document does
    # not contain WebSockets, so you describe their messages yourself.
    return {
        "GET /tickets/seven": 422,
        "WebSocket /live/seven": 403,
        "GET /live/7": 404,
        "/live/{number} is in the OpenAPI document": False,
        "sessions opened while one WebSocket sends three messages": 1,
        "sessions open while two WebSockets are connected": 2,
    }
    # stub: return {
    # stub:     "GET /tickets/seven": ___,
    # stub:     "WebSocket /live/seven": ___,
    # stub:     "GET /live/7": ___,
    # stub:     "/live/{number} is in the OpenAPI document": ___,
    # stub:     "sessions opened while one WebSocket sends three messages": ___,
    # stub:     "sessions open while two WebSockets are connected": ___,
    # stub: }
    # endregion


async def words_for(question: str) -> AsyncIterator[str]:
    """Yield the words of the answer, each as soon as the language model has it."""
    for word in f"You ask: {question} Please restart it.".split():
        await asyncio.sleep(0.1)
        yield word


async def write_answer(socket: WebSocket, question: str) -> None:
    """Send the words of the answer, one by one, and then "[end]"."""
    async for word in words_for(question):
        await socket.send_text(word)
    await socket.send_text("[end]")


def assistant_app() -> FastAPI:
    """4.3.3  What are the use cases for WebSockets in a FastAPI application?

    One use case: both sides send at the same time. An assistant writes long answers,
    and the customer has a button that stops it. Today a "stop" is read only after the
    answer has ended. Repair the endpoint.

    - For each question, `write_answer` sends the answer, as today.
    - When the customer sends "stop", end the running answer at once, even while it
      waits for its next word. Then send "[stopped]". No word of this answer follows.
    - If no answer is running when "stop" arrives, send "[stopped]" as well.
    - When the customer disconnects, end the running answer.

    Given:
        While an answer is running, the customer can send "stop", but no question.
        Any other text is a question. Each customer has a WebSocket of their own.
    """
    app = FastAPI()

    # region answer
    # In words: Use a WebSocket when the server sends without being asked, and the
    # client sends meanwhile: chats, games, shared documents, a stream that the client
    # steers. The endpoint reads and writes at the same time, so one of them runs in a
    # task. If only the server sends, server-sent events are enough. If only the client
    # asks, use requests.
    @app.websocket("/assistant")
    async def assistant(socket: WebSocket) -> None:
        await socket.accept()
        answer: asyncio.Task[None] | None = None
        async with asyncio.TaskGroup() as tasks:
            async for text in socket.iter_text():
                if text != "stop":
                    answer = tasks.create_task(write_answer(socket, text))
                else:
                    if answer:
                        answer.cancel()
                    await socket.send_text("[stopped]")
            if answer:
                answer.cancel()

    # stub: @app.websocket("/assistant")
    # stub: async def assistant(socket: WebSocket) -> None:
    # stub:     await socket.accept()
    # stub:     async for text in socket.iter_text():
    # stub:         if text == "stop":
    # stub:             await socket.send_text("[stopped]")
    # stub:         else:
    # stub:             await write_answer(socket, text)
    # stub:
    # endregion
    return app


class Notification(BaseModel):
    """What an agent is told about a ticket."""

    ticket: int
    text: str


def notifications_app() -> FastAPI:
    """4.3.4  Create a FastAPI WebSocket endpoint for a live notification system.

    Agents are notified on each of their devices, which connect to the WebSocket below.
    Today its endpoint returns at once, and this closes the WebSocket. Complete it, and
    add `POST /agents/{agent}/notifications`. Its body is a `Notification`, and FastAPI
    returns 422 for any other body.

    - Each connected device of this agent receives the notification as a JSON object.
      Devices of other agents receive nothing.
    - The POST request returns 200, even if no device is connected.
    - If the connection to a device is lost, the other devices still receive the
      notification.
    - If sending to a device has to wait, because the device reads slowly, the other
      devices still receive the notification at once.
    - When a device disconnects, end its endpoint, and remove its WebSocket from
      `devices`.

    Given:
        A device sends nothing. An agent can have several devices.
        Sending to a lost connection raises an exception.
        The response of the POST request may wait for a slow device.

    Example:
        POST /agents/ada/notifications  {"ticket": 7, "text": "New reply"}
        each device of Ada receives     {"ticket": 7, "text": "New reply"}
    """
    app = FastAPI()
    devices: defaultdict[str, list[WebSocket]] = defaultdict(list)

    # region answer
    @app.websocket("/agents/{agent}/live")
    async def connect(socket: WebSocket, agent: str) -> None:
        await socket.accept()
        devices[agent].append(socket)
        async for _ in socket.iter_text():  # without reading, no disconnect is seen
            pass
        devices[agent].remove(socket)

    @app.post("/agents/{agent}/notifications")
    async def notify(agent: str, notification: Notification) -> None:
        message = notification.model_dump()
        sending = [socket.send_json(message) for socket in devices[agent]]
        # All at the same time, so that nobody waits for a slow device of another one.
        await asyncio.gather(*sending, return_exceptions=True)

    # stub: @app.websocket("/agents/{agent}/live")
    # stub: async def connect(socket: WebSocket, agent: str) -> None:
    # stub:     await socket.accept()
    # stub:     devices[agent].append(socket)
    # stub:
    # endregion
    return app


class Chats:
    """The support chats that are taking place."""

    def begin(self, customer: str) -> None:
        """Note that a customer has connected."""

    def end(self, customer: str, code: int) -> None:
        """Note that a customer is gone, and why, for the statistics."""


async def answer_to(question: str) -> str:
    """Return an agent's answer, as soon as there is one."""
    await asyncio.sleep(0.1)
    return f"Have you tried to restart it? ({question})"


def support_app(chats: Chats) -> FastAPI:
    """4.3.5  How do you handle WebSocket disconnections in FastAPI?

    The endpoint below never calls `chats.end`. When the customer is gone,
    `receive_text` or `send_text` raises `WebSocketDisconnect`. Repair the endpoint.

    - When the customer is gone, call `chats.end` with the customer and the code of the
      `WebSocketDisconnect`. The endpoint ends without an exception.
    - If any other exception ends the endpoint, call `chats.end` with the customer and
      the code 1011. Let the exception pass through.
    - In every case, `chats.end` is called once.

    Given:
        A customer who leaves the page sends the code 1001. If the connection is lost,
        the code is 1005 or 1006. Sometimes only `send_text` finds this out.
        `answer_to` can raise any other exception, even `asyncio.CancelledError`.
        `receive_text` raises a `KeyError` if the message is binary.
    """
    app = FastAPI()

    # region answer
    # In words: `receive_text` and the like raise `WebSocketDisconnect` when the client
    # closes the connection, or the connection is lost; `send_text` and the like raise
    # it for a lost connection. Catch this exception around the whole conversation. In
    # `finally`, release what belongs to the connection: this also covers every other
    # exception. Uvicorn sends pings to find out whether a silent client is still there.
    @app.websocket("/support/{customer}")
    async def support(socket: WebSocket, customer: str) -> None:
        await socket.accept()
        chats.begin(customer)
        code = 1011
        try:
            while True:
                question = await socket.receive_text()
                await socket.send_text(await answer_to(question))
        except WebSocketDisconnect as gone:
            code = gone.code
        finally:
            chats.end(customer, code)

    # stub: @app.websocket("/support/{customer}")
    # stub: async def support(socket: WebSocket, customer: str) -> None:
    # stub:     await socket.accept()
    # stub:     chats.begin(customer)
    # stub:     while True:
    # stub:         question = await socket.receive_text()
    # stub:         await socket.send_text(await answer_to(question))
    # stub:
    # endregion
    return app


ORIGIN = "https://desk.example"
LONGEST = 1000  # characters


def agent_of(session: str) -> str | None:
    """Return whose session this is; None if it does not exist or has ended."""
    return {"s3cret": "ada"}.get(session)


def add_note(agent: str, text: str) -> None:
    """Add an agent's note to the ticket."""


def notes_app() -> FastAPI:
    """4.3.6  What are the security considerations for WebSocket endpoints?

    Agents write notes over a WebSocket. Today anybody can connect, and write notes of
    any length in the name of any agent. Repair the endpoint.

    - Reject the handshake with status 403 unless the header `Origin` is `ORIGIN`.
    - Reject the handshake with status 403 unless `agent_of` returns an agent for the
      cookie `session`.
    - Call `agent_of` again for each text. If the session has ended, close the WebSocket
      with the code 1008.
    - If a text is longer than `LONGEST`, close the WebSocket with the code 1009.
    - Otherwise, call `add_note` with the agent of the session, and send "saved". Remove
      the query parameter `agent`.

    Given:
        From a page of any other site, a browser can open a WebSocket to yours. It sends
        the cookies of your site, and the header `Origin` names the other site.
        The client sends texts only.
    """
    app = FastAPI()

    # region answer
    # In words: Authenticate at the handshake, before `accept`: a browser sends cookies,
    # but JavaScript cannot add headers. Check `Origin`, because the same-origin policy
    # and CORS do not cover WebSockets. A connection outlives the session, so check
    # rights again later. Limit size and number of messages, and use `wss://`.
    @app.websocket("/notes")
    async def notes(
        socket: WebSocket,
        origin: Annotated[str, Header()] = "",
        session: Annotated[str, Cookie()] = "",
    ) -> None:
        if origin != ORIGIN or agent_of(session) is None:
            raise HTTPException(403)
        await socket.accept()
        async for text in socket.iter_text():
            agent = agent_of(session)
            if agent is None:
                raise WebSocketException(1008)
            if len(text) > LONGEST:
                raise WebSocketException(1009)
            add_note(agent, text)
            await socket.send_text("saved")

    # stub: @app.websocket("/notes")
    # stub: async def notes(socket: WebSocket, agent: str) -> None:
    # stub:     await socket.accept()
    # stub:     async for text in socket.iter_text():
    # stub:         add_note(agent, text)
    # stub:         await socket.send_text("saved")
    # stub:
    # endregion
    return app
