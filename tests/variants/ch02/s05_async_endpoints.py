"""Other answers to section 2.5."""

from contextlib import AsyncExitStack, ExitStack

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from sensei.variants import right, wrong


@wrong("2.5.1", caught_by="test_q1_fifty_clients_wait_side_by_side")
def supplied_app(url, patience):
    """A thread for each client is as good."""
    app = FastAPI()

    @app.get("/products/{sku}")
    def product(sku: str) -> Stock:
        try:
            answer = httpx.get(f"{url}/stock", params={"sku": sku}, timeout=patience)
            if answer.status_code == 404:
                raise HTTPException(404)
            answer.raise_for_status()
            return Stock.model_validate_json(answer.content)
        except httpx.TimeoutException:
            raise HTTPException(504)
        except (httpx.HTTPError, ValidationError):
            raise HTTPException(502)

    return app


@wrong("2.5.1", caught_by="test_q1_fifty_clients_wait_side_by_side")
def supplied_app(url, patience):
    """`async def` makes whatever is in it asynchronous."""
    app = FastAPI()

    @app.get("/products/{sku}")
    async def product(sku: str) -> Stock:
        try:
            answer = httpx.get(f"{url}/stock", params={"sku": sku}, timeout=patience)
            if answer.status_code == 404:
                raise HTTPException(404)
            answer.raise_for_status()
            return Stock.model_validate_json(answer.content)
        except httpx.TimeoutException:
            raise HTTPException(504)
        except (httpx.HTTPError, ValidationError):
            raise HTTPException(502)

    return app


@wrong("2.5.1", caught_by="test_q1_fifty_clients_wait_side_by_side")
def supplied_app(url, patience):
    """A connection is used by one client after the other."""
    limits = httpx.Limits(max_connections=10)
    supplier = httpx.AsyncClient(base_url=url, timeout=patience, limits=limits)
    app = FastAPI()

    @app.get("/products/{sku}")
    async def product(sku: str) -> Stock:
        try:
            answer = await supplier.get("/stock", params={"sku": sku})
            if answer.status_code == 404:
                raise HTTPException(404)
            answer.raise_for_status()
            return Stock.model_validate_json(answer.content)
        except httpx.TimeoutException:
            raise HTTPException(504)
        except (httpx.HTTPError, ValidationError):
            raise HTTPException(502)

    return app


@wrong("2.5.1", caught_by="test_q1_the_suppliers_trouble_is_told[overloaded]")
def supplied_app(url, patience):
    """What the supplier says is what it means; its status is for machines."""
    app = FastAPI()

    @app.get("/products/{sku}")
    async def product(sku: str) -> Stock:
        try:
            async with httpx.AsyncClient(base_url=url, timeout=patience) as supplier:
                answer = await supplier.get("/stock", params={"sku": sku})
            return Stock.model_validate_json(answer.content)
        except httpx.TimeoutException:
            raise HTTPException(504)
        except (httpx.HTTPError, ValidationError):
            raise HTTPException(502)

    return app


@wrong("2.5.1", caught_by="test_q1_the_suppliers_trouble_is_told")
def supplied_app(url, patience):
    """The supplier is well; then all there is to do is to await it."""
    app = FastAPI()

    @app.get("/products/{sku}", response_model=Stock)
    async def product(sku: str):
        async with httpx.AsyncClient(base_url=url, timeout=patience) as supplier:
            answer = await supplier.get("/stock", params={"sku": sku})
            answer.raise_for_status()
            return answer.json()

    return app


@wrong("2.5.1", caught_by="test_q1_the_suppliers_trouble_is_told[no pieces]")
def supplied_app(url, patience):
    """What is JSON is a Stock."""
    app = FastAPI()

    @app.get("/products/{sku}", response_model=Stock)
    async def product(sku: str):
        try:
            async with httpx.AsyncClient(base_url=url, timeout=patience) as supplier:
                answer = await supplier.get("/stock", params={"sku": sku})
            if answer.status_code == 404:
                raise HTTPException(404)
            answer.raise_for_status()
            return answer.json()
        except httpx.TimeoutException:
            raise HTTPException(504)
        except (httpx.HTTPError, ValueError):
            raise HTTPException(502)

    return app


