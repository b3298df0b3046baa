"""Other answers to section 2.5."""

import anyio
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from sensei.variants import right, wrong


@wrong("2.5.1", caught_by="test_q1_fifty_requests_wait_at_the_same_time")
def products_app(url):
    """Use a `def`, of which FastAPI runs 40 at the same time."""
    app = FastAPI()

    @app.get("/products/{sku}")
    def read_product(sku: str) -> Stock:
        try:
            response = httpx.get(f"{url}/stock", params={"sku": sku})
            response.raise_for_status()
        except httpx.HTTPError:
            raise HTTPException(502)
        return Stock.model_validate_json(response.content)

    return app


@wrong("2.5.1", caught_by="test_q1_fifty_requests_wait_at_the_same_time")
def products_app(url):
    """Use an `async def` with a client that blocks."""
    app = FastAPI()

    @app.get("/products/{sku}")
    async def read_product(sku: str) -> Stock:
        try:
            response = httpx.get(f"{url}/stock", params={"sku": sku})
            response.raise_for_status()
        except httpx.HTTPError:
            raise HTTPException(502)
        return Stock.model_validate_json(response.content)

    return app


@wrong("2.5.1", caught_by="test_q1_fifty_requests_wait_at_the_same_time")
def products_app(url):
    """Limit the client to ten connections."""
    limits = httpx.Limits(max_connections=10)
    supplier = httpx.AsyncClient(base_url=url, limits=limits)
    app = FastAPI()

    @app.get("/products/{sku}")
    async def read_product(sku: str) -> Stock:
        try:
            response = await supplier.get("/stock", params={"sku": sku})
            response.raise_for_status()
        except httpx.HTTPError:
            raise HTTPException(502)
        return Stock.model_validate_json(response.content)

    return app


@wrong("2.5.1", caught_by="test_q1_every_request_returns_the_stock_from_the_supplier")
def products_app(url):
    """Forget to await the client."""
    supplier = httpx.AsyncClient(base_url=url)
    app = FastAPI()

    @app.get("/products/{sku}")
    async def read_product(sku: str) -> Stock:
        response = supplier.get("/stock", params={"sku": sku})
        return response

    return app


@wrong("2.5.1", caught_by="test_q1_a_server_error_of_the_supplier_returns_502[503]")
def products_app(url):
    """Read the response, whatever its status code is."""
    app = FastAPI()

    @app.get("/products/{sku}")
    async def read_product(sku: str) -> Stock:
        try:
            async with httpx.AsyncClient(base_url=url) as supplier:
                response = await supplier.get("/stock", params={"sku": sku})
        except httpx.HTTPError:
            raise HTTPException(502)
        return Stock.model_validate_json(response.content)

    return app


@wrong("2.5.1", caught_by="test_q1_a_server_error_of_the_supplier_returns_502")
def products_app(url):
    """Pass on the status code of the supplier."""
    app = FastAPI()

    @app.get("/products/{sku}")
    async def read_product(sku: str) -> Stock:
        try:
            async with httpx.AsyncClient(base_url=url) as supplier:
                response = await supplier.get("/stock", params={"sku": sku})
                response.raise_for_status()
        except httpx.HTTPStatusError as error:
            raise HTTPException(error.response.status_code)
        except httpx.HTTPError:
            raise HTTPException(502)
        return Stock.model_validate_json(response.content)

    return app


@wrong("2.5.1", caught_by="test_q1_a_supplier_that_cannot_be_reached_returns_502")
def products_app(url):
    """Handle status codes only."""
    app = FastAPI()

    @app.get("/products/{sku}")
    async def read_product(sku: str) -> Stock:
        async with httpx.AsyncClient(base_url=url) as supplier:
            response = await supplier.get("/stock", params={"sku": sku})
        if response.status_code != 200:
            raise HTTPException(502)
        return Stock(**response.json())

    return app


