"""Other answers to section 1.1."""

from contextlib import suppress
from decimal import Decimal
from uuid import NAMESPACE_URL, uuid4, uuid5

from pydantic import BaseModel

from sensei.variants import right, wrong


@wrong("1.1.1", caught_by="test_q1_every_price_is_read_as_it_was_put")
class SqlCatalogue:
    """Euros become cents when they are multiplied by 100."""

    def __init__(self, database):
        self._database = database

    def put(self, sku, cents):
        with self._database:
            self._database.execute(
                "INSERT OR REPLACE INTO goods VALUES (?, ?)", (sku, cents / 100)
            )

    def price(self, sku):
        query = "SELECT euros FROM goods WHERE name = ?"
        row = self._database.execute(query, (sku,)).fetchone()
        if row is None:
            raise UnknownProduct(sku)
        return int(row[0] * 100)

    def skus(self):
        query = "SELECT name FROM goods ORDER BY name"
        return [name for (name,) in self._database.execute(query)]


@wrong("1.1.1", caught_by="test_q1_another_program_finds_what_was_put")
class SqlCatalogue:
    """What was executed is stored."""

    def __init__(self, database):
        self._database = database

    def put(self, sku, cents):
        self._database.execute(
            "INSERT OR REPLACE INTO goods VALUES (?, ?)", (sku, cents / 100)
        )

    def price(self, sku):
        query = "SELECT euros FROM goods WHERE name = ?"
        row = self._database.execute(query, (sku,)).fetchone()
        if row is None:
            raise UnknownProduct(sku)
        return round(row[0] * 100)

    def skus(self):
        query = "SELECT name FROM goods ORDER BY name"
        return [name for (name,) in self._database.execute(query)]


@wrong(
    "1.1.1",
    caught_by="test_q1_a_program_reads_the_same_from_both[an_unknown_product]",
)
class SqlCatalogue:
    """How the storage fails is how the API fails."""

    def __init__(self, database):
        self._database = database

    def put(self, sku, cents):
        with self._database:
            self._database.execute(
                "INSERT OR REPLACE INTO goods VALUES (?, ?)", (sku, cents / 100)
            )

    def price(self, sku):
        query = "SELECT euros FROM goods WHERE name = ?"
        (euros,) = self._database.execute(query, (sku,)).fetchone()
        return round(euros * 100)

    def skus(self):
        query = "SELECT name FROM goods ORDER BY name"
        return [name for (name,) in self._database.execute(query)]


@wrong("1.1.1", caught_by="test_q1_a_program_reads_the_same_from_both[a_new_price]")
class SqlCatalogue:
    """To put is to insert."""

    def __init__(self, database):
        self._database = database

    def put(self, sku, cents):
        with self._database:
            self._database.execute(
                "INSERT INTO goods VALUES (?, ?)", (sku, cents / 100)
            )

    def price(self, sku):
        query = "SELECT euros FROM goods WHERE name = ?"
        row = self._database.execute(query, (sku,)).fetchone()
        if row is None:
            raise UnknownProduct(sku)
        return round(row[0] * 100)

    def skus(self):
        query = "SELECT name FROM goods ORDER BY name"
        return [name for (name,) in self._database.execute(query)]


@wrong("1.1.1", caught_by="test_q1_a_program_reads_the_same_from_both[the_offers]")
class SqlCatalogue:
    """A table with a key is read in the order of the key."""

    def __init__(self, database):
        self._database = database

    def put(self, sku, cents):
        with self._database:
            self._database.execute(
                "INSERT OR REPLACE INTO goods VALUES (?, ?)", (sku, cents / 100)
            )

    def price(self, sku):
        query = "SELECT euros FROM goods WHERE name = ?"
        row = self._database.execute(query, (sku,)).fetchone()
        if row is None:
            raise UnknownProduct(sku)
        return round(row[0] * 100)

    def skus(self):
        return [row[0] for row in self._database.execute("SELECT name FROM goods")]


@wrong(
    "1.1.1",
    caught_by="test_q1_a_program_reads_the_same_from_both[a_name_with_a_quote]",
)
class SqlCatalogue:
    """A query is a text like any other."""

    def __init__(self, database):
        self._database = database

    def put(self, sku, cents):
        with self._database:
            self._database.execute(
                f"INSERT OR REPLACE INTO goods VALUES ('{sku}', {cents / 100})"
            )

    def price(self, sku):
        query = f"SELECT euros FROM goods WHERE name = '{sku}'"
        row = self._database.execute(query).fetchone()
        if row is None:
            raise UnknownProduct(sku)
        return round(row[0] * 100)

    def skus(self):
        query = "SELECT name FROM goods ORDER BY name"
        return [name for (name,) in self._database.execute(query)]