@wrong("2.5.1", caught_by="test_q1_the_suppliers_trouble_is_told[no such product]")
def supplied_app(url, patience):
    """Whatever the supplier has against it is a bad gateway."""
    app = FastAPI()

    @app.get("/products/{sku}")
    async def product(sku: str) -> Stock:
        try:
            async with httpx.AsyncClient(base_url=url, timeout=patience) as supplier:
                answer = await supplier.get("/stock", params={"sku": sku})
            answer.raise_for_status()
            return Stock(**answer.json())
        except httpx.TimeoutException:
            raise HTTPException(504)
        except Exception:
            raise HTTPException(502)

    return app


@wrong("2.5.1", caught_by="test_q1_a_supplier_that_is_down_is_a_bad_gateway")
def supplied_app(url, patience):
    """An external API always answers something."""
    app = FastAPI()

    @app.get("/products/{sku}")
    async def product(sku: str) -> Stock:
        try:
            async with httpx.AsyncClient(base_url=url, timeout=patience) as supplier:
                answer = await supplier.get("/stock", params={"sku": sku})
            answer.raise_for_status()
            return Stock.model_validate_json(answer.content)
        except httpx.TimeoutException:
            raise HTTPException(504)
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            raise HTTPException(404 if status == 404 else 502)
        except ValidationError:
            raise HTTPException(502)

    return app


@wrong("2.5.1", caught_by="test_q1_a_silent_supplier_is_a_gateway_timeout")
def supplied_app(url, patience):
    """The library's own patience will do."""
    app = FastAPI()

    @app.get("/products/{sku}")
    async def product(sku: str) -> Stock:
        try:
            async with httpx.AsyncClient(base_url=url) as supplier:
                answer = await supplier.get("/stock", params={"sku": sku})
            if answer.status_code == 404:
                raise HTTPException(404)
            answer.raise_for_status()
            return Stock.model_validate_json(answer.content)
        except httpx.TimeoutException:
            raise HTTPException(504)
        except (httpx.HTTPError, ValidationError):
            raise HTTPException(502)

    return app


@wrong("2.5.1", caught_by="test_q1_a_silent_supplier_is_a_gateway_timeout")
def supplied_app(url, patience):
    """Silence is one more kind of trouble."""
    supplier = httpx.AsyncClient(base_url=url, timeout=patience)
    app = FastAPI()

    @app.get("/products/{sku}")
    async def product(sku: str) -> Stock:
        try:
            answer = await supplier.get("/stock", params={"sku": sku})
            answer.raise_for_status()
            return Stock.model_validate_json(answer.content)
        except (httpx.HTTPError, ValidationError):
            raise HTTPException(502)

    return app


@wrong("2.5.1", caught_by="test_q1_the_supplier_is_asked_for_the_very_product")
def supplied_app(url, patience):
    """An address is a string like any other."""
    app = FastAPI()

    @app.get("/products/{sku}")
    async def product(sku: str) -> Stock:
        try:
            async with httpx.AsyncClient(timeout=patience) as supplier:
                answer = await supplier.get(f"{url}/stock?sku={sku}")
            if answer.status_code == 404:
                raise HTTPException(404)
            answer.raise_for_status()
            return Stock.model_validate_json(answer.content)
        except httpx.TimeoutException:
            raise HTTPException(504)
        except (httpx.HTTPError, ValidationError):
            raise HTTPException(502)

    return app


@wrong("2.5.1", caught_by="test_q1_the_client_reads_what_the_supplier_has")
def supplied_app(url, patience):
    """What was fetched once need not be fetched again; all of it is passed on."""
    supplier = httpx.AsyncClient(base_url=url, timeout=patience)
    fetched = {}
    app = FastAPI()

    @app.get("/products/{sku}")
    async def product(sku: str):
        if sku not in fetched:
            fetched[sku] = (await supplier.get("/stock", params={"sku": sku})).json()
        return fetched[sku]

    return app


