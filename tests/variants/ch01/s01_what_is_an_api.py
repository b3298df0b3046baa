"""Other answers to section 1.1."""

import os
import sqlite3
from contextlib import suppress
from uuid import NAMESPACE_URL, uuid4, uuid5

from sensei.variants import right, wrong


@wrong("1.1.1", caught_by="test_q1_an_unknown_product_raises_unknown_product")
class SqlCatalogue:
    """Let the storage decide how an unknown product fails."""

    def __init__(self, database):
        self.database = database

    def price(self, name):
        query = "SELECT cents FROM products WHERE name = ?"
        return self.database.execute(query, (name,)).fetchone()[0]


@wrong(
    "1.1.1",
    caught_by="test_q1_label_returns_the_same_text_for_both_catalogues[sofa]",
)
class SqlCatalogue:
    """Return None for an unknown product."""

    def __init__(self, database):
        self.database = database

    def price(self, name):
        query = "SELECT cents FROM products WHERE name = ?"
        row = self.database.execute(query, (name,)).fetchone()
        return row[0] if row else None


@wrong("1.1.1", caught_by="test_q1_price_returns_the_price_in_the_table")
class SqlCatalogue:
    """Return the row instead of the price."""

    def __init__(self, database):
        self.database = database

    def price(self, name):
        query = "SELECT cents FROM products WHERE name = ?"
        row = self.database.execute(query, (name,)).fetchone()
        if row is None:
            raise UnknownProduct(name)
        return row


@wrong("1.1.1", caught_by="test_q1_price_returns_the_price_in_the_table[sample-0]")
class SqlCatalogue:
    """Treat a price of 0 as no price."""

    def __init__(self, database):
        self.database = database

    def price(self, name):
        query = "SELECT cents FROM products WHERE name = ?"
        for (cents,) in self.database.execute(query, (name,)):
            if cents:
                return cents
        raise UnknownProduct(name)


@wrong("1.1.1", caught_by="test_q1_a_price_that_changes_is_read_again")
class SqlCatalogue(DictCatalogue):
    """Load the table once, and keep the dict."""

    def __init__(self, database):
        super().__init__(dict(database.execute("SELECT name, cents FROM products")))


@wrong("1.1.1", caught_by="test_q1_a_name_can_contain_any_character[a quote]")
class SqlCatalogue:
    """Write the name into the SQL text."""

    def __init__(self, database):
        self.database = database

    def price(self, name):
        query = f"SELECT cents FROM products WHERE name = '{name}'"
        row = self.database.execute(query).fetchone()
        if row is None:
            raise UnknownProduct(name)
        return row[0]


@wrong("1.1.1", caught_by="test_q1_a_similar_name_is_another_product[ chair]")
class SqlCatalogue:
    """Remove the spaces around the name."""

    def __init__(self, database):
        self.database = database

    def price(self, name):
        query = "SELECT cents FROM products WHERE name = ?"
        row = self.database.execute(query, (name.strip(),)).fetchone()
        if row is None:
            raise UnknownProduct(name)
        return row[0]


@wrong("1.1.1", caught_by="test_q1_another_failure_is_not_an_unknown_product")
class SqlCatalogue:
    """Call every error an unknown product."""

    def __init__(self, database):
        self.database = database

    def price(self, name):
        query = "SELECT cents FROM products WHERE name = ?"
        try:
            return self.database.execute(query, (name,)).fetchone()[0]
        except Exception:
            raise UnknownProduct(name)


@wrong("1.1.1", caught_by="test_q1_price_returns_the_price_in_the_table")
class SqlCatalogue:
    """Pass the name as the sequence of the parameters: the comma is missing."""

    def __init__(self, database):
        self.database = database

    def price(self, name):
        query = "SELECT cents FROM products WHERE name = ?"
        row = self.database.execute(query, (name)).fetchone()
        if row is None:
            raise UnknownProduct(name)
        return row[0]


@wrong("1.1.1", caught_by="test_q1_price_can_be_called_with_a_keyword")
class SqlCatalogue:
    """Give the parameter another name."""

    def __init__(self, database):
        self.database = database

    def price(self, product):
        query = "SELECT cents FROM products WHERE name = ?"
        row = self.database.execute(query, (product,)).fetchone()
        if row is None:
            raise UnknownProduct(product)
        return row[0]


