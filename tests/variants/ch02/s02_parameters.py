"""Other answers to section 2.2."""

from enum import Enum
from typing import Literal, get_args, get_origin, get_type_hints

from fastapi import APIRouter, Depends, Request
from pydantic import PositiveInt, create_model, validate_call

from sensei.variants import right, wrong


@wrong(
    "2.2.1",
    caught_by="test_q1_the_filter_keeps_what_it_names[not paid]",
)
def orders_app():
    """`if paid` asks whether there is a filter."""
    app = FastAPI()

    @app.get("/users/{user_id}/orders")
    def orders(user_id: int, paid: bool | None = None) -> list[Order]:
        found = orders_of(user_id)
        if found is None:
            raise HTTPException(404)
        if paid:
            found = [order for order in found if order.paid]
        return found

    return app


@wrong(
    "2.2.1",
    caught_by="test_q1_the_filter_keeps_what_it_names[no filter]",
)
def orders_app():
    """An optional bool is False by default."""
    app = FastAPI()

    @app.get("/users/{user_id}/orders")
    def orders(user_id: int, paid: bool = False) -> list[Order]:
        found = orders_of(user_id)
        if found is None:
            raise HTTPException(404)
        return [order for order in found if order.paid == paid]

    return app


@wrong("2.2.1", caught_by="test_q1_where_nothing_is_left_the_list_is_empty")
def orders_app():
    """Who has nothing to read is not found."""
    app = FastAPI()

    @app.get("/users/{user_id}/orders")
    def orders(user_id: int, paid: bool | None = None) -> list[Order]:
        found = orders_of(user_id) or []
        left = [order for order in found if paid is None or order.paid == paid]
        if not left:
            raise HTTPException(404)
        return left

    return app


@wrong("2.2.1", caught_by="test_q1_a_user_that_is_not_there_is_not_found")
def orders_app():
    """A user that is not there has no orders."""
    app = FastAPI()

    @app.get("/users/{user_id}/orders")
    def orders(user_id: int, paid: bool | None = None) -> list[Order]:
        found = orders_of(user_id) or []
        return [order for order in found if paid is None or order.paid == paid]

    return app


@wrong("2.2.1", caught_by="test_q1_a_user_that_is_not_there_is_not_found")
def orders_app():
    """Every user is there."""
    app = FastAPI()

    @app.get("/users/{user_id}/orders")
    def orders(user_id: int, paid: bool | None = None) -> list[Order]:
        found = orders_of(user_id)
        return [order for order in found if paid is None or order.paid == paid]

    return app


@wrong("2.2.1", caught_by="test_q1_what_cannot_be_understood_is_refused")
def orders_app():
    """A URL is text, so its parameters are."""
    app = FastAPI()

    @app.get("/users/{user_id}/orders")
    def orders(user_id: str, paid: str = "") -> list[Order]:
        found = orders_of(int(user_id))
        if found is None:
            raise HTTPException(404)
        if paid == "":
            return found
        return [order for order in found if order.paid == (paid == "true")]

    return app


@wrong("2.2.1", caught_by="test_q1_the_documentation_names_both_parameters")
def orders_app():
    """The request has everything; a signature is a matter of taste."""
    app = FastAPI()

    @app.get("/users/{user_id}/orders")
    def orders(user_id: int, request: Request) -> list[Order]:
        found = orders_of(user_id)
        if found is None:
            raise HTTPException(404)
        paid = request.query_params.get("paid")
        if paid not in (None, "true", "false"):
            raise HTTPException(422)
        return [one for one in found if not paid or one.paid == (paid == "true")]

    return app