@right("2.5.1")
def supplied_app(url, patience):
    """A client for each request, a deadline of asyncio's, and JSON by hand."""
    app = FastAPI()

    @app.get("/products/{sku}", response_model=Stock)
    async def product(sku: str):
        address = httpx.URL(f"{url}/stock", params={"sku": sku})
        try:
            async with asyncio.timeout(patience), httpx.AsyncClient() as supplier:
                answer = await supplier.get(address, timeout=None)
        except TimeoutError:
            raise HTTPException(504, "no answer") from None
        except httpx.RequestError as error:
            raise HTTPException(502, str(error)) from error
        if answer.status_code == 404:
            raise HTTPException(404, "no such product")
        try:
            told = answer.json() if answer.status_code == 200 else {}
            return {"sku": told["sku"], "pieces": int(told["pieces"])}
        except (ValueError, LookupError, TypeError):
            raise HTTPException(502, "no stock") from None

    return app


@right("2.5.1")
def supplied_app(url, patience):
    """The client is the lifespan's, the errors have handlers of their own."""

    @asynccontextmanager
    async def lifespan(app):
        async with httpx.AsyncClient(timeout=httpx.Timeout(patience)) as supplier:
            yield {"supplier": supplier}

    app = FastAPI(lifespan=lifespan)

    @app.exception_handler(httpx.TimeoutException)
    async def late(request: Request, error: Exception):
        return JSONResponse({"detail": "late"}, 504)

    @app.exception_handler(httpx.HTTPError)
    @app.exception_handler(ValidationError)
    async def trouble(request: Request, error: Exception):
        return JSONResponse({"detail": "trouble"}, 502)

    async def stock(sku: str, request: Request) -> Stock:
        async with request.state.supplier.stream(
            "GET", url + "/stock", params=[("sku", sku)]
        ) as answer:
            if answer.status_code == httpx.codes.NOT_FOUND:
                raise HTTPException(404)
            answer.raise_for_status()
            return Stock.model_validate_json(await answer.aread())

    @app.get("/products/{sku}")
    async def product(found: Annotated[Stock, Depends(stock)]) -> Stock:
        return found

    return app


@wrong("2.5.2", caught_by="test_q2_the_event_loop_goes_on_meanwhile")
def busy_app():
    """`async def` is the modern way to write all of them."""
    app = FastAPI()

    @app.get("/rating/{sku}")
    async def rating(sku: str):
        return {"rating": await rating_of(sku)}

    @app.get("/price/{sku}")
    async def price(sku: str):
        return {"price": price_of(sku)}

    @app.get("/label/{sku}")
    async def label(sku: str):
        return {"label": label_of(sku)}

    @app.get("/offer/{sku}")
    async def offer(sku: str):
        return {"rating": await rating_of(sku), "price": price_of(sku)}

    @app.get("/health")
    async def health():
        return {"status": "ok"}

    return app


@wrong("2.5.2", caught_by="test_q2_the_review_service_is_asked_in_the_event_loop")
def busy_app():
    """`def` is safe for all of them; what is to be awaited gets a loop of its own."""
    app = FastAPI()

    @app.get("/rating/{sku}")
    def rating(sku: str):
        return {"rating": asyncio.run(rating_of(sku))}

    @app.get("/price/{sku}")
    def price(sku: str):
        return {"price": price_of(sku)}

    @app.get("/label/{sku}")
    def label(sku: str):
        return {"label": label_of(sku)}

    @app.get("/offer/{sku}")
    def offer(sku: str):
        return {"rating": asyncio.run(rating_of(sku)), "price": price_of(sku)}

    @app.get("/health")
    async def health():
        return {"status": "ok"}

    return app