@wrong("1.1.1", caught_by="test_q1_a_name_can_contain_any_character[double quotes]")
class SqlCatalogue:
    """Write the name into the SQL text, in double quotes."""

    def __init__(self, database):
        self.database = database

    def price(self, name):
        query = f'SELECT cents FROM products WHERE name = "{name}"'
        row = self.database.execute(query).fetchone()
        if row is None:
            raise UnknownProduct(name)
        return row[0]


@wrong("1.1.1", caught_by="test_q1_a_name_can_contain_any_character[NUL]")
class SqlCatalogue:
    """Write the name into the SQL text, with its quotes doubled."""

    def __init__(self, database):
        self.database = database

    def price(self, name):
        text = name.replace("'", "''")
        query = f"SELECT cents FROM products WHERE name = '{text}'"
        row = self.database.execute(query).fetchone()
        if row is None:
            raise UnknownProduct(name)
        return row[0]


@wrong("1.1.1", caught_by="test_q1_a_name_is_never_read_as_sql[SQL]")
class SqlCatalogue:
    """Write the name into the SQL text, and call every error an unknown product."""

    def __init__(self, database):
        self.database = database

    def price(self, name):
        try:
            query = f"SELECT cents FROM products WHERE name = '{name}'"
            return self.database.execute(query).fetchone()[0]
        except Exception:
            raise UnknownProduct(name)


@wrong("1.1.1", caught_by="test_q1_a_similar_name_is_another_product[chair%]")
class SqlCatalogue:
    """Compare with LIKE, which ignores case and reads % as a pattern."""

    def __init__(self, database):
        self.database = database

    def price(self, name):
        query = "SELECT cents FROM products WHERE name LIKE ?"
        row = self.database.execute(query, (name,)).fetchone()
        if row is None:
            raise UnknownProduct(name)
        return row[0]


@right("1.1.1")
class SqlCatalogue(Catalogue):
    """Derive from the protocol, use a cursor and a named parameter, catch TypeError."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.database = database

    def price(self, name: str) -> int:
        cursor = self.database.cursor()
        cursor.execute("SELECT cents FROM products WHERE name = :name", {"name": name})
        try:
            (cents,) = cursor.fetchone()
        except TypeError:
            raise UnknownProduct(f"no {name}") from None
        return cents


@right("1.1.1")
class SqlCatalogue(DictCatalogue):
    """Read the whole table at each call, and let the dict do the rest."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.database = database

    @property
    def prices(self) -> dict[str, int]:
        return dict(self.database.execute("SELECT name, cents FROM products"))


@wrong("1.1.1", caught_by="test_q1_another_failure_is_not_an_unknown_product[closed]")
class SqlCatalogue:
    """Call a closed database an unknown product."""

    def __init__(self, database):
        self.database = database

    def price(self, name):
        query = "SELECT cents FROM products WHERE name = ?"
        try:
            row = self.database.execute(query, (name,)).fetchone()
        except sqlite3.ProgrammingError:
            row = None
        if row is None:
            raise UnknownProduct(name)
        return row[0]


@wrong("1.1.1", caught_by="test_q1_a_similar_name_is_another_product[chai*]")
class SqlCatalogue:
    """Compare with GLOB, which reads * as a pattern."""

    def __init__(self, database):
        self.database = database

    def price(self, name):
        query = "SELECT cents FROM products WHERE name GLOB ?"
        row = self.database.execute(query, (name,)).fetchone()
        if row is None:
            raise UnknownProduct(name)
        return row[0]


@wrong("1.1.1", caught_by="test_q1_a_product_can_come_and_go")
class SqlCatalogue:
    """Remember the names that are unknown."""

    def __init__(self, database):
        self.database = database
        self.unknown = set()

    def price(self, name):
        query = "SELECT cents FROM products WHERE name = ?"
        row = self.database.execute(query, (name,)).fetchone()
        if row is None or name in self.unknown:
            self.unknown.add(name)
            raise UnknownProduct(name)
        return row[0]


@wrong("1.1.2", caught_by="test_q2_an_error_of_a_hook_is_not_caught[OSError]")
def charge(http, order, cents):
    """Let a RuntimeError pass through, and no other error."""
    for _ in range(4):
        try:
            status = post_charge(http, order, cents, key=order)
        except RuntimeError:
            raise
        except Exception:
            continue
        if status == 201:
            return
        if status == 402:
            raise Declined(order)
    raise OutcomeUnknown(order)


