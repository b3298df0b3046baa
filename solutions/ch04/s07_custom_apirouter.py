"""4.7  Custom APIRouter.

An `APIRouter` is a group of endpoints. A module defines it without an application, and
an application includes it.
Notes: content/docs/fastapi/routing/custom-apirouter.md
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException


@dataclass(frozen=True)
class Product:
    """Something that the bookshop sells."""

    number: int
    title: str


def list_products() -> list[Product]:
    """Return all products that are for sale right now."""
    return [Product(1, "Emma"), Product(2, "A map of Oslo")]


def find_product(number: int) -> Product:
    """Return the product with this number, or raise an HTTPException with 404."""
    for product in list_products():
        if product.number == number:
            return product
    raise HTTPException(404, "There is no such product.")


def products_router() -> APIRouter:
    """4.7.1  Write a custom `APIRouter` for a `products` module in FastAPI.

    Return the router of this module. The bookshop includes it without a prefix:
    `app.include_router(products_router())`.

    - `GET /products` returns what `list_products()` returns at the moment of the
      request, without a redirect.
    - `GET /products/{number}` returns what `find_product(number)` returns at the moment
      of the request. If `number` is not an integer, the response is 422.
    - Every endpoint of the router has the tag "products", and its path begins with
      `/products`. This also holds for an endpoint that is added to the router later:
      `router.post("/new")` adds `POST /products/new`.

    Example:
        GET /products/1  ->  200  {"number": 1, "title": "Emma"}
    """
    # region answer
    router = APIRouter(prefix="/products", tags=["products"])

    @router.get("")
    def read_products() -> list[Product]:
        return list_products()

    @router.get("/{number}")
    def read_product(number: int) -> Product:
        return find_product(number)

    return router
    # endregion


catalogue = APIRouter()
offers = APIRouter()
reports = APIRouter()


@catalogue.get("/books/{isbn}")
def read_book(isbn: str) -> str:
    """Return the title of a book."""
    return f"The book {isbn}"


@offers.get("/books/offers")
def read_offers() -> list[str]:
    """Return the books that are cheaper today."""
    return ["Emma"]


@reports.get("/sales")
def read_sales() -> int:
    """Return how many books were sold today."""
    return 31


@reports.get("/returns")
def read_returns() -> int:
    """Return how many books came back today."""
    return 2


def staff_only(staff: Annotated[str, Header(alias="X-Staff")] = "") -> None:
    """Raise an HTTPException with 403 unless the request comes from the staff."""
    if staff != "yes":
        raise HTTPException(403, "This is for the staff only.")


def shop_app() -> FastAPI:
    """4.7.2  How do you include multiple routers in a FastAPI app?

    Create the application of the bookshop from the routers `catalogue`, `offers` and
    `reports`, and return it. Each call returns a new application.

    - All paths of `catalogue` and `offers` begin with `/api`. All paths of `reports`
      begin with `/api/reports`.
    - `GET /api/books/offers` calls `read_offers`. With any other text in the place of
      `offers`, the request calls `read_book`.
    - Each endpoint of `reports` depends on `staff_only`. The other endpoints do not.
    - These rules also hold for an endpoint that is added to one of the routers before
      `shop_app` is called.
    - `shop_app` does not change the routers, because another application includes them
      in its own way.

    Example:
        GET /api/books/9780141439587               ->  200  "The book 9780141439587"
        GET /api/books/offers                      ->  200  ["Emma"]
        GET /api/reports/sales                     ->  403
        GET /api/reports/sales  with X-Staff: yes  ->  200  31
    """
    # region answer
    app = FastAPI()
    app.include_router(offers, prefix="/api")  # first, because the first match wins
    app.include_router(catalogue, prefix="/api")
    app.include_router(
        reports, prefix="/api/reports", dependencies=[Depends(staff_only)]
    )
    return app
    # endregion


def signed_in(customer: Annotated[str, Header(alias="X-Customer")] = "") -> str:
    """Return the name of the customer, or raise an HTTPException with 401."""
    if not customer:
        raise HTTPException(401, "Log in first.")
    return customer


def orders_router() -> APIRouter:
    """4.7.3  What are the benefits of modularizing routes with `APIRouter`?

    This module repeats the path `/orders` and the rule "customers only" in its
    decorators. One decorator misses the rule, so everybody can read an invoice. And the
    application for phones needs the same endpoints below `/phone/orders`. Repair the
    module.

    - Every endpoint of the router depends on `signed_in`, also an endpoint that is
      added to the router later.
    - The paths of the router do not contain `/orders`. An application chooses the
      prefix when it includes the router, and can include it more than once.
    - The three endpoints return what they return now. If `number` is not an integer,
      the response is still 422.

    Example:
        app.include_router(orders_router(), prefix="/phone/orders")
        GET /phone/orders/7/invoice                   ->  401
        GET /phone/orders/7/invoice  X-Customer: Ana  ->  200  "invoice of order 7"
    """
    # region answer
    # In words: A router keeps what belongs together in one module. A prefix, a tag or
    # a dependency is written once and holds for every endpoint, so nobody can forget
    # it. The router does not know the application. So several applications can include
    # it, each with its own prefix, and a test can include it alone.
    router = APIRouter(dependencies=[Depends(signed_in)])

    @router.get("/{number}")
    def read_order(number: int) -> str:
        return f"order {number}"

    @router.get("/{number}/invoice")
    def read_invoice(number: int) -> str:
        return f"invoice of order {number}"

    @router.delete("/{number}")
    def cancel_order(number: int) -> str:
        return f"order {number} is cancelled"

    return router
    # stub: router = APIRouter()
    # stub:
    # stub: @router.get("/orders/{number}", dependencies=[Depends(signed_in)])
    # stub: def read_order(number: int) -> str:
    # stub:     return f"order {number}"
    # stub:
    # stub: @router.get("/orders/{number}/invoice")
    # stub: def read_invoice(number: int) -> str:
    # stub:     return f"invoice of order {number}"
    # stub:
    # stub: @router.delete("/orders/{number}", dependencies=[Depends(signed_in)])
    # stub: def cancel_order(number: int) -> str:
    # stub:     return f"order {number} is cancelled"
    # stub:
    # stub: return router
    # endregion