@wrong("2.5.2", caught_by="test_q2_some_are_served_without_a_worker_thread[/health]")
def busy_app():
    """An endpoint that awaits nothing is a `def`."""
    app = FastAPI()

    @app.get("/rating/{sku}")
    async def rating(sku: str):
        return {"rating": await rating_of(sku)}

    @app.get("/price/{sku}")
    def price(sku: str):
        return {"price": price_of(sku)}

    @app.get("/label/{sku}")
    def label(sku: str):
        return {"label": label_of(sku)}

    @app.get("/offer/{sku}")
    async def offer(sku: str):
        price = await run_in_threadpool(price_of, sku)
        return {"rating": await rating_of(sku), "price": price}

    @app.get("/health")
    def health():
        return {"status": "ok"}

    return app


@wrong("2.5.2", caught_by="test_q2_the_event_loop_goes_on_meanwhile[/label/lamp]")
def busy_app():
    """Computing is not waiting: it is no matter for threads."""
    app = FastAPI()

    @app.get("/rating/{sku}")
    async def rating(sku: str):
        return {"rating": await rating_of(sku)}

    @app.get("/price/{sku}")
    def price(sku: str):
        return {"price": price_of(sku)}

    @app.get("/label/{sku}")
    async def label(sku: str):
        await asyncio.sleep(0)
        return {"label": label_of(sku)}

    @app.get("/offer/{sku}")
    async def offer(sku: str):
        price = await run_in_threadpool(price_of, sku)
        return {"rating": await rating_of(sku), "price": price}

    @app.get("/health")
    async def health():
        return {"status": "ok"}

    return app


@wrong("2.5.2", caught_by="test_q2_the_event_loop_goes_on_meanwhile[/offer/lamp]")
def busy_app():
    """One await makes the whole endpoint give way; a coroutine never blocks."""
    app = FastAPI()

    async def price_async(sku: str):
        return price_of(sku)

    @app.get("/rating/{sku}")
    async def rating(sku: str):
        return {"rating": await rating_of(sku)}

    @app.get("/price/{sku}")
    def price(sku: str):
        return {"price": price_of(sku)}

    @app.get("/label/{sku}")
    def label(sku: str):
        return {"label": label_of(sku)}

    @app.get("/offer/{sku}")
    async def offer(sku: str):
        rating, price = await asyncio.gather(rating_of(sku), price_async(sku))
        return {"rating": rating, "price": price}

    @app.get("/health")
    async def health():
        return {"status": "ok"}

    return app


@wrong("2.5.2", caught_by="test_q2_the_client_reads_what_the_functions_return")
def busy_app():
    """What the functions return is known."""
    app = FastAPI()

    @app.get("/health")
    async def health():
        return {"status": "ok"}

    @app.get("/{what}/{sku}")
    async def known(what: str, sku: str):
        offer = {"rating": 4.5, "price": 2.5}
        return offer if what == "offer" else {what: offer.get(what)}

    return app


@right("2.5.2")
def busy_app():
    """All of them `async def`, with every piece of work in a thread of asyncio's."""
    app = FastAPI()

    @app.get("/rating/{sku}")
    async def rating(sku: str):
        return {"rating": await rating_of(sku)}

    @app.get("/price/{sku}")
    async def price(sku: str):
        return {"price": await asyncio.to_thread(price_of, sku)}

    @app.get("/label/{sku}")
    async def label(sku: str):
        loop = asyncio.get_running_loop()
        return {"label": await loop.run_in_executor(None, label_of, sku)}

    @app.get("/offer/{sku}")
    async def offer(sku: str):
        rating, price = await asyncio.gather(
            rating_of(sku), asyncio.to_thread(price_of, sku)
        )
        return {"price": price, "rating": rating}

    @app.get("/health")
    async def health():
        return {"status": "ok"}

    return app