@wrong("1.1.2", caught_by="test_q2_another_process_does_not_charge_again")
def charge(http, order, cents):
    """Make the key from the order and the process."""
    for _ in range(4):
        try:
            status = post_charge(http, order, cents, key=f"{order}-{os.getpid()}")
        except httpx2.TransportError:
            continue
        if status == 201:
            return
        if status == 402:
            raise Declined(order)
    raise OutcomeUnknown(order)


@wrong("1.1.2", caught_by="test_q2_each_order_is_charged")
def charge(http, order, cents):
    """Remove the hyphens from the key."""
    for _ in range(4):
        try:
            status = post_charge(http, order, cents, key=order.replace("-", ""))
        except httpx2.TransportError:
            continue
        if status == 201:
            return
        if status == 402:
            raise Declined(order)
    raise OutcomeUnknown(order)


@wrong("1.1.2", caught_by="test_q2_charge_returns_after_201[request lost]")
def charge(http, order, cents):
    """Send one request, as if it were a function call."""
    if post_charge(http, order, cents, key=order) == 402:
        raise Declined(order)


@wrong("1.1.2", caught_by="test_q2_an_order_is_charged_once[response lost]")
def charge(http, order, cents):
    """Use a new key for each request."""
    for _ in range(4):
        with suppress(httpx2.TransportError):
            status = post_charge(http, order, cents, key=str(uuid4()))
            if status == 201:
                return
            if status == 402:
                raise Declined(order)
    raise OutcomeUnknown(order)


@wrong("1.1.2", caught_by="test_q2_a_second_call_for_an_order_does_not_charge_again")
def charge(http, order, cents):
    """Use a new key for each call of `charge`."""
    key = str(uuid4())
    for _ in range(4):
        with suppress(httpx2.TransportError):
            status = post_charge(http, order, cents, key)
            if status == 201:
                return
            if status == 402:
                raise Declined(order)
    raise OutcomeUnknown(order)


@wrong(
    "1.1.2",
    caught_by="test_q2_a_second_call_for_an_order_does_not_charge_again[another amount]",
)
def charge(http, order, cents):
    """Put the amount into the key."""
    for _ in range(4):
        with suppress(httpx2.TransportError):
            status = post_charge(http, order, cents, key=f"{order}-{cents}")
            if status == 201:
                return
            if status == 402:
                raise Declined(order)
    raise OutcomeUnknown(order)


@wrong("1.1.2", caught_by="test_q2_each_order_is_charged")
def charge(http, order, cents):
    """Use the same key for every order."""
    for _ in range(4):
        with suppress(httpx2.TransportError):
            status = post_charge(http, order, cents, key="charge")
            if status == 201:
                return
            if status == 402:
                raise Declined(order)
    raise OutcomeUnknown(order)


@wrong("1.1.2", caught_by="test_q2_after_four_requests_the_outcome_is_unknown")
def charge(http, order, cents):
    """Treat a missing response as a refusal."""
    for _ in range(4):
        with suppress(httpx2.TransportError):
            if post_charge(http, order, cents, key=order) == 201:
                return
    raise Declined(order)


@wrong("1.1.2", caught_by="test_q2_charge_returns_after_201[504]")
def charge(http, order, cents):
    """Treat every other status code as a refusal."""
    for _ in range(4):
        with suppress(httpx2.TransportError):
            if post_charge(http, order, cents, key=order) == 201:
                return
            raise Declined(order)
    raise OutcomeUnknown(order)


@wrong("1.1.2", caught_by="test_q2_after_four_requests_the_outcome_is_unknown[504]")
def charge(http, order, cents):
    """Treat every status code but 402 as a success."""
    for _ in range(4):
        with suppress(httpx2.TransportError):
            if post_charge(http, order, cents, key=order) == 402:
                raise Declined(order)
            return
    raise OutcomeUnknown(order)


@wrong("1.1.2", caught_by="test_q2_an_order_is_charged_once[connection closed]")
def charge(http, order, cents):
    """Catch timeouts only, and send the others with a new key."""
    for _ in range(4):
        try:
            status = post_charge(http, order, cents, key=order)
        except httpx2.TimeoutException:
            continue
        except httpx2.TransportError:
            status = post_charge(http, order, cents, key=f"{order} again")
        if status == 201:
            return
        if status == 402:
            raise Declined(order)
    raise OutcomeUnknown(order)