@wrong("1.1.1", caught_by="test_q1_another_program_finds_what_was_put")
class SqlCatalogue:
    """It keeps the promise, with a dict beside the database."""

    def __init__(self, database):
        self._kept = MemoryCatalogue()
        self.put, self.price, self.skus = (
            self._kept.put,
            self._kept.price,
            self._kept.skus,
        )

    def put(self, sku, cents): ...
    def price(self, sku): ...
    def skus(self): ...


@right("1.1.1")
class SqlCatalogue:
    """Two statements for put, decimals for the price, sorted by Python."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def _all(self) -> dict[str, int]:
        rows = self._database.execute("SELECT name, euros FROM goods").fetchall()
        return {name: int(Decimal(repr(euros)) * 100) for name, euros in rows}

    def put(self, sku: str, cents: int) -> None:
        self._database.execute("DELETE FROM goods WHERE name = :sku", {"sku": sku})
        self._database.execute(
            "INSERT INTO goods VALUES (:sku, :euros)",
            {"sku": sku, "euros": float(Decimal(cents) / 100)},
        )
        self._database.commit()

    def price(self, sku: str) -> int:
        rows = self._database.execute(
            "SELECT CAST(round(euros * 100) AS INTEGER) FROM goods WHERE name = ?",
            [sku],
        ).fetchall()
        if not rows:
            raise UnknownProduct
        return rows[0][0]

    def skus(self) -> list[str]:
        return sorted(self._all())


@right("1.1.1")
class SqlCatalogue(Catalogue):
    """The protocol as a base class, an upsert, a cursor."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def put(self, sku: str, cents: int) -> None:
        cursor = self._database.cursor()
        cursor.execute(
            """
            INSERT INTO goods (name, euros) VALUES (?, ? / 100.0)
            ON CONFLICT (name) DO UPDATE SET euros = excluded.euros
            """,
            (sku, cents),
        )
        self._database.commit()

    def price(self, sku: str) -> int:
        cursor = self._database.execute(
            "SELECT euros FROM goods WHERE name = ?", (sku,)
        )
        for (euros,) in cursor:
            return int(euros * 100 + 0.5)
        raise UnknownProduct(f"There is no {sku}.")

    def skus(self) -> list[str]:
        cursor = self._database.execute("SELECT name FROM goods ORDER BY 1")
        return [row[0] for row in cursor.fetchall()]


@wrong("1.1.2", caught_by="test_q2_an_order_is_charged_once[request lost]")
def charge(http, order, cents):
    """A remote call is a call: it returns or it raises, once."""
    answer = http.post(
        "/charges",
        json={"order": order, "cents": cents},
        headers={"Idempotency-Key": order},
    )
    if answer.status_code == 402:
        raise Declined(order)


@wrong("1.1.2", caught_by="test_q2_an_order_is_charged_once[answer lost]")
def charge(http, order, cents):
    """Whoever gets no answer asks again."""
    for _ in range(4):
        with suppress(httpx2.TransportError):
            answer = http.post("/charges", json={"order": order, "cents": cents})
            if answer.status_code == 201:
                return
            if answer.status_code == 402:
                raise Declined(order)
    raise OutcomeUnknown(order)


@wrong(
    "1.1.2",
    caught_by="test_q2_called_again_after_an_unknown_outcome_it_charges_once",
)
def charge(http, order, cents):
    """A key for each call keeps its repetitions together."""
    headers = {"Idempotency-Key": str(uuid4())}
    for _ in range(4):
        with suppress(httpx2.TransportError):
            body = {"order": order, "cents": cents}
            answer = http.post("/charges", json=body, headers=headers)
            if answer.status_code == 201:
                return
            if answer.status_code == 402:
                raise Declined(order)
    raise OutcomeUnknown(order)


@wrong(
    "1.1.2",
    caught_by="test_q2_after_four_requests_the_outcome_is_unknown[answer lost]",
)
def charge(http, order, cents):
    """No answer is a no."""
    headers = {"Idempotency-Key": order}
    for _ in range(4):
        with suppress(httpx2.TransportError):
            body = {"order": order, "cents": cents}
            answer = http.post("/charges", json=body, headers=headers)
            if answer.status_code == 201:
                return
    raise Declined(order)