@right("2.5.2")
def busy_app():
    """Dependencies, each of its own kind; the endpoints do next to nothing."""
    router = APIRouter()

    @router.get("/rating/{sku}")
    async def rating(rating: float = Depends(rating_of)):
        return dict(rating=rating)

    @router.get("/price/{sku}")
    async def price(price: float = Depends(price_of)):
        return dict(price=price)

    @router.get("/label/{sku}")
    async def label(label: str = Depends(label_of)):
        return dict(label=label)

    @router.get("/offer/{sku}")
    async def offer(
        rating: float = Depends(rating_of), price: float = Depends(price_of)
    ):
        return dict(rating=rating, price=price)

    @router.get("/health")
    async def health():
        return JSONResponse({"status": "ok"})

    app = FastAPI()
    app.include_router(router)
    return app


@wrong("2.5.3", caught_by="test_q3_the_log_is_predicted[/blocks]")
def logs():
    """Asynchronous endpoints are concurrent, whatever they do."""
    paths = ("/awaits", "/blocks", "/awaits-then-blocks", "/def")
    return dict.fromkeys(paths, "ABABAB")


@wrong("2.5.3", caught_by="test_q3_the_log_is_predicted[/awaits]")
def logs():
    """One thread serves one request after the other."""
    paths = ("/awaits", "/blocks", "/awaits-then-blocks")
    return {**dict.fromkeys(paths, "AAABBB"), "/def": "ABABAB"}


@wrong("2.5.3", caught_by="test_q3_the_log_is_predicted[/awaits-then-blocks]")
def logs():
    """Who has awaited once goes on giving way."""
    return {
        "/awaits": "ABABAB",
        "/blocks": "AAABBB",
        "/awaits-then-blocks": "ABABAB",
        "/def": "ABABAB",
    }


@wrong("2.5.3", caught_by="test_q3_the_log_is_predicted[/def]")
def logs():
    """A `def` blocks the server."""
    return {
        "/awaits": "ABABAB",
        "/blocks": "AAABBB",
        "/awaits-then-blocks": "ABAABB",
        "/def": "AAABBB",
    }


@wrong("2.5.4", caught_by="test_q4_the_answer_is_predicted[/place/def]")
def differences():
    """All of it happens in the one event loop."""
    return {
        "/place/def": "event loop",
        "/place/async-def": "event loop",
        "/place/def-called-by-async-def": "event loop",
        "/place/def-dependency-of-async-def": "event loop",
        "/member/set-by-def": "Mara",
        "/member/set-by-async-def": "Mara",
        "/stay/def": 1,
        "/stay/async-def": 50,
    }


@wrong(
    "2.5.4",
    caught_by="test_q4_the_answer_is_predicted[/place/def-called-by-async-def]",
)
def differences():
    """Whatever is a `def` gets a thread, whoever calls it."""
    return {
        "/place/def": "worker thread",
        "/place/async-def": "event loop",
        "/place/def-called-by-async-def": "worker thread",
        "/place/def-dependency-of-async-def": "worker thread",
        "/member/set-by-def": "nobody",
        "/member/set-by-async-def": "Mara",
        "/stay/def": 40,
        "/stay/async-def": 50,
    }


@wrong(
    "2.5.4",
    caught_by="test_q4_the_answer_is_predicted[/place/def-dependency-of-async-def]",
)
def differences():
    """A dependency runs where its endpoint runs."""
    return {
        "/place/def": "worker thread",
        "/place/async-def": "event loop",
        "/place/def-called-by-async-def": "event loop",
        "/place/def-dependency-of-async-def": "event loop",
        "/member/set-by-def": "Mara",
        "/member/set-by-async-def": "Mara",
        "/stay/def": 40,
        "/stay/async-def": 50,
    }


@wrong("2.5.4", caught_by="test_q4_the_answer_is_predicted[/member/set-by-def]")
def differences():
    """A context variable belongs to the request, whoever sets it."""
    return {
        "/place/def": "worker thread",
        "/place/async-def": "event loop",
        "/place/def-called-by-async-def": "event loop",
        "/place/def-dependency-of-async-def": "worker thread",
        "/member/set-by-def": "Mara",
        "/member/set-by-async-def": "Mara",
        "/stay/def": 40,
        "/stay/async-def": 50,
    }