@wrong("1.1.2", caught_by="test_q2_charge_returns_after_201[connection closed]")
def charge(http, order, cents):
    """Catch timeouts only."""
    for _ in range(4):
        with suppress(httpx2.TimeoutException):
            status = post_charge(http, order, cents, key=order)
            if status == 201:
                return
            if status == 402:
                raise Declined(order)
    raise OutcomeUnknown(order)


@wrong("1.1.2", caught_by="test_q2_another_exception_is_not_caught")
def charge(http, order, cents):
    """Catch every exception."""
    for _ in range(4):
        try:
            status = post_charge(http, order, cents, key=order)
        except Exception:
            continue
        if status == 201:
            return
        if status == 402:
            raise Declined(order)
    raise OutcomeUnknown(order)


@wrong("1.1.2", caught_by="test_q2_after_four_requests_the_outcome_is_unknown")
def charge(http, order, cents):
    """Send one request and four repetitions."""
    for _ in range(1 + 4):
        with suppress(httpx2.TransportError):
            status = post_charge(http, order, cents, key=order)
            if status == 201:
                return
            if status == 402:
                raise Declined(order)
    raise OutcomeUnknown(order)


@wrong("1.1.2", caught_by="test_q2_after_four_requests_the_outcome_is_unknown[429]")
def charge(http, order, cents):
    """Treat every client error as a refusal."""
    for _ in range(4):
        with suppress(httpx2.TransportError):
            status = post_charge(http, order, cents, key=order)
            if status == 201:
                return
            if 400 <= status < 500:
                raise Declined(order)
    raise OutcomeUnknown(order)


@wrong("1.1.2", caught_by="test_q2_after_four_requests_the_outcome_is_unknown[200]")
def charge(http, order, cents):
    """Treat every success as 201."""
    for _ in range(4):
        with suppress(httpx2.TransportError):
            status = post_charge(http, order, cents, key=order)
            if 200 <= status < 300:
                return
            if status == 402:
                raise Declined(order)
    raise OutcomeUnknown(order)


@wrong("1.1.2", caught_by="test_q2_each_order_is_charged")
def charge(http, order, cents):
    """Ignore the case of an order."""
    for _ in range(4):
        with suppress(httpx2.TransportError):
            status = post_charge(http, order, cents, key=order.lower())
            if status == 201:
                return
            if status == 402:
                raise Declined(order)
    raise OutcomeUnknown(order)


@wrong("1.1.2", caught_by="test_q2_each_order_is_charged")
def charge(http, order, cents):
    """Use the first characters of an order only."""
    for _ in range(4):
        with suppress(httpx2.TransportError):
            status = post_charge(http, order, cents, key=order[:4])
            if status == 201:
                return
            if status == 402:
                raise Declined(order)
    raise OutcomeUnknown(order)


@wrong("1.1.2", caught_by="test_q2_another_process_does_not_charge_again")
def charge(http, order, cents):
    """Use `hash()` as the key, which is different in each process."""
    for _ in range(4):
        with suppress(httpx2.TransportError):
            status = post_charge(http, order, cents, key=str(hash(order)))
            if status == 201:
                return
            if status == 402:
                raise Declined(order)
    raise OutcomeUnknown(order)


KEYS = {}


@wrong("1.1.2", caught_by="test_q2_another_process_does_not_charge_again")
def charge(http, order, cents):
    """Remember a random key in the memory of the process."""
    for _ in range(4):
        with suppress(httpx2.TransportError):
            status = post_charge(
                http, order, cents, key=KEYS.setdefault(order, str(uuid4()))
            )
            if status == 201:
                return
            if status == 402:
                raise Declined(order)
    raise OutcomeUnknown(order)


@wrong("1.1.2", caught_by="test_q2_a_declined_charge_raises_declined[none]")
def charge(http, order, cents):
    """Look at the status code after the last request only."""
    status = None
    for _ in range(4):
        with suppress(httpx2.TransportError):
            status = post_charge(http, order, cents, key=order)
            if status == 201:
                return
    raise Declined(order) if status == 402 else OutcomeUnknown(order)


@wrong(
    "1.1.2",
    caught_by="test_q2_after_four_requests_the_outcome_is_unknown[request lost and 504]",
)
def charge(http, order, cents):
    """Count lost responses and other status codes separately."""
    lost = other = 0
    while lost < 4 and other < 4:
        try:
            status = post_charge(http, order, cents, key=order)
        except httpx2.TransportError:
            lost += 1
            continue
        if status == 201:
            return
        if status == 402:
            raise Declined(order)
        other += 1
    raise OutcomeUnknown(order)


