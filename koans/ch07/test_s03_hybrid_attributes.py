"""The tests of section 7.3."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, aliased

from lab import Statements, attempt, in_words, sqlite_engine, statements

RIDERS = [
    ("Ana", "Silva", "Ana Silva"),
    ("Jan Piet", "van der Berg", "Jan Piet van der Berg"),
    ("Mia", None, "Mia"),
    ("Bo", "", "Bo"),
    ("Zoë", None, "Zoë"),
    ("Lia  Maria", "None", "Lia  Maria None"),
]
KINDS = ["both", "long", "null", "empty", "null-too", "spaces"]
ROWS = pytest.mark.parametrize(("first", "last", "full"), RIDERS, ids=KINDS)


@pytest.fixture
def engine(answers) -> Iterator[Engine]:
    """A database with the tables of the league."""
    with sqlite_engine() as engine:
        attempt("Creating the tables", answers.Base.metadata.create_all, engine)
        yield engine


@pytest.fixture
def session(engine) -> Iterator[Session]:
    """A session on the database of the league."""
    with Session(engine) as session:
        yield session


def has(model: Any, name: str) -> Any:
    """Return the model, which must have the attribute."""
    assert name in dir(model), (
        f"`{model.__name__}` has no attribute `{name}`. The docstring asks for it. "
        "Write it below the columns of the class."
    )
    return model


def look_at_sql(error: Exception) -> str:
    """Return where to look for the error of a query."""
    if isinstance(error, DBAPIError):
        return "SQLite refused the statement: look at the SQL that you wrote."
    return (
        "Python's code does not always work with the columns of the class: look at "
        "your definition for SQL."
    )


def in_sql(what: str, call: Callable[[], Any]) -> Any:
    """Return what a query returns."""
    try:
        return call()
    except Exception as error:
        raise AssertionError(
            f"{what} raised {in_words(error)}. The docstring asks that it works in a "
            f"query. {look_at_sql(error)}"
        ) from error


def rider_model(answers: Any) -> Any:
    """Return `Rider` with its `full_name`."""
    return has(answers.Rider, "full_name")


def full_name(rider: Any) -> Any:
    """Return the full name of an object."""
    return attempt("`rider.full_name`", lambda: rider.full_name)


@pytest.fixture
def riders(answers, session) -> Any:
    """The model `Rider`, with a row for each rider."""
    for first, last, _ in RIDERS:
        session.add(answers.Rider(first_name=first, last_name=last))
    attempt("Adding the riders", session.commit)
    return answers.Rider


def look_at_name(got: object, last: str | None) -> str:
    """Return where to look for a full name that an object does not have."""
    if callable(got):
        return "A property is read without parentheses: look at your decorator."
    return f"Look at what your property does with{'' if last else 'out'} a last name."


@ROWS
def test_q1_an_object_has_a_full_name(answers, first, last, full):
    rider = rider_model(answers)(first_name=first, last_name=last)
    got = full_name(rider)
    assert got == full, (
        f"`Rider(first_name={first!r}, last_name={last!r}).full_name` is "
        f"{in_words(got)}. The docstring asks for {full!r}. " + look_at_name(got, last)
    )


def test_q1_a_new_last_name_changes_the_full_name(riders, session):
    has(riders, "full_name")
    rider = session.scalars(select(riders).where(riders.first_name == "Ana")).one()
    seen = [full_name(rider)]
    rider.last_name = "Costa"
    seen.append(full_name(rider))
    session.execute(update(riders).values(last_name=None))
    seen.append(full_name(rider))
    assert seen == ["Ana Silva", "Ana Costa", "Ana"], (
        "The last name of Ana Silva became Costa, and then NULL. `rider.full_name` was "
        f"{in_words(seen)}. The docstring asks for the first and the last name. "
        "Look for a value that is kept."
    )


@ROWS
def test_q1_the_full_name_can_be_selected(riders, session, first, last, full):
    has(riders, "full_name")

    def read() -> Any:
        query = select(riders.full_name).where(riders.first_name == first)
        return session.scalar(query)

    got = in_sql("`select(Rider.full_name)`", read)
    assert got == full, (
        f"`select(Rider.full_name)` returned {in_words(got)} for the first name "
        f"{first!r} and the last name {last!r}. The docstring asks for the same value "
        f"as in Python: {full!r}. "
        + f"Look at what your SQL does with{'' if last else 'out'} a last name"
        + ("." if last else ": NULL and '' are different values.")
    )


@ROWS
def test_q1_a_rider_is_found_by_the_full_name(riders, session, first, last, full):
    has(riders, "full_name")
    what = f"`select(Rider).where(Rider.full_name == {full!r})`"

    def read() -> Any:
        return session.scalars(select(riders).where(riders.full_name == full)).all()

    found = in_sql(what, read)
    got = [(one.first_name, one.last_name) for one in found]
    assert got == [(first, last)], (
        f"{what} returned {in_words(got)}. The rider is {(first, last)!r}. The "
        "docstring asks for the same value in SQL as in Python. Look at the SQL "
        "expression of your property."
    )


@pytest.mark.parametrize("name", ["ana silva", "Mia ", "Ana"])
def test_q1_another_spelling_finds_nobody(riders, session, name):
    has(riders, "full_name")
    what = f"`select(Rider).where(Rider.full_name == {name!r})`"

    def read() -> Any:
        return session.scalars(select(riders).where(riders.full_name == name)).all()

    got = [(one.first_name, one.last_name) for one in in_sql(what, read)]
    assert got == [], (
        f"{what} returned {in_words(got)}. No rider has this full name. The docstring "
        "asks for the same value in SQL as in Python. Look at how your SQL compares."
    )


def test_q1_an_alias_has_full_names_of_its_own(riders, session):
    first, other = has(riders, "full_name"), aliased(riders)
    query = select(first.full_name, other.full_name).join(other, other.id > first.id)
    got = in_sql(
        "`select(Rider.full_name, other.full_name)`",
        lambda: session.execute(query.order_by(first.id, other.id)).all()[:2],
    )
    expected = [("Ana Silva", "Jan Piet van der Berg"), ("Ana Silva", "Mia")]
    assert [tuple(row) for row in got] == expected, (
        "`other` is `aliased(Rider)`. A query for pairs of riders returned "
        f"{in_words(got)}. The docstring asks for the name of each: {expected}. Look "
        "for `Rider` in place of `cls`."
    )


def test_q1_the_table_has_no_new_column(answers, riders):
    has(riders, "full_name")
    columns = list(answers.Rider.__table__.columns.keys())
    assert columns == ["id", "first_name", "last_name"], (
        f"The table `riders` has the columns {in_words(columns)}. The docstring asks "
        "for no new column. Look for a `mapped_column` that you added."
    )


CONTRACTS = {
    "year": (date(2026, 1, 1), date(2026, 12, 31)),
    "open": (date(2026, 3, 1), None),
    "day": (date(2026, 6, 1), date(2026, 6, 1)),
}
DAYS = {
    date(2025, 12, 31): [],
    date(2026, 1, 1): ["year"],
    date(2026, 2, 28): ["year"],
    date(2026, 3, 1): ["year", "open"],
    date(2026, 6, 1): ["year", "open", "day"],
    date(2026, 6, 2): ["year", "open"],
    date(2026, 12, 31): ["year", "open"],
    date(2027, 1, 1): ["open"],
    date(9999, 12, 31): ["open"],
}
EACH_DAY = pytest.mark.parametrize("day", DAYS, ids=str)
NUMBERS = {name: number for number, name in enumerate(CONTRACTS, 1)}
NAMES = {number: name for name, number in NUMBERS.items()}


def contract(answers: Any, name: str) -> Any:
    """Return a new contract."""
    begins, ends = CONTRACTS[name]
    return answers.Contract(id=NUMBERS[name], begins=begins, ends=ends)


@pytest.fixture
def contracts(answers, session) -> Any:
    """The model `Contract`, with a row for each contract."""
    session.add_all(contract(answers, name) for name in CONTRACTS)
    attempt("Adding the contracts", session.commit)
    return answers.Contract


def in_short(names: list[str]) -> str:
    """Return contracts for a message."""
    terms = [f"{CONTRACTS[name][0]} to {CONTRACTS[name][1]}" for name in names]
    return f"[{', '.join(terms)}]"


def found(session: Session, query: Any) -> list[str]:
    """Return the names of the contracts that a query finds."""
    what = "The query with `Contract.covers(...)`"
    numbers = in_sql(what, lambda: session.scalars(query()).all())
    return [NAMES[number] for number in numbers]


AT_ENDS = "Look at the first and the last day."
OF_NULL = (
    "Look at what your SQL does if `ends` is NULL. Python's `or` and `is None` do not "
    "work with columns."
)


def look_at(got: object, name: str) -> str:
    """Return where to look for a value that `covers` of an object has returned."""
    if got is False and name == "open":
        return "Look at what your method does if `ends` is None."
    if isinstance(got, bool):
        return AT_ENDS
    return "Look at the type of what your method returns for an object."


@EACH_DAY
def test_q2_a_contract_covers_a_day(answers, day):
    has(answers.Contract, "covers")
    for name in CONTRACTS:
        one = contract(answers, name)
        got = attempt(f"`contract.covers({day})`", lambda one=one: one.covers(day))
        expected = name in DAYS[day]
        assert got is expected, (
            f"For the contract {in_short([name])}, `contract.covers({day})` returned "
            f"{in_words(got)}. The docstring asks for {expected}. " + look_at(got, name)
        )


@EACH_DAY
def test_q2_a_query_finds_the_contracts_that_cover_a_day(contracts, session, day):
    has(contracts, "covers")

    def query() -> Any:
        return select(contracts.id).where(contracts.covers(day)).order_by(contracts.id)

    got = found(session, query)
    assert got == DAYS[day], (
        f"`where(Contract.covers({day}))` found {in_short(got)}. The docstring asks "
        f"for the same value as in Python: {in_short(DAYS[day])}. "
        + (OF_NULL if "open" in {*DAYS[day]} - {*got} else AT_ENDS)
    )


@EACH_DAY
def test_q2_a_query_finds_the_other_contracts(contracts, session, day):
    has(contracts, "covers")

    def query() -> Any:
        return select(contracts.id).where(~contracts.covers(day)).order_by(contracts.id)

    got = found(session, query)
    expected = [name for name in CONTRACTS if name not in DAYS[day]]
    assert got == expected, (
        f"`where(~Contract.covers({day}))` found {in_short(got)}. The docstring asks "
        f"for {in_short(expected)}. Look for a value that is NULL in SQL: its negation "
        "is NULL as well."
    )


def test_q2_the_day_is_a_column_of_another_table(answers, contracts, session):
    has(contracts, "covers")
    session.add_all(answers.Race(day=day) for day in DAYS)
    race = answers.Race

    def pairs() -> Any:
        query = select(race.day, contracts.id).join(
            contracts, contracts.covers(race.day)
        )
        return session.execute(query.order_by(race.day, contracts.id)).all()

    rows = in_sql("`join(Contract, Contract.covers(Race.day))`", pairs)
    got = [(day, NAMES[number]) for day, number in rows]
    expected = [(day, name) for day, names in DAYS.items() for name in names]
    assert got == expected, (
        f"Races and contracts were joined with `Contract.covers(Race.day)`. There were "
        f"{len(got)} pairs, and the docstring asks for {len(expected)}. Wrong or "
        f"missing: {in_words([str(p[0]) for p in set(got) ^ set(expected)])}. Look at "
        "what your SQL does with a column."
    )


def test_q2_the_day_is_a_column_of_the_contract(contracts, session):
    has(contracts, "covers")

    def query() -> Any:
        covered = contracts.covers(contracts.begins)
        return select(contracts.id).where(covered).order_by(contracts.id)

    got = found(session, query)
    assert got == [*CONTRACTS], (
        f"`where(Contract.covers(Contract.begins))` found {in_short(got)}. Each "
        f"contract covers its first day: {in_short([*CONTRACTS])}. The docstring asks "
        "for any column with dates. Look for `Race.day` in your method."
    )


def test_q2_an_alias_covers_days_of_its_own(contracts, session):
    has(contracts, "covers")
    other = aliased(contracts)

    def query() -> Any:
        first_day, last_day = date(2026, 1, 1), date(2027, 1, 1)
        both = contracts.covers(first_day) & other.covers(last_day)
        return select(other.id).join(contracts, both)

    got = found(session, query)
    assert got == ["open"], (
        "`other` is `aliased(Contract)`. The query joins a contract that covers "
        "2026-01-01 with another one that covers 2027-01-01. It found "
        f"{in_short(got)}, and the docstring asks for {in_short(['open'])}. Look for "
        "`Contract` in place of `cls`."
    )


def test_q2_two_days_in_one_query(contracts, session):
    has(contracts, "covers")
    first, second = date(2026, 6, 1), date(2026, 6, 1) + timedelta(days=1)

    def query() -> Any:
        is_over = contracts.covers(first) & ~contracts.covers(second)
        return select(contracts.id).where(is_over)

    got = found(session, query)
    assert got == ["day"], (
        f"The query asks for contracts that cover {first}, and not {second}. It found "
        f"{in_short(got)}. The docstring asks for {in_short(['day'])}. Look at what "
        "your method does with its argument."
    )


# SQLite reads this table in the order of the names. So only a query that asks for it
# has the order of the ids.
BY_NAME = """
    CREATE TABLE teams (
        id INTEGER NOT NULL UNIQUE, name VARCHAR NOT NULL, PRIMARY KEY (name, id)
    ) WITHOUT ROWID
