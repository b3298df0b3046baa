"""4.4  FastAPI Admin.

An admin interface is a set of web pages on which employees list, create, edit and
delete rows. sqladmin generates these pages from SQLAlchemy models. The library
fastapi-admin cannot be imported with current versions, so the koans use sqladmin.
Notes: content/docs/fastapi/ecosystem/fastapi-admin.md
"""

import hmac
from enum import Enum

from fastapi import FastAPI, Request
from sqladmin import Admin, ModelView
from sqladmin.authentication import AuthenticationBackend
from sqlalchemy import Engine, ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    """The base class of the models."""


class Article(Base):
    """A help article of the support desk."""

    __tablename__ = "article"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    topic: Mapped[str]
    body: Mapped[str]


def add_articles(app: FastAPI, engine: Engine) -> None:
    """4.4.1  How do you integrate FastAPI Admin with a SQLAlchemy model?

    The support desk writes its help articles in a browser. Add an admin interface to
    `app`, below the path `/admin`, with pages for the model `Article`.

    - The list `/admin/article/list` shows the columns `title` and `topic` of the
      articles, and no other columns.
    - On the pages, an employee can create, edit and delete articles. They are stored in
      the database of `engine`.
    - The pages need no login yet. It comes in 4.4.3.

    Given:
        The table exists in the database.
        The test uses only the application that was created last.

    Example:
        GET /admin/article/list  ->  200  a page with a table of articles
    """

    raise NotImplementedError


class User(Base):
    """Somebody who writes to the support desk, with a password for its web site."""

    __tablename__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password_hash: Mapped[str | None]


def user_admin() -> type[ModelView]:
    """4.4.2  Write a FastAPI Admin configuration for a `User` model.

    The support desk looks after its users in an admin interface. Write a subclass of
    `ModelView` for the model `User`, and return the class.

    - The list and its exports contain `email` and `name` only. The details page
      contains `id`, `email` and `name`.
    - With the forms, an employee can set and change `email` and `name`, but not the
      hash. `password_hash` is on no page.
    - Nobody can delete a user: the response is 403.

    Given:
        The pages are `/admin/user/list`, `/admin/user/details/1`, `/admin/user/create`,
        `/admin/user/edit/1`, `/admin/user/export/csv` and `/admin/user/export/json`.
        Employees delete with the request `DELETE /admin/user/delete?pks=1`.
    """

    raise NotImplementedError


class Customer(Base):
    """A customer."""

    __tablename__ = "customer"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]

    def __str__(self) -> str:
        """Return the text that sqladmin shows for a customer."""
        return self.name


class Status(Enum):
    """What has become of a ticket."""

    open = "open"
    solved = "solved"


class Ticket(Base):
    """A problem of a customer."""

    __tablename__ = "ticket"

    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str]
    status: Mapped[Status]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    customer: Mapped[Customer] = relationship()


def check_password(name: str, password: str) -> bool:
    """Return whether this is the password of the employee."""
    return hmac.compare_digest(password.encode(), f"{name}-secret".encode())


class DeskLogin(AuthenticationBackend):
    """Employees log in with a name and a password. A signed cookie keeps the name."""

    async def login(self, request: Request) -> bool:
        """Return whether the login form has the right password."""
        form = await request.form()
        name = str(form.get("username"))
        if not check_password(name, str(form.get("password"))):
            return False
        request.session["employee"] = name
        return True

    async def logout(self, request: Request) -> bool:
        """Forget the employee."""
        request.session.clear()
        return False

    async def authenticate(self, request: Request) -> bool:
        """Return whether an employee is logged in. This is called for every page."""
        return "employee" in request.session


def add_prototype(app: FastAPI, engine: Engine, secret: str) -> None:
    """4.4.3  What are the benefits of FastAPI Admin for rapid prototyping?

    The support desk wants to try a new tool for its tickets today. Add an admin
    interface below `/admin`, with pages for the models `Customer` and `Ticket`.

    - Without a login, every page redirects to `/admin/login`. There `DeskLogin` checks
      the password, and signs its cookie with `secret`: `DeskLogin(secret)`.
    - On the pages, an employee can list, create, edit and delete customers and tickets.
    - The list of customers shows the names.
    - The list of tickets shows the subject, the status and the customer's name. The
      ticket with the largest `id` comes first.
    - The search finds a part of the subject or of the customer's name, in upper or
      lower case. It looks in no other column.

    Given:
        Employees search with `/admin/ticket/list?search=printer`.
        The test uses only the application that was created last.
    """

    raise NotImplementedError
