"""Other answers to section 4.3."""

import asyncio
import contextlib
from contextlib import suppress
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, status
from fastapi.responses import Response
from starlette.endpoints import WebSocketEndpoint
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocketState

from sensei.variants import right, wrong


@wrong("4.3.1", caught_by="test_q1_everybody_receives_what_a_participant_sends")
def chat_app():
    """Forget to accept the WebSocket."""
    app = FastAPI()
    room = Room()

    @app.websocket("/chat/{name}")
    async def chat(socket: WebSocket, name: str):
        room.sockets.append(socket)
        async for text in socket.iter_text():
            await room.send(f"{name}: {text}")
        room.sockets.remove(socket)

    return app


@wrong("4.3.1", caught_by="test_q1_everybody_receives_what_a_participant_sends")
def chat_app():
    """Return the text to the sender only."""
    app = FastAPI()
    room = Room()

    @app.websocket("/chat/{name}")
    async def chat(socket: WebSocket, name: str):
        await socket.accept()
        room.sockets.append(socket)
        async for text in socket.iter_text():
            await socket.send_text(f"{name}: {text}")
        room.sockets.remove(socket)

    return app


@wrong("4.3.1", caught_by="test_q1_everybody_receives_what_a_participant_sends")
def chat_app():
    """Read one text only."""
    app = FastAPI()
    room = Room()

    @app.websocket("/chat/{name}")
    async def chat(socket: WebSocket, name: str):
        await socket.accept()
        room.sockets.append(socket)
        text = await socket.receive_text()
        await room.send(f"{name}: {text}")
        await asyncio.Event().wait()

    return app


@wrong("4.3.1", caught_by="test_q1_everybody_receives_what_a_participant_sends")
def chat_app():
    """Leave out the sender."""
    app = FastAPI()
    room = Room()

    @app.websocket("/chat/{name}")
    async def chat(socket: WebSocket, name: str):
        await socket.accept()
        room.sockets.append(socket)
        async for text in socket.iter_text():
            for other in room.sockets:
                if other is not socket:
                    await other.send_text(f"{name}: {text}")
        room.sockets.remove(socket)

    return app


@wrong("4.3.1", caught_by="test_q1_everybody_receives_what_a_participant_sends")
def chat_app():
    """End at an empty text."""
    app = FastAPI()
    room = Room()

    @app.websocket("/chat/{name}")
    async def chat(socket: WebSocket, name: str):
        await socket.accept()
        room.sockets.append(socket)
        with suppress(WebSocketDisconnect):
            while text := await socket.receive_text():
                await room.send(f"{name}: {text}")
        room.sockets.remove(socket)

    return app


@wrong("4.3.1", caught_by="test_q1_everybody_receives_what_a_participant_sends")
def chat_app():
    """Keep one WebSocket for each name."""
    app = FastAPI()
    room = Room()
    by_name: dict[str, WebSocket] = {}

    @app.websocket("/chat/{name}")
    async def chat(socket: WebSocket, name: str):
        await socket.accept()
        by_name[name] = socket
        room.sockets[:] = by_name.values()
        async for text in socket.iter_text():
            await room.send(f"{name}: {text}")
        room.sockets.remove(socket)

    return app


@wrong("4.3.1", caught_by="test_q1_the_others_chat_on_when_a_participant_leaves")
def chat_app():
    """Never remove a WebSocket: the lines after the loop do not run."""
    app = FastAPI()
    room = Room()

    @app.websocket("/chat/{name}")
    async def chat(socket: WebSocket, name: str):
        await socket.accept()
        room.sockets.append(socket)
        while True:
            text = await socket.receive_text()
            await room.send(f"{name}: {text}")
        room.sockets.remove(socket)

    return app


@wrong("4.3.1", caught_by="test_q1_the_others_chat_on_when_a_participant_leaves")
def chat_app():
    """Remove the participant who came last."""
    app = FastAPI()
    room = Room()

    @app.websocket("/chat/{name}")
    async def chat(socket: WebSocket, name: str):
        await socket.accept()
        room.sockets.append(socket)
        async for text in socket.iter_text():
            await room.send(f"{name}: {text}")
        room.sockets.pop()

    return app


@wrong("4.3.1", caught_by="test_q1_the_others_chat_on_when_a_participant_leaves")
def chat_app():
    """Empty the room when somebody leaves."""
    app = FastAPI()
    room = Room()

    @app.websocket("/chat/{name}")
    async def chat(socket: WebSocket, name: str):
        await socket.accept()
        room.sockets.append(socket)
        async for text in socket.iter_text():
            await room.send(f"{name}: {text}")
        room.sockets.clear()

    return app


@wrong("4.3.1", caught_by="test_q1_everybody_receives_what_a_participant_sends")
def chat_app():
    """Change the name."""
    app = FastAPI()
    room = Room()

    @app.websocket("/chat/{name}")
    async def chat(socket: WebSocket, name: str):
        await socket.accept()
        room.sockets.append(socket)
        async for text in socket.iter_text():
            await room.send(f"{name.title()}: {text}")
        room.sockets.remove(socket)

    return app


@wrong("4.3.1", caught_by="test_q1_the_others_chat_on_when_a_participant_leaves[left]")
def chat_app():
    """Remove everybody of this name."""
    app = FastAPI()
    room = Room()
    names = {}

    @app.websocket("/chat/{name}")
    async def chat(socket: WebSocket, name: str):
        await socket.accept()
        names[socket] = name
        room.sockets.append(socket)
        async for text in socket.iter_text():
            await room.send(f"{name}: {text}")
        room.sockets = [one for one in room.sockets if names[one] != name]

    return app


@wrong("4.3.1", caught_by="test_q1_a_lost_connection_does_not_end_the_chat")
def chat_app():
    """Send without `room.send`: a lost connection ends the endpoint of the sender."""
    app = FastAPI()
    room = Room()

    @app.websocket("/chat/{name}")
    async def chat(socket: WebSocket, name: str):
        await socket.accept()
        room.sockets.append(socket)
        async for text in socket.iter_text():
            for one in list(room.sockets):
                await one.send_text(f"{name}: {text}")
        room.sockets.remove(socket)

    return app


@right("4.3.1")
def chat_app():
    """Catch `WebSocketDisconnect`, in a router."""
    app = FastAPI()
    room = Room()
    router = APIRouter(prefix="/chat")

    @router.websocket("/{name}")
    async def chat(*, name: str, ws: WebSocket):
        await ws.accept()
        room.sockets += [ws]
        try:
            while True:
                await room.send(name + ": " + await ws.receive_text())
        except WebSocketDisconnect:
            room.sockets.remove(ws)

    app.include_router(router)
    return app


@wrong("4.3.1", caught_by="test_q1_everybody_receives_what_a_participant_sends")
def chat_app():
    """Strip the text."""
    app = FastAPI()
    room = Room()

    @app.websocket("/chat/{name}")
    async def chat(socket: WebSocket, name: str):
        await socket.accept()
        room.sockets.append(socket)
        async for text in socket.iter_text():
            await room.send(f"{name}: {text.strip()}")
        room.sockets.remove(socket)

    return app


@right("4.3.1")
def chat_app():
    """Replace the list."""
    app = FastAPI()
    room = Room()

    @app.websocket("/chat/{name}")
    async def chat(socket: WebSocket, name: str):
        await socket.accept()
        room.sockets = [*room.sockets, socket]
        async for text in socket.iter_text():
            await room.send(f"{name}: {text}")
        room.sockets = [one for one in room.sockets if one is not socket]

    return app