@wrong("2.5.1", caught_by="test_q1_the_supplier_receives_the_sku[nuts&bolts]")
def products_app(url):
    """Write the sku into the URL as it is."""
    app = FastAPI()

    @app.get("/products/{sku}")
    async def read_product(sku: str) -> Stock:
        try:
            async with httpx.AsyncClient() as supplier:
                response = await supplier.get(f"{url}/stock?sku={sku}")
            response.raise_for_status()
        except httpx.HTTPError:
            raise HTTPException(502)
        return Stock.model_validate_json(response.content)

    return app


@wrong("2.5.1", caught_by="test_q1_every_request_returns_the_stock_from_the_supplier")
def products_app(url):
    """Keep what was fetched once."""
    supplier = httpx.AsyncClient(base_url=url)
    fetched = {}
    app = FastAPI()

    @app.get("/products/{sku}")
    async def read_product(sku: str) -> Stock:
        if sku not in fetched:
            fetched[sku] = (await supplier.get("/stock", params={"sku": sku})).json()
        return Stock(**fetched[sku])

    return app


@wrong("2.5.1", caught_by="test_q1_every_request_returns_the_stock_from_the_supplier")
def products_app(url):
    """Return all fields of the supplier."""
    supplier = httpx.AsyncClient(base_url=url)
    app = FastAPI()

    @app.get("/products/{sku}")
    async def read_product(sku: str):
        try:
            response = await supplier.get("/stock", params={"sku": sku})
            response.raise_for_status()
        except httpx.HTTPError:
            raise HTTPException(502)
        return response.json()

    return app


@wrong("2.5.1", caught_by="test_q1_every_request_returns_the_stock_from_the_supplier")
def products_app(url):
    """Open the shared client in each request, which closes it after the first."""
    supplier = httpx.AsyncClient(base_url=url)
    app = FastAPI()

    @app.get("/products/{sku}")
    async def read_product(sku: str) -> Stock:
        async with supplier:
            response = await supplier.get("/stock", params={"sku": sku})
        return Stock(**response.json())

    return app


@wrong("2.5.1", caught_by="test_q1_a_supplier_that_closes_the_connection_returns_502")
def products_app(url):
    """Handle only a connection that cannot be opened."""
    app = FastAPI()

    @app.get("/products/{sku}")
    async def read_product(sku: str) -> Stock:
        async with httpx.AsyncClient(base_url=url) as supplier:
            try:
                response = await supplier.get("/stock", params={"sku": sku})
            except httpx.ConnectError:
                raise HTTPException(502)
        if response.is_server_error:
            raise HTTPException(502)
        return Stock.model_validate_json(response.content)

    return app


@wrong("2.5.1", caught_by="test_q1_a_server_error_of_the_supplier_returns_502")
def products_app(url):
    """Try again after a server error."""
    app = FastAPI()

    @app.get("/products/{sku}")
    async def read_product(sku: str) -> Stock:
        try:
            async with httpx.AsyncClient(base_url=url) as supplier:
                response = await supplier.get("/stock", params={"sku": sku})
                if response.is_server_error:
                    response = await supplier.get("/stock", params={"sku": sku})
                response.raise_for_status()
        except httpx.HTTPError:
            raise HTTPException(502)
        return Stock.model_validate_json(response.content)

    return app


@wrong("2.5.1", caught_by="test_q1_a_server_error_of_the_supplier_returns_502")
def products_app(url):
    """Return the stock of the last request if the supplier fails."""
    app = FastAPI()
    last = {}

    @app.get("/products/{sku}")
    async def read_product(sku: str) -> Stock:
        try:
            async with httpx.AsyncClient(base_url=url) as supplier:
                response = await supplier.get("/stock", params={"sku": sku})
                response.raise_for_status()
            last[sku] = Stock.model_validate_json(response.content)
        except httpx.HTTPError:
            if sku not in last:
                raise HTTPException(502)
        return last[sku]

    return app


@wrong("2.5.1", caught_by="test_q1_a_supplier_that_is_too_slow_returns_502")
def products_app(url):
    """Return 504 if the supplier does not respond in time."""
    app = FastAPI()

    @app.get("/products/{sku}")
    async def read_product(sku: str) -> Stock:
        try:
            async with httpx.AsyncClient(base_url=url) as supplier:
                response = await supplier.get("/stock", params={"sku": sku})
                response.raise_for_status()
        except httpx.TimeoutException:
            raise HTTPException(504)
        except httpx.HTTPError:
            raise HTTPException(502)
        return Stock.model_validate_json(response.content)

    return app


