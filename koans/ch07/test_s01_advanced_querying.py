"""The tests of section 7.1."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, Executable, text
from sqlalchemy.orm import Session

from lab import attempt, engine_for, in_words, outcome, sqlite_engine

# A recursion may have no end. PostgreSQL stops it when it has stored so much.
LIMITS = "-c temp_file_limit=20MB -c statement_timeout=30000 -c jit=off"

# What is behind an error of `team_tree`.
BEHIND = {
    "does not exist": "PostgreSQL does not know this name. Only a recursive CTE can "
    "refer to itself.",
    "temp_file_limit": "The recursion found rows without an end. Look at what makes a "
    "run find no more rows.",
}


class League:
    """A database of the league."""

    def __init__(self, answers: Any, engine: Engine) -> None:
        self._answers = answers
        self._engine = engine
        attempt("Creating the tables", answers.Base.metadata.create_all, engine)

    def add(self, model: str, *rows: dict[str, Any]) -> None:
        """Store rows, one after the other."""
        with Session(self._engine) as session:
            for row in rows:
                session.add(getattr(self._answers, model)(**row))
                session.flush()
            session.commit()

    def execute(self, sql: str) -> list[Any]:
        """Return the rows of a statement that the test sends."""
        with self._engine.begin() as connection:
            result = connection.execute(text(sql))
            return list(result.all()) if result.returns_rows else []

    def rows(self, function: str, *arguments: object) -> list[tuple[Any, ...]]:
        """Return the rows of the learner's query."""
        what, query = self._query(function, *arguments)
        with Session(self._engine) as session:
            found = outcome(lambda: session.execute(query).all())
        behind = [BEHIND[part] for part in BEHIND if part in str(found)]
        known = function == "team_tree" and behind
        assert isinstance(found, list), (
            f"The query of {what} raised {in_words(found)}. "
            f"{behind[0] if known else 'The test executes what you return.'}"
        )
        return [tuple(row) for row in found]

    def plan(self, function: str, *arguments: object) -> Any:
        """Run the learner's query, and return what PostgreSQL did for it."""
        what, query = self._query(function, *arguments)
        sql = attempt(
            f"Compiling the query of {what}",
            lambda: query.compile(self._engine, compile_kwargs={"literal_binds": True}),
        )
        with self._engine.connect() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
            value = plan.scalar()
        return json.loads(value) if isinstance(value, str) else value

    def _query(self, function: str, *arguments: object) -> tuple[str, Any]:
        what = f"`{function}({', '.join(map(repr, arguments))})`"
        query = attempt(what, getattr(self._answers, function), *arguments)
        is_query = isinstance(query, Executable)
        assert is_query, (
            f"{what} returned {in_words(query)}. The docstring asks to return a query: "
            "what `select(...)` returns. The test executes it."
        )
        return what, query


@pytest.fixture
def sqlite(answers) -> Iterator[League]:
    """A league in a new database of SQLite."""
    with sqlite_engine() as engine:
        yield League(answers, engine)


@pytest.fixture
def league(answers, postgres) -> Iterator[League]:
    """A league in a new database of PostgreSQL."""
    with engine_for(postgres.url, connect_args={"options": LIMITS}) as engine:
        yield League(answers, engine)


def difference(
    seen: list[tuple[Any, ...]],
    expected: list[tuple[Any, ...]],
    asks: str,
    order: str,
) -> str:
    """Say where the rows are not the expected ones, and what the docstring asks for."""
    if sorted(map(repr, seen)) == sorted(map(repr, expected)):
        asks = f"Only the order is wrong. The docstring asks for the order of {order}."
    for number, (row, right) in enumerate(zip(seen, expected, strict=False), 1):
        if row != right:
            found = f"row {number} is {in_words(row)} instead of {in_words(right)}"
            return f"{found}. {asks}"
    return f"the number of rows is {len(seen)} instead of {len(expected)}. {asks}"


def riders(count: int) -> list[dict[str, Any]]:
    """Return the rows of riders. The order of their names is not that of the ids."""
    return [{"id": one, "name": f"Rider {-one % 10}"} for one in range(1, count + 1)]