@right("4.3.1")
def chat_app():
    """Use a dependency with `yield`, and let the exception pass through."""
    app = FastAPI()
    room = Room()

    async def joined(socket: WebSocket):
        await socket.accept()
        room.sockets.append(socket)
        try:
            yield socket
        finally:
            room.sockets.remove(socket)

    @app.websocket("/chat/{name}")
    async def chat(name: str, socket: Annotated[WebSocket, Depends(joined)]):
        while True:
            text = await socket.receive_text()
            await room.send(f"{name}: {text}")

    return app


@right("4.3.1")
def chat_app():
    """Use Starlette's `WebSocketEndpoint`."""
    app = FastAPI()
    room = Room()

    class Chat(WebSocketEndpoint):
        encoding = "text"

        async def on_connect(self, websocket):
            await websocket.accept()
            room.sockets.append(websocket)

        async def on_receive(self, websocket, data):
            await room.send(f"{websocket.path_params['name']}: {data}")

        async def on_disconnect(self, websocket, close_code):
            room.sockets.remove(websocket)

    app.router.routes.append(WebSocketRoute("/chat/{name}", Chat))
    return app


@wrong("4.3.2", caught_by="test_q2_the_difference_is_predicted[WebSocket /live/seven]")
def differences():
    """Expect 422 for a WebSocket."""
    return {
        "GET /tickets/seven": 422,
        "WebSocket /live/seven": 422,
        "GET /live/7": 404,
        "/live/{number} is in the OpenAPI document": False,
        "sessions opened while one WebSocket sends three messages": 1,
        "sessions open while two WebSockets are connected": 2,
    }


@wrong("4.3.2", caught_by="test_q2_the_difference_is_predicted[GET /live/7]")
def differences():
    """Expect 405 for a path that a WebSocket has."""
    return {
        "GET /tickets/seven": 422,
        "WebSocket /live/seven": 403,
        "GET /live/7": 405,
        "/live/{number} is in the OpenAPI document": False,
        "sessions opened while one WebSocket sends three messages": 1,
        "sessions open while two WebSockets are connected": 2,
    }


@wrong(
    "4.3.2",
    caught_by="test_q2_the_difference_is_predicted"
    "[sessions opened while one WebSocket sends three messages]",
)
def differences():
    """Expect a session for each message."""
    return {
        "GET /tickets/seven": 422,
        "WebSocket /live/seven": 403,
        "GET /live/7": 404,
        "/live/{number} is in the OpenAPI document": False,
        "sessions opened while one WebSocket sends three messages": 3,
        "sessions open while two WebSockets are connected": 2,
    }


@wrong(
    "4.3.2",
    caught_by="test_q2_the_difference_is_predicted"
    "[sessions open while two WebSockets are connected]",
)
def differences():
    """Expect that a session is closed while nothing is sent."""
    return {
        "GET /tickets/seven": 422,
        "WebSocket /live/seven": 403,
        "GET /live/7": 404,
        "/live/{number} is in the OpenAPI document": False,
        "sessions opened while one WebSocket sends three messages": 1,
        "sessions open while two WebSockets are connected": 0,
    }


@wrong(
    "4.3.2",
    caught_by="test_q2_the_difference_is_predicted"
    "[/live/{number} is in the OpenAPI document]",
)
def differences():
    """Write a number for True or False."""
    return {
        "GET /tickets/seven": 422,
        "WebSocket /live/seven": 403,
        "GET /live/7": 404,
        "/live/{number} is in the OpenAPI document": 0,
        "sessions opened while one WebSocket sends three messages": 1,
        "sessions open while two WebSockets are connected": 2,
    }


@right("4.3.2")
def differences():
    """Write the status codes by name."""
    return {
        "GET /tickets/seven": int(status.HTTP_422_UNPROCESSABLE_CONTENT),
        "WebSocket /live/seven": status.HTTP_403_FORBIDDEN,
        "GET /live/7": HTTPStatus.NOT_FOUND,
        "/live/{number} is in the OpenAPI document": False,
        "sessions opened while one WebSocket sends three messages": 1,
        "sessions open while two WebSockets are connected": 2,
    }


@right("4.3.2")
def differences():
    """Build the dict in another way."""
    predicted: dict[str, Any] = {"GET /tickets/seven": 422}
    predicted["WebSocket /live/seven"] = 403
    predicted["GET /live/7"] = 404
    predicted["/live/{number} is in the OpenAPI document"] = False
    for number, kind in ((1, "opened while one WebSocket sends three messages"),):
        predicted[f"sessions {kind}"] = number
    predicted["sessions open while two WebSockets are connected"] = 2
    return predicted


@wrong("4.3.3", caught_by="test_q3_stop_ends_an_answer_that_waits_for_a_word")
def assistant_app():
    """Check a flag between two words."""
    app = FastAPI()

    @app.websocket("/assistant")
    async def assistant(socket: WebSocket):
        await socket.accept()
        current: list[object] = []

        async def write(question):
            me = object()
            current[:] = [me]
            async for word in words_for(question):
                if current != [me]:
                    return
                await socket.send_text(word)
            await socket.send_text("[end]")

        tasks = []
        async for text in socket.iter_text():
            if text == "stop":
                current.clear()
                await socket.send_text("[stopped]")
            else:
                tasks.append(asyncio.create_task(write(text)))
        current.clear()

    return app


@wrong("4.3.3", caught_by="test_q3_nothing_of_the_stopped_answer_follows")
def assistant_app():
    """Start a task, and never cancel it when "stop" comes."""
    app = FastAPI()

    @app.websocket("/assistant")
    async def assistant(socket: WebSocket):
        await socket.accept()
        tasks = []
        async for text in socket.iter_text():
            if text == "stop":
                await socket.send_text("[stopped]")
            else:
                tasks.append(asyncio.create_task(write_answer(socket, text)))
        for task in tasks:
            task.cancel()

    return app


@wrong("4.3.3", caught_by="test_q3_stop_ends_no_answer_of_another_customer")
def assistant_app():
    """Keep the running answers of all customers in one list."""
    app = FastAPI()
    answers = []

    @app.websocket("/assistant")
    async def assistant(socket: WebSocket):
        await socket.accept()
        async for text in socket.iter_text():
            if text == "stop":
                for answer in answers:
                    answer.cancel()
                await socket.send_text("[stopped]")
            else:
                answers.append(asyncio.create_task(write_answer(socket, text)))
        for answer in answers:
            answer.cancel()

    return app


@wrong("4.3.3", caught_by="test_q3_the_answer_ends_when_the_customer_leaves")
def assistant_app():
    """Leave the task alone when the customer disconnects."""
    app = FastAPI()

    @app.websocket("/assistant")
    async def assistant(socket: WebSocket):
        await socket.accept()
        answer = None
        async for text in socket.iter_text():
            if text == "stop":
                if answer:
                    answer.cancel()
                await socket.send_text("[stopped]")
            else:
                answer = asyncio.create_task(write_answer(socket, text))

    return app