@right("2.5.1")
def products_app(url):
    """Create a client for each request, and read the JSON by hand."""
    app = FastAPI()

    @app.get("/products/{sku}", response_model=Stock)
    async def read_product(sku: str):
        address = httpx.URL(f"{url}/stock", params={"sku": sku})
        try:
            async with httpx.AsyncClient() as supplier:
                response = await supplier.get(address, timeout=30)
        except httpx.RequestError as error:
            raise HTTPException(502, str(error)) from error
        if response.status_code >= 500:
            raise HTTPException(502, "no stock")
        return response.json()

    return app


@right("2.5.1")
def products_app(url):
    """Create the client in the lifespan, and handle the errors in a handler."""

    @asynccontextmanager
    async def lifespan(app):
        async with httpx.AsyncClient() as supplier:
            yield {"supplier": supplier}

    app = FastAPI(lifespan=lifespan)

    @app.exception_handler(httpx.HTTPError)
    async def unavailable(request: Request, error: Exception):
        return JSONResponse({"detail": "unavailable"}, 502)

    async def stock(sku: str, request: Request) -> Stock:
        async with request.state.supplier.stream(
            "GET", url + "/stock", params=[("sku", sku)]
        ) as response:
            response.raise_for_status()
            return Stock.model_validate_json(await response.aread())

    @app.get("/products/{sku}")
    async def read_product(found: Annotated[Stock, Depends(stock)]) -> Stock:
        return found

    return app


@wrong("2.5.2", caught_by="test_q2_a_price_does_not_block_the_event_loop")
def offers_app():
    """Declare all endpoints with `async def`."""
    app = FastAPI()

    @app.get("/rating/{sku}")
    async def read_rating(sku: str):
        return {"rating": await rating_of(sku)}

    @app.get("/price/{sku}")
    async def read_price(sku: str):
        return {"price": price_of(sku)}

    @app.get("/offer/{sku}")
    async def read_offer(sku: str):
        return {"rating": await rating_of(sku), "price": price_of(sku)}

    return app


@wrong("2.5.2", caught_by="test_q2_a_rating_is_awaited_in_the_event_loop")
def offers_app():
    """Declare all endpoints with `def`, and use `asyncio.run`."""
    app = FastAPI()

    @app.get("/rating/{sku}")
    def read_rating(sku: str):
        return {"rating": asyncio.run(rating_of(sku))}

    @app.get("/price/{sku}")
    def read_price(sku: str):
        return {"price": price_of(sku)}

    @app.get("/offer/{sku}")
    def read_offer(sku: str):
        return {"rating": asyncio.run(rating_of(sku)), "price": price_of(sku)}

    return app


@wrong("2.5.2", caught_by="test_q2_an_offer_awaits_the_rating_and_does_not_block")
def offers_app():
    """Repair two endpoints, and leave `/offer` as it is."""
    app = FastAPI()

    @app.get("/rating/{sku}")
    async def read_rating(sku: str):
        return {"rating": await rating_of(sku)}

    @app.get("/price/{sku}")
    def read_price(sku: str):
        return {"price": price_of(sku)}

    @app.get("/offer/{sku}")
    async def read_offer(sku: str):
        return {"rating": await rating_of(sku), "price": price_of(sku)}

    return app


@wrong("2.5.2", caught_by="test_q2_an_offer_awaits_the_rating_and_does_not_block")
def offers_app():
    """Wrap the blocking call in a coroutine, and gather both."""
    app = FastAPI()

    async def price_async(sku: str):
        return price_of(sku)

    @app.get("/rating/{sku}")
    async def read_rating(sku: str):
        return {"rating": await rating_of(sku)}

    @app.get("/price/{sku}")
    def read_price(sku: str):
        return {"price": price_of(sku)}

    @app.get("/offer/{sku}")
    async def read_offer(sku: str):
        rating, price = await asyncio.gather(rating_of(sku), price_async(sku))
        return {"rating": rating, "price": price}

    return app


