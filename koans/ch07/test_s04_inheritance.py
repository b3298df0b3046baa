"""The tests of section 7.4."""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import pytest
from sqlalchemy import Engine, Integer, event, func, inspect, select, text, update
from sqlalchemy.orm import Session

from lab import (
    Statements,
    attempt,
    in_words,
    outcome,
    returned_or_raised,
    sqlite_engine,
    statements,
)

CLASSES = ["Race", "StageRace", "TimeTrial"]


class Races:
    """A database with the models of 7.4.1, and a session on it."""

    def __init__(self, answers: Any, engine: Engine) -> None:
        self._answers = answers
        self._engine = engine
        self.session = Session(engine)

    @cached_property
    def models(self) -> tuple[Any, ...]:
        """The learner's classes. Their tables are in the database."""
        models = outcome(self._answers.race_models)
        are_classes = isinstance(models, tuple) and all(
            isinstance(one, type) for one in models
        )
        count = len(models) if are_classes else 0
        assert count == len(CLASSES), (
            f"`race_models()` {returned_or_raised(models)}. The docstring asks to "
            "return three classes."
        )
        create = models[0].metadata.create_all
        attempt("Creating the tables", create, self._engine)
        return tuple(models)

    @property
    def race(self) -> Any:
        """The class `Race`."""
        return self.models[0]

    @property
    def stage(self) -> Any:
        """The class `StageRace`."""
        return self.models[1]

    @property
    def trial(self) -> Any:
        """The class `TimeTrial`."""
        return self.models[2]

    def add(self, *races: Any) -> None:
        """Store races, and forget their objects."""

        def store() -> None:
            self.session.add_all(races)
            self.session.commit()
            self.session.expunge_all()

        try:
            store()
        except Exception as error:
            raise AssertionError(
                f"Storing races raised {in_words(error)}. The docstring asks for one "
                "table, in which SQLAlchemy sets `kind`, and the columns of a subclass "
                "are NULL for the other races. Look at `__mapper_args__` and the types."
            ) from error

    def add_one_of_each(self) -> None:
        """Store four races, two of them with stages."""
        self.add(
            attempt("`Race(name=...)`", self.race, name="Roubaix"),
            attempt("`StageRace(...)`", self.stage, name="Giro", stages=21),
            attempt("`TimeTrial(...)`", self.trial, name="Chrono", interval=60),
            attempt("`StageRace(...)`", self.stage, name="Tour", stages=20),
        )

    def found(self, query: Any) -> list[Any]:
        """Return the objects or values that a query returns."""
        return list(attempt("The query", lambda: self.session.scalars(query()).all()))

    def tables(self) -> dict[str, list[str]]:
        """Return the columns of each table that the learner's classes create."""
        attempt("Creating the tables", self.race.metadata.create_all, self._engine)
        seen = inspect(self._engine)
        return {
            table: sorted(column["name"] for column in seen.get_columns(table))
            for table in seen.get_table_names()
        }


@pytest.fixture
def races(answers) -> Iterator[Races]:
    """A new database with the learner's models."""
    with sqlite_engine() as engine:
        races = Races(answers, engine)
        with races.session:
            yield races


def test_q1_the_classes_have_their_names(races):
    names = [one.__name__ for one in (races.race, races.stage, races.trial)]
    assert names == CLASSES, (
        f"`race_models()` returned the classes {in_words(names)}. The docstring asks "
        f"for {in_words(CLASSES)}, in this order."
    )
    for one in (races.stage, races.trial):
        assert issubclass(one, races.race), (
            f"`{one.__name__}` is no subclass of `Race`. The docstring asks for "
            "subclasses. Look at the parentheses behind the name of the class."
        )


def test_q1_there_is_one_table(races):
    columns = ["id", "interval", "kind", "name", "stages"]
    assert races.tables() == {"races": columns}, (
        f"The database has the tables {races.tables()}. The docstring asks for the one "
        f"table `races`, with the columns {columns}. A class with a table name of its "
        "own has a table of its own."
    )


@pytest.mark.parametrize("name", ["stages", "interval"])
def test_q1_the_new_columns_are_integers(races, name):
    column = races.race.__table__.columns.get(name)
    kind = None if column is None else column.type
    assert isinstance(kind, Integer), (
        f"In the table `races`, the column `{name}` has the type {in_words(kind)}. The "
        "docstring asks for an integer column."
    )