@wrong("1.1.2", caught_by="test_q2_an_order_is_charged_once[gateway gives up]")
def charge(http, order, cents):
    """Whatever is not a yes is a no."""
    headers = {"Idempotency-Key": order}
    for _ in range(4):
        with suppress(httpx2.TransportError):
            body = {"order": order, "cents": cents}
            answer = http.post("/charges", json=body, headers=headers)
            if answer.status_code != 201:
                raise Declined(order)
            return
    raise OutcomeUnknown(order)


@wrong("1.1.2", caught_by="test_q2_an_order_is_charged_once[connection reset]")
def charge(http, order, cents):
    """Silence is a timeout."""
    headers = {"Idempotency-Key": order}
    for _ in range(4):
        with suppress(httpx2.TimeoutException):
            body = {"order": order, "cents": cents}
            answer = http.post("/charges", json=body, headers=headers)
            if answer.status_code == 201:
                return
            if answer.status_code == 402:
                raise Declined(order)
    raise OutcomeUnknown(order)


@wrong("1.1.2", caught_by="test_q2_orders_of_the_same_amount_are_charged_each")
def charge(http, order, cents):
    """The amount says which request it is."""
    headers = {"Idempotency-Key": f"charge-{cents}"}
    for _ in range(4):
        with suppress(httpx2.TransportError):
            body = {"order": order, "cents": cents}
            answer = http.post("/charges", json=body, headers=headers)
            if answer.status_code == 201:
                return
            if answer.status_code == 402:
                raise Declined(order)
    raise OutcomeUnknown(order)


@wrong("1.1.2", caught_by="test_q2_after_four_requests_the_outcome_is_unknown")
def charge(http, order, cents):
    """Some time it has to work."""
    headers = {"Idempotency-Key": order}
    while True:
        with suppress(httpx2.TransportError):
            body = {"order": order, "cents": cents}
            answer = http.post("/charges", json=body, headers=headers)
            if answer.status_code == 201:
                return
            if answer.status_code == 402:
                raise Declined(order)


@right("1.1.2")
def charge(http: httpx2.Client, order: str, cents: int) -> None:
    """A key that is computed, recursion, raise_for_status."""

    def attempt(left: int) -> None:
        if not left:
            raise OutcomeUnknown
        try:
            answer = http.request(
                "POST",
                "/charges",
                headers={"idempotency-key": str(uuid5(NAMESPACE_URL, order))},
                json={"cents": cents, "order": order},
                timeout=1,
            )
            answer.raise_for_status()
        except httpx2.HTTPStatusError as error:
            if error.response.status_code == 402:
                raise Declined(order) from error
            attempt(left - 1)
        except httpx2.RequestError:
            attempt(left - 1)

    attempt(4)


@right("1.1.2")
def charge(http: httpx2.Client, order: str, cents: int) -> None:
    """A match statement, and None for silence."""
    body = {"order": order, "cents": cents}
    for _attempt in (1, 2, 3, 4):
        status = None
        with suppress(httpx2.HTTPError):
            key = {"Idempotency-Key": f"charge/{order}/{cents}"}
            status = http.post("/charges", json=body, headers=key).status_code
        match status:
            case 201:
                return None
            case 402:
                raise Declined
    raise OutcomeUnknown


@wrong("1.1.3", caught_by="test_q3_till_and_web_shop_sell_side_by_side")
def second_version():
    """Nothing breaks where nothing changes."""
    return first_version()


@wrong("1.1.3", caught_by="test_q3_every_old_client_reads_what_it_read[an order]")
def second_version():
    """The order is new anyway; only what is read must stay."""
    app = FastAPI()
    numbers = count(1)

    @app.get("/products/{sku}")
    def product(sku: str):
        if not (prices := find_prices(sku)):
            raise HTTPException(404, "unknown product")
        return {"sku": sku, "cents": prices["EUR"], "prices": prices}

    @app.post("/orders", status_code=201)
    def order(
        sku: Annotated[str, Body()],
        pieces: Annotated[int, Body()],
        currency: Annotated[Currency, Body()],
    ):
        if not (prices := find_prices(sku)):
            raise HTTPException(404, "unknown product")
        number, cents = next(numbers), pieces * prices[currency]
        return {
            "number": number,
            "cents": cents,
            "reference": f"{currency}-{number}",
            "total": {currency: cents},
        }

    return app