"""


class League:
    """A database with teams, and how many rows it has sent."""

    def __init__(self, answers: Any, engine: Engine) -> None:
        self.model = answers.Team
        self._result = answers.Result
        self.engine = engine
        self.rows = self.teams = 0
        event.listen(engine, "connect", self._count_rows)
        with engine.begin() as connection:
            connection.exec_driver_sql(BY_NAME)
        attempt("Creating the tables", answers.Base.metadata.create_all, engine)

    def _count_rows(self, raw: Any, record: Any) -> None:
        def note(cursor: Any, row: tuple[Any, ...]) -> tuple[Any, ...]:
            self.rows += 1
            return row

        raw.row_factory = note

    def team(self, name: str, *points: int) -> Any:
        """Return a new team with results."""
        self.teams += 1
        results = [self._result(points=one) for one in points]
        return self.model(id=self.teams, name=name, results=results)

    def add(self, teams: dict[str, list[int]]) -> None:
        """Store teams with their results."""
        with Session(self.engine) as session:
            session.add_all(self.team(name, *points) for name, points in teams.items())
            attempt("Adding the teams", session.commit)

    def top(self, count: int) -> tuple[Any, Statements, int]:
        """Return the ranking, the statements, and the number of rows."""
        with Session(self.engine) as session, statements(self.engine) as sent:
            before = self.rows
            what = f"`Team.top(session, {count})`"
            ranking = attempt(what, self.model.top, session, count)
            return ranking, sent, self.rows - before

    def read(self, what: str, query: Any) -> Any:
        """Return what a query selects."""
        with Session(self.engine) as session:
            rows = in_sql(what, lambda: session.execute(query()).all())
            return [tuple(row) for row in rows]


@pytest.fixture
def league(answers) -> Iterator[League]:
    """A new database with the tables of the league."""
    with sqlite_engine() as engine:
        yield League(answers, engine)


def is_same(got: Any, expected: list[tuple[str, int]]) -> bool:
    """Return whether rows are equal, and have values of the same types."""
    if got != expected:
        return False
    types = [[type(value) for value in row] for row in expected]
    return [[type(value) for value in row] for row in got] == types


def check_top(league: League, count: int, expected: list[tuple[str, int]]) -> None:
    """Check a ranking, and what it costs."""
    got, sent, rows = league.top(count)
    assert is_same(got, expected), (
        f"`Team.top(session, {count})` returned {in_words(got)}. The docstring asks "
        f"for {in_words(expected)}, as before. Look at your SQL for ties, equal names, "
        "and teams without results."
    )
    last = str(sent[-1]) if sent else ""
    reads = "SELECT results." in last and "for a line that reads `results`."
    assert len(sent) == 1, (
        f"`Team.top(session, {count})` sent {len(sent)} statements. The last one was "
        f"`{last[:60]}`. The docstring asks for one SELECT. Look "
        f"{reads or 'at what your first SELECT returns.'}"
    )
    assert rows <= count, (
        f"`Team.top(session, {count})`: the database sent {rows} rows. The docstring "
        f"asks for at most {count}. Look at where the list is sorted and cut."
    )


TEAMS = {
    "Nord": [10, 21],
    "Rest": [],
    "Fines": [-5],
    "Twin": [6, 6],
    "Also": [12],
    "Zero": [3, -3],
}
RANKING = [("Nord", 31), ("Twin", 12), ("Also", 12), ("Rest", 0), ("Zero", 0)]
RANKING += [("Fines", -5)]


@pytest.mark.parametrize("count", [1, 2, 4, 6, 50])
def test_q3_the_ranking_costs_one_statement(league, count):
    league.add(TEAMS)
    check_top(league, count, RANKING[:count])


@pytest.mark.parametrize("teams", [10, 100])
def test_q3_the_cost_does_not_grow_with_the_teams(league, teams):
    league.add({f"Team {one}": [one, 1, 1] for one in range(teams)})
    last = teams - 1
    expected = [(f"Team {last}", last + 2), (f"Team {last - 1}", last + 1)]
    check_top(league, 2, expected)


def test_q3_a_league_without_teams_has_an_empty_ranking(league):
    check_top(league, 3, [])
    league.add({"First": []})
    check_top(league, 3, [("First", 0)])


def test_q3_a_new_result_is_in_the_next_ranking(league):
    league.add({"Nord": [5], "Twin": [4]})
    check_top(league, 1, [("Nord", 5)])
    league.add({"New": [9, 1]})
    check_top(league, 2, [("New", 10), ("Nord", 5)])


def test_q3_teams_with_the_same_name_are_two_teams(league):
    league.add({"Nord": [4, 1]})
    league.add({"Nord": [3], "West": [4]})
    league.add({"Nord": [3]})
    check_top(league, 4, [("Nord", 5), ("West", 4), ("Nord", 3), ("Nord", 3)])


def test_q3_the_ranking_is_part_of_the_transaction(answers, league):
    league.add({"Nord": [5], "Twin": [4]})
    results = answers.Result
    with Session(league.engine) as session, statements(league.engine) as sent:
        session.add(results(team_id=2, points=30))
        got = attempt("`Team.top(session, 1)`", league.model.top, session, 1)
        selects = sum(one.verb != "INSERT" for one in sent)
        kept = session.scalars(select(results.id).where(results.points == 30)).all()
        session.rollback()
    assert (got, selects) == ([("Twin", 34)], 1), (
        "Nord has 5 points and Twin 4. A result with 30 points was added for Twin, and "
        f"not committed. `Team.top(session, 1)` sent {selects} statements besides the "
        f"INSERT, and returned {in_words(got)}. The docstring asks for one, and for "
        "[('Twin', 34)]. Look at what sends your query."
    )
    after = league.top(1)[0]
    assert (len(kept), after) == (1, [("Nord", 5)]), (
        "A new result was added to `session`, and not committed. `Team.top` has "
        f"{'committed it' if kept else 'rolled it back'}. The docstring asks that "
        "`top` does neither. Look at what your method does with `session` besides the "
        "query."
    )


@pytest.mark.parametrize("name", TEAMS)
def test_q3_the_points_are_the_same_in_python_and_in_sql(league, name):
    league.add(TEAMS)
    model, total = league.model, sum(TEAMS[name])
    got = league.read(
        "`select(Team.name, Team.points)`",
        lambda: select(model.name, model.points).where(model.name == name),
    )
    assert is_same(got, [(name, total)]), (
        f"`select(Team.name, Team.points)` returned {in_words(got)} for a team with "
        f"the results {TEAMS[name]}. The docstring asks for {total}, as in Python. "
        "Look at your SQL expression."
    )
    team = league.team("New", *TEAMS[name])
    python = [attempt("`team.points`", lambda: team.points)]
    team.results.extend(league.team("Other", 7).results)
    python.append(attempt("`team.points`", lambda: team.points))
    assert python == [total, total + 7], (
        f"A new team had the results {TEAMS[name]}, and then one with 7 points more. "
        f"`team.points` was {in_words(python)}. The docstring asks for "
        f"{[total, total + 7]}, as before. Look at `points` for objects."
    )


@pytest.mark.parametrize(
    ("limit", "names"), [(-1, "Fines"), (0, "Fines Rest Zero"), (12, "")]
)
def test_q3_teams_are_found_by_their_points(league, limit, names):
    league.add(TEAMS)
    model = league.model
    got = league.read(
        f"`where(Team.points <= {limit})`",
        lambda: select(model.name).where(model.points <= limit).order_by(model.name),
    )
    expected = names.split() or sorted(set(TEAMS) - {"Nord"})
    assert [name for (name,) in got] == expected, (
        f"`where(Team.points <= {limit})` found {in_words(got)}. The docstring asks "
        f"for {in_words(expected)}. Look at the points of a team without results."
    )