def test_q1_each_column_belongs_to_one_class(races):
    names = ["stages", "interval"]
    seen = {one.__name__: [n for n in names if hasattr(one, n)] for one in races.models}
    expected = {"Race": [], "StageRace": ["stages"], "TimeTrial": ["interval"]}
    assert seen == expected, (
        f"Which class has which of the two columns: {seen}. The docstring asks for "
        f"{expected}. Look at the class in which you write each column."
    )


def test_q1_the_columns_are_null_for_other_races(races):
    races.add_one_of_each()
    query = text("SELECT name, stages, interval FROM races ORDER BY id")
    rows = [tuple(row) for row in races.session.execute(query)]
    expected = [
        ("Roubaix", None, None),
        ("Giro", 21, None),
        ("Chrono", None, 60),
        ("Tour", 20, None),
    ]
    assert rows == expected, (
        f"The rows are {rows}, with the name, `stages` and `interval`. The docstring "
        f"asks for {expected}."
    )


def test_q1_sqlalchemy_sets_the_kind(races):
    races.add_one_of_each()
    query = text("SELECT kind FROM races ORDER BY id")
    kinds = list(races.session.scalars(query))
    expected = ["race", "stage race", "time trial", "stage race"]
    assert kinds == expected, (
        "A Race, a StageRace, a TimeTrial and a StageRace were stored. Their `kind` "
        f"is {in_words(kinds)}. The docstring asks for {in_words(expected)}."
    )


def test_q1_a_query_for_race_returns_objects_of_the_right_class(races):
    races.add_one_of_each()
    found = races.found(lambda: select(races.race).order_by(races.race.id))
    names = [type(one).__name__ for one in found]
    expected = ["Race", "StageRace", "TimeTrial", "StageRace"]
    assert names == expected, (
        f"`select(Race)` returned objects of the classes {in_words(names)}. The "
        f"docstring asks for {in_words(expected)}. Look at how SQLAlchemy knows the "
        "class of a row."
    )
    values = [found[1].stages, found[2].interval, found[3].stages]
    assert values == [21, 60, 20], (
        f"`stages` and `interval` of the objects from `select(Race)` are {values}. "
        "[21, 60, 20] was stored. Look at the columns of the subclasses."
    )


@pytest.mark.parametrize(
    ("place", "expected"),
    [(1, ["Giro", "Tour"]), (2, ["Chrono"])],
    ids=["StageRace", "TimeTrial"],
)
def test_q1_a_query_for_a_subclass_returns_its_objects_only(races, place, expected):
    races.add_one_of_each()
    model = races.models[place]
    found = races.found(lambda: select(model).order_by(model.id))
    names = [one.name for one in found]
    assert names == expected, (
        f"`select({model.__name__})` returned the races {in_words(names)}. The "
        f"docstring asks for objects of this class only: {in_words(expected)}."
    )
    count = races.found(lambda: select(func.count()).select_from(model))
    assert count == [len(expected)], (
        f"The database counted {count[0]} rows for `{model.__name__}`. The docstring "
        f"asks for {len(expected)}. The condition belongs to the mapping."
    )


def test_q1_an_update_of_a_subclass_changes_its_rows_only(races):
    races.add_one_of_each()
    change = update(races.stage).values(name="?")
    attempt("`update(StageRace)`", races.session.execute, change)
    names = races.found(lambda: select(races.race.name).order_by(races.race.id))
    assert names == ["Roubaix", "?", "Chrono", "?"], (
        "`update(StageRace).values(name='?')` was sent. The names of all races are "
        f"{in_words(names)}. The docstring asks that a query for StageRace returns "
        "objects of this class only."
    )