@right("2.2.1")
def orders_app():
    """A router, an async endpoint, `Optional` by `Query`, dicts for orders."""
    router = APIRouter(prefix="/users")

    @router.get("/{user_id}/orders")
    async def read(
        user_id: Annotated[int, Path()],
        only_paid: Annotated[bool | None, Query(alias="paid")] = None,
    ):
        orders = orders_of(user_id)
        if orders is None:
            raise HTTPException(status_code=404)
        if only_paid is not None:
            orders = filter(lambda order: order.paid is only_paid, orders)
        return [order.model_dump() for order in orders]

    app = FastAPI()
    app.include_router(router)
    return app


@right("2.2.1")
def orders_app():
    """The database is a dependency, and takes the user id itself."""
    app = FastAPI()

    @app.get("/users/{user_id}/orders", response_model=list[Order])
    def orders(
        found: Annotated[Any, Depends(orders_of)],
        paid: Literal["true", "false"] | None = None,
    ):
        if found is None:
            raise HTTPException(404)
        wanted = {None: (True, False), "true": (True,), "false": (False,)}[paid]
        return [order for order in found if order.paid in wanted]

    return app


@wrong(
    "2.2.2", caught_by="test_q2_a_url_is_understood_as_fastapi_understands_it[no sale]"
)
def call(endpoint, path, query):
    """A type converts what it is called with."""
    values, wrong = {}, []
    for name, parameter in inspect.signature(endpoint).parameters.items():
        place, sent = ("path", path) if name in path else ("query", query)
        kind = parameter.annotation
        if get_origin(kind) is Annotated:
            kind = get_args(kind)[0]
        if get_origin(kind) is not None or not isinstance(kind, type):
            kind = next(iter(get_args(kind)), kind)
        if name in sent:
            try:
                values[name] = kind(sent[name])
            except (ValueError, TypeError, ArithmeticError):
                wrong.append((place, name))
        elif parameter.default is parameter.empty:
            wrong.append((place, name))
    if wrong:
        raise Refused(wrong)
    return endpoint(**values)


@wrong(
    "2.2.2",
    caught_by="test_q2_a_url_is_understood_as_fastapi_understands_it[a page too low]",
)
def call(endpoint, path, query):
    """The type is what get_type_hints tells; what else stands there is a comment."""
    hints = get_type_hints(endpoint)
    values, wrong = {}, []
    for name, parameter in inspect.signature(endpoint).parameters.items():
        place, sent = ("path", path) if name in path else ("query", query)
        if name in sent:
            try:
                values[name] = TypeAdapter(hints[name]).validate_python(sent[name])
            except ValidationError:
                wrong.append((place, name))
        elif parameter.default is parameter.empty:
            wrong.append((place, name))
    if wrong:
        raise Refused(wrong)
    return endpoint(**values)


@wrong(
    "2.2.2",
    caught_by="test_q2_a_url_is_understood_as_fastapi_understands_it[two that are wrong]",
)
def call(endpoint, path, query):
    """The first mistake is enough to know."""
    values = {}
    for name, parameter in inspect.signature(endpoint).parameters.items():
        place, sent = ("path", path) if name in path else ("query", query)
        try:
            if name in sent:
                adapter = TypeAdapter(parameter.annotation)
                values[name] = adapter.validate_python(sent[name])
            elif parameter.default is parameter.empty:
                raise Refused([(place, name)])
        except ValidationError:
            raise Refused([(place, name)])
    return endpoint(**values)


@wrong(
    "2.2.2",
    caught_by="test_q2_a_url_is_understood_as_fastapi_understands_it[a page that is empty]",
)
def call(endpoint, path, query):
    """An empty string is as good as none."""
    values, wrong = {}, []
    for name, parameter in inspect.signature(endpoint).parameters.items():
        place, sent = ("path", path) if name in path else ("query", query)
        if sent.get(name):
            try:
                adapter = TypeAdapter(parameter.annotation)
                values[name] = adapter.validate_python(sent[name])
            except ValidationError:
                wrong.append((place, name))
        elif parameter.default is parameter.empty:
            wrong.append((place, name))
    if wrong:
        raise Refused(wrong)
    return endpoint(**values)


