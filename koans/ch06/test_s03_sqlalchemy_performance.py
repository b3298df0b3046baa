"""The tests of section 6.3."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import psycopg
import pytest
from sqlalchemy import (
    Connection,
    Engine,
    MetaData,
    QueuePool,
    Select,
    Table,
    event,
    insert,
    select,
    text,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from lab import (
    Statements,
    attempt,
    connections,
    in_words,
    outcome,
    returned_or_raised,
    sqlite_engine,
    statements,
)

# A moment, of which a test counts many: a slow machine has slow moments, too.
MOMENT = 0.05
MANY = 60


@contextmanager
def pool_of(
    answers: Any, url: str, keep: int, most: int, patience: float = MOMENT
) -> Iterator[Engine]:
    """Yield the engine of 6.3.1, and close what it has opened."""
    call = f"open_engine(url, {keep}, {most}, {patience})"
    engine = attempt(
        f"`{call}`", answers.open_engine, url, keep=keep, most=most, patience=patience
    )
    assert isinstance(engine, Engine), (
        f"`{call}` returned {in_words(engine)}. The docstring asks for an engine. Look "
        "at what `create_engine` returns."
    )
    try:
        with connections(engine) as lent:
            try:
                yield engine
            finally:
                lent.take_back()
    finally:
        engine.dispose()


def take(engine: Engine, count: int) -> list[Connection]:
    """Take connections from the pool, all at the same time."""
    taken: list[Connection] = []
    for _ in range(count):
        one = Later(engine.connect).result()
        assert isinstance(one, Connection), (
            f"{count} callers needed a connection at the same time. For number "
            f"{len(taken) + 1}, `engine.connect()` {in_words_or_waits(one)}. `most` "
            f"allows {count}. Look at the sizes of the pool."
        )
        taken.append(one)
    return taken


def give_back(taken: list[Connection]) -> None:
    """Return connections to the pool."""
    while taken:
        taken.pop().close()


def ask(connection: Connection, sql: str = "SELECT pg_backend_pid()") -> Any:
    """Return the value that a query returns: here, the server's number of the line."""
    value = connection.scalar(text(sql))
    connection.rollback()
    return value


WAITS = object()