@wrong("2.5.2", caught_by="test_q2_a_price_does_not_block_the_event_loop")
def offers_app():
    """Call the function, and pass its result to the thread."""
    app = FastAPI()

    @app.get("/rating/{sku}")
    async def read_rating(sku: str):
        return {"rating": await rating_of(sku)}

    @app.get("/price/{sku}")
    async def read_price(sku: str):
        return {"price": await asyncio.to_thread(price_of(sku))}

    @app.get("/offer/{sku}")
    async def read_offer(sku: str):
        price = await asyncio.to_thread(price_of, sku)
        return {"rating": await rating_of(sku), "price": price}

    return app


@wrong("2.5.2", caught_by="test_q2_a_price_does_not_block_the_event_loop")
def offers_app():
    """Give the event loop a turn first, and block it afterwards."""
    app = FastAPI()

    @app.get("/rating/{sku}")
    async def read_rating(sku: str):
        return {"rating": await rating_of(sku)}

    @app.get("/price/{sku}")
    async def read_price(sku: str):
        await asyncio.sleep(0)
        return {"price": price_of(sku)}

    @app.get("/offer/{sku}")
    async def read_offer(sku: str):
        price = await asyncio.to_thread(price_of, sku)
        return {"rating": await rating_of(sku), "price": price}

    return app


@wrong("2.5.2", caught_by="test_q2_a_rating_is_awaited_in_the_event_loop")
def offers_app():
    """Forget to await the rating."""
    app = FastAPI()

    @app.get("/rating/{sku}")
    async def read_rating(sku: str):
        return {"rating": rating_of(sku)}

    @app.get("/price/{sku}")
    def read_price(sku: str):
        return {"price": price_of(sku)}

    @app.get("/offer/{sku}")
    async def read_offer(sku: str):
        price = await asyncio.to_thread(price_of, sku)
        return {"rating": await rating_of(sku), "price": price}

    return app


@wrong(
    "2.5.2", caught_by="test_q2_a_price_does_not_block_the_event_loop[Pen-1.125-9.375]"
)
def offers_app():
    """Return the values that the functions return today."""
    app = FastAPI()

    @app.get("/rating/{sku}")
    async def read_rating(sku: str):
        return {"rating": await rating_of(sku)}

    @app.get("/price/{sku}")
    def read_price(sku: str):
        return {"price": 2.5}

    @app.get("/offer/{sku}")
    async def read_offer(sku: str):
        return {"rating": await rating_of(sku), "price": 2.5}

    return app


@wrong("2.5.2", caught_by="test_q2_an_offer_awaits_the_rating_and_does_not_block")
def offers_app():
    """Use another thread, and block the event loop until it is ready."""
    app = FastAPI()

    @app.get("/rating/{sku}")
    async def read_rating(sku: str) -> dict[str, float]:
        return {"rating": await rating_of(sku)}

    @app.get("/price/{sku}")
    def read_price(sku: str) -> dict[str, float]:
        return {"price": price_of(sku)}

    @app.get("/offer/{sku}")
    async def read_offer(sku: str) -> dict[str, float]:
        with ThreadPoolExecutor() as threads:
            price = threads.submit(price_of, sku).result()
        return {"rating": await rating_of(sku), "price": price}

    return app


@wrong("2.5.2", caught_by="test_q2_an_offer_awaits_the_rating_and_does_not_block")
def offers_app():
    """Keep the price of the first request."""
    app = FastAPI()
    prices = {}

    @app.get("/rating/{sku}")
    async def read_rating(sku: str) -> dict[str, float]:
        return {"rating": await rating_of(sku)}

    @app.get("/price/{sku}")
    def read_price(sku: str) -> dict[str, float]:
        return {"price": price_of(sku)}

    @app.get("/offer/{sku}")
    async def read_offer(sku: str) -> dict[str, float]:
        if sku not in prices:
            prices[sku] = await asyncio.to_thread(price_of, sku)
        return {"rating": await rating_of(sku), "price": prices[sku]}

    return app