@wrong("2.5.4", caught_by="test_q4_the_number_inside_is_predicted[/stay/def]")
def differences():
    """There is a thread for everybody."""
    return {
        "/place/def": "worker thread",
        "/place/async-def": "event loop",
        "/place/def-called-by-async-def": "event loop",
        "/place/def-dependency-of-async-def": "worker thread",
        "/member/set-by-def": "nobody",
        "/member/set-by-async-def": "Mara",
        "/stay/def": 50,
        "/stay/async-def": 50,
    }


@wrong("2.5.4", caught_by="test_q4_the_number_inside_is_predicted[/stay/async-def]")
def differences():
    """One thread is one client."""
    return {
        "/place/def": "worker thread",
        "/place/async-def": "event loop",
        "/place/def-called-by-async-def": "event loop",
        "/place/def-dependency-of-async-def": "worker thread",
        "/member/set-by-def": "nobody",
        "/member/set-by-async-def": "Mara",
        "/stay/def": 40,
        "/stay/async-def": 1,
    }


@wrong("2.5.5", caught_by="test_q5_several_clients_are_served_at_once[async]")
def twin_app():
    """`async` is in the name; the blocking client is the one that works."""
    app = FastAPI()

    @app.get("/sync/{sku}")
    def stock(sku: str) -> Stock:
        try:
            with Warehouse() as warehouse:
                return Stock(sku=sku, pieces=warehouse.pieces(sku))
        except LookupError:
            raise HTTPException(404)

    @app.get("/async/{sku}")
    async def stock_async(sku: str) -> Stock:
        return stock(sku)

    return app


@wrong("2.5.5", caught_by="test_q5_several_clients_are_served_at_once[sync]")
def twin_app():
    """Both are `async def`; the one without an await is the synchronous one."""
    app = FastAPI()

    @app.get("/sync/{sku}")
    async def stock(sku: str) -> Stock:
        try:
            with Warehouse() as warehouse:
                return Stock(sku=sku, pieces=warehouse.pieces(sku))
        except LookupError:
            raise HTTPException(404)

    @app.get("/async/{sku}")
    async def stock_async(sku: str) -> Stock:
        try:
            async with AsyncWarehouse() as warehouse:
                return Stock(sku=sku, pieces=await warehouse.pieces(sku))
        except LookupError:
            raise HTTPException(404)

    return app


@wrong("2.5.5", caught_by="test_q5_each_endpoint_asks_in_its_own_way[async]")
def twin_app():
    """A thread makes the blocking client an asynchronous one."""
    app = FastAPI()

    def stock(sku: str) -> Stock:
        try:
            with Warehouse() as warehouse:
                return Stock(sku=sku, pieces=warehouse.pieces(sku))
        except LookupError:
            raise HTTPException(404)

    app.get("/sync/{sku}")(stock)

    @app.get("/async/{sku}")
    async def stock_async(sku: str) -> Stock:
        return await run_in_threadpool(stock, sku)

    return app


@wrong("2.5.5", caught_by="test_q5_each_endpoint_asks_in_its_own_way[sync]")
def twin_app():
    """Both await; where the waiting happens does not matter."""
    app = FastAPI()

    @app.get("/sync/{sku}")
    async def stock(sku: str) -> Stock:
        try:
            with Warehouse() as warehouse:
                pieces = await run_in_threadpool(warehouse.pieces, sku)
                return Stock(sku=sku, pieces=pieces)
        except LookupError:
            raise HTTPException(404)

    @app.get("/async/{sku}")
    async def stock_async(sku: str) -> Stock:
        try:
            async with AsyncWarehouse() as warehouse:
                return Stock(sku=sku, pieces=await warehouse.pieces(sku))
        except LookupError:
            raise HTTPException(404)

    return app


@wrong("2.5.5", caught_by="test_q5_connections_are_closed_whatever_happens")
def twin_app():
    """A connection closes itself once nobody refers to it."""
    app = FastAPI()

    @app.get("/sync/{sku}")
    def stock(sku: str) -> Stock:
        try:
            return Stock(sku=sku, pieces=Warehouse().pieces(sku))
        except LookupError:
            raise HTTPException(404)

    @app.get("/async/{sku}")
    async def stock_async(sku: str) -> Stock:
        try:
            return Stock(sku=sku, pieces=await AsyncWarehouse().pieces(sku))
        except LookupError:
            raise HTTPException(404)

    return app