@wrong(
    "2.2.2",
    caught_by="test_q2_a_url_is_understood_as_fastapi_understands_it[a name that is of no parameter]",
)
def call(endpoint, path, query):
    """All that the URL holds is passed on, and Pydantic's word is enough."""
    return validate_call(endpoint)(**query, **path)


@wrong("2.2.2", caught_by="test_q2_with_a_wrong_string_nothing_is_called")
def call(endpoint, path, query):
    """What does not convert is passed on as it is, or left to its default."""
    values, wrong = {}, []
    for name, parameter in inspect.signature(endpoint).parameters.items():
        place, sent = ("path", path) if name in path else ("query", query)
        if name in sent:
            try:
                adapter = TypeAdapter(parameter.annotation)
                values[name] = adapter.validate_python(sent[name])
            except ValidationError:
                wrong.append((place, name))
    returned = endpoint(**values)
    if wrong:
        raise Refused(wrong)
    return returned


@right("2.2.2")
def call(endpoint, path, query):
    """A model of all parameters, made from the signature."""
    parameters = inspect.signature(endpoint).parameters
    fields = {
        name: (
            parameter.annotation,
            ... if parameter.default is parameter.empty else parameter.default,
        )
        for name, parameter in parameters.items()
    }
    try:
        model = create_model("Parameters", **fields).model_validate({**query, **path})
    except ValidationError as error:
        names = {part["loc"][0] for part in error.errors()}
        raise Refused([("path" if n in path else "query", n) for n in names])
    return endpoint(**{name: getattr(model, name) for name in parameters})


@right("2.2.2")
def call(endpoint, path, query):
    """Pydantic's validate_call, once the names of no parameter are left out."""
    sent = query | path
    known = {
        name: sent[name]
        for name in inspect.signature(endpoint).parameters
        if name in sent
    }
    try:
        return validate_call(endpoint)(**known)
    except ValidationError as error:
        names = [str(part["loc"][0]) for part in error.errors()]
    raise Refused([("path" if name in path else "query", name) for name in names])


@wrong("2.2.3", caught_by="test_q3_what_the_client_reads_is_predicted[/nullable]")
def readings():
    """`| None` makes a parameter optional."""
    return {
        "/required": 422,
        "/required?word=": "",
        "/required?Word=pen": 422,
        "/nullable": None,
        "/nullable?word=null": None,
        "/optional": None,
        "/defaulted": "sale",
        "/between?low=cheap": 422,
        "ran": 5,
        "points at": ["query", "word"],
        "errors": 2,
    }


@wrong("2.2.3", caught_by="test_q3_what_the_client_reads_is_predicted[/required]")
def readings():
    """A request without what it needs is a bad request."""
    return {
        "/required": 400,
        "/required?word=": 400,
        "/required?Word=pen": 400,
        "/nullable": 400,
        "/nullable?word=null": "null",
        "/optional": None,
        "/defaulted": "sale",
        "/between?low=cheap": 400,
        "ran": 3,
        "points at": "word",
        "errors": 1,
    }


@wrong("2.2.3", caught_by="test_q3_what_the_client_reads_is_predicted[/required?word=]")
def readings():
    """An empty string is a missing one."""
    return {
        "/required": 422,
        "/required?word=": 422,
        "/required?Word=pen": "pen",
        "/nullable": 422,
        "/nullable?word=null": None,
        "/optional": None,
        "/defaulted": "sale",
        "/between?low=cheap": 422,
        "ran": 4,
        "points at": ["query", "word"],
        "errors": 2,
    }


@wrong("2.2.3", caught_by="test_q3_what_the_client_reads_is_predicted[errors]")
def readings():
    """The endpoint runs and fails, and the first error ends it."""
    return {
        "/required": 500,
        "/required?word=": "",
        "/required?Word=pen": 500,
        "/nullable": 500,
        "/nullable?word=null": "null",
        "/defaulted": "sale",
        "/between?low=cheap": 422,
        "ran": 8,
        "points at": ["path", "word"],
        "errors": 1,
    }