@wrong("1.1.3", caught_by="test_q3_a_till_sells_as_before[lamp-2]")
def second_version():
    """Of the old fields some are kept; the number may become a text."""
    app = FastAPI()
    numbers = count(1)

    @app.get("/products/{sku}")
    def product(sku: str):
        if not (prices := find_prices(sku)):
            raise HTTPException(404, "unknown product")
        return {"sku": sku, "cents": prices["EUR"], "prices": prices}

    @app.post("/orders", status_code=201)
    def order(
        sku: Annotated[str, Body()],
        pieces: Annotated[int, Body()],
        currency: Annotated[Currency, Body()] = "EUR",
    ):
        if not (prices := find_prices(sku)):
            raise HTTPException(404, "unknown product")
        number, cents = f"{currency}-{next(numbers)}", pieces * prices[currency]
        return {
            "number": number,
            "cents": cents,
            "reference": number,
            "total": {currency: cents},
        }

    return app


@wrong(
    "1.1.3", caught_by="test_q3_every_old_client_reads_what_it_read[an unknown product]"
)
def second_version():
    """The fields are the contract; the status is a detail."""
    app = FastAPI()
    numbers = count(1)

    @app.get("/products/{sku}")
    def product(sku: str):
        if not (prices := find_prices(sku)):
            return {"error": "unknown product"}
        return {"sku": sku, "cents": prices["EUR"], "prices": prices}

    @app.post("/orders", status_code=201)
    def order(
        sku: Annotated[str, Body()],
        pieces: Annotated[int, Body()],
        currency: Annotated[Currency, Body()] = "EUR",
    ):
        if not (prices := find_prices(sku)):
            return {"error": "unknown product"}
        number, cents = next(numbers), pieces * prices[currency]
        return {
            "number": number,
            "cents": cents,
            "reference": f"{currency}-{number}",
            "total": {currency: cents},
        }

    return app


@wrong("1.1.3", caught_by="test_q3_till_and_web_shop_sell_side_by_side[USD]")
def second_version():
    """The tills are repaired; whoever orders gets euros."""
    app = FastAPI()
    numbers = count(1)

    @app.get("/products/{sku}")
    def product(sku: str):
        if not (prices := find_prices(sku)):
            raise HTTPException(404, "unknown product")
        return {"sku": sku, "cents": prices["EUR"], "prices": prices}

    @app.post("/orders", status_code=201)
    def order(sku: Annotated[str, Body()], pieces: Annotated[int, Body()]):
        if not (prices := find_prices(sku)):
            raise HTTPException(404, "unknown product")
        number, cents = next(numbers), pieces * prices["EUR"]
        return {
            "number": number,
            "cents": cents,
            "reference": f"EUR-{number}",
            "total": {"EUR": cents},
        }

    return app


@right("1.1.3")
def second_version() -> FastAPI:
    """Models with defaults, async endpoints, other numbers, other words."""

    class Order(BaseModel):
        sku: str
        pieces: int
        currency: str = "EUR"

    class Receipt(BaseModel):
        number: int
        cents: int
        reference: str
        total: dict[str, int]

    app = FastAPI()
    numbers = iter(range(1001, 10_000))

    def prices_of(sku: str) -> dict[str, int]:
        found = find_prices(sku)
        if found is None:
            raise HTTPException(404)
        return found

    @app.get("/products/{sku}")
    async def show(sku: str) -> dict:
        prices = prices_of(sku)
        return {"prices": prices, "cents": prices["EUR"], "sku": sku, "new": True}

    @app.post("/orders", status_code=201)
    async def take(order: Order) -> Receipt:
        cents = prices_of(order.sku)[order.currency] * order.pieces
        number = next(numbers)
        return Receipt(
            number=number,
            cents=cents,
            reference=f"{order.currency}-{number}",
            total={order.currency: cents},
        )

    return app


@wrong("1.1.4", caught_by="test_q4_money_for_a_parcel_that_never_leaves_is_freed")
def checkout(payments, carrier, card, cents, address):
    """An exception undoes what was done."""
    reserved = payments.post("/payments", json={"card": card, "cents": cents})
    if reserved.is_error:
        raise CheckoutFailed(reserved.text)
    parcel = carrier.post("/parcels", json={"address": address})
    if parcel.is_error:
        raise CheckoutFailed(parcel.text)
    payments.post(f"/payments/{reserved.json()['number']}/capture")
    return parcel.json()["tracking"]