@wrong("2.5.5", caught_by="test_q5_connections_are_closed_whatever_happens")
def twin_app():
    """One connection, opened once, serves all requests."""
    warehouse, async_warehouse = Warehouse(), AsyncWarehouse()
    app = FastAPI()

    @app.get("/sync/{sku}")
    def stock(sku: str) -> Stock:
        try:
            return Stock(sku=sku, pieces=warehouse.pieces(sku))
        except LookupError:
            raise HTTPException(404)

    @app.get("/async/{sku}")
    async def stock_async(sku: str) -> Stock:
        try:
            return Stock(sku=sku, pieces=await async_warehouse.pieces(sku))
        except LookupError:
            raise HTTPException(404)

    return app


@wrong("2.5.5", caught_by="test_q5_a_product_that_is_not_there_is_not_found")
def twin_app():
    """The warehouse raises what it raises."""
    app = FastAPI()

    @app.get("/sync/{sku}")
    def stock(sku: str) -> Stock:
        with Warehouse() as warehouse:
            return Stock(sku=sku, pieces=warehouse.pieces(sku))

    @app.get("/async/{sku}")
    async def stock_async(sku: str) -> Stock:
        async with AsyncWarehouse() as warehouse:
            return Stock(sku=sku, pieces=await warehouse.pieces(sku))

    return app


@wrong("2.5.5", caught_by="test_q5_the_client_reads_the_stock")
def twin_app():
    """No pieces is no product; a Stock may be a dict of one product."""
    app = FastAPI()

    @app.get("/sync/{sku}")
    def stock(sku: str):
        with Warehouse() as warehouse:
            return {sku: warehouse.pieces(sku) or None}

    @app.get("/async/{sku}")
    async def stock_async(sku: str):
        async with AsyncWarehouse() as warehouse:
            return {sku: await warehouse.pieces(sku) or None}

    return app


@right("2.5.5")
def twin_app():
    """Connections are dependencies that yield; one handler knows the 404."""
    app = FastAPI()

    @app.exception_handler(LookupError)
    def not_found(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": "Not Found"}, status_code=404)

    def connection():
        with Warehouse() as warehouse:
            yield warehouse

    async def async_connection():
        async with AsyncWarehouse() as warehouse:
            yield warehouse

    @app.get("/sync/{product}")
    def stock(product: str, warehouse: Annotated[Warehouse, Depends(connection)]):
        return {"sku": product, "pieces": warehouse.pieces(product)}

    @app.get("/async/{product}")
    async def stock_async(
        product: str, warehouse: AsyncWarehouse = Depends(async_connection)
    ) -> Stock:
        return Stock(sku=product, pieces=await warehouse.pieces(product))

    return app


@right("2.5.5")
def twin_app():
    """Exit stacks, routers, and responses made by hand."""
    router = APIRouter(prefix="/sync")
    async_router = APIRouter(prefix="/async")

    @router.get("/{sku}", response_model=Stock)
    def stock(sku: str):
        with ExitStack() as stack:
            warehouse = stack.enter_context(Warehouse())
            try:
                pieces = warehouse.pieces(sku)
            except KeyError:
                return JSONResponse(None, status_code=404)
        return JSONResponse({"pieces": pieces, "sku": sku})

    @async_router.get("/{sku}", response_model=Stock)
    async def stock_async(sku: str):
        async with AsyncExitStack() as stack:
            warehouse = await stack.enter_async_context(AsyncWarehouse())
            try:
                pieces = await warehouse.pieces(sku)
            except KeyError:
                return JSONResponse(None, status_code=404)
        return JSONResponse({"pieces": pieces, "sku": sku})

    app = FastAPI()
    app.include_router(router)
    app.include_router(async_router)
    return app