def store_race(
    sqlite: League, race: str, seconds: dict[int, int], days: int = 1
) -> None:
    """Store a race of some days: for each rider's id, the seconds."""
    for number, (rider, time) in enumerate(seconds.items()):
        day = date(2026, 5, 1) + timedelta(number % days)
        row = {"race": race, "day": day, "rider_id": rider, "seconds": time}
        sqlite.add("Result", row)


def places(races: dict[str, dict[int, int]]) -> list[tuple[str, int, int]]:
    """Return the rows that the docstring asks for."""
    rows = [
        (race, rider, 1 + sum(other < time for other in results.values()))
        for race, results in races.items()
        for rider, time in results.items()
    ]
    return sorted(rows, key=lambda row: (row[0], row[2], row[1]))


def check_places(
    sqlite: League, races: dict[str, dict[int, int]], asks: str, days: int = 1
) -> None:
    """Store the races, and compare the places."""
    sqlite.add("Rider", *riders(9))
    for race, results in races.items():
        store_race(sqlite, race, results, days)
    seen, expected = sqlite.rows("ranking"), places(races)
    if sorted(str(row[:2]) for row in seen) != sorted(str(row[:2]) for row in expected):
        asks = "The docstring asks for race, rider's id and place of each result."
    where = difference(seen, expected, asks, "race, place and rider's id")
    assert seen == expected, f"For the riders' seconds {in_words(races)}, {where}"


@pytest.mark.parametrize(
    "times", [{1: 90, 2: 70, 3: 80}, {3: 5, 1: 4, 2: 3, 7: 2, 5: 9}], ids=["3", "5"]
)
def test_q1_the_rider_with_the_fewest_seconds_has_place_1(sqlite, times):
    asks = "The docstring asks for place 1 for the fewest seconds. Look at `order_by`."
    check_places(sqlite, {"Alps": times}, asks)


def test_q1_each_race_has_its_own_places(sqlite):
    races = {"Coast": {1: 60, 2: 61}, "Alps": {2: 95, 3: 91, 1: 99}, "Hills": {3: 7}}
    asks = "The docstring asks for places in each race. Look at `partition_by`."
    check_places(sqlite, races, asks)


def test_q1_a_race_of_several_days_has_one_ranking(sqlite):
    races = {"Alps": {1: 90, 2: 70, 3: 80, 4: 60}}
    asks = "The days differ, but a race is known by its name. Look at `partition_by`."
    check_places(sqlite, races, asks, days=2)


@pytest.mark.parametrize(
    "times",
    [{4: 90, 7: 80, 5: 80, 6: 70}, {1: 50, 2: 50, 3: 50, 4: 60, 5: 60, 6: 61}],
    ids=["two", "three"],
)
def test_q1_riders_with_the_same_time_share_a_place(sqlite, times):
    asks = (
        "The docstring asks for the same place, and then for 1 plus the number of "
        "faster riders. Look at which function ranks in this way."
    )
    check_places(sqlite, {"Alps": times}, asks)


def test_q1_the_rows_are_ordered(sqlite):
    races = {
        "Hills": {9: 40, 2: 40, 5: 30},
        "Alps": {8: 20, 3: 30, 1: 30, 7: 10},
        "Coast": {6: 50, 4: 50},
    }
    asks = "The docstring asks for the order of race, place and rider's id."
    check_places(sqlite, races, asks)


def test_q1_a_new_result_changes_the_places(sqlite):
    seen = sqlite.rows("ranking")
    assert seen == [], (
        f"There are no results, and the query found {in_words(seen)}. The docstring "
        "asks for a row for each result."
    )
    check_places(sqlite, {"Alps": {1: 80, 2: 70}}, "The docstring asks for all races.")
    store_race(sqlite, "Alps", {3: 60})
    seen, expected = sqlite.rows("ranking"), places({"Alps": {1: 80, 2: 70, 3: 60}})
    asks = "The docstring asks for the places of all results."
    where = difference(seen, expected, asks, "race, place and rider's id")
    assert seen == expected, f"After a faster rider was added to a race, {where}"