@wrong("4.3.3", caught_by="test_q3_the_answer_ends_when_the_customer_leaves")
def assistant_app():
    """Cancel after a `while True` loop, which only an exception leaves."""
    app = FastAPI()

    @app.websocket("/assistant")
    async def assistant(socket: WebSocket):
        await socket.accept()
        answer = None
        while True:
            text = await socket.receive_text()
            if text == "stop":
                if answer:
                    answer.cancel()
                await socket.send_text("[stopped]")
            else:
                answer = asyncio.create_task(write_answer(socket, text))
        answer.cancel()

    return app


@wrong("4.3.3", caught_by="test_q3_stop_without_a_running_answer_sends_stopped")
def assistant_app():
    """Send "[stopped]" only if an answer was running."""
    app = FastAPI()

    @app.websocket("/assistant")
    async def assistant(socket: WebSocket):
        await socket.accept()
        answer = None
        async for text in socket.iter_text():
            if text != "stop":
                answer = asyncio.create_task(write_answer(socket, text))
            elif answer and answer.cancel():
                await socket.send_text("[stopped]")
        if answer:
            answer.cancel()

    return app


@wrong("4.3.3", caught_by="test_q3_stop_without_a_running_answer_sends_stopped")
def assistant_app():
    """Cancel an answer that does not exist yet."""
    app = FastAPI()

    @app.websocket("/assistant")
    async def assistant(socket: WebSocket):
        await socket.accept()
        async for text in socket.iter_text():
            if text == "stop":
                answer.cancel()
                await socket.send_text("[stopped]")
            else:
                answer = asyncio.create_task(write_answer(socket, text))
        answer.cancel()

    return app


@wrong("4.3.3", caught_by="test_q3_nothing_of_the_stopped_answer_follows")
def assistant_app():
    """Close the WebSocket to stop the answer."""
    app = FastAPI()

    @app.websocket("/assistant")
    async def assistant(socket: WebSocket):
        await socket.accept()
        answer = None
        async for text in socket.iter_text():
            if text == "stop":
                await socket.send_text("[stopped]")
                await socket.close()
                break
            answer = asyncio.create_task(write_answer(socket, text))
        if answer:
            answer.cancel()

    return app


@wrong("4.3.3", caught_by="test_q3_nothing_of_the_stopped_answer_follows")
def assistant_app():
    """Stop at each question that contains the word."""
    app = FastAPI()

    @app.websocket("/assistant")
    async def assistant(socket: WebSocket):
        await socket.accept()
        answer = None
        async for text in socket.iter_text():
            if "stop" in text:
                if answer:
                    answer.cancel()
                await socket.send_text("[stopped]")
            else:
                answer = asyncio.create_task(write_answer(socket, text))
        if answer:
            answer.cancel()

    return app


@wrong("4.3.3", caught_by="test_q3_nothing_of_the_stopped_answer_follows")
def assistant_app():
    """Take every spelling of the word."""
    app = FastAPI()

    @app.websocket("/assistant")
    async def assistant(socket: WebSocket):
        await socket.accept()
        answer = None
        async for text in socket.iter_text():
            if text.strip().lower() == "stop":
                if answer:
                    answer.cancel()
                await socket.send_text("[stopped]")
            else:
                answer = asyncio.create_task(write_answer(socket, text))
        if answer:
            answer.cancel()

    return app


@wrong("4.3.3", caught_by="test_q3_nothing_of_the_stopped_answer_follows")
def assistant_app():
    """Strip the question."""
    app = FastAPI()

    @app.websocket("/assistant")
    async def assistant(socket: WebSocket):
        await socket.accept()
        answer = None
        async for text in socket.iter_text():
            if text == "stop":
                if answer:
                    answer.cancel()
                await socket.send_text("[stopped]")
            else:
                answer = asyncio.create_task(write_answer(socket, text.strip()))
        if answer:
            answer.cancel()

    return app


@wrong("4.3.3", caught_by="test_q3_nothing_of_the_stopped_answer_follows")
def assistant_app():
    """Send the confirmation first."""
    app = FastAPI()

    @app.websocket("/assistant")
    async def assistant(socket: WebSocket):
        await socket.accept()
        answer = None
        async for text in socket.iter_text():
            if text == "stop":
                await socket.send_text("[stopped]")
                if answer:
                    answer.cancel()
            else:
                answer = asyncio.create_task(write_answer(socket, text))
        if answer:
            answer.cancel()

    return app


@right("4.3.3")
def assistant_app():
    """Cancel a task, and wait for its end."""
    app = FastAPI()

    @app.websocket("/assistant")
    async def assistant(socket: WebSocket):
        await socket.accept()
        answer = None

        async def end():
            if answer:
                answer.cancel()
                await asyncio.gather(answer, return_exceptions=True)

        try:
            while True:
                text = await socket.receive_text()
                await end()
                if text == "stop":
                    await socket.send_text("[stopped]")
                else:
                    answer = asyncio.create_task(write_answer(socket, text))
        except WebSocketDisconnect:
            pass
        finally:
            await end()

    return app