@wrong(
    "2.5.2", caught_by="test_q2_a_price_does_not_block_the_event_loop[Pen-1.125-9.375]"
)
def offers_app():
    """Round the price."""
    app = FastAPI()

    @app.get("/rating/{sku}")
    async def read_rating(sku: str) -> dict[str, float]:
        return {"rating": await rating_of(sku)}

    @app.get("/price/{sku}")
    def read_price(sku: str) -> dict[str, float]:
        return {"price": round(price_of(sku), 2)}

    @app.get("/offer/{sku}")
    async def read_offer(sku: str) -> dict[str, float]:
        price = await asyncio.to_thread(price_of, sku)
        return {"rating": await rating_of(sku), "price": price}

    return app


@right("2.5.2")
def offers_app():
    """Use `async def` for all, and a thread pool from the lifespan."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with ThreadPoolExecutor(2) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan)

    async def price_in_pool(sku: str) -> float:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(app.state.pool, price_of, sku)

    @app.get("/rating/{sku}")
    async def read_rating(sku: str):
        return {"rating": await rating_of(sku)}

    @app.get("/price/{sku}")
    async def read_price(sku: str):
        return {"price": await price_in_pool(sku)}

    @app.get("/offer/{sku}")
    async def read_offer(sku: str):
        rating, price = await asyncio.gather(rating_of(sku), price_in_pool(sku))
        return {"price": price, "rating": rating}

    return app


@right("2.5.2")
def offers_app():
    """Let FastAPI call both functions, as dependencies."""
    router = APIRouter()

    @router.get("/rating/{sku}")
    async def read_rating(rating: float = Depends(rating_of)):
        return dict(rating=rating)

    @router.get("/price/{sku}")
    async def read_price(price: float = Depends(price_of)):
        return dict(price=price)

    @router.get("/offer/{sku}")
    async def read_offer(
        rating: float = Depends(rating_of), price: float = Depends(price_of)
    ):
        return dict(rating=rating, price=price)

    app = FastAPI()
    app.include_router(router)
    return app


@right("2.5.2")
def offers_app():
    """Use FastAPI's own function for the thread."""
    app = FastAPI()

    @app.get("/rating/{sku}")
    async def read_rating(sku: str):
        return JSONResponse({"rating": await rating_of(sku)})

    @app.get("/price/{sku}")
    def read_price(sku: str):
        return {"price": price_of(sku)}

    @app.get("/offer/{sku}")
    async def read_offer(sku: str):
        rating = await rating_of(sku)
        return {"rating": rating, "price": await run_in_threadpool(price_of, sku)}

    return app


@right("2.5.2")
def offers_app():
    """Let a worker thread ask the event loop of the server for the rating."""
    app = FastAPI()

    @app.get("/rating/{sku}")
    async def read_rating(sku: str):
        return {"rating": await rating_of(sku)}

    @app.get("/price/{sku}")
    def read_price(sku: str):
        return {"price": price_of(sku)}

    @app.get("/offer/{sku}")
    def read_offer(sku: str):
        rating = anyio.from_thread.run(rating_of, sku)
        return {"rating": rating, "price": price_of(sku)}

    return app


@wrong("2.5.3", caught_by="test_q3_the_log_is_predicted[/blocks]")
def logs():
    """Expect all endpoints to run at the same time."""
    paths = ("/awaits", "/blocks", "/awaits-what-blocks", "/def")
    return dict.fromkeys(paths, "ABAB")


@wrong("2.5.3", caught_by="test_q3_the_log_is_predicted[/awaits]")
def logs():
    """Expect one thread to run one request after the other."""
    paths = ("/awaits", "/blocks", "/awaits-what-blocks")
    return {**dict.fromkeys(paths, "AABB"), "/def": "ABAB"}