class Later:
    """A call in a thread of its own, because it can wait."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._result: object = WAITS
        self._call = call
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._result = outcome(self._call)
        except NotImplementedError as error:
            self._result = error

    def result(self, moments: int = MANY) -> object:
        """Return what the call returns or raises; WAITS if it still waits."""
        for _ in range(moments):
            if not self._thread.is_alive():
                break
            self._thread.join(MOMENT)
        return self._result


def in_words_or_waits(seen: object) -> str:
    """Say what a call did that can wait."""
    return "still waits" if seen is WAITS else returned_or_raised(seen)


class Server:
    """What PostgreSQL says about the connections of other programs."""

    def __init__(self, database: Any) -> None:
        self._own = psycopg.connect(database.dsn, autocommit=True)
        self._database = database.name

    def pids(self) -> set[int]:
        """Return the numbers of the connections that are open."""
        query = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND pid <> %s"
        rows = self._own.execute(query, [self._database, self._own.info.backend_pid])
        return {pid for (pid,) in rows}

    def pids_soon(self, count: int) -> set[int]:
        """Return the numbers, once there are so many: closing takes a moment."""
        pause = threading.Event()
        for _ in range(MANY):
            if len(self.pids()) == count:
                break
            pause.wait(MOMENT)
        return self.pids()

    def close_all(self) -> None:
        """Close the connections of all other programs, as a restart does."""
        for pid in self.pids():
            self._own.execute("SELECT pg_terminate_backend(%s)", [pid])
        self.pids_soon(0)

    def leave(self) -> None:
        """Close the own connection."""
        self._own.close()


@pytest.fixture
def server(postgres) -> Iterator[Server]:
    """The server behind the database."""
    server = Server(postgres)
    yield server
    server.leave()


def waits_for(engine: Engine, patience: float) -> float:
    """Return how long the pool lets a caller wait, if it is the usual pool."""
    pool = engine.pool
    return pool.timeout() if isinstance(pool, QueuePool) else patience


SIZES = [(2, 3), (1, 4), (3, 3)]


@pytest.mark.parametrize(("keep", "most"), SIZES)
def test_q1_there_are_never_more_connections_than_most(
    answers, postgres, server, keep, most
):
    with pool_of(answers, postgres.url, keep, most) as engine:
        take(engine, most)
        open_now = len(server.pids())
        extra = Later(engine.connect).result()
        has_sizes = isinstance(engine.pool, QueuePool)

    where = "what each of its sizes counts" if has_sizes else "which pool has a limit"
    assert open_now == most, (
        f"`most` is {most}, and {most} callers had a connection at the same time. "
        f"PostgreSQL counted {open_now}. The docstring asks for a pool: each caller "
        "gets a connection that nobody else uses."
    )
    assert not isinstance(extra, Connection), (
        f"`most` is {most}. {most} connections were in use, and one more caller got a "
        "connection. The docstring asks for never more than `most`. The pool is a "
        f"{type(engine.pool).__name__}. Look at {where}."
    )


def test_q1_each_call_creates_an_engine_with_a_pool_of_its_own(answers, postgres):
    with (
        pool_of(answers, postgres.url, 1, 2) as first,
        pool_of(answers, postgres.url, 1, 2) as again,
        pool_of(answers, postgres.url, 3, 4) as larger,
    ):
        assert first is not again, (
            "`open_engine(url, 1, 2, ...)` was called twice, and returned the same "
            "engine. The docstring asks to create a new one."
        )
        for engine, most in ((first, 2), (again, 2), (larger, 4)):
            take(engine, most)
        extra = Later(first.connect).result()

    assert not isinstance(extra, Connection), (
        "Three engines have the same `url`. `most` is 2 for the first one. 2 of its "
        "connections were in use, and one more caller got a connection. The docstring "
        "asks for never more than `most`."
    )


@pytest.mark.parametrize(("keep", "most"), SIZES)
def test_q1_returned_connections_stay_open_up_to_keep(
    answers, postgres, server, keep, most
):
    with pool_of(answers, postgres.url, keep, most) as engine:
        for _ in range(2):
            give_back(take(engine, most))
            kept = server.pids_soon(keep)
            assert len(kept) == keep, (
                f"`keep` is {keep}, and `most` is {most}. {most} connections were in "
                f"use and are returned. PostgreSQL counts {len(kept)} connections. The "
                "docstring asks to keep `keep` of them open. Look at the sizes."
            )


@pytest.mark.parametrize(("keep", "most"), SIZES)
def test_q1_connections_are_used_again(answers, postgres, keep, most):
    seen = []
    with pool_of(answers, postgres.url, keep, most) as engine:
        for _ in range(3):
            taken = take(engine, keep)
            seen.append(sorted(ask(one) for one in taken))
            give_back(taken)

    assert seen[0] == seen[1] == seen[2], (
        f"`keep` is {keep}. Three times, {keep} callers took a connection and returned "
        f"it. PostgreSQL gave the connections the numbers {seen}. The docstring asks "
        "to use the same connections again."
    )


def test_q1_a_caller_that_waits_too_long_gets_a_timeout_error(answers, postgres):
    with pool_of(answers, postgres.url, 1, 2, patience=MOMENT) as engine:
        take(engine, 2)
        extra = Later(engine.connect).result()
        limit = waits_for(engine, MOMENT)

    assert isinstance(extra, PoolTimeout), (
        f"Both connections were in use, and `patience` is {MOMENT}. After "
        f"{MANY * MOMENT:g} seconds, `engine.connect()` {in_words_or_waits(extra)}. "
        "The docstring asks for SQLAlchemy's TimeoutError after `patience` seconds."
    )
    assert limit == MOMENT, (
        f"`patience` is {MOMENT}, and the pool lets a caller wait for {limit} seconds. "
        "The docstring asks for `patience` seconds."
    )


def test_q1_a_patient_caller_gets_a_connection_that_is_returned(answers, postgres):
    with pool_of(answers, postgres.url, 1, 2, patience=600.5) as engine:
        first, second = take(engine, 2)
        number = ask(first)
        third = Later(engine.connect)
        before = third.result(moments=12)
        first.close()
        after = third.result()
        again = ask(after) if isinstance(after, Connection) else None
        second.close()
        limit = waits_for(engine, 600.5)

    assert before is WAITS, (
        "Both connections were in use, and `patience` is 600.5. After a moment, "
        f"`engine.connect()` {in_words_or_waits(before)}. The docstring asks to wait "
        "for a connection for `patience` seconds."
    )
    assert again == number, (
        "A caller waited, and a connection was returned. `engine.connect()` "
        f"{in_words_or_waits(after)}, with PostgreSQL's number {again}. The docstring "
        f"asks to use the same connection again. Its number is {number}."
    )
    assert limit == 600.5, (
        f"`patience` is 600.5, and the pool lets a caller wait for {limit} seconds. "
        "The docstring asks for `patience` seconds."
    )


@pytest.mark.parametrize(("keep", "most"), SIZES)
def test_q1_connections_that_the_server_closed_are_replaced(
    answers, postgres, server, keep, most
):
    with pool_of(answers, postgres.url, keep, most) as engine:
        give_back(take(engine, most))
        for _ in range(2):
            server.close_all()
            taken = take(engine, keep)
            seen = outcome(lambda taken=taken: [ask(one) for one in taken])
            assert not isinstance(seen, Exception), (
                "PostgreSQL closed all connections while they were in the pool. The "
                f"next query raised {in_words(seen)}. The docstring asks for a new "
                "connection and no error. The pool must test a connection before it "
                "lends it."
            )
            give_back(taken)


class Site:
    """A database of the news site, and how many rows it has sent."""

    def __init__(self, answers: Any, engine: Engine) -> None:
        self._answers = answers
        self._engine = engine
        self.rows = 0
        event.listen(engine, "connect", self._count_rows)
        attempt("Creating the tables", answers.Base.metadata.create_all, engine)

    def _count_rows(self, raw: Any, record: Any) -> None:
        def note(cursor: Any, row: tuple[Any, ...]) -> tuple[Any, ...]:
            self.rows += 1
            return row

        raw.row_factory = note

    def add(
        self, author: Any, comments: int, pictures: int, are_alike: bool = False
    ) -> dict[str, Any]:
        """Store an article, and return what the front page shows of it.

        If `are_alike`, it has the texts of another one that was stored in this way.
        """
        with Session(self._engine) as session:
            author = session.merge(author)
            number = len(session.scalars(select(self._answers.Article.id)).all()) + 1
            texts = [f"{number}, comment {one}" for one in range(comments)]
            files = [f"{number}-{one}.png" for one in range(pictures)]
            shown = {
                "title": "Snow" if are_alike else f"Article {number}",
                "author": author.name,
                "comments": ["Thanks."] * comments if are_alike else texts,
                "pictures": ["snow.png"] * pictures if are_alike else files,
            }
            article = self._answers.Article(id=number, title=shown["title"])
            article.author = author
            for each in shown["comments"]:
                article.comments.append(self._answers.Comment(text=each))
            for each in shown["pictures"]:
                article.pictures.append(self._answers.Picture(file=each))
            session.add(article)
            session.commit()
        return shown

    def front_page(self, count: int) -> tuple[Any, Statements, int]:
        """Return the page, the statements that were sent, and the number of rows."""
        with Session(self._engine) as session, statements(self._engine) as sent:
            before = self.rows
            page = outcome(lambda: self._answers.front_page(session, count))
            return page, sent, self.rows - before

    def front_page_with_draft(self, count: int) -> Any:
        """Return the page in a session that has not committed an article."""
        with Session(self._engine) as session:
            draft = self._answers.Article(id=99, title="Draft", author_id=1)
            session.add(draft)
            session.flush()
            return outcome(lambda: self._answers.front_page(session, count))


@pytest.fixture
def site(answers) -> Iterator[Site]:
    """A new database of the news site."""
    with sqlite_engine() as engine:
        yield Site(answers, engine)


def check_page(site: Site, count: int, expected: list[dict[str, Any]]) -> None:
    """Check the list, the statements and the rows of a front page."""
    page, sent, rows = site.front_page(count)
    what = f"`front_page(session, {count})`"
    if page != expected and isinstance(page, list):
        pairs = enumerate(zip_longest(page, expected), 1)
        place, (entry, right) = next(pair for pair in pairs if pair[1][0] != pair[1][1])
        where = f"Entry {place}"
        if isinstance(entry, dict) and right and set(entry) == set(right):
            name = next(name for name in right if entry[name] != right[name])
            where = f"`{name}` of entry {place}"
            entry, right = entry[name], right[name]
        raise AssertionError(
            f"{what} returned {len(page)} of {len(expected)} entries. {where} is "
            f"{in_words(entry)}, not {in_words(right)}. The docstring asks for the "
            "same list as before."
        )
    assert page == expected, (
        f"{what} {returned_or_raised(page)}. The docstring asks for the same list as "
        "before. Look at the line of your query that the exception is about."
    )
    assert len(sent) <= 4, (
        f"{what} sent {len(sent)} statements for {len(expected)} articles. The last "
        f"one was `{sent[-1].sql:.70}`. The docstring asks for at most four. Look for "
        "an attribute that is not loaded with the articles."
    )
    lists = sum(len(one["comments"]) + len(one["pictures"]) for one in expected)
    most = len(expected) + lists + len({one["author"] for one in expected})
    assert rows <= most, (
        f"{what}: the database sent {rows} rows. The page shows {len(expected)} "
        f"articles, with {lists} comments and pictures. The docstring asks for at most "
        f"{most} rows. Look for a JOIN that repeats rows, and for rows that the page "
        "does not show."
    )


def authors(answers: Any, count: int) -> list[Any]:
    """Return new authors."""
    return [answers.Author(id=one, name=f"Author {one}") for one in range(1, count + 1)]


@pytest.mark.parametrize("count", [3, 20])
def test_q2_the_number_of_statements_does_not_grow(answers, site, count):
    people = authors(answers, count)
    shown = [site.add(people[one], 1, 1) for one in range(count)]

    check_page(site, count, shown[::-1])


def test_q2_no_row_is_sent_for_each_pair_of_a_comment_and_a_picture(answers, site):
    ana, ben = authors(answers, 2)
    shown = [site.add(ana, 10, 10), site.add(ben, 12, 7), site.add(ana, 3, 9)]

    check_page(site, 3, shown[::-1])


def test_q2_an_article_without_comments_and_pictures_is_shown(answers, site):
    ana, ben = authors(answers, 2)
    sizes = [(0, 0), (3, 0), (0, 2), (0, 0)]
    shown = [site.add(person, *size) for size in sizes for person in (ana, ben)]

    check_page(site, 8, shown[::-1])


def test_q2_articles_with_the_same_texts_are_shown(answers, site):
    ana, ben = authors(answers, 2)
    people_and_sizes = [(ana, 2, 2), (ben, 3, 0), (ana, 2, 2), (ana, 0, 1)]
    shown = [site.add(*one, are_alike=True) for one in people_and_sizes]

    check_page(site, 4, shown[::-1])


@pytest.mark.parametrize("count", [2, 5])
def test_q2_only_the_newest_articles_are_loaded(answers, site, count):
    people = authors(answers, 9)
    shown = [site.add(person, 4, 3) for person in people]

    check_page(site, count, shown[::-1][:count])
    check_page(site, 0, [])


def test_q2_a_new_article_is_on_the_next_page(answers, site):
    people = authors(answers, 5)
    check_page(site, 10, [])
    shown = []
    for person in people:
        shown.append(site.add(person, 2, 2))
        check_page(site, 10, shown[::-1])


def test_q2_an_article_that_is_not_committed_is_shown(answers, site):
    shown = [site.add(person, 2, 2) for person in authors(answers, 3)]
    check_page(site, 3, shown[::-1])
    draft = {"title": "Draft", "author": "Author 1", "comments": [], "pictures": []}

    page = site.front_page_with_draft(10)
    assert page == [draft, *shown[::-1]], (
        "An article 'Draft' was added to the session, flushed, and not committed. "
        f"`front_page(session, 10)` {returned_or_raised(page)}. The docstring asks for "
        "the same list as before, with this article at the top. Only `session` sees it."
    )


@dataclass(frozen=True)
class Size:
    """How many comments the table of 6.3.3 has."""

    on_the_article: int
    on_other_articles: int

    def __str__(self) -> str:
        return f"{self.on_the_article} + {self.on_other_articles}"


SMALL = Size(100, 300)


def comment(article: int, email: str, created: int) -> dict[str, Any]:
    """Return a row of the table."""
    row = {"article_id": article, "email": email, "created": created}
    return row | {"text": "Well said."}


@contextmanager
def filled(answers: Any, size: Size) -> Iterator[tuple[Engine, Table]]:
    """Yield a database with the learner's table, and comments in it."""
    metadata = MetaData()
    table = attempt("`comments_table(metadata)`", answers.comments_table, metadata)
    is_table = isinstance(table, Table)
    assert is_table, (
        f"`comments_table(metadata)` returned {in_words(table)}. The docstring asks "
        "for the table: keep its last line."
    )
    rows = [comment(7, f"A{one}@x.org", 2 * one) for one in range(size.on_the_article)]
    rows += [
        comment(100 + one % 50, f"B{one}@x.org", one)
        for one in range(size.on_other_articles)
    ]
    rows += [comment(9, "Ana@X.org", one) for one in range(3)]
    with sqlite_engine() as engine:
        attempt("Creating the table", metadata.create_all, engine)
        store(engine, table, rows)
        yield engine, table