class People:
    """A database with the members and guests of the league."""

    def __init__(self, answers: Any, engine: Engine) -> None:
        self._answers = answers
        self._engine = engine
        answers.Base.metadata.create_all(engine)

    def new(self, model: str) -> Any:
        """Return a new object."""
        detail = {"bib": 7} if model.endswith("Rider") else {"licence": "A"}
        return getattr(self._answers, model)(name="Ana", **detail)

    def inserts(self, model: str) -> int:
        """Return how many INSERT statements store an object."""
        with Session(self._engine) as session, statements(self._engine) as sent:
            session.add(self.new(model))
            session.flush()
            return len(sent.of("insert"))

    def tables(self, model: str) -> int:
        """Return from how many tables a query for the model reads."""
        with Session(self._engine) as session, statements(self._engine) as sent:
            session.scalars(select(getattr(self._answers, model))).all()
            names = self._answers.Base.metadata.tables
            sql = " ".join(one.sql for one in sent)
            return sum(bool(re.search(rf"\b(FROM|JOIN) {one}\b", sql)) for one in names)

    def ids(self, *models: str) -> tuple[int, ...]:
        """Return the primary keys of new objects that are stored in this order."""
        with Session(self._engine) as session:
            people = []
            for model in models:
                people.append(self.new(model))
                session.add(people[-1])
                session.flush()
            return tuple(one.id for one in people)


@pytest.fixture
def people(answers) -> Iterator[People]:
    """A new database with the members and guests."""
    with sqlite_engine() as engine:
        yield People(answers, engine)


RUNS = {
    "add Rider": (
        lambda people: people.inserts("Rider"),
        "A rider's `name` and `bib` are in two tables.",
    ),
    "add GuestRider": (
        lambda people: people.inserts("GuestRider"),
        "All columns of a GuestRider are in `guest_riders`.",
    ),
    "select(Rider)": (
        lambda people: people.tables("Rider"),
        "Look at which tables have the columns of a rider.",
    ),
    "select(Guest)": (
        lambda people: people.tables("Guest"),
        "A GuestRider is a Guest as well. Look at which tables have guests.",
    ),
    "ids of a Rider and a Coach": (
        lambda people: people.ids("Rider", "Coach"),
        "Look at which table assigns the ids of both.",
    ),
    "ids of a GuestRider and a GuestCoach": (
        lambda people: people.ids("GuestRider", "GuestCoach"),
        "Look at which table assigns the id of each.",
    ),
}


@pytest.mark.parametrize("key", RUNS)
def test_q2_the_difference_is_predicted(answers, people, key):
    predictions = answers.comparison()
    keys = set(predictions) if isinstance(predictions, dict) else set()
    assert key in keys, (
        f"`comparison()` returned {in_words(predictions)}. The docstring asks for the "
        f"dictionary of the stub, with a prediction for {key!r}."
    )
    run, hint = RUNS[key]
    real, predicted = run(people), predictions[key]
    is_right = predicted == real
    assert type(predicted) is type(real), (
        f"For {key!r} you predict {in_words(predicted)}. The docstring asks for "
        f"{'a tuple of two ids' if isinstance(real, tuple) else 'a number'}."
    )
    assert is_right, (
        f"For {key!r} you predict {in_words(predicted)}. The real run shows something "
        f"else. {hint}"
    )


class League:
    """A database with teams, and how many rows it has sent."""

    def __init__(self, answers: Any, engine: Engine) -> None:
        self._answers = answers
        self._engine = engine
        self.rows = 0
        event.listen(engine, "connect", self._prepare)
        answers.Base.metadata.create_all(engine)

    def _prepare(self, raw: Any, record: Any) -> None:
        def note(cursor: Any, row: tuple[Any, ...]) -> tuple[Any, ...]:
            self.rows += 1
            return row

        # Without ORDER BY, the order is up to the database: here, the last row first.
        raw.execute("PRAGMA reverse_unordered_selects = ON")
        raw.row_factory = note

    def _member(self, line: str) -> Any:
        if match := re.fullmatch(r"(\d+) (.*)", line):
            return self._answers.Rider(bib=int(match[1]), name=match[2])
        if match := re.fullmatch(r"(.*), coach \((.*)\)", line):
            return self._answers.Coach(name=match[1], licence=match[2])
        return self._answers.Member(name=line)

    def add(self, teams: dict[str, list[str]]) -> None:
        """Store teams, whose members are given as `in_short` shows them."""
        with Session(self._engine) as session:
            for name, lines in teams.items():
                members = [self._member(line) for line in lines]
                session.add(self._answers.Team(name=name, members=members))
                session.flush()
            session.commit()

    def teams_with(self, licence: str) -> tuple[Any, Statements, int]:
        """Return the dictionary, the statements, and the number of rows."""
        with Session(self._engine) as session, statements(self._engine) as sent:
            before = self.rows
            what = f"`teams_with(session, {licence!r})`"
            got = attempt(what, self._answers.teams_with, session, licence)
            return got, sent, self.rows - before


