"""The tests of section 4.4."""

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from lxml import html
from sqladmin.application import BaseAdmin
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from lab import attempt, client, in_words, json_or_text, sqlite_engine


class CompiledTemplates(BytecodeCache):
    """The templates of sqladmin, which are compiled once for all applications."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take a template that is compiled already."""
        if bucket.key in self.kept:
            bucket.bytecode_from_string(self.kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a compiled template."""
        self.kept[bucket.key] = bucket.bytecode_to_string()


TEMPLATES = CompiledTemplates()


@pytest.fixture(autouse=True)
def compiled_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all applications share the compiled templates: this saves much time."""
    create = BaseAdmin.init_templating_engine

    def with_cache(self: BaseAdmin) -> Any:
        templates = create(self)
        templates.env.bytecode_cache = TEMPLATES
        return templates

    monkeypatch.setattr(BaseAdmin, "init_templating_engine", with_cache)


@pytest.fixture
def engine(answers) -> Iterator[Engine]:
    """A database with the tables of the section."""
    with sqlite_engine() as engine:
        answers.Base.metadata.create_all(engine)
        yield engine


def save(engine: Engine, *rows: Any) -> None:
    """Save these rows."""
    with Session(engine) as session:
        session.add_all(rows)
        session.commit()


def saved(engine: Engine, model: Any, *names: str) -> list[tuple[Any, ...]]:
    """Return these columns of all rows, in the order of the ids."""
    with Session(engine) as session:
        found = session.scalars(select(model).order_by(model.id))
        return [tuple(getattr(one, name) for name in names) for one in found]


class Browser:
    """Somebody who uses the pages of an admin interface.

    `look` says where to look if a page is missing.
    """

    def __init__(self, http: Any, look: str) -> None:
        self.http = http
        self.look = look

    def request(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Return the response, or what came after its redirects."""
        try:
            response: httpx2.Response = self.http.request(method, path, **options)
        except Exception as error:
            raise AssertionError(
                f"`{method} {path}` raised {in_words(error)}. The docstring asks for "
                f"this page. {self.look}"
            ) from error
        return response

    def page(self, path: str) -> Any:
        """Return the document of a page."""
        response = self.request("GET", path)
        got = f"returned {response.status_code}"
        if response.url.path != path.partition("?")[0]:
            got = f"redirected to {response.url.path}"
        assert got == "returned 200", (
            f"`GET {path}` {got}. The docstring asks for this page. {self.look}"
        )
        return html.fromstring(response.text)

    def rows(self, path: str) -> list[list[str]]:
        """Return the cells of each row of a list."""
        rows = self.page(path).xpath("//tbody/tr")
        # The first two cells have the checkbox and the buttons.
        return [[text(cell) for cell in row.xpath("./td")[2:]] for row in rows]

    def submit(self, path: str, **values: str) -> httpx2.Response:
        """Fill in the form of a page, send it, and return the last response."""
        forms = [one for one in self.page(path).forms if "save" in one.fields]
        fields = [name for one in forms for name in one.fields]
        missing = sorted(set(values) - set(fields))
        assert not missing, (
            f"The form of {path} has the fields {in_words(fields)}, but not {missing}. "
            "The docstring asks that an employee can set these values. Look at the "
            "columns of the form."
        )
        data = dict(forms[0].form_values()) | values | {"save": "Save"}
        return self.request("POST", path, data=data)

    def delete(self, name: str, *ids: int) -> httpx2.Response:
        """Send what a click on "Delete" sends."""
        pks = ",".join(map(str, ids))
        return self.request("DELETE", f"/admin/{name}/delete?pks={pks}")


def text(element: Any) -> str:
    """Return the text of an element, without the white space around it."""
    return " ".join(element.text_content().split())


LOOK = "Look at the arguments of `Admin`, at the view, its model and its settings."
LOOK_AT_THE_VIEW = "Look at the model and at the settings of your view."


@contextmanager
def browser(
    add: Callable[..., object],
    *arguments: object,
    what: str | None = None,
    look: str = LOOK,
) -> Iterator[Browser]:
    """Yield a browser for an application after `add(app, ...)`.

    Messages call this `what`, and say where to `look`.
    """
    app = FastAPI()
    try:
        add(app, *arguments)
    except Exception as error:
        raise AssertionError(
            f"`{what or f'{add.__name__}(app, ...)'}` raised {in_words(error)}. The "
            f"docstring asks for pages for the model. {look}"
        ) from error
    with client(app) as http:
        yield Browser(http, look)


def article(answers, title: str, topic: str) -> Any:
    """Return an article whose body is the word "secret"."""
    return answers.Article(title=title, topic=topic, body="secret")


def test_q1_the_list_shows_title_and_topic(answers, engine):
    save(engine, article(answers, "Reset", "Login"), article(answers, "Jam", "Print"))

    with browser(answers.add_articles, engine) as desk:
        rows = desk.rows("/admin/article/list")
    assert sorted(map(sorted, rows)) == [["Jam", "Print"], ["Login", "Reset"]], (
        f"The list of two articles has the cells {in_words(rows)}. The docstring asks "
        "for the title and the topic, and no other columns. Look at the columns of the "
        "list."
    )


def test_q1_a_list_without_articles_has_no_rows(answers, engine):
    with browser(answers.add_articles, engine) as desk:
        before = desk.rows("/admin/article/list")
        save(engine, article(answers, "Jam", "Print"))
        after = desk.rows("/admin/article/list")
    assert (before, len(after)) == ([], 1), (
        f"The list without articles had the rows {in_words(before)}, and after one was "
        f"saved, {in_words(after)}. The docstring asks for the articles in the "
        "database of `engine`. Look at the engine that your code uses."
    )


def test_q1_an_employee_creates_edits_and_deletes_articles(answers, engine):
    columns = ("title", "topic", "body")
    steps = []
    with browser(answers.add_articles, engine) as desk:
        for title in (" Jam", "Reset"):
            values = {"title": title, "topic": "Print", "body": "Open it. "}
            desk.submit("/admin/article/create", **values)
        steps.append(saved(engine, answers.Article, *columns))
        desk.submit("/admin/article/edit/2", topic="Login", body="Click.")
        steps.append(saved(engine, answers.Article, *columns))
        desk.delete("article", 1)
        steps.append(saved(engine, answers.Article, *columns))

    jam, reset = (" Jam", "Print", "Open it. "), ("Reset", "Print", "Open it. ")
    changed = ("Reset", "Login", "Click.")
    for done, got, expected in zip(
        ("creating two articles", "editing the second", "deleting the first"),
        steps,
        ([jam, reset], [jam, changed], [changed]),
        strict=True,
    ):
        assert got == expected, (
            f"After {done} on the pages, the table has {in_words(got)}, not "
            f"{in_words(expected)}. The docstring asks that employees can do this. "
            "Look at the engine, and at the settings of your view."
        )


def test_q1_each_application_uses_its_own_engine(answers, engine):
    with sqlite_engine() as other:
        answers.Base.metadata.create_all(other)
        save(engine, article(answers, "Jam", "Print"))
        save(other, article(answers, "Reset", "Login"))
        lists = []
        for database in (engine, other):
            with browser(answers.add_articles, database) as desk:
                lists.append(desk.rows("/admin/article/list"))
    got = [sorted(row) for rows in lists for row in rows]
    assert got == [["Jam", "Print"], ["Login", "Reset"]], (
        "One application was created after the other, with another `engine`. Their "
        f"lists are {in_words(lists)}. The docstring asks for the database of "
        "`engine`. Look at what your code shares between two calls."
    )


HASH = "argon2-abc123"


@contextmanager
def users(answers, engine: Engine) -> Iterator[Browser]:
    """Yield a browser for an interface with two users, made with 4.4.2's view."""
    save(
        engine,
        answers.User(id=71, email="ana@example.com", name="Ana", password_hash=HASH),
        answers.User(id=72, email="ben@example.com", name="Ben", password_hash=HASH),
    )
    view = attempt("`user_admin()`", answers.user_admin)
    is_view = isinstance(view, type) and issubclass(view, answers.ModelView)
    assert is_view, (
        f"`user_admin()` returned {in_words(view)}. The docstring asks for a subclass "
        "of `ModelView`: return the class, not an instance of it."
    )

    def add_users(app: FastAPI) -> None:
        answers.Admin(app, engine).add_view(view)

    what = "add_view(user_admin())"
    with browser(add_users, what=what, look=LOOK_AT_THE_VIEW) as desk:
        yield desk


ANA, BEN = ["Ana", "ana@example.com"], ["Ben", "ben@example.com"]


def test_q2_the_list_shows_email_and_name(answers, engine):
    with users(answers, engine) as desk:
        rows = desk.rows("/admin/user/list")
    assert sorted(map(sorted, rows)) == [ANA, BEN], (
        f"The list of two users has the cells {in_words(rows)}. The docstring asks for "
        "`email` and `name` only. Look at the columns of the list."
    )


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_q2_the_exports_contain_email_and_name(answers, engine, kind):
    with users(answers, engine) as desk:
        response = desk.request("GET", f"/admin/user/export/{kind}")
    if response.status_code != 200:
        rows = []
    elif kind == "csv":
        rows = list(csv.reader(response.text.splitlines()))[1:]
    else:
        body = json_or_text(response)
        rows = [[*map(str, row.values())] for row in body if isinstance(row, dict)]
    assert sorted(map(sorted, rows)) == [ANA, BEN], (
        f"The {kind} export returned {response.status_code} with the rows "
        f"{in_words(rows)}. The docstring asks for `email` and `name` of both users. "
        "Look at the columns of the list and of the export, and at what your view "
        "allows."
    )


def test_q2_the_details_show_id_email_and_name(answers, engine):
    with users(answers, engine) as desk:
        page = desk.page("/admin/user/details/72")
    cells = [text(row.xpath("./td")[-1]) for row in page.xpath("//tbody/tr")]
    assert sorted(cells) == ["72", *BEN], (
        f"The details page of a user shows the values {in_words(cells)}. The docstring "
        "asks for `id`, `email` and `name`. Look at the columns of this page: they are "
        "not those of the list."
    )


def test_q2_the_hash_is_on_no_page(answers, engine):
    paths = ("list", "details/71", "create", "edit/71", "export/csv", "export/json")
    with users(answers, engine) as desk:
        texts = {
            path: desk.request("GET", f"/admin/user/{path}").text for path in paths
        }
    shown = [
        path for path, text in texts.items() if HASH in text or "password_hash" in text
    ]
    assert shown == [], (
        f"Of the pages {list(paths)}, these show `password_hash`: {shown}. The "
        "docstring asks that no page shows it. Look at the columns of these pages. "
        "Each kind of page has its own setting."
    )


def test_q2_employees_set_and_change_email_and_name(answers, engine):
    with users(answers, engine) as desk:
        desk.submit("/admin/user/create", email="Cy@example.com", name="Cy")
        desk.submit("/admin/user/edit/71", email="a@example.com", name="Anna")
    got = saved(engine, answers.User, "email", "name", "password_hash")
    expected = [
        ("a@example.com", "Anna", HASH),
        ("ben@example.com", "Ben", HASH),
        ("Cy@example.com", "Cy", None),
    ]
    assert got == expected, (
        "Ana became Anna, and Cy was created. In place of "
        f"{in_words([row for row in expected if row not in got])}, the table has "
        f"{in_words([row for row in got if row not in expected])}. The docstring asks "
        "that the forms set `email` and `name`, and not the hash. Look at the forms."
    )


def test_q2_a_form_cannot_change_the_hash(answers, engine):
    forged = {"email": "e@example.com", "name": "Eve", "password_hash": "x"}
    with users(answers, engine) as desk:
        for path in ("create", "edit/71"):
            data = forged | {"email": f"{path[0]}@example.com", "save": "Save"}
            desk.request("POST", f"/admin/user/{path}", data=data)
    got = saved(engine, answers.User, "email", "password_hash")
    expected = [("e@example.com", HASH), ("ben@example.com", HASH)]
    assert got == [*expected, ("c@example.com", None)], (
        "A program created a user and edited another one, both with the additional "
        f"field `password_hash`. The table has {in_words(got)}. The docstring asks "
        "that a form cannot set the hash. Look at the columns of the form."
    )


def test_q2_deleting_a_user_returns_403(answers, engine):
    with users(answers, engine) as desk:
        statuses = [desk.delete("user", *ids).status_code for ids in ((71,), (71, 72))]
    left = saved(engine, answers.User, "name")
    assert (statuses, left) == ([403, 403], [("Ana",), ("Ben",)]), (
        f"Deleting one user, then two, returned {statuses}. The users {in_words(left)} "
        "are left. The docstring asks for 403, and that nobody can delete a user. Look "
        "at what your view allows."
    )


@contextmanager
def prototype(
    answers, engine: Engine, secret: str = "a secret of the test", log_in: bool = True
) -> Iterator[Browser]:
    """Yield a browser for 4.4.3's interface, in which Ana is logged in."""
    with browser(answers.add_prototype, engine, secret) as desk:
        if log_in:
            data = {"username": "ana", "password": "ana-secret"}
            response = desk.request("POST", "/admin/login", data=data)
            assert response.status_code == 200, (
                "`POST /admin/login` with the right password ended with the status "
                f"code {response.status_code}. The docstring asks for a login with "
                "`DeskLogin`. Look at the arguments of `Admin`."
            )
        yield desk


JAM = ["Printer jam", "solved", "Zoë"]
SOUND = ["No sound", "open", "Zoë"]
CHAIR = ["Broken chair", "open", "Printer Ltd"]


@pytest.fixture
def tickets(answers, engine) -> None:
    """Three tickets of the customers Zoë and Printer Ltd."""
    customers = {name: answers.Customer(name=name) for name in ("Zoë", "Printer Ltd")}
    save(
        engine,
        *[
            answers.Ticket(
                subject=subject,
                status=answers.Status[status],
                customer=customers[customer],
            )
            for subject, status, customer in (SOUND, JAM, CHAIR)
        ],
    )


PAGES = ("list", "create", "details/1", "edit/1", "export/csv")


@pytest.mark.parametrize("name", ["customer", "ticket"])
def test_q3_pages_without_a_login_redirect_to_the_login(answers, engine, tickets, name):
    requests = [("GET", page) for page in PAGES]
    requests += [("POST", "create"), ("POST", "edit/1"), ("DELETE", "delete?pks=3")]
    with prototype(answers, engine, log_in=False) as desk:
        got = {}
        for method, page in requests:
            response = desk.request(
                method, f"/admin/{name}/{page}", follow_redirects=False
            )
            where = response.headers.get("location", "").partition("testserver")[2]
            status = response.status_code
            got[f"{method} {page}"] = f"{status} to {where}" if where else status
    wrong = {page: seen for page, seen in got.items() if seen != "302 to /admin/login"}
    assert not wrong, (
        f"Without a login, pages below /admin/{name}/ returned {in_words(wrong)}. The "
        "docstring asks that each page redirects to /admin/login. Look at the "
        "arguments of `Admin`."
    )


def test_q3_the_password_opens_the_pages_until_the_logout(answers, engine, tickets):
    pages = ("list", "create", "edit/1")
    paths = [
        f"/admin/{name}/{page}" for name in ("customer", "ticket") for page in pages
    ]
    with prototype(answers, engine, log_in=False) as desk:
        wrong = {"username": "ana", "password": "ben-secret"}
        status = desk.request("POST", "/admin/login", data=wrong).status_code
        refused = desk.request("GET", paths[0]).url.path
    assert (status, refused) == (400, "/admin/login"), (
        f"A login with a wrong password returned {status}, and the next page was "
        f"{refused}. The docstring asks that `DeskLogin` checks the password."
    )
    with prototype(answers, engine) as desk:
        got = [(seen.status_code, seen.url.path) for seen in visit(desk, paths)]
        desk.request("GET", "/admin/logout")
        last = desk.request("GET", paths[0]).url.path
    assert got == [(200, path) for path in paths], (
        f"After the login, the pages {paths} returned {in_words(got)}. The docstring "
        "asks for pages of both models. Look at the views that you add."
    )
    assert last == "/admin/login", (
        f"After the logout, `GET {paths[0]}` ended at {last}. The docstring asks for a "
        "redirect to /admin/login."
    )


def visit(desk: Browser, paths: list[str]) -> list[httpx2.Response]:
    """Return the responses of these pages."""
    return [desk.request("GET", path) for path in paths]


def test_q3_the_cookie_is_signed_with_the_secret(answers, engine, tickets):
    with prototype(answers, engine, "first") as desk:
        cookie = "; ".join(f"{one.name}={one.value}" for one in desk.http.cookies.jar)
    ends = []
    for secret in ("first", "second"):
        with prototype(answers, engine, secret, log_in=False) as desk:
            headers = {"Cookie": cookie}
            seen = desk.request("GET", "/admin/ticket/list", headers=headers)
            ends.append(seen.url.path)
    assert ends == ["/admin/ticket/list", "/admin/login"], (
        "The cookie of a login was sent to an application with the same `secret`, and "
        f"to one with another `secret`. They showed {ends}. The docstring asks to sign "
        "the cookie with `secret`. Look at the argument of `DeskLogin`."
    )


def found(rows: list[list[str]]) -> list[str]:
    """Return the subjects of the rows, which may have more columns."""
    subjects = {row[0] for row in (JAM, SOUND, CHAIR)}
    return [cell for row in rows for cell in row if cell in subjects]


def test_q3_the_list_shows_the_newest_ticket_first(answers, engine, tickets):
    with prototype(answers, engine) as desk:
        rows = desk.rows("/admin/ticket/list")
    expected = [CHAIR, JAM, SOUND]
    order = found(rows)
    assert order == [subject for subject, *_ in expected], (
        f"The list of three tickets shows the subjects {in_words(order)}. The "
        "docstring asks for all subjects, the ticket with the largest `id` first: that "
        "is 'Broken chair'. Look at the columns and at the order of the list."
    )
    missing = [
        cell
        for row, cells in zip(rows, expected, strict=True)
        for cell in cells
        if cell not in row
    ]
    assert missing == [], (
        f"The list of three tickets has the cells {in_words(rows)}. The docstring asks "
        "for the subject, the status and the customer's name. "
        f"{in_words(missing)} is missing. Look at the columns of the list."
    )


def test_q3_the_list_of_customers_shows_the_names(answers, engine, tickets):
    with prototype(answers, engine) as desk:
        rows = desk.rows("/admin/customer/list")
    names = [[cell for cell in row if cell in ("Zoë", "Printer Ltd")] for row in rows]
    assert sorted(names) == [["Printer Ltd"], ["Zoë"]], (
        f"The list of two customers has the cells {in_words(rows)}. The docstring asks "
        "for the names. Look at the columns of the list."
    )


def test_q3_the_search_finds_subjects_and_customers(answers, engine, tickets):
    expected = {
        "printer": ["Broken chair", "Printer jam"],
        "oun": ["No sound"],
        "Zo": ["Printer jam", "No sound"],
        "LTD": ["Broken chair"],
        "solved": [],
        "3": [],
        "2": [],
    }
    with prototype(answers, engine) as desk:
        got = {
            term: found(desk.rows(f"/admin/ticket/list?search={term}"))
            for term in expected
        }
    for term, subjects in expected.items():
        assert got[term] == subjects, (
            f"The search for {term!r} found the tickets {in_words(got[term])}. The "
            "docstring asks for a part of the subject or of the customer's name, and "
            f"no other column: {subjects}. Look at how the search is set up."
        )


def test_q3_employees_create_edit_and_delete(answers, engine, tickets):
    with prototype(answers, engine) as desk:
        desk.submit("/admin/customer/create", name="Åse")
        values = {"subject": "Loud Fan ", "status": "solved", "customer": "3"}
        desk.submit("/admin/ticket/create", **values)
        desk.submit("/admin/ticket/edit/1", status="solved")
        desk.delete("ticket", 2)
    got = saved(engine, answers.Ticket, "id", "subject", "customer_id")
    states = [status.name for (status,) in saved(engine, answers.Ticket, "status")]
    assert got == [(1, "No sound", 1), (3, "Broken chair", 2), (4, "Loud Fan ", 3)], (
        f"An employee added a ticket of a new customer and deleted ticket 2. The "
        f"tickets are {in_words(got)}. The docstring asks for pages that create, edit "
        "and delete. Look at the settings of your views."
    )
    assert states == ["solved", "open", "solved"], (
        f"An employee solved ticket 1. The tickets are now {states}. The "
        "docstring asks for pages that edit. Look at the columns of the form."
    )


def test_q3_employees_edit_and_delete_customers(answers, engine, tickets):
    save(engine, answers.Customer(name="Åse"))
    with prototype(answers, engine) as desk:
        desk.submit("/admin/customer/edit/1", name="Zoë B.")
        desk.delete("customer", 3)
    got = saved(engine, answers.Customer, "id", "name")
    assert got == [(1, "Zoë B."), (2, "Printer Ltd")], (
        "An employee changed the name of customer 1 to 'Zoë B.', and deleted customer "
        f"3. The customers are {in_words(got)}. The docstring asks for pages that edit "
        "and delete. Look at the settings of the view of the customers."
    )