@wrong("2.2.4", caught_by="test_q4_the_documentation_lists_the_choices")
def parcels_app():
    """A list is a list: `Query()` is for those who like it."""
    app = FastAPI()

    @app.get("/users/{user_id}/parcels")
    def parcels(
        user_id: Annotated[int, Path(ge=1)],
        status: list[Literal["packed", "sent", "delivered"]] = ["packed", "sent"],
    ) -> list[Parcel]:
        return [parcel for parcel in parcels_of(user_id) if parcel.status in status]

    return app


@wrong(
    "2.2.4",
    caught_by="test_q4_the_parcels_of_every_status_asked_for_are_read[two]",
)
def parcels_app():
    """A parameter has one value."""
    app = FastAPI()

    @app.get("/users/{user_id}/parcels")
    def parcels(
        user_id: Annotated[int, Path(ge=1)],
        status: Literal["packed", "sent", "delivered"] | None = None,
    ) -> list[Parcel]:
        wanted = [status] if status else ["packed", "sent"]
        return [parcel for parcel in parcels_of(user_id) if parcel.status in wanted]

    return app


@wrong("2.2.4", caught_by="test_q4_a_status_that_does_not_exist_is_refused")
def parcels_app():
    """A status that nothing has finds nothing; that is an answer."""
    app = FastAPI()

    @app.get("/users/{user_id}/parcels")
    def parcels(
        user_id: Annotated[int, Path(ge=1)],
        status: Annotated[list[str], Query()] = ["packed", "sent"],
    ) -> list[Parcel]:
        return [parcel for parcel in parcels_of(user_id) if parcel.status in status]

    return app


@wrong(
    "2.2.4",
    caught_by="test_q4_the_parcels_of_every_status_asked_for_are_read[one of two twice]",
)
def parcels_app():
    """One search for each status."""

    class Status(StrEnum):
        PACKED = "packed"
        SENT = "sent"
        DELIVERED = "delivered"

    app = FastAPI()

    @app.get("/users/{user_id}/parcels")
    def parcels(
        user_id: PositiveInt,
        status: Annotated[list[Status] | None, Query()] = None,
    ) -> list[Parcel]:
        found = []
        for one in status or [Status.PACKED, Status.SENT]:
            found += [parcel for parcel in parcels_of(user_id) if parcel.status == one]
        return found

    return app


@wrong("2.2.4", caught_by="test_q4_without_a_status_what_is_under_way_is_read")
def parcels_app():
    """A member of an Enum is equal to its value."""

    class Status(Enum):
        PACKED = "packed"
        SENT = "sent"
        DELIVERED = "delivered"

    app = FastAPI()

    @app.get("/users/{user_id}/parcels")
    def parcels(
        user_id: Annotated[int, Path(gt=0)],
        status: Annotated[list[Status], Query()] = [Status.PACKED, Status.SENT],
    ) -> list[Parcel]:
        return [parcel for parcel in parcels_of(user_id) if parcel.status in status]

    return app


@wrong("2.2.4", caught_by="test_q4_an_id_that_nobody_can_have_is_refused")
def parcels_app():
    """An id is an int, and nothing more can be said about it."""
    app = FastAPI()

    @app.get("/users/{user_id}/parcels")
    def parcels(
        user_id: int,
        status: Annotated[list[Literal["packed", "sent", "delivered"]], Query()] = [
            "packed",
            "sent",
        ],
    ) -> list[Parcel]:
        return [parcel for parcel in parcels_of(user_id) if parcel.status in status]

    return app


@wrong("2.2.4", caught_by="test_q4_the_documentation_lists_the_choices")
def parcels_app():
    """A check in the endpoint refuses the same."""
    app = FastAPI()

    @app.get("/users/{user_id}/parcels")
    def parcels(
        user_id: Annotated[int, Path(ge=1)],
        status: Annotated[list[str], Query()] = ["packed", "sent"],
    ) -> list[Parcel]:
        if not {"packed", "sent", "delivered"}.issuperset(status):
            raise HTTPException(422)
        return [parcel for parcel in parcels_of(user_id) if parcel.status in status]

    return app