# Each team with its id and the id of the team above.
TEAMS = [
    (1, "Blue", None),
    (2, "Sky", 1),
    (3, "Sea", 1),
    (4, "Ice", 2),
    (5, "Dew", 3),
    (6, "Air", 4),
    (7, "Fog", 6),
    (8, "Red", None),
    (9, "Rose", 8),
    (10, "Arc", 2),
]


def check_tree(league: League, team: int, expected: list[tuple[Any, ...]]) -> None:
    """Compare the rows for one team."""
    seen = league.rows("team_tree", team)
    asks = "The docstring asks for the team on level 0, and for all teams below it."
    if not expected:
        asks = "The docstring says that there are no rows if there is no such team."
    where = difference(seen, expected, asks, "level and name")
    assert seen == expected, f"`team_tree({team})` found {in_words(seen)}: {where}"


@pytest.fixture
def teams(league) -> League:
    """A league with the teams above."""
    for number, name, parent in TEAMS:
        league.add("Team", {"id": number, "name": name, "parent_id": parent})
    return league


def test_q2_the_team_is_on_level_0_and_its_farm_teams_below(teams):
    check_tree(teams, 8, [("Red", 0), ("Rose", 1)])


def test_q2_farm_teams_are_found_on_all_levels(teams):
    expected = [("Blue", 0), ("Sea", 1), ("Sky", 1), ("Arc", 2), ("Dew", 2), ("Ice", 2)]
    check_tree(teams, 1, [*expected, ("Air", 3), ("Fog", 4)])


def test_q2_a_chain_of_teams_is_found_to_its_end(league):
    for one in range(1, 131):
        row = {"id": one, "name": f"Team {one}", "parent_id": one - 1 or None}
        league.add("Team", row)

    for first in (1, 12):
        expected = [(f"Team {one}", one - first) for one in range(first, 131)]
        check_tree(league, first, expected)


def test_q2_a_farm_team_can_be_older_than_the_team_above(league):
    for number, name, parent in ((30, "Blue", None), (20, "Sky", 30), (25, "Ice", 20)):
        league.add("Team", {"id": number, "name": name, "parent_id": parent})

    check_tree(league, 30, [("Blue", 0), ("Sky", 1), ("Ice", 2)])


def test_q2_teams_above_and_beside_the_team_are_not_found(teams):
    check_tree(teams, 2, [("Sky", 0), ("Arc", 1), ("Ice", 1), ("Air", 2), ("Fog", 3)])


def test_q2_a_team_without_farm_teams_is_alone(teams):
    check_tree(teams, 7, [("Fog", 0)])
    check_tree(teams, 99, [])


def test_q2_teams_with_the_same_name_are_all_found(teams):
    for number, parent in ((20, 9), (21, 9), (22, 20), (23, 21), (24, 3)):
        teams.add("Team", {"id": number, "name": "Rose", "parent_id": parent})

    expected = [("Red", 0), ("Rose", 1), ("Rose", 2), ("Rose", 2)]
    check_tree(teams, 8, [*expected, ("Rose", 3), ("Rose", 3)])


def test_q2_a_new_farm_team_is_found(teams):
    check_tree(teams, 9, [("Rose", 0)])
    teams.add("Team", {"id": 11, "name": "Bud", "parent_id": 9})
    check_tree(teams, 9, [("Rose", 0), ("Bud", 1)])


FIRST_DAY = date(2026, 4, 1)


def store_results(
    league: League, results: dict[int, list[int]], names: dict[int, str] | None = None
) -> None:
    """Store riders, and for each the days of results."""
    for rider, days in results.items():
        name = (names or {}).get(rider, f"Rider {rider}")
        league.add("Rider", {"id": rider, "name": name})
        for day in days:
            when = FIRST_DAY + timedelta(day)
            row = {"race": "Alps", "day": when, "rider_id": rider}
            league.add("Result", row | {"seconds": seconds_of(day)})


def seconds_of(day: int) -> int:
    """Return the seconds of a result: the newest ones are neither fast nor slow."""
    return 100 + day * 7 % 20


