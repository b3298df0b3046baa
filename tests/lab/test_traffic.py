"""Of `Traffic`: what clients and an application said to each other."""

from fastapi import FastAPI, Request, WebSocket

from lab import Traffic, client


def _echoing() -> Traffic:
    app = FastAPI()

    @app.post("/echo/{place}")
    async def echo(place: str, request: Request) -> bytes:
        return await request.body()

    @app.websocket("/talk")
    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        async for text in socket.iter_text():
            await socket.send_text(text)

    return Traffic(app)


def _spoken(traffic: Traffic, *texts: str) -> int:
    """Return the bytes that a WebSocket takes on which these texts are echoed."""
    before = traffic.bytes
    with client(traffic) as http, http.websocket_connect("/talk?loud=1") as socket:
        for text in texts:
            socket.send_text(text)
            assert socket.receive_text() == text
    return traffic.bytes - before


def test_requests_and_sockets_are_noted_by_their_addresses() -> None:
    traffic = _echoing()

    with client(traffic) as http:
        http.post("/echo/a b?loud=1", content=b"x")
        http.get("/nowhere")
    _spoken(traffic)

    assert traffic.requests == ["POST /echo/a%20b?loud=1", "GET /nowhere"]
    assert traffic.sockets == ["/talk?loud=1"]


def test_bodies_count_in_both_directions() -> None:
    cost = []
    for size in (100, 900):
        traffic = _echoing()
        with client(traffic) as http:
            http.post("/echo/here", content=b"x" * size)
        cost.append(traffic.bytes)

    assert cost[0] > 2 * 100
    assert cost[1] - cost[0] == 2 * 800


def test_what_a_head_says_counts() -> None:
    cost = []
    for headers in ({}, {"Customer": "Mara"}):
        traffic = _echoing()
        with client(traffic) as http:
            http.get("/nowhere", headers=headers)
        cost.append(traffic.bytes)

    assert cost[1] - cost[0] == len("Customer: Mara\r\n")


def test_a_frame_costs_what_websocket_adds_to_it() -> None:
    traffic = _echoing()
    handshake = _spoken(traffic)

    assert handshake > len("GET /talk?loud=1 HTTP/1.1\r\n")
    assert _spoken(traffic, "hello") - handshake == (2 + 4 + 5) + (2 + 5)
    assert _spoken(traffic, "ü" * 100) - handshake == (4 + 4 + 200) + (4 + 200)