@wrong("2.5.3", caught_by="test_q3_the_log_is_predicted[/awaits-what-blocks]")
def logs():
    """Expect every `await` to let others run."""
    return {
        "/awaits": "ABAB",
        "/blocks": "AABB",
        "/awaits-what-blocks": "ABAB",
        "/def": "ABAB",
    }


@wrong("2.5.3", caught_by="test_q3_the_log_is_predicted[/def]")
def logs():
    """Expect a `def` to block the server."""
    return {
        "/awaits": "ABAB",
        "/blocks": "AABB",
        "/awaits-what-blocks": "AABB",
        "/def": "AABB",
    }


@wrong("2.5.3", caught_by="test_q3_the_log_is_predicted[/awaits]")
def logs():
    """Expect the second customer to leave first."""
    return {
        "/awaits": "ABBA",
        "/blocks": "AABB",
        "/awaits-what-blocks": "AABB",
        "/def": "ABBA",
    }


@wrong("2.5.4", caught_by="test_q4_the_place_is_predicted[/def]")
def differences():
    """Expect everything to run in the event loop."""
    return {
        "/def": "event loop",
        "/async-def": "event loop",
        "/calls-def": "event loop",
        "/depends-on-def": "event loop",
        "/waits/def": 1,
        "/waits/async-def": 50,
    }


@wrong("2.5.4", caught_by="test_q4_the_place_is_predicted[/calls-def]")
def differences():
    """Expect every `def` to run in a thread."""
    return {
        "/def": "worker thread",
        "/async-def": "event loop",
        "/calls-def": "worker thread",
        "/depends-on-def": "worker thread",
        "/waits/def": 40,
        "/waits/async-def": 50,
    }


@wrong("2.5.4", caught_by="test_q4_the_place_is_predicted[/depends-on-def]")
def differences():
    """Expect a dependency to run where its endpoint runs."""
    return {
        "/def": "worker thread",
        "/async-def": "event loop",
        "/calls-def": "event loop",
        "/depends-on-def": "event loop",
        "/waits/def": 40,
        "/waits/async-def": 50,
    }


@wrong("2.5.4", caught_by="test_q4_the_number_of_requests_is_predicted[/waits/def]")
def differences():
    """Expect a thread for each request."""
    return {
        "/def": "worker thread",
        "/async-def": "event loop",
        "/calls-def": "event loop",
        "/depends-on-def": "worker thread",
        "/waits/def": 50,
        "/waits/async-def": 50,
    }


@wrong(
    "2.5.4", caught_by="test_q4_the_number_of_requests_is_predicted[/waits/async-def]"
)
def differences():
    """Expect one thread to run one request."""
    return {
        "/def": "worker thread",
        "/async-def": "event loop",
        "/calls-def": "event loop",
        "/depends-on-def": "worker thread",
        "/waits/def": 40,
        "/waits/async-def": 1,
    }


@wrong("2.5.5", caught_by="test_q5_the_endpoint_uses_its_own_warehouse[async]")
def warehouse_app():
    """Use the blocking connection in both endpoints."""
    app = FastAPI()

    @app.get("/sync/{sku}")
    def read_stock(sku: str) -> Stock:
        with Warehouse() as warehouse:
            return Stock(sku=sku, pieces=warehouse.pieces(sku))

    @app.get("/async/{sku}")
    async def read_stock_async(sku: str) -> Stock:
        return read_stock(sku)

    return app


@wrong("2.5.5", caught_by="test_q5_several_requests_run_at_the_same_time[sync]")
def warehouse_app():
    """Declare both endpoints with `async def`."""
    app = FastAPI()

    @app.get("/sync/{sku}")
    async def read_stock(sku: str) -> Stock:
        with Warehouse() as warehouse:
            return Stock(sku=sku, pieces=warehouse.pieces(sku))

    @app.get("/async/{sku}")
    async def read_stock_async(sku: str) -> Stock:
        async with AsyncWarehouse() as warehouse:
            return Stock(sku=sku, pieces=await warehouse.pieces(sku))

    return app