def newest(
    results: dict[int, list[int]], count: int, names: dict[int, str] | None = None
) -> list[tuple[Any, ...]]:
    """Return the rows that the docstring asks for."""
    rows: list[tuple[Any, ...]] = []
    named = {rider: (names or {}).get(rider, f"Rider {rider}") for rider in results}
    for rider in sorted(results, key=lambda one: (named[one], one)):
        days = sorted(results[rider], reverse=True)[:count]
        timed = [(FIRST_DAY + timedelta(day), seconds_of(day)) for day in days]
        found = timed or [(None, None)]
        rows += [(rider, named[rider], *one) for one in found]
    return rows


def check_newest(
    league: League,
    results: dict[int, list[int]],
    count: int,
    names: dict[int, str] | None = None,
) -> None:
    """Compare the rows of the page."""
    seen, expected = league.rows("latest_results", count), newest(results, count, names)
    asks = f"The docstring asks for each rider's newest results, {count} at most"
    if any(row[2] is None for row in expected):
        asks += ", and for one row with two NULLs for a rider without results"
    order = "the rider's name and id, and then the newest day first"
    where = difference(seen, expected, f"{asks}.", order)
    assert seen == expected, f"`latest_results({count})`: {where}"


@pytest.mark.parametrize("count", [1, 3])
def test_q3_each_rider_has_the_newest_results(league, count):
    results = {1: [3, 9, 1, 7], 2: [2, 4, 6, 5], 3: [19, 15, 11, 10, 18]}
    store_results(league, results)
    check_newest(league, results, count)


def test_q3_a_rider_with_fewer_results_has_fewer_rows(league):
    results = {1: [8, 9, 10, 11], 2: [2], 3: [5, 4]}
    store_results(league, results)
    check_newest(league, results, 3)


def test_q3_a_rider_without_results_has_one_row(league):
    results: dict[int, list[int]] = {1: [], 2: [4, 5, 6], 3: [], 4: [1, 2, 3]}
    store_results(league, results)
    check_newest(league, results, 2)


def test_q3_riders_with_the_same_name_have_their_own_results(league):
    names = {1: "Kim", 2: "Ana", 3: "Kim"}
    results = {1: [1, 2, 3], 2: [8, 6], 3: [4, 7, 5]}
    store_results(league, results, names)
    check_newest(league, results, 2, names)


def test_q3_a_new_result_is_on_the_page(league):
    check_newest(league, {}, 2)
    results = {1: [3, 5], 2: [4, 2]}
    store_results(league, results)
    check_newest(league, results, 2)
    store_results(league, {3: [1, 6, 0]})
    check_newest(league, results | {3: [1, 6, 0]}, 2)


def rows_read(plan: Any) -> float:
    """Return how many results a plan has read."""
    read = 0.0
    if plan.get("Relation Name") == "results":
        names = "Actual Rows", "Rows Removed by Filter"
        read = sum(plan.get(name, 0) for name in names) * plan["Actual Loops"]
    return read + sum(map(rows_read, plan.get("Plans", [])))


def test_q3_the_database_reads_only_a_few_results_of_each_rider(league):
    store_results(league, {rider: [] for rider in range(1, 5)})
    read = []
    for first, last in ((1, 300), (301, 3000)):
        league.execute(
            "INSERT INTO results (race, day, rider_id, seconds) SELECT 'Alps', "
            f"date '2020-01-01' + day, rider, day FROM generate_series({first}, {last})"
            " AS day, generate_series(1, 4) AS rider"
        )
        league.execute("ANALYZE")
        read.append(rows_read(league.plan("latest_results", 3)[0]["Plan"]))
        found = league.rows("latest_results", 3)
        newest_days = [last, last - 1, last - 2]
        assert [row[3] for row in found] == newest_days * 4, (
            f"4 riders have {last} results each. `latest_results(3)` found "
            f"{in_words(found)}. The docstring asks for the newest 3 of each rider."
        )

    assert read[1] <= 2 * read[0], (
        "4 riders had 300 results each, then 3000. PostgreSQL read "
        f"{read[0]:g} results for `latest_results(3)`, then {read[1]:g}. The docstring "
        "asks not to read the older results. The subquery must find the results of one "
        "rider, and stop."
    )