@right("4.3.3")
def assistant_app():
    """Wait for the next text and for the answer at the same time."""
    app = FastAPI()

    @app.websocket("/assistant")
    async def assistant(socket: WebSocket):
        await socket.accept()
        answer = None
        with suppress(WebSocketDisconnect):
            while True:
                reading = asyncio.ensure_future(socket.receive_text())
                await asyncio.wait(
                    {reading} | ({answer} if answer else set()),
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if answer and not answer.done():
                    answer.cancel() if reading.done() else None
                text = await reading
                if text == "stop":
                    await socket.send_text("[stopped]")
                else:
                    answer = asyncio.create_task(write_answer(socket, text))

    return app


@wrong("4.3.3", caught_by="test_q3_nothing_of_the_stopped_answer_follows")
def assistant_app():
    """Stop at every text that begins with "stop"."""
    app = FastAPI()

    @app.websocket("/assistant")
    async def assistant(socket: WebSocket):
        await socket.accept()
        answer = None
        async for text in socket.iter_text():
            if text.startswith("stop"):
                if answer:
                    answer.cancel()
                await socket.send_text("[stopped]")
            else:
                answer = asyncio.create_task(write_answer(socket, text))
        if answer:
            answer.cancel()

    return app


@right("4.3.3")
def assistant_app():
    """Read one text beside each answer, and see which of the two ends first."""
    app = FastAPI()

    @app.websocket("/assistant")
    async def assistant(socket: WebSocket):
        await socket.accept()
        async for text in socket.iter_text():
            if text == "stop":
                await socket.send_text("[stopped]")
                continue
            answer = asyncio.create_task(write_answer(socket, text))
            reading = asyncio.create_task(socket.receive())
            both = {answer, reading}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                reading.cancel()
                continue
            answer.cancel()
            if reading.result()["type"] == "websocket.disconnect":
                return
            await socket.send_text("[stopped]")

    return app


@wrong("4.3.4", caught_by="test_q4_each_device_of_the_agent_receives_the_notification")
def notifications_app():
    """Keep one device for each agent."""
    app = FastAPI()
    devices: dict[str, WebSocket] = {}

    @app.websocket("/agents/{agent}/live")
    async def connect(socket: WebSocket, agent: str):
        await socket.accept()
        devices[agent] = socket
        async for _ in socket.iter_text():
            pass
        devices.pop(agent, None)

    @app.post("/agents/{agent}/notifications")
    async def notify(agent: str, notification: Notification):
        if agent in devices:
            await devices[agent].send_json(notification.model_dump())

    return app


@wrong("4.3.4", caught_by="test_q4_each_device_of_the_agent_receives_the_notification")
def notifications_app():
    """Send to the devices of all agents."""
    app = FastAPI()
    devices: list[WebSocket] = []

    @app.websocket("/agents/{agent}/live")
    async def connect(socket: WebSocket, agent: str):
        await socket.accept()
        devices.append(socket)
        async for _ in socket.iter_text():
            pass
        devices.remove(socket)

    @app.post("/agents/{agent}/notifications")
    async def notify(agent: str, notification: Notification):
        for socket in list(devices):
            with suppress(WebSocketDisconnect, RuntimeError):
                await socket.send_json(notification.model_dump())

    return app


@wrong("4.3.4", caught_by="test_q4_each_device_of_the_agent_receives_the_notification")
def notifications_app():
    """Send JSON text as JSON, which encodes it twice."""
    app = FastAPI()
    devices = defaultdict(list)

    @app.websocket("/agents/{agent}/live")
    async def connect(socket: WebSocket, agent: str):
        await socket.accept()
        devices[agent].append(socket)
        async for _ in socket.iter_text():
            pass
        devices[agent].remove(socket)

    @app.post("/agents/{agent}/notifications")
    async def notify(agent: str, notification: Notification):
        for socket in list(devices[agent]):
            with suppress(WebSocketDisconnect, RuntimeError):
                await socket.send_json(notification.model_dump_json())

    return app


@wrong("4.3.4", caught_by="test_q4_an_agent_without_devices_is_no_error")
def notifications_app():
    """Look the agent up in an ordinary dict."""
    app = FastAPI()
    devices = {}

    @app.websocket("/agents/{agent}/live")
    async def connect(socket: WebSocket, agent: str):
        await socket.accept()
        devices.setdefault(agent, []).append(socket)
        async for _ in socket.iter_text():
            pass
        devices[agent].remove(socket)

    @app.post("/agents/{agent}/notifications")
    async def notify(agent: str, notification: Notification):
        for socket in list(devices[agent]):
            with suppress(WebSocketDisconnect, RuntimeError):
                await socket.send_json(notification.model_dump())

    return app


@wrong(
    "4.3.4", caught_by="test_q4_a_lost_device_does_not_keep_the_others_from_receiving"
)
def notifications_app():
    """Let the exception of a lost device end the loop."""
    app = FastAPI()
    devices = defaultdict(list)

    @app.websocket("/agents/{agent}/live")
    async def connect(socket: WebSocket, agent: str):
        await socket.accept()
        devices[agent].append(socket)
        async for _ in socket.iter_text():
            pass
        devices[agent].remove(socket)

    @app.post("/agents/{agent}/notifications")
    async def notify(agent: str, notification: Notification):
        for socket in list(devices[agent]):
            await socket.send_json(notification.model_dump())

    return app


@wrong(
    "4.3.4", caught_by="test_q4_a_lost_device_does_not_keep_the_others_from_receiving"
)
def notifications_app():
    """Catch the exception around the whole loop."""
    app = FastAPI()
    devices = defaultdict(list)

    @app.websocket("/agents/{agent}/live")
    async def connect(socket: WebSocket, agent: str):
        await socket.accept()
        devices[agent].append(socket)
        async for _ in socket.iter_text():
            pass
        devices[agent].remove(socket)

    @app.post("/agents/{agent}/notifications")
    async def notify(agent: str, notification: Notification):
        with suppress(WebSocketDisconnect, RuntimeError):
            for socket in list(devices[agent]):
                await socket.send_json(notification.model_dump())

    return app


@wrong(
    "4.3.4", caught_by="test_q4_a_lost_device_does_not_keep_the_others_from_receiving"
)
def notifications_app():
    """Catch only `WebSocketDisconnect`, and keep the lost device."""
    app = FastAPI()
    devices = defaultdict(list)

    @app.websocket("/agents/{agent}/live")
    async def connect(socket: WebSocket, agent: str):
        await socket.accept()
        devices[agent].append(socket)
        async for _ in socket.iter_text():
            pass
        devices[agent].remove(socket)

    @app.post("/agents/{agent}/notifications")
    async def notify(agent: str, notification: Notification):
        for socket in list(devices[agent]):
            with suppress(WebSocketDisconnect):
                await socket.send_json(notification.model_dump())

    return app


@wrong("4.3.4", caught_by="test_q4_the_endpoint_ends_when_the_device_disconnects")
def notifications_app():
    """Wait for ever, and never read."""
    app = FastAPI()
    devices = defaultdict(list)

    @app.websocket("/agents/{agent}/live")
    async def connect(socket: WebSocket, agent: str):
        await socket.accept()
        devices[agent].append(socket)
        await asyncio.Event().wait()

    @app.post("/agents/{agent}/notifications")
    async def notify(agent: str, notification: Notification):
        for socket in list(devices[agent]):
            with suppress(WebSocketDisconnect, RuntimeError):
                await socket.send_json(notification.model_dump())

    return app


@wrong("4.3.4", caught_by="test_q4_the_endpoint_ends_when_the_device_disconnects")
def notifications_app():
    """Never remove a WebSocket."""
    app = FastAPI()
    devices = defaultdict(list)

    @app.websocket("/agents/{agent}/live")
    async def connect(socket: WebSocket, agent: str):
        await socket.accept()
        devices[agent].append(socket)
        async for _ in socket.iter_text():
            pass

    @app.post("/agents/{agent}/notifications")
    async def notify(agent: str, notification: Notification):
        for socket in list(devices[agent]):
            with suppress(WebSocketDisconnect, RuntimeError):
                await socket.send_json(notification.model_dump())

    return app


@wrong("4.3.4", caught_by="test_q4_each_device_of_the_agent_receives_the_notification")
def notifications_app():
    """Return from the endpoint at once, which closes the WebSocket."""
    app = FastAPI()
    devices = defaultdict(list)

    @app.websocket("/agents/{agent}/live")
    async def connect(socket: WebSocket, agent: str):
        await socket.accept()
        devices[agent].append(socket)

    @app.post("/agents/{agent}/notifications")
    async def notify(agent: str, notification: Notification):
        for socket in list(devices[agent]):
            with suppress(WebSocketDisconnect, RuntimeError):
                await socket.send_json(notification.model_dump())

    return app


@wrong(
    "4.3.4", caught_by="test_q4_a_slow_device_does_not_keep_the_others_from_receiving"
)
def notifications_app():
    """Send to one device after the other."""
    app = FastAPI()
    devices = defaultdict(list)

    @app.websocket("/agents/{agent}/live")
    async def connect(socket: WebSocket, agent: str):
        await socket.accept()
        devices[agent].append(socket)
        async for _ in socket.iter_text():
            pass
        devices[agent].remove(socket)

    @app.post("/agents/{agent}/notifications")
    async def notify(agent: str, notification: Notification):
        for socket in list(devices[agent]):
            with suppress(WebSocketDisconnect, RuntimeError):
                await socket.send_json(notification.model_dump())

    return app


@wrong(
    "4.3.4", caught_by="test_q4_a_slow_device_does_not_keep_the_others_from_receiving"
)
def notifications_app():
    """Hold a lock while sending to all."""
    app = FastAPI()
    devices = defaultdict(list)
    lock = asyncio.Lock()

    @app.websocket("/agents/{agent}/live")
    async def connect(socket: WebSocket, agent: str):
        await socket.accept()
        devices[agent].append(socket)
        async for _ in socket.iter_text():
            pass
        devices[agent].remove(socket)

    @app.post("/agents/{agent}/notifications")
    async def notify(agent: str, notification: Notification):
        async with lock:
            for socket in list(devices[agent]):
                with suppress(WebSocketDisconnect, RuntimeError):
                    await socket.send_json(notification.model_dump())

    return app


@wrong(
    "4.3.4",
    caught_by="test_q4_a_lost_device_does_not_keep_a_slow_one_from_receiving",
)
def notifications_app():
    """Use a task group, which cancels all tasks when one fails."""
    app = FastAPI()
    devices = defaultdict(list)

    @app.websocket("/agents/{agent}/live")
    async def connect(socket: WebSocket, agent: str):
        await socket.accept()
        devices[agent].append(socket)
        async for _ in socket.iter_text():
            pass
        devices[agent].remove(socket)

    @app.post("/agents/{agent}/notifications")
    async def notify(agent: str, notification: Notification):
        with suppress(ExceptionGroup):
            async with asyncio.TaskGroup() as group:
                for socket in devices[agent]:
                    group.create_task(socket.send_json(notification.model_dump()))

    return app


@wrong("4.3.4", caught_by="test_q4_an_agent_without_devices_is_no_error")
def notifications_app():
    """Keep old notifications for devices that connect later."""
    app = FastAPI()
    devices = defaultdict(list)
    sent = defaultdict(list)

    @app.websocket("/agents/{agent}/live")
    async def connect(socket: WebSocket, agent: str):
        await socket.accept()
        for message in sent[agent]:
            await socket.send_json(message)
        devices[agent].append(socket)
        async for _ in socket.iter_text():
            pass
        devices[agent].remove(socket)

    @app.post("/agents/{agent}/notifications")
    async def notify(agent: str, notification: Notification):
        message = notification.model_dump()
        sent[agent].append(message)
        sending = [socket.send_json(message) for socket in devices[agent]]
        await asyncio.gather(*sending, return_exceptions=True)

    return app


@wrong("4.3.4", caught_by="test_q4_each_device_of_the_agent_receives_the_notification")
def notifications_app():
    """Take upper and lower case for the same agent."""
    app = FastAPI()
    devices = defaultdict(list)

    @app.websocket("/agents/{agent}/live")
    async def connect(socket: WebSocket, agent: str):
        await socket.accept()
        devices[agent.lower()].append(socket)
        async for _ in socket.iter_text():
            pass
        devices[agent.lower()].remove(socket)

    @app.post("/agents/{agent}/notifications")
    async def notify(agent: str, notification: Notification):
        message = notification.model_dump()
        sending = [one.send_json(message) for one in devices[agent.lower()]]
        await asyncio.gather(*sending, return_exceptions=True)

    return app


@wrong(
    "4.3.4", caught_by="test_q4_a_slow_device_does_not_keep_the_others_from_receiving"
)
def notifications_app():
    """Send one notification after the other."""
    app = FastAPI()
    devices = defaultdict(list)
    lock = asyncio.Lock()

    @app.websocket("/agents/{agent}/live")
    async def connect(socket: WebSocket, agent: str):
        await socket.accept()
        devices[agent].append(socket)
        async for _ in socket.iter_text():
            pass
        devices[agent].remove(socket)

    @app.post("/agents/{agent}/notifications")
    async def notify(agent: str, notification: Notification):
        message = notification.model_dump()
        async with lock:
            sending = [one.send_json(message) for one in devices[agent]]
            await asyncio.gather(*sending, return_exceptions=True)

    return app


@wrong(
    "4.3.4", caught_by="test_q4_a_slow_device_does_not_keep_the_others_from_receiving"
)
def notifications_app():
    """Send to one device after the other, and give up soon."""
    app = FastAPI()
    devices = defaultdict(list)

    @app.websocket("/agents/{agent}/live")
    async def connect(socket: WebSocket, agent: str):
        await socket.accept()
        devices[agent].append(socket)
        async for _ in socket.iter_text():
            pass
        devices[agent].remove(socket)

    @app.post("/agents/{agent}/notifications")
    async def notify(agent: str, notification: Notification):
        message = notification.model_dump()
        for one in list(devices[agent]):
            with suppress(Exception):
                await asyncio.wait_for(one.send_json(message), 0.05)

    return app


@right("4.3.4")
def notifications_app():
    """Send at the same time, and collect the exceptions."""
    app = FastAPI()
    devices: dict[str, set[WebSocket]] = {}

    @app.websocket("/agents/{agent}/live")
    async def connect(socket: WebSocket, agent: str):
        await socket.accept()
        devices.setdefault(agent, set()).add(socket)
        try:
            while True:
                await socket.receive()
        except RuntimeError:
            pass
        finally:
            devices[agent].discard(socket)

    @app.post("/agents/{agent}/notifications")
    async def notify(agent: str, notification: Notification):
        text = notification.model_dump_json()
        sending = [
            asyncio.create_task(socket.send_text(text))
            for socket in devices.get(agent, ())
        ]
        if sending:
            await asyncio.wait(sending)
        failed = [task for task in sending if task.exception()]
        return {"sent": len(sending) - len(failed)}

    return app


@right("4.3.4")
def notifications_app():
    """Give each device a queue, and a task that sends from it."""
    app = FastAPI()
    queues = defaultdict(list)

    @app.websocket("/agents/{agent}/live")
    async def connect(socket: WebSocket, agent: str):
        await socket.accept()
        queue = asyncio.Queue()
        queues[agent].append(queue)

        async def send():
            while True:
                await socket.send_json(await queue.get())

        sending = asyncio.create_task(send())
        try:
            while True:
                await socket.receive_text()
        except WebSocketDisconnect:
            pass
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            queues[agent].remove(queue)

    @app.post("/agents/{agent}/notifications")
    async def notify(agent: str, notification: Notification) -> Response:
        for queue in queues[agent]:
            queue.put_nowait(notification.model_dump())
        return Response(status_code=200)

    return app


@wrong("4.3.4", caught_by="test_q4_a_body_that_is_no_notification_returns_422")
def notifications_app():
    """Take any JSON object as the body."""
    app = FastAPI()
    devices = defaultdict(list)

    @app.websocket("/agents/{agent}/live")
    async def connect(socket: WebSocket, agent: str):
        await socket.accept()
        devices[agent].append(socket)
        async for _ in socket.iter_text():
            pass
        devices[agent].remove(socket)

    @app.post("/agents/{agent}/notifications")
    async def notify(agent: str, notification: dict[str, Any]):
        sending = [socket.send_json(notification) for socket in devices[agent]]
        await asyncio.gather(*sending, return_exceptions=True)

    return app


@wrong(
    "4.3.5", caught_by="test_q5_the_end_is_noted_with_the_code_of_the_customer[1001]"
)
def support_app(chats: Chats):
    """Note a normal end for everybody."""
    app = FastAPI()

    @app.websocket("/support/{customer}")
    async def support(socket: WebSocket, customer: str):
        await socket.accept()
        chats.begin(customer)
        async for question in socket.iter_text():
            await socket.send_text(await answer_to(question))
        chats.end(customer, 1000)

    return app


@wrong("4.3.5", caught_by="test_q5_an_exception_of_answer_to_passes_through")
def support_app(chats: Chats):
    """Handle disconnections only."""
    app = FastAPI()

    @app.websocket("/support/{customer}")
    async def support(socket: WebSocket, customer: str):
        await socket.accept()
        chats.begin(customer)
        try:
            while True:
                question = await socket.receive_text()
                await socket.send_text(await answer_to(question))
        except WebSocketDisconnect as gone:
            chats.end(customer, gone.code)

    return app


@wrong(
    "4.3.5",
    caught_by="test_q5_an_exception_of_answer_to_passes_through[CancelledError]",
)
def support_app(chats: Chats):
    """Catch `Exception` instead of using `finally`."""
    app = FastAPI()

    @app.websocket("/support/{customer}")
    async def support(socket: WebSocket, customer: str):
        await socket.accept()
        chats.begin(customer)
        try:
            while True:
                question = await socket.receive_text()
                await socket.send_text(await answer_to(question))
        except WebSocketDisconnect as gone:
            chats.end(customer, gone.code)
        except Exception:
            chats.end(customer, 1011)
            raise

    return app


@wrong("4.3.5", caught_by="test_q5_a_binary_message_does_not_hide_the_end")
def support_app(chats: Chats):
    """Expect an exception only from `answer_to`."""
    app = FastAPI()

    @app.websocket("/support/{customer}")
    async def support(socket: WebSocket, customer: str):
        await socket.accept()
        chats.begin(customer)
        try:
            while True:
                question = await socket.receive_text()
                try:
                    answer = await answer_to(question)
                except BaseException:
                    chats.end(customer, 1011)
                    raise
                await socket.send_text(answer)
        except WebSocketDisconnect as gone:
            chats.end(customer, gone.code)

    return app


@wrong("4.3.5", caught_by="test_q5_an_exception_of_answer_to_passes_through")
def support_app(chats: Chats):
    """Swallow every other exception."""
    app = FastAPI()

    @app.websocket("/support/{customer}")
    async def support(socket: WebSocket, customer: str):
        await socket.accept()
        chats.begin(customer)
        try:
            while True:
                question = await socket.receive_text()
                await socket.send_text(await answer_to(question))
        except WebSocketDisconnect as gone:
            chats.end(customer, gone.code)
        except Exception:
            chats.end(customer, 1011)

    return app


@wrong("4.3.5", caught_by="test_q5_the_end_is_noted_with_the_code_of_the_customer")
def support_app(chats: Chats):
    """Let the exception of a disconnection pass through."""
    app = FastAPI()

    @app.websocket("/support/{customer}")
    async def support(socket: WebSocket, customer: str):
        await socket.accept()
        chats.begin(customer)
        code = 1011
        try:
            while True:
                question = await socket.receive_text()
                await socket.send_text(await answer_to(question))
        except WebSocketDisconnect as gone:
            code = gone.code
            raise
        finally:
            chats.end(customer, code)

    return app


@wrong("4.3.5", caught_by="test_q5_the_end_is_noted_with_the_code_of_the_customer")
def support_app(chats: Chats):
    """Note the end twice, in `except` and in `finally`."""
    app = FastAPI()

    @app.websocket("/support/{customer}")
    async def support(socket: WebSocket, customer: str):
        await socket.accept()
        chats.begin(customer)
        try:
            while True:
                question = await socket.receive_text()
                await socket.send_text(await answer_to(question))
        except WebSocketDisconnect as gone:
            chats.end(customer, gone.code)
        finally:
            chats.end(customer, 1011)

    return app


@wrong(
    "4.3.5",
    caught_by="test_q5_a_connection_that_is_lost_before_the_answer_is_noted",
)
def support_app(chats: Chats):
    """Catch the exception of reading only."""
    app = FastAPI()

    @app.websocket("/support/{customer}")
    async def support(socket: WebSocket, customer: str):
        await socket.accept()
        chats.begin(customer)
        while True:
            try:
                question = await socket.receive_text()
            except WebSocketDisconnect as gone:
                chats.end(customer, gone.code)
                return
            try:
                answer = await answer_to(question)
            except Exception:
                chats.end(customer, 1011)
                raise
            await socket.send_text(answer)

    return app


@wrong("4.3.5", caught_by="test_q5_the_end_is_noted_with_the_code_of_the_customer")
def support_app(chats: Chats):
    """End at an empty question."""
    app = FastAPI()

    @app.websocket("/support/{customer}")
    async def support(socket: WebSocket, customer: str):
        await socket.accept()
        chats.begin(customer)
        code = 1011
        try:
            while question := await socket.receive_text():
                await socket.send_text(await answer_to(question))
        except WebSocketDisconnect as gone:
            code = gone.code
        finally:
            chats.end(customer, code)

    return app


@wrong("4.3.5", caught_by="test_q5_a_connection_that_is_lost_while_reading_is_noted")
def support_app(chats: Chats):
    """Note only those who say goodbye."""
    app = FastAPI()

    @app.websocket("/support/{customer}")
    async def support(socket: WebSocket, customer: str):
        await socket.accept()
        chats.begin(customer)
        try:
            while True:
                question = await socket.receive_text()
                await socket.send_text(await answer_to(question))
        except WebSocketDisconnect as gone:
            if gone.code not in (1005, 1006):
                chats.end(customer, gone.code)
        except Exception:
            chats.end(customer, 1011)
            raise

    return app


@wrong("4.3.5", caught_by="test_q5_an_exception_of_answer_to_passes_through[Halt]")
def support_app(chats: Chats):
    """Catch two of the kinds of exceptions."""
    app = FastAPI()

    @app.websocket("/support/{customer}")
    async def support(socket: WebSocket, customer: str):
        await socket.accept()
        chats.begin(customer)
        try:
            while True:
                question = await socket.receive_text()
                await socket.send_text(await answer_to(question))
        except WebSocketDisconnect as gone:
            chats.end(customer, gone.code)
        except (Exception, asyncio.CancelledError):
            chats.end(customer, 1011)
            raise

    return app


@right("4.3.5")
def support_app(chats: Chats):
    """Use two `except` clauses."""
    app = FastAPI()

    @app.websocket("/support/{customer}")
    async def support(socket: WebSocket, customer: str) -> None:
        await socket.accept()
        chats.begin(customer)
        try:
            while True:
                await socket.send_text(await answer_to(await socket.receive_text()))
        except WebSocketDisconnect as gone:
            chats.end(customer, gone.code)
        except BaseException:
            chats.end(customer, 1011)
            raise

    return app


@right("4.3.5")
def support_app(chats: Chats):
    """Use a context manager, and read the ASGI messages."""
    app = FastAPI()

    @contextlib.contextmanager
    def noted(customer):
        chats.begin(customer)
        codes = [1011]
        try:
            yield codes
        except WebSocketDisconnect as gone:
            codes.append(gone.code)
        finally:
            chats.end(customer, codes[-1])

    @app.websocket("/support/{customer}")
    async def support(socket: WebSocket, customer: str) -> None:
        await socket.accept()
        with noted(customer) as codes:
            while socket.client_state is WebSocketState.CONNECTED:
                message = await socket.receive()
                if message["type"] == "websocket.disconnect":
                    codes.append(message["code"])
                    return
                await socket.send_text(await answer_to(message["text"]))

    return app


@wrong("4.3.5", caught_by="test_q5_the_chats_of_others_go_on")
def support_app(chats: Chats):
    """Keep one code for all customers."""
    app = FastAPI()
    code = 1011

    @app.websocket("/support/{customer}")
    async def support(socket: WebSocket, customer: str) -> None:
        nonlocal code
        await socket.accept()
        chats.begin(customer)
        try:
            while True:
                question = await socket.receive_text()
                await socket.send_text(await answer_to(question))
        except WebSocketDisconnect as gone:
            code = gone.code
        finally:
            chats.end(customer, code)

    return app


@wrong("4.3.5", caught_by="test_q5_a_binary_message_does_not_hide_the_end")
def support_app(chats: Chats):
    """Keep the `KeyError` of a binary message."""
    app = FastAPI()

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
        except KeyError:
            pass
        finally:
            chats.end(customer, code)

    return app


@wrong(
    "4.3.5",
    caught_by="test_q5_an_exception_of_answer_to_passes_through[ConnectionResetError]",
)
def support_app(chats: Chats):
    """Take every `ConnectionError` for a customer who is gone."""
    app = FastAPI()

    @app.websocket("/support/{customer}")
    async def support(socket: WebSocket, customer: str) -> None:
        await socket.accept()
        chats.begin(customer)
        code = 1011
        try:
            while True:
                question = await socket.receive_text()
                await socket.send_text(await answer_to(question))
        except (WebSocketDisconnect, ConnectionError) as gone:
            code = getattr(gone, "code", 1006)
        finally:
            chats.end(customer, code)

    return app


@wrong("4.3.6", caught_by="test_q6_another_origin_is_rejected")
def notes_app():
    """Check the session only."""
    app = FastAPI()

    @app.websocket("/notes")
    async def notes(socket: WebSocket, session: Annotated[str, Cookie()] = ""):
        if agent_of(session) is None:
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

    return app


@wrong("4.3.6", caught_by="test_q6_another_origin_is_rejected")
def notes_app():
    """Compare the beginning of the origin."""
    app = FastAPI()

    @app.websocket("/notes")
    async def notes(socket: WebSocket):
        session = socket.cookies.get("session", "")
        origin = socket.headers.get("origin", "")
        if not origin.startswith(ORIGIN) or agent_of(session) is None:
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

    return app


@wrong("4.3.6", caught_by="test_q6_another_origin_is_rejected")
def notes_app():
    """Look for the origin in the right one."""
    app = FastAPI()

    @app.websocket("/notes")
    async def notes(
        socket: WebSocket,
        origin: Annotated[str, Header()] = "missing",
        session: Annotated[str, Cookie()] = "",
    ):
        if origin not in ORIGIN or agent_of(session) is None:
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

    return app


@wrong("4.3.6", caught_by="test_q6_a_text_that_is_too_long_closes_the_websocket")
def notes_app():
    """Close the WebSocket, and add the note nevertheless."""
    app = FastAPI()

    @app.websocket("/notes")
    async def notes(
        socket: WebSocket,
        origin: Annotated[str, Header()] = "",
        session: Annotated[str, Cookie()] = "",
    ):
        if origin != ORIGIN or agent_of(session) is None:
            raise HTTPException(403)
        await socket.accept()
        async for text in socket.iter_text():
            agent = agent_of(session)
            if agent is None:
                raise WebSocketException(1008)
            add_note(agent, text)
            if len(text) > LONGEST:
                raise WebSocketException(1009)
            await socket.send_text("saved")

    return app


@wrong("4.3.6", caught_by="test_q6_another_origin_is_rejected")
def notes_app():
    """Accept a handshake without an origin."""
    app = FastAPI()

    @app.websocket("/notes")
    async def notes(
        socket: WebSocket,
        origin: Annotated[str, Header()] = ORIGIN,
        session: Annotated[str, Cookie()] = "",
    ):
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

    return app


@wrong("4.3.6", caught_by="test_q6_a_handshake_without_a_session_is_rejected")
def notes_app():
    """Accept first, and close the WebSocket of a stranger with 1008."""
    app = FastAPI()

    @app.websocket("/notes")
    async def notes(
        socket: WebSocket,
        origin: Annotated[str, Header()] = "",
        session: Annotated[str, Cookie()] = "",
    ):
        await socket.accept()
        if origin != ORIGIN or agent_of(session) is None:
            raise WebSocketException(1008)
        async for text in socket.iter_text():
            agent = agent_of(session)
            if agent is None:
                raise WebSocketException(1008)
            if len(text) > LONGEST:
                raise WebSocketException(1009)
            add_note(agent, text)
            await socket.send_text("saved")

    return app


@wrong("4.3.6", caught_by="test_q6_a_handshake_without_a_session_is_rejected")
def notes_app():
    """Reject with 401."""
    app = FastAPI()

    @app.websocket("/notes")
    async def notes(
        socket: WebSocket,
        origin: Annotated[str, Header()] = "",
        session: Annotated[str, Cookie()] = "",
    ):
        if origin != ORIGIN:
            raise HTTPException(403)
        if agent_of(session) is None:
            raise HTTPException(401)
        await socket.accept()
        async for text in socket.iter_text():
            agent = agent_of(session)
            if agent is None:
                raise WebSocketException(1008)
            if len(text) > LONGEST:
                raise WebSocketException(1009)
            add_note(agent, text)
            await socket.send_text("saved")

    return app


@wrong("4.3.6", caught_by="test_q6_the_session_is_checked_for_each_text")
def notes_app():
    """Check the session at the handshake only."""
    app = FastAPI()

    @app.websocket("/notes")
    async def notes(
        socket: WebSocket,
        origin: Annotated[str, Header()] = "",
        session: Annotated[str, Cookie()] = "",
    ):
        agent = agent_of(session)
        if origin != ORIGIN or agent is None:
            raise HTTPException(403)
        await socket.accept()
        async for text in socket.iter_text():
            if len(text) > LONGEST:
                raise WebSocketException(1009)
            add_note(agent, text)
            await socket.send_text("saved")

    return app


@wrong("4.3.6", caught_by="test_q6_a_text_that_is_too_long_closes_the_websocket")
def notes_app():
    """Raise `HTTPException` after the WebSocket was accepted."""
    app = FastAPI()

    @app.websocket("/notes")
    async def notes(
        socket: WebSocket,
        origin: Annotated[str, Header()] = "",
        session: Annotated[str, Cookie()] = "",
    ):
        if origin != ORIGIN or agent_of(session) is None:
            raise HTTPException(403)
        await socket.accept()
        async for text in socket.iter_text():
            agent = agent_of(session)
            if agent is None:
                raise WebSocketException(1008)
            if len(text) > LONGEST:
                raise HTTPException(413)
            add_note(agent, text)
            await socket.send_text("saved")

    return app


@wrong(
    "4.3.6", caught_by="test_q6_a_text_that_is_too_long_closes_the_websocket[accents]"
)
def notes_app():
    """Count bytes."""
    app = FastAPI()

    @app.websocket("/notes")
    async def notes(
        socket: WebSocket,
        origin: Annotated[str, Header()] = "",
        session: Annotated[str, Cookie()] = "",
    ):
        if origin != ORIGIN or agent_of(session) is None:
            raise HTTPException(403)
        await socket.accept()
        async for text in socket.iter_text():
            agent = agent_of(session)
            if agent is None:
                raise WebSocketException(1008)
            if len(text.encode()) > LONGEST:
                raise WebSocketException(1009)
            add_note(agent, text)
            await socket.send_text("saved")

    return app


@wrong("4.3.6", caught_by="test_q6_a_text_that_is_too_long_closes_the_websocket[ASCII]")
def notes_app():
    """Refuse a text that is as long as the limit."""
    app = FastAPI()

    @app.websocket("/notes")
    async def notes(
        socket: WebSocket,
        origin: Annotated[str, Header()] = "",
        session: Annotated[str, Cookie()] = "",
    ):
        if origin != ORIGIN or agent_of(session) is None:
            raise HTTPException(403)
        await socket.accept()
        async for text in socket.iter_text():
            agent = agent_of(session)
            if agent is None:
                raise WebSocketException(1008)
            if len(text) >= LONGEST:
                raise WebSocketException(1009)
            add_note(agent, text)
            await socket.send_text("saved")

    return app


@wrong("4.3.6", caught_by="test_q6_notes_are_added_in_the_name_of_the_agent")
def notes_app():
    """Check the session, and believe the name in the query."""
    app = FastAPI()

    @app.websocket("/notes")
    async def notes(
        socket: WebSocket,
        agent: str,
        origin: Annotated[str, Header()] = "",
        session: Annotated[str, Cookie()] = "",
    ):
        if origin != ORIGIN or agent_of(session) is None:
            raise HTTPException(403)
        await socket.accept()
        async for text in socket.iter_text():
            if agent_of(session) is None:
                raise WebSocketException(1008)
            if len(text) > LONGEST:
                raise WebSocketException(1009)
            add_note(agent, text)
            await socket.send_text("saved")

    return app


@wrong("4.3.6", caught_by="test_q6_notes_are_added_in_the_name_of_the_agent")
def notes_app():
    """Strip the note."""
    app = FastAPI()

    @app.websocket("/notes")
    async def notes(
        socket: WebSocket,
        origin: Annotated[str, Header()] = "",
        session: Annotated[str, Cookie()] = "",
    ):
        if origin != ORIGIN or agent_of(session) is None:
            raise HTTPException(403)
        await socket.accept()
        async for text in socket.iter_text():
            if (agent := agent_of(session)) is None:
                raise WebSocketException(1008)
            if len(text) > LONGEST:
                raise WebSocketException(1009)
            add_note(agent, text.strip())
            await socket.send_text("saved")

    return app


@wrong("4.3.6", caught_by="test_q6_a_text_that_is_too_long_closes_the_websocket[ASCII]")
def notes_app():
    """Do not count blanks at the end."""
    app = FastAPI()

    @app.websocket("/notes")
    async def notes(
        socket: WebSocket,
        origin: Annotated[str, Header()] = "",
        session: Annotated[str, Cookie()] = "",
    ):
        if origin != ORIGIN or agent_of(session) is None:
            raise HTTPException(403)
        await socket.accept()
        async for text in socket.iter_text():
            if (agent := agent_of(session)) is None:
                raise WebSocketException(1008)
            if len(text.rstrip()) > LONGEST:
                raise WebSocketException(1009)
            add_note(agent, text)
            await socket.send_text("saved")

    return app


@right("4.3.6")
def notes_app():
    """Read the request itself, and close."""
    app = FastAPI()

    @app.websocket("/notes")
    async def notes(socket: WebSocket) -> None:
        session = socket.cookies.get("session")
        if socket.headers.get("origin") != ORIGIN or not session:
            return await socket.close(code=1008)
        if not agent_of(session):
            return await socket.send_denial_response(Response(status_code=403))
        await socket.accept()
        with suppress(WebSocketDisconnect):
            while True:
                text = await socket.receive_text()
                if len(text) > LONGEST:
                    return await socket.close(1009, reason="too long")
                if (agent := agent_of(session)) is None:
                    return await socket.close(1008)
                add_note(agent, text)
                await socket.send_text("saved")

    return app


@right("4.3.6")
def notes_app():
    """Use dependencies, and required parameters."""
    app = FastAPI()

    def same_origin(origin: str = Header()):
        if origin != ORIGIN:
            raise WebSocketException(status.WS_1008_POLICY_VIOLATION)

    def session_of(session: str = Cookie()):
        if agent_of(session) is None:
            raise WebSocketException(status.WS_1008_POLICY_VIOLATION)
        return session

    @app.websocket("/notes", dependencies=[Depends(same_origin)])
    async def notes(socket: WebSocket, session: str = Depends(session_of)):
        await socket.accept()
        async for text in socket.iter_text():
            session_of(session)
            if len(text) > LONGEST:
                raise WebSocketException(status.WS_1009_MESSAGE_TOO_BIG)
            add_note(agent_of(session), text)
            await socket.send_text("saved")

    return app


@wrong("4.3.6", caught_by="test_q6_notes_are_added_in_the_name_of_the_agent")
def notes_app():
    """Keep the query parameter, although nothing uses it."""
    app = FastAPI()

    @app.websocket("/notes")
    async def notes(
        socket: WebSocket,
        agent: str,
        origin: Annotated[str, Header()] = "",
        session: Annotated[str, Cookie()] = "",
    ):
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

    return app


@wrong("4.3.6", caught_by="test_q6_another_origin_is_rejected")
def notes_app():
    """Believe the header `Referer` if `Origin` is missing."""
    app = FastAPI()

    @app.websocket("/notes")
    async def notes(socket: WebSocket):
        session = socket.cookies.get("session", "")
        headers = socket.headers
        origin = headers.get("origin") or headers.get("referer", "").rstrip("/")
        if origin != ORIGIN or agent_of(session) is None:
            raise HTTPException(403)
        await socket.accept()
        async for text in socket.iter_text():
            if (agent := agent_of(session)) is None:
                raise WebSocketException(1008)
            if len(text) > LONGEST:
                raise WebSocketException(1009)
            add_note(agent, text)
            await socket.send_text("saved")

    return app


@wrong("4.3.6", caught_by="test_q6_another_origin_is_rejected")
def notes_app():
    """Accept subdomains as well."""
    app = FastAPI()

    @app.websocket("/notes")
    async def notes(socket: WebSocket):
        session = socket.cookies.get("session", "")
        scheme, _, host = socket.headers.get("origin", "").partition("://")
        is_ours = host == "desk.example" or host.endswith(".desk.example")
        if scheme != "https" or not is_ours or agent_of(session) is None:
            raise HTTPException(403)
        await socket.accept()
        async for text in socket.iter_text():
            if (agent := agent_of(session)) is None:
                raise WebSocketException(1008)
            if len(text) > LONGEST:
                raise WebSocketException(1009)
            add_note(agent, text)
            await socket.send_text("saved")

    return app


@wrong("4.3.6", caught_by="test_q6_a_handshake_without_a_session_is_rejected")
def notes_app():
    """Accept a token in the URL instead of the cookie."""
    app = FastAPI()

    @app.websocket("/notes")
    async def notes(socket: WebSocket):
        token = socket.query_params.get("token", "")
        session = socket.cookies.get("session") or token
        if socket.headers.get("origin") != ORIGIN or agent_of(session) is None:
            raise HTTPException(403)
        await socket.accept()
        async for text in socket.iter_text():
            if (agent := agent_of(session)) is None:
                raise WebSocketException(1008)
            if len(text) > LONGEST:
                raise WebSocketException(1009)
            add_note(agent, text)
            await socket.send_text("saved")

    return app