@right("1.1.2")
def charge(http: httpx2.Client, order: str, cents: int) -> None:
    """Compute the key from the order, and use recursion."""

    def attempt(left: int) -> None:
        if not left:
            raise OutcomeUnknown
        try:
            status = post_charge(http, order, cents, str(uuid5(NAMESPACE_URL, order)))
        except httpx2.RequestError:
            return attempt(left - 1)
        if status == 402:
            raise Declined(order)
        return None if status == 201 else attempt(left - 1)

    attempt(4)


@right("1.1.2")
def charge(http: httpx2.Client, order: str, cents: int) -> None:
    """Send the requests without `post_charge`, and use a match statement."""
    for _ in (1, 2, 3, 4):
        status = None
        with suppress(httpx2.TransportError):
            status = http.request(
                "POST",
                "/charges",
                headers={"idempotency-key": f"charge/{order}"},
                json={"cents": cents, "order": order},
                timeout=1,
            ).status_code
        match status:
            case 201:
                return None
            case 402:
                raise Declined
    raise OutcomeUnknown


@wrong("1.1.3", caught_by="test_q3_web_shop_and_till_use_the_same_server")
def second_version(order):
    """Go back to the first version."""
    return first_version(order)


@wrong(
    "1.1.3", caught_by="test_q3_a_till_gets_the_response_of_the_first_version[lamp-2]"
)
def second_version(order):
    """Make the currency optional, and rename the field."""
    prices = find_prices(order["product"])
    if prices is None:
        return 404, {"detail": "unknown product", "error": "unknown product"}
    currency = order.get("currency", "EUR")
    return 201, {"total": order["pieces"] * prices[currency], "currency": currency}


@wrong(
    "1.1.3", caught_by="test_q3_a_till_gets_the_response_of_the_first_version[lamp-2]"
)
def second_version(order):
    """Keep the field, and still require the currency."""
    prices = find_prices(order["product"])
    if prices is None:
        return 404, {"detail": "unknown product"}
    total = order["pieces"] * prices[order["currency"]]
    return 201, {"cents": total, "total": total, "currency": order["currency"]}


@wrong(
    "1.1.3", caught_by="test_q3_a_till_gets_the_response_of_the_first_version[eraser-1]"
)
def second_version(order):
    """Return 200 for an unknown product, because the body contains the error."""
    prices = find_prices(order["product"])
    if prices is None:
        return 200, {"detail": "unknown product"}
    currency = order.get("currency", "EUR")
    total = order["pieces"] * prices[currency]
    return 201, {"cents": total, "total": total, "currency": currency}


@wrong(
    "1.1.3", caught_by="test_q3_a_till_gets_the_response_of_the_first_version[eraser-1]"
)
def second_version(order):
    """Sell an unknown product for nothing, instead of refusing the order."""
    prices = find_prices(order["product"]) or {"EUR": 0, "USD": 0}
    currency = order.get("currency", "EUR")
    total = order["pieces"] * prices[currency]
    return 201, {"cents": total, "total": total, "currency": currency}


@wrong("1.1.3", caught_by="test_q3_web_shop_and_till_use_the_same_server[USD]")
def second_version(order):
    """Calculate in euros for everybody."""
    status, body = first_version(order)
    return status, body | {"total": body.get("cents"), "currency": "EUR"}


@wrong(
    "1.1.3", caught_by="test_q3_a_till_gets_the_response_of_the_first_version[lamp-2]"
)
def second_version(order):
    """Return the amount as text."""
    prices = find_prices(order["product"])
    if prices is None:
        return 404, {"detail": "unknown product", "error": "unknown product"}
    currency = order.get("currency", "EUR")
    total = order["pieces"] * prices[currency]
    return 201, {"cents": str(total), "total": total, "currency": currency}


@wrong("1.1.3", caught_by="test_q3_web_shop_and_till_use_the_same_server[unknown]")
def second_version(order):
    """Return the error of the tills to the web shop, too."""
    prices = find_prices(order["product"])
    if prices is None:
        return 404, {"detail": "unknown product"}
    currency = order.get("currency", "EUR")
    total = order["pieces"] * prices[currency]
    return 201, {"cents": total, "total": total, "currency": currency}