def store(engine: Engine, table: Table, rows: list[dict[str, Any]]) -> None:
    """Store comments."""
    with engine.begin() as connection:
        stored = outcome(lambda: connection.execute(insert(table), rows))
    assert not isinstance(stored, Exception), (
        f"Storing comments raised {in_words(stored)}. The docstring asks that the "
        "table accepts the same rows as before."
    )


def accepts_null(engine: Engine, table: Table, column: str) -> bool:
    """Return whether the table accepts a row with NULL in this column."""
    row = comment(7, "a@x.org", 4) | {column: None}
    with engine.connect() as connection:
        stored = outcome(lambda: connection.execute(insert(table).values(row)))
    return not isinstance(stored, IntegrityError)


def run(engine: Engine, query: Select[Any]) -> tuple[int, int, str]:
    """Return the steps that SQLite makes for a query, its rows, and its plan."""
    steps = 0

    def note() -> None:
        nonlocal steps
        steps += 1

    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None, "there is no connection to SQLite"
        raw.set_progress_handler(note, 1)
        rows = connection.execute(query).all()
        raw.set_progress_handler(None, 0)
        sql = query.compile(engine, compile_kwargs={"literal_binds": True})
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")
        return steps, len(rows), "; ".join(row[3] for row in plan)


def queries(answers: Any, table: Table) -> dict[str, Select[Any]]:
    """Return the given queries."""
    return {
        "newest_comments": answers.newest_comments(table, 7),
        "comments_of": answers.comments_of(table, "ana@x.ORG"),
    }