@wrong("2.5.5", caught_by="test_q5_the_endpoint_is_declared_as_its_name_says[sync]")
def warehouse_app():
    """Use an `async def` that runs the blocking call in a thread."""
    app = FastAPI()

    @app.get("/sync/{sku}")
    async def read_stock(sku: str) -> Stock:
        with Warehouse() as warehouse:
            pieces = await run_in_threadpool(warehouse.pieces, sku)
            return Stock(sku=sku, pieces=pieces)

    @app.get("/async/{sku}")
    async def read_stock_async(sku: str) -> Stock:
        async with AsyncWarehouse() as warehouse:
            return Stock(sku=sku, pieces=await warehouse.pieces(sku))

    return app


@wrong("2.5.5", caught_by="test_q5_each_request_closes_its_connection")
def warehouse_app():
    """Call `pieces` without opening a connection."""
    app = FastAPI()

    @app.get("/sync/{sku}")
    def read_stock(sku: str) -> Stock:
        return Stock(sku=sku, pieces=Warehouse().pieces(sku))

    @app.get("/async/{sku}")
    async def read_stock_async(sku: str) -> Stock:
        return Stock(sku=sku, pieces=await AsyncWarehouse().pieces(sku))

    return app


@wrong("2.5.5", caught_by="test_q5_each_request_closes_its_connection")
def warehouse_app():
    """Close the connection only if nothing goes wrong."""
    app = FastAPI()

    @app.get("/sync/{sku}")
    def read_stock(sku: str) -> Stock:
        warehouse = Warehouse().__enter__()
        stock = Stock(sku=sku, pieces=warehouse.pieces(sku))
        warehouse.__exit__(None, None, None)
        return stock

    @app.get("/async/{sku}")
    async def read_stock_async(sku: str) -> Stock:
        warehouse = await AsyncWarehouse().__aenter__()
        stock = Stock(sku=sku, pieces=await warehouse.pieces(sku))
        await warehouse.__aexit__(None, None, None)
        return stock

    return app


@wrong("2.5.5", caught_by="test_q5_the_endpoint_uses_its_own_warehouse[sync]")
def warehouse_app():
    """Open one connection, and use it for all requests."""
    app = FastAPI()
    warehouse = Warehouse().__enter__()

    @app.get("/sync/{sku}")
    def read_stock(sku: str) -> Stock:
        return Stock(sku=sku, pieces=warehouse.pieces(sku))

    @app.get("/async/{sku}")
    async def read_stock_async(sku: str) -> Stock:
        async with AsyncWarehouse() as warehouse:
            return Stock(sku=sku, pieces=await warehouse.pieces(sku))

    return app


@wrong("2.5.5", caught_by="test_q5_the_endpoint_returns_the_stock[lamp-7-async]")
def warehouse_app():
    """Forget to await `pieces`."""
    app = FastAPI()

    @app.get("/sync/{sku}")
    def read_stock(sku: str) -> Stock:
        with Warehouse() as warehouse:
            return Stock(sku=sku, pieces=warehouse.pieces(sku))

    @app.get("/async/{sku}")
    async def read_stock_async(sku: str) -> Stock:
        async with AsyncWarehouse() as warehouse:
            return Stock(sku=sku, pieces=warehouse.pieces(sku))

    return app


@wrong("2.5.5", caught_by="test_q5_the_endpoint_returns_the_stock")
def warehouse_app():
    """Return the number of pieces alone."""
    app = FastAPI()

    @app.get("/sync/{sku}")
    def read_stock(sku: str):
        with Warehouse() as warehouse:
            return warehouse.pieces(sku)

    @app.get("/async/{sku}")
    async def read_stock_async(sku: str):
        async with AsyncWarehouse() as warehouse:
            return await warehouse.pieces(sku)

    return app


@wrong(
    "2.5.5",
    caught_by="test_q5_each_request_creates_a_connection_of_its_own[sync]",
)
def warehouse_app():
    """Create one connection, and open it in every request."""
    app = FastAPI()
    connection = Warehouse()

    @app.get("/sync/{sku}")
    def read_stock(sku: str) -> Stock:
        with connection as warehouse:
            return Stock(sku=sku, pieces=warehouse.pieces(sku))

    @app.get("/async/{sku}")
    async def read_stock_async(sku: str) -> Stock:
        async with AsyncWarehouse() as warehouse:
            return Stock(sku=sku, pieces=await warehouse.pieces(sku))

    return app