@wrong(
    "1.1.3", caught_by="test_q3_a_till_gets_the_response_of_the_first_version[lamp-0]"
)
def second_version(order):
    """Refuse an order of 0 pieces."""
    prices = find_prices(order["product"])
    if not prices or not order["pieces"]:
        return 404, {"detail": "unknown product", "error": "unknown product"}
    currency = order.get("currency", "EUR")
    total = order["pieces"] * prices[currency]
    return 201, {"cents": total, "total": total, "currency": currency}


@right("1.1.3")
def second_version(order: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Let the first version handle the orders of the tills."""
    if "currency" not in order:
        return first_version(order)
    prices = find_prices(order["product"])
    if prices is None:
        return 404, {"error": "unknown product"}
    total = order["pieces"] * prices[order["currency"]]
    return 201, {"total": total, "currency": order["currency"]}


@right("1.1.3")
def second_version(order: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Add fields to the response of the first version."""
    order.setdefault("currency", "EUR")
    status, body = first_version(order)
    if status != 201:
        return status, body | {"error": body["detail"]}
    total = find_prices(order["product"])[order["currency"]] * order["pieces"]
    return status, {**body, "total": total, "currency": order["currency"], "version": 2}


@wrong("1.1.4", caught_by="test_q4_without_a_parcel_the_money_is_released")
def checkout(payments, carrier, card, cents, address):
    """Raise, and leave the money reserved."""
    payment = payments.post("/payments", json={"card": card, "cents": cents})
    if payment.status_code != 201:
        raise CheckoutFailed(payment.text)
    parcel = carrier.post("/parcels", json={"address": address})
    if parcel.status_code != 201:
        raise CheckoutFailed(parcel.text)
    payments.post(f"/payments/{payment.json()['number']}/capture")
    return parcel.json()["tracking"]


@wrong("1.1.4", caught_by="test_q4_without_a_payment_no_parcel_is_booked")
def checkout(payments, carrier, card, cents, address):
    """Book the parcel first."""
    parcel = carrier.post("/parcels", json={"address": address})
    if parcel.status_code != 201:
        raise CheckoutFailed(parcel.text)
    payment = payments.post("/payments", json={"card": card, "cents": cents})
    if payment.status_code != 201:
        raise CheckoutFailed(payment.text)
    payments.post(f"/payments/{payment.json()['number']}/capture")
    return parcel.json()["tracking"]


@wrong("1.1.4", caught_by="test_q4_the_money_is_taken_after_the_parcel_is_booked")
def checkout(payments, carrier, card, cents, address):
    """Take the money before the parcel is booked."""
    payment = payments.post("/payments", json={"card": card, "cents": cents})
    if payment.status_code != 201:
        raise CheckoutFailed(payment.text)
    path = f"/payments/{payment.json()['number']}"
    payments.post(f"{path}/capture")
    parcel = carrier.post("/parcels", json={"address": address})
    if parcel.status_code != 201:
        payments.delete(path)
        raise CheckoutFailed(parcel.text)
    return parcel.json()["tracking"]


@wrong("1.1.4", caught_by="test_q4_without_a_payment_no_parcel_is_booked")
def checkout(payments, carrier, card, cents, address):
    """Expect an exception from a request that is refused."""
    payment = payments.post("/payments", json={"card": card, "cents": cents})
    path = f"/payments/{payment.json()['number']}"
    parcel = carrier.post("/parcels", json={"address": address})
    payments.post(f"{path}/capture")
    return parcel.json()["tracking"]


@wrong("1.1.4", caught_by="test_q4_the_money_is_taken_after_the_parcel_is_booked")
def checkout(payments, carrier, card, cents, address):
    """Forget to take the reserved money."""
    payment = payments.post("/payments", json={"card": card, "cents": cents})
    if payment.status_code != 201:
        raise CheckoutFailed(payment.text)
    parcel = carrier.post("/parcels", json={"address": address})
    if parcel.status_code != 201:
        payments.delete(f"/payments/{payment.json()['number']}")
        raise CheckoutFailed(parcel.text)
    return parcel.json()["tracking"]


@wrong("1.1.4", caught_by="test_q4_without_a_parcel_the_money_is_released[200]")
def checkout(payments, carrier, card, cents, address):
    """Treat every status code of a success as 201."""
    payment = payments.post("/payments", json={"card": card, "cents": cents})
    if payment.is_error:
        raise CheckoutFailed(payment.text)
    path = f"/payments/{payment.json()['number']}"
    parcel = carrier.post("/parcels", json={"address": address})
    if parcel.is_error:
        payments.delete(path)
        raise CheckoutFailed(parcel.text)
    payments.post(f"{path}/capture")
    return parcel.json()["tracking"]


@wrong("1.1.4", caught_by="test_q4_without_a_parcel_the_money_is_released[503]")
def checkout(payments, carrier, card, cents, address):
    """Handle one status code of each company."""
    payment = payments.post("/payments", json={"card": card, "cents": cents})
    if payment.status_code == 402:
        raise CheckoutFailed(payment.text)
    path = f"/payments/{payment.json()['number']}"
    parcel = carrier.post("/parcels", json={"address": address})
    if parcel.status_code == 422:
        payments.delete(path)
        raise CheckoutFailed(parcel.text)
    payments.post(f"{path}/capture")
    return parcel.json()["tracking"]


@wrong("1.1.4", caught_by="test_q4_each_sale_has_its_own_payment")
def checkout(payments, carrier, card, cents, address):
    """Use the number of the example."""
    payment = payments.post("/payments", json={"card": card, "cents": cents})
    if payment.status_code != 201:
        raise CheckoutFailed(payment.text)
    parcel = carrier.post("/parcels", json={"address": address})
    if parcel.status_code != 201:
        payments.delete("/payments/501")
        raise CheckoutFailed(parcel.text)
    payments.post("/payments/501/capture")
    return parcel.json()["tracking"]


@wrong("1.1.4", caught_by="test_q4_without_a_parcel_the_money_is_released")
def checkout(payments, carrier, card, cents, address):
    """Send the request to the carrier a second time."""
    payment = payments.post("/payments", json={"card": card, "cents": cents})
    if payment.status_code != 201:
        raise CheckoutFailed(payment.text)
    path = f"/payments/{payment.json()['number']}"
    for _ in range(2):
        parcel = carrier.post("/parcels", json={"address": address})
        if parcel.status_code == 201:
            payments.post(f"{path}/capture")
            return parcel.json()["tracking"]
    payments.delete(path)
    raise CheckoutFailed(parcel.text)


@wrong("1.1.4", caught_by="test_q4_the_money_is_taken_after_the_parcel_is_booked")
def checkout(payments, carrier, card, cents, address):
    """Send the amount as text."""
    payment = payments.post("/payments", json={"card": card, "cents": str(cents)})
    if payment.status_code != 201:
        raise CheckoutFailed(payment.text)
    path = f"/payments/{payment.json()['number']}"
    parcel = carrier.post("/parcels", json={"address": address})
    if parcel.status_code != 201:
        payments.delete(path)
        raise CheckoutFailed(parcel.text)
    payments.post(f"{path}/capture")
    return parcel.json()["tracking"]


@right("1.1.4")
def checkout(
    payments: httpx2.Client,
    carrier: httpx2.Client,
    card: str,
    cents: int,
    address: str,
) -> str:
    """Raise inside a `try`, and release the money in the `except`."""

    class Refused(Exception):
        pass

    def post(http: httpx2.Client, path: str, **body: object) -> dict[str, Any]:
        response = http.post(path, json=body)
        if response.status_code != httpx2.codes.CREATED:
            raise Refused(f"{path}: {response.status_code}")
        return response.json()

    try:
        number = post(payments, "/payments", card=card, cents=cents)["number"]
        try:
            tracking = post(carrier, "/parcels", address=address)["tracking"]
        except Refused:
            payments.delete(f"/payments/{number}").raise_for_status()
            raise
    except Refused as error:
        raise CheckoutFailed from error
    payments.post(f"/payments/{number}/capture").raise_for_status()
    return tracking


@right("1.1.4")
def checkout(payments, carrier, card, cents, address):
    """Go on after a success, and raise at the end."""
    payment = payments.request(
        "POST", "/payments", json={"cents": cents, "card": card, "shop": "Hinkel"}
    )
    if payment.status_code == 201:
        path = "/payments/" + str(payment.json()["number"])
        parcel = carrier.request("POST", "/parcels", json={"address": address})
        if parcel.status_code == 201:
            payments.post(path + "/capture")
            return parcel.json()["tracking"]
        payments.request("DELETE", path)
    raise CheckoutFailed