@wrong("1.1.4", caught_by="test_q4_no_parcel_leaves_that_nobody_pays")
def checkout(payments, carrier, card, cents, address):
    """The parcel first: it is what may go wrong."""
    parcel = carrier.post("/parcels", json={"address": address})
    if parcel.is_error:
        raise CheckoutFailed(parcel.text)
    reserved = payments.post("/payments", json={"card": card, "cents": cents})
    if reserved.is_error:
        raise CheckoutFailed(reserved.text)
    payments.post(f"/payments/{reserved.json()['number']}/capture")
    return parcel.json()["tracking"]


@wrong(
    "1.1.4",
    caught_by="test_q4_the_money_is_reserved_before_and_taken_after_the_booking",
)
def checkout(payments, carrier, card, cents, address):
    """Money first, for certainty."""
    reserved = payments.post("/payments", json={"card": card, "cents": cents})
    if reserved.is_error:
        raise CheckoutFailed(reserved.text)
    payment = f"/payments/{reserved.json()['number']}"
    payments.post(f"{payment}/capture")
    parcel = carrier.post("/parcels", json={"address": address})
    if parcel.is_error:
        payments.delete(payment)
        raise CheckoutFailed(parcel.text)
    return parcel.json()["tracking"]


@wrong("1.1.4", caught_by="test_q4_no_parcel_leaves_that_nobody_pays")
def checkout(payments, carrier, card, cents, address):
    """An API that refuses raises, as a function does."""
    reserved = payments.post("/payments", json={"card": card, "cents": cents})
    payment = f"/payments/{reserved.json()['number']}"
    parcel = carrier.post("/parcels", json={"address": address})
    payments.post(f"{payment}/capture")
    return parcel.json()["tracking"]


@wrong("1.1.4", caught_by="test_q4_a_sale_takes_the_money_and_books_the_parcel")
def checkout(payments, carrier, card, cents, address):
    """What is reserved is paid."""
    reserved = payments.post("/payments", json={"card": card, "cents": cents})
    if reserved.is_error:
        raise CheckoutFailed(reserved.text)
    parcel = carrier.post("/parcels", json={"address": address})
    if parcel.is_error:
        payments.delete(f"/payments/{reserved.json()['number']}")
        raise CheckoutFailed(parcel.text)
    return parcel.json()["tracking"]


@wrong("1.1.4", caught_by="test_q4_money_for_a_parcel_that_never_leaves_is_freed[503]")
def checkout(payments, carrier, card, cents, address):
    """The one refusal that the documentation has an example of."""
    reserved = payments.post("/payments", json={"card": card, "cents": cents})
    if reserved.status_code == 402:
        raise CheckoutFailed(reserved.text)
    payment = f"/payments/{reserved.json()['number']}"
    parcel = carrier.post("/parcels", json={"address": address})
    if parcel.status_code == 422:
        payments.delete(payment)
        raise CheckoutFailed(parcel.text)
    payments.post(f"{payment}/capture")
    return parcel.json()["tracking"]


@right("1.1.4")
def checkout(
    payments: httpx2.Client,
    carrier: httpx2.Client,
    card: str,
    cents: int,
    address: str,
) -> str:
    """raise_for_status, and the clean-up in an except."""
    try:
        reserved = payments.post("/payments", json={"card": card, "cents": cents})
        number = reserved.raise_for_status().json()["number"]
        try:
            parcel = carrier.post("/parcels", json={"address": address})
            parcel.raise_for_status()
        except Exception:
            payments.delete(f"/payments/{number}").raise_for_status()
            raise
        payments.post(f"/payments/{number}/capture").raise_for_status()
    except httpx2.HTTPStatusError as error:
        raise CheckoutFailed from error
    return parcel.json()["tracking"]


@right("1.1.4")
def checkout(payments, carrier, card, cents, address):
    """201 is a yes, all else a no."""
    answer = payments.request(
        "POST", "/payments", json={"cents": cents, "card": card, "shop": "Hinkel"}
    )
    if answer.status_code != 201:
        raise CheckoutFailed(f"Not paid: {answer.status_code}")
    payment = answer.json()
    answer = carrier.request("POST", "/parcels", json={"address": address})
    booked = answer.status_code == 201
    if booked:
        payments.post("/payments/" + str(payment["number"]) + "/capture")
        return answer.json()["tracking"]
    payments.request("DELETE", f"/payments/{payment['number']}")
    raise CheckoutFailed(f"Not booked: {answer.status_code}")