def check_work(answers: Any, name: str, large: Size) -> None:
    """Check that a query takes as few steps in a larger table."""
    seen = []
    for size in (SMALL, large):
        with filled(answers, size) as (engine, table):
            seen.append(run(engine, queries(answers, table)[name]))
    (before, rows, _), (after, same_rows, plan) = seen

    expected = {"newest_comments": 10, "comments_of": 3}[name]
    assert (rows, same_rows) == (expected, expected), (
        f"`{name}` returned {same_rows} rows, and {expected} were expected. The "
        "docstring asks for indexes only. Keep the columns as they are."
    )
    assert after <= 2 * before, (
        f"The comments (on the article + on others) grew from {SMALL} to {large}. "
        f"`{name}` took {before} steps in SQLite, then {after}. The plan: {plan:.95}. "
        "The docstring asks that the work does not grow."
    )


WORLDS = {"table": Size(100, 3000), "article": Size(1000, 300)}


@pytest.mark.parametrize("grows", WORLDS)
def test_q3_the_newest_comments_are_found_with_the_same_work(answers, grows):
    check_work(answers, "newest_comments", WORLDS[grows])


@pytest.mark.parametrize("grows", WORLDS)
def test_q3_the_comments_of_a_reader_are_found_with_the_same_work(answers, grows):
    check_work(answers, "comments_of", WORLDS[grows])