@wrong("2.5.5", caught_by="test_q5_an_exception_of_pieces_returns_500[sync]")
def warehouse_app():
    """Return no pieces if the warehouse fails."""
    app = FastAPI()

    @app.get("/sync/{sku}")
    def read_stock(sku: str) -> Stock:
        with Warehouse() as warehouse:
            try:
                return Stock(sku=sku, pieces=warehouse.pieces(sku))
            except Exception:
                return Stock(sku=sku, pieces=0)

    @app.get("/async/{sku}")
    async def read_stock_async(sku: str) -> Stock:
        async with AsyncWarehouse() as warehouse:
            return Stock(sku=sku, pieces=await warehouse.pieces(sku))

    return app


@wrong("2.5.5", caught_by="test_q5_a_cancelled_request_closes_its_connection")
def warehouse_app():
    """Close the connection after an `Exception`, and not after a CancelledError."""
    app = FastAPI()

    @app.get("/sync/{sku}")
    def read_stock(sku: str) -> Stock:
        with Warehouse() as warehouse:
            return Stock(sku=sku, pieces=warehouse.pieces(sku))

    @app.get("/async/{sku}")
    async def read_stock_async(sku: str) -> Stock:
        warehouse = await AsyncWarehouse().__aenter__()
        try:
            pieces = await warehouse.pieces(sku)
        except Exception:
            await warehouse.__aexit__(None, None, None)
            raise
        await warehouse.__aexit__(None, None, None)
        return Stock(sku=sku, pieces=pieces)

    return app


@right("2.5.5")
def warehouse_app():
    """Open the connections in dependencies with `yield`."""
    app = FastAPI()

    def connection():
        with Warehouse() as warehouse:
            yield warehouse

    async def async_connection():
        async with AsyncWarehouse() as warehouse:
            yield warehouse

    @app.get("/sync/{product}")
    def read_stock(product: str, warehouse: Annotated[Warehouse, Depends(connection)]):
        return {"sku": product, "pieces": warehouse.pieces(product)}

    @app.get("/async/{product}")
    async def read_stock_async(
        product: str, warehouse: AsyncWarehouse = Depends(async_connection)
    ) -> Stock:
        return Stock(sku=product, pieces=await warehouse.pieces(product))

    return app


@right("2.5.5")
def warehouse_app():
    """Use exit stacks, routers, and responses."""
    router = APIRouter(prefix="/sync")
    async_router = APIRouter(prefix="/async")

    @router.get("/{sku}", response_model=Stock)
    def read_stock(sku: str):
        with ExitStack() as stack:
            warehouse = stack.enter_context(Warehouse())
            pieces = warehouse.pieces(sku)
        return JSONResponse({"pieces": pieces, "sku": sku})

    @async_router.get("/{sku}", response_model=Stock)
    async def read_stock_async(sku: str):
        async with AsyncExitStack() as stack:
            warehouse = await stack.enter_async_context(AsyncWarehouse())
            pieces = await warehouse.pieces(sku)
        return JSONResponse({"pieces": pieces, "sku": sku})

    app = FastAPI()
    app.include_router(router)
    app.include_router(async_router)
    return app


@right("2.5.5")
def warehouse_app():
    """Close the connections in a `finally` clause."""
    app = FastAPI()

    @app.get("/sync/{sku}")
    def read_stock(sku: str) -> Stock:
        warehouse = Warehouse().__enter__()
        try:
            return Stock(sku=sku, pieces=warehouse.pieces(sku))
        finally:
            warehouse.__exit__(None, None, None)

    @app.get("/async/{sku}")
    async def read_stock_async(sku: str) -> Stock:
        warehouse = await AsyncWarehouse().__aenter__()
        try:
            return Stock(sku=sku, pieces=await warehouse.pieces(sku))
        finally:
            await warehouse.__aexit__(None, None, None)

    return app