@right("2.2.4")
def parcels_app():
    """A plain Enum and its values, a set, None for "nothing was asked for"."""

    class Status(Enum):
        packed = "packed"
        sent = "sent"
        delivered = "delivered"

    app = FastAPI()

    @app.get("/users/{user_id}/parcels", response_model=list[Parcel])
    async def read(user_id: PositiveInt, status: set[Status] | None = Query(None)):
        wanted = {one.value for one in status or (Status.packed, Status.sent)}
        return [one for one in parcels_of(user_id) if one.status in wanted]

    return app


@right("2.2.4")
def parcels_app():
    """The filter is a model, and the id is checked by hand."""

    class Filter(BaseModel):
        status: list[Literal["packed", "sent", "delivered"]] = ["packed", "sent"]

    app = FastAPI()

    @app.get("/users/{user_id}/parcels")
    def read(user_id: int, only: Annotated[Filter, Query()]):
        if user_id < 1:
            raise HTTPException(422, "Ids begin at 1.")
        return [
            parcel.model_dump()
            for parcel in parcels_of(user_id)
            if parcel.status in only.status
        ]

    return app


@wrong("2.2.5", caught_by="test_q5_a_lost_sku_takes_nothing_out")
def baskets_app(baskets, me):
    """Without its parameter a route still matches, and can look for it."""
    app = FastAPI()

    @app.get("/baskets/mine")
    def my_basket():
        return baskets.get(me, {})

    @app.get("/baskets/{user_id}")
    def basket(user_id: int):
        return baskets.get(user_id, {})

    @app.get("/baskets/{user_id}/pieces")
    @app.get("/baskets/{user_id}/pieces/{sku}")
    def pieces(user_id: int, sku: str | None = None):
        basket = baskets.get(user_id, {})
        return sum(basket.values()) if sku is None else basket.get(sku, 0)

    @app.delete("/baskets/{user_id}/pieces/{sku}", status_code=204)
    def take_out(user_id: int, sku: str | None = None):
        if not sku:
            raise HTTPException(404)
        baskets.get(user_id, {}).pop(sku, None)

    @app.delete("/baskets/{user_id}/pieces", status_code=204)
    def take_out_all(user_id: int):
        baskets.get(user_id, {}).clear()

    return app


@wrong("2.2.5", caught_by="test_q5_a_lost_sku_takes_nothing_out")
def baskets_app(baskets, me):
    """What is not there cannot be called by mistake."""
    app = FastAPI()

    @app.get("/baskets/mine")
    def my_basket():
        return baskets.get(me, {})

    @app.get("/baskets/{user_id}")
    def basket(user_id: int):
        return baskets.get(user_id, {})

    @app.get("/baskets/{user_id}/pieces")
    @app.get("/baskets/{user_id}/pieces/{sku}")
    def pieces(user_id: int, sku: str | None = None):
        basket = baskets.get(user_id, {})
        return sum(basket.values()) if sku is None else basket.get(sku, 0)

    @app.delete("/baskets/{user_id}/pieces/{sku}", status_code=204)
    def take_out(user_id: int, sku: str):
        baskets.get(user_id, {}).pop(sku, None)

    return app