@pytest.fixture
def league(answers) -> Iterator[League]:
    """A new database with the tables of the league."""
    with sqlite_engine() as engine:
        yield League(answers, engine)


def check(league: League, licence: str, expected: dict[str, list[str]]) -> None:
    """Check the dictionary, and what it costs."""
    got, sent, rows = league.teams_with(licence)
    what = f"`teams_with(session, {licence!r})`"
    teams = list(got) if isinstance(got, dict) else got
    assert teams == list(expected), (
        f"{what} returned {in_words(teams)} as the teams. The docstring asks for "
        f"{in_words(list(expected))}, in the order of the ids."
    )
    for name, lines in expected.items():
        assert got[name] == lines, (
            f"{what} returned {in_words(got[name])} for the team {name!r}. The "
            f"docstring asks for all its members, as before: {in_words(lines)}."
        )
    assert len(sent) <= 4, (
        f"{what} sent {len(sent)} statements. The last one was `{sent[-1].sql:.60}`. "
        "The docstring asks for at most four. Look for an attribute that is not loaded "
        "with the members."
    )
    most = sum(1 + 2 * len(lines) for lines in expected.values())
    assert rows <= most, (
        f"{what}: the database sent {rows} rows. The teams with this licence and their "
        f"members have at most {most}. The docstring asks for no rows of other teams. "
        "Look at the condition that the database checks."
    )


TEAMS = {
    "Nord": ["7 Ana", "Bo, coach (A)", "Cem", "8 Dee"],
    "West": ["1 Eva", "Flo, coach (B)"],
    "Solo": ["Gus"],
    "Empty": [],
    "East": ["Ida, coach (B)", "Jo, coach (A)", "Kim, coach (A)", "2 Lea"],
    "Only": ["Max, coach (A)"],
}


@pytest.mark.parametrize(
    ("licence", "names"),
    [("A", "Nord East Only"), ("B", "West East")],
    ids=["A", "B"],
)
def test_q3_the_teams_have_a_coach_with_the_licence(league, licence, names):
    league.add(TEAMS)
    check(league, licence, {name: TEAMS[name] for name in names.split()})


def test_q3_licences_that_look_alike_are_different(league):
    league.add(TEAMS)
    check(league, "AA", {})
    league.add({"New": ["Nil, coach (AA)"]})
    check(league, "AA", {"New": ["Nil, coach (AA)"]})
    check(league, "a", {})
    check(league, "A", {name: TEAMS[name] for name in ("Nord", "East", "Only")})


def test_q3_a_team_without_riders(league):
    league.add({"Zoo": ["Pia", "Quin, coach (C)"], "Young": ["Rae, coach (D)"]})
    check(league, "C", {"Zoo": ["Pia", "Quin, coach (C)"]})


@pytest.mark.parametrize("count", [2, 20])
def test_q3_the_number_of_statements_does_not_grow_with_the_teams(league, count):
    teams = {f"Team {n}": [f"{n} R", f"C{n}, coach (A)"] for n in range(count)}
    league.add(teams)
    check(league, "A", teams)


@pytest.mark.parametrize("count", [3, 30])
def test_q3_the_number_of_statements_does_not_grow_with_the_members(league, count):
    lines = [f"{n} Rider" for n in range(count)]
    lines += [f"C{n}, coach (A)" for n in range(count)]
    league.add({"Big": lines, "Other": lines[:count]})
    check(league, "A", {"Big": lines})


@pytest.mark.parametrize("others", [5, 50])
def test_q3_other_teams_are_not_loaded(league, others):
    teams = {f"Team {n}": [f"{n} R", f"C{n}, coach (B)"] for n in range(others)}
    league.add({**teams, "Nord": TEAMS["Nord"]})
    check(league, "A", {"Nord": TEAMS["Nord"]})


def test_q3_the_order_is_that_of_the_ids(league):
    teams = {name: [f"{name}, coach (A)"] for name in ("Zebra", "Apple", "Moon")}
    league.add(teams)
    check(league, "A", teams)