def test_q3_there_are_at_most_two_indexes(answers):
    with filled(answers, SMALL) as (engine, table):
        plans = [run(engine, query)[2] for query in queries(answers, table).values()]
        with engine.connect() as connection:
            names = connection.scalars(
                text("SELECT name FROM sqlite_master WHERE type = 'index' ORDER BY 1")
            ).all()

    assert len(names) <= 2, (
        f"The table has the indexes {in_words(names)}. The docstring asks for at most "
        "two: each one makes every INSERT slower."
    )
    used = [plan for plan in plans if "SEARCH" in plan]
    assert used == plans, (
        f"The table has the indexes {in_words(names)}. SQLite's plans for the two "
        f"queries are {in_words(plans)}. A plan with SCAN reads everything. The "
        "docstring asks that the work does not grow."
    )


def test_q3_the_table_accepts_the_same_rows_as_before(answers):
    with filled(answers, SMALL) as (engine, table):
        twice = [
            comment(7, email, 4) for email in ("", "a@x.org", "A@X.org", "ÅÖ@x.eu")
        ]
        store(engine, table, twice * 2)
        with engine.connect() as connection:
            count = len(connection.execute(select(table)).all())
        taken = [name for name in twice[0] if accepts_null(engine, table, name)]
        plans = [run(engine, query)[2] for query in queries(answers, table).values()]

    assert count == 411, (
        f"The table has {count} rows after 411 were stored. The docstring asks that it "
        "accepts the same rows as before."
    )
    assert taken == [], (
        f"The table accepts NULL in the columns {taken}. The docstring asks that it "
        "accepts the same rows as before: keep `nullable=False`."
    )
    assert "SCAN" not in "".join(plans), (
        f"All rows are stored, but SQLite's plans for the two queries are "
        f"{in_words(plans)}. A plan with SCAN reads everything. The docstring asks "
        "that the work does not grow."
    )