@wrong("2.2.5", caught_by="test_q5_without_a_sku_all_pieces_are_counted")
def baskets_app(baskets, me):
    """A default makes a path parameter optional, as it does one of the query."""
    app = FastAPI(redirect_slashes=False)

    @app.get("/baskets/mine")
    def my_basket():
        return baskets.get(me, {})

    @app.get("/baskets/{user_id}")
    def basket(user_id: int = me):
        return baskets.get(user_id, {})

    @app.get("/baskets/{user_id}/pieces/{sku}")
    def pieces(user_id: int, sku: str = ""):
        basket = baskets.get(user_id, {})
        return basket.get(sku, 0) if sku else sum(basket.values())

    @app.delete("/baskets/{user_id}/pieces/{sku}", status_code=204)
    def take_out(user_id: int, sku: str):
        baskets.get(user_id, {}).pop(sku, None)

    @app.delete("/baskets/{user_id}/pieces", status_code=204)
    def take_out_all(user_id: int):
        baskets.get(user_id, {}).clear()

    return app


@wrong("2.2.5", caught_by="test_q5_mine_is_the_basket_of_who_is_asking")
def baskets_app(baskets, me):
    """The route that fits best is chosen, wherever it stands."""
    app = FastAPI(redirect_slashes=False)

    @app.get("/baskets/{user_id}")
    def basket(user_id: int | None = None):
        return baskets.get(me if user_id is None else user_id, {})

    @app.get("/baskets/mine")
    def my_basket():
        return baskets.get(me, {})

    @app.get("/baskets/{user_id}/pieces/{sku}")
    @app.get("/baskets/{user_id}/pieces")
    def pieces(user_id: int, sku: str | None = None):
        basket = baskets.get(user_id, {})
        return sum(basket.values()) if sku is None else basket.get(sku, 0)

    @app.delete("/baskets/{user_id}/pieces/{sku}", status_code=204)
    def take_out(user_id: int, sku: str):
        baskets.get(user_id, {}).pop(sku, None)

    @app.delete("/baskets/{user_id}/pieces", status_code=204)
    def take_out_all(user_id: int):
        baskets.get(user_id, {}).clear()

    return app


@right("2.2.5")
def baskets_app(baskets, me):
    """A convertor in the path, two paths for one function, a route for the mistake."""
    app = FastAPI()

    @app.get("/baskets/{user_id:int}")
    async def basket(user_id: int):
        return baskets.get(user_id, {})

    @app.get("/baskets/mine")
    async def my_basket():
        return baskets.get(me, {})

    @app.get("/baskets/{user_id}/pieces")
    @app.get("/baskets/{user_id}/pieces/{sku}")
    async def pieces(user_id: int, sku: str | None = None):
        basket = baskets.get(user_id, {})
        return sum(basket.values()) if sku is None else basket.get(sku, 0)

    @app.delete("/baskets/{user_id}/pieces/", include_in_schema=False)
    async def lost(user_id: int):
        raise HTTPException(404, "Which sku?")

    @app.delete("/baskets/{user_id}/pieces/{sku}", status_code=204)
    async def take_out(user_id: int, sku: str):
        baskets.get(user_id, {}).pop(sku, None)

    @app.delete("/baskets/{user_id}/pieces", status_code=204)
    async def take_out_all(user_id: int):
        baskets.get(user_id, {}).clear()

    return app


@right("2.2.5")
def baskets_app(baskets, me):
    """One endpoint that takes an id or the word, and one path for any rest."""
    app = FastAPI()
    app.router.redirect_slashes = False

    @app.get("/baskets/{user_id}")
    def basket(user_id: int | Literal["mine"]):
        return baskets.get(me if user_id == "mine" else user_id, {})

    @app.get("/baskets/{user_id}/pieces/{sku}")
    def pieces(user_id: int, sku: str):
        return baskets.get(user_id, {}).get(sku, 0)

    @app.get("/baskets/{user_id}/pieces")
    def all_pieces(user_id: int):
        return sum(basket(user_id).values())

    @app.delete("/baskets/{user_id}/pieces/{sku}", status_code=204)
    def take_out(user_id: int, sku: str):
        baskets.get(user_id, {}).pop(sku, None)

    @app.delete("/baskets/{user_id}/pieces", status_code=204)
    def take_out_all(user_id: int):
        baskets.get(user_id, {}).clear()

    return app
