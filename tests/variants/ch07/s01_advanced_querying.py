"""Other answers to section 7.1."""

from sqlalchemy import and_, bindparam, lateral, text
from sqlalchemy.orm import aliased

from sensei.variants import right, wrong


@wrong("7.1.1", caught_by="test_q1_riders_with_the_same_time_share_a_place")
def ranking():
    """Leave no gap after a shared place."""
    place = func.dense_rank().over(partition_by=Result.race, order_by=Result.seconds)
    return select(Result.race, Result.rider_id, place).order_by(
        Result.race, place, Result.rider_id
    )


@wrong("7.1.1", caught_by="test_q1_riders_with_the_same_time_share_a_place")
def ranking():
    """Number the rows, so that nobody shares a place."""
    place = func.row_number().over(partition_by=Result.race, order_by=Result.seconds)
    return select(Result.race, Result.rider_id, place).order_by(
        Result.race, place, Result.rider_id
    )


@wrong("7.1.1", caught_by="test_q1_each_race_has_its_own_places")
def ranking():
    """Rank all races together."""
    place = func.rank().over(order_by=Result.seconds)
    return select(Result.race, Result.rider_id, place).order_by(
        Result.race, place, Result.rider_id
    )


@wrong("7.1.1", caught_by="test_q1_a_race_of_several_days_has_one_ranking")
def ranking():
    """Begin again on each day of a race."""
    place = func.rank().over(
        partition_by=[Result.race, Result.day], order_by=Result.seconds
    )
    return select(Result.race, Result.rider_id, place).order_by(
        Result.race, place, Result.rider_id
    )


@wrong("7.1.1", caught_by="test_q1_each_race_has_its_own_places")
def ranking():
    """Rank the results of each rider."""
    place = func.rank().over(partition_by=Result.rider_id, order_by=Result.seconds)
    return select(Result.race, Result.rider_id, place).order_by(
        Result.race, place, Result.rider_id
    )


@wrong("7.1.1", caught_by="test_q1_the_rider_with_the_fewest_seconds_has_place_1[3]")
def ranking():
    """Give place 1 for the most seconds."""
    place = func.rank().over(partition_by=Result.race, order_by=Result.seconds.desc())
    return select(Result.race, Result.rider_id, place).order_by(
        Result.race, place, Result.rider_id
    )


@wrong("7.1.1", caught_by="test_q1_the_rider_with_the_fewest_seconds_has_place_1[5]")
def ranking():
    """Give the window no order, so that all rows are equal."""
    place = func.rank().over(partition_by=Result.race)
    return select(Result.race, Result.rider_id, place).order_by(
        Result.race, place, Result.rider_id
    )


@wrong("7.1.1", caught_by="test_q1_the_rows_are_ordered")
def ranking():
    """Expect the order of the window in the rows."""
    place = func.rank().over(partition_by=Result.race, order_by=Result.seconds)
    return select(Result.race, Result.rider_id, place)


@wrong("7.1.1", caught_by="test_q1_the_rows_are_ordered")
def ranking():
    """Forget the rider's id in the order."""
    place = func.rank().over(partition_by=Result.race, order_by=Result.seconds)
    return select(Result.race, Result.rider_id, place).order_by(
        Result.race, place, Result.id
    )


@wrong("7.1.1", caught_by="test_q1_riders_with_the_same_time_share_a_place[two]")
def ranking():
    """Count the riders who were not slower: the last of the shared places."""
    place = func.count().over(partition_by=Result.race, order_by=Result.seconds)
    return select(Result.race, Result.rider_id, place).order_by(
        Result.race, place, Result.rider_id
    )


@wrong("7.1.1", caught_by="test_q1_the_rows_are_ordered")
def ranking():
    """Order the riders of a place by name."""
    place = func.rank().over(partition_by=Result.race, order_by=Result.seconds)
    query = select(Result.race, Result.rider_id, place).join(Rider)
    return query.order_by(Result.race, place, Rider.name)


@right("7.1.1")
def ranking():
    """Rank in a subquery."""
    ranked = select(
        Result,
        func.rank()
        .over(partition_by=Result.race, order_by=Result.seconds)
        .label("place"),
    ).subquery()
    return select(ranked.c.race, ranked.c.rider_id, ranked.c.place).order_by(
        ranked.c.race, ranked.c.place, ranked.c.rider_id
    )


@right("7.1.1")
def ranking():
    """Count the faster riders with a frame, and order by labels."""
    faster = func.count().over(
        partition_by=[Result.race], order_by=[Result.seconds], range_=(None, -1)
    )
    return select(
        Result.race.label("race"), Result.rider_id, (faster + 1).label("place")
    ).order_by(text("race, place"), Result.rider_id)


@wrong("7.1.2", caught_by="test_q2_farm_teams_are_found_on_all_levels")
def team_tree(team_id):
    """Find one level of farm teams."""
    top = select(Team.name, literal(0).label("level")).where(Team.id == team_id)
    below = select(Team.name, literal(1)).where(Team.parent_id == team_id)
    tree = top.union_all(below).cte()
    return select(tree.c.name, tree.c.level).order_by(tree.c.level, tree.c.name)


@wrong("7.1.2", caught_by="test_q2_a_chain_of_teams_is_found_to_its_end")
def team_tree(team_id):
    """Join as many levels as the example has, and one more."""
    levels = [aliased(Team) for _ in range(5)]
    parts = []
    for number, level in enumerate(levels):
        part = select(level.name.label("name"), literal(number).label("level"))
        for lower, upper in zip(levels[:number][::-1], levels[: number + 1][::-1]):
            part = part.join(lower, upper.parent_id == lower.id)
        parts.append(part.where(levels[0].id == team_id))
    tree = parts[0].union_all(*parts[1:]).cte()
    return select(tree.c.name, tree.c.level).order_by(tree.c.level, tree.c.name)


def tree_from(top, level=0, recursive=True):
    """Return a CTE that begins with `top`."""
    first = select(Team.id, Team.name, literal(level).label("level")).where(top)
    return first.cte(recursive=recursive)


def rows_of(tree):
    """Return the query of the rows."""
    return select(tree.c.name, tree.c.level).order_by(tree.c.level, tree.c.name)


@wrong("7.1.2", caught_by="test_q2_the_team_is_on_level_0_and_its_farm_teams_below")
def team_tree(team_id):
    """Forget `recursive`."""
    tree = tree_from(Team.id == team_id, recursive=False)
    below = select(Team.id, Team.name, tree.c.level + 1)
    return rows_of(tree.union_all(below.join(tree, Team.parent_id == tree.c.id)))


@wrong("7.1.2", caught_by="test_q2_teams_above_and_beside_the_team_are_not_found")
def team_tree(team_id):
    """Begin with the teams that have no team above."""
    tree = tree_from(Team.parent_id.is_(None))
    below = select(Team.id, Team.name, tree.c.level + 1)
    return rows_of(tree.union_all(below.join(tree, Team.parent_id == tree.c.id)))


@wrong("7.1.2", caught_by="test_q2_the_team_is_on_level_0_and_its_farm_teams_below")
def team_tree(team_id):
    """Begin with the farm teams."""
    tree = tree_from(Team.parent_id == team_id, level=1)
    below = select(Team.id, Team.name, tree.c.level + 1)
    return rows_of(tree.union_all(below.join(tree, Team.parent_id == tree.c.id)))


@wrong("7.1.2", caught_by="test_q2_farm_teams_are_found_on_all_levels")
def team_tree(team_id):
    """Do not count the level up."""
    tree = tree_from(Team.id == team_id)
    below = select(Team.id, Team.name, literal(1))
    return rows_of(tree.union_all(below.join(tree, Team.parent_id == tree.c.id)))


@wrong("7.1.2", caught_by="test_q2_teams_above_and_beside_the_team_are_not_found")
def team_tree(team_id):
    """Go up instead of down."""
    first = select(Team.id, Team.name, Team.parent_id, literal(0).label("level")).where(
        Team.id == team_id
    )
    tree = first.cte(recursive=True)
    above = select(Team.id, Team.name, Team.parent_id, tree.c.level + 1)
    return rows_of(tree.union_all(above.join(tree, Team.id == tree.c.parent_id)))


@wrong("7.1.2", caught_by="test_q2_teams_with_the_same_name_are_all_found")
def team_tree(team_id):
    """List each name once."""
    tree = tree_from(Team.id == team_id)
    below = select(Team.id, Team.name, tree.c.level + 1)
    return rows_of(
        tree.union_all(below.join(tree, Team.parent_id == tree.c.id))
    ).distinct()


@wrong("7.1.2", caught_by="test_q2_farm_teams_are_found_on_all_levels")
def team_tree(team_id):
    """Forget the order."""
    tree = tree_from(Team.id == team_id)
    below = select(Team.id, Team.name, tree.c.level + 1)
    tree = tree.union_all(below.join(tree, Team.parent_id == tree.c.id))
    return select(tree.c.name, tree.c.level)


@wrong("7.1.2", caught_by="test_q2_a_team_without_farm_teams_is_alone")
def team_tree(team_id):
    """Begin with each farm team and the team above it."""
    farm = aliased(Team)
    first = (
        select(Team.id, Team.name, literal(0).label("level"))
        .join(farm, farm.parent_id == Team.id)
        .where(Team.id == team_id)
        .distinct()
    )
    tree = first.cte(recursive=True)
    below = select(Team.id, Team.name, tree.c.level + 1)
    return rows_of(tree.union_all(below.join(tree, Team.parent_id == tree.c.id)))


@wrong("7.1.2", caught_by="test_q2_the_team_is_on_level_0_and_its_farm_teams_below")
def team_tree(team_id):
    """Forget the condition between the team and the CTE: a recursion without end."""
    tree = tree_from(Team.id == team_id)
    below = select(Team.id, Team.name, tree.c.level + 1)
    return rows_of(tree.union_all(below.where(Team.parent_id == team_id)))


@wrong("7.1.2", caught_by="test_q2_a_farm_team_can_be_older_than_the_team_above")
def team_tree(team_id):
    """Expect that a farm team has a greater id than the team above."""
    tree = tree_from(Team.id == team_id)
    below = select(Team.id, Team.name, tree.c.level + 1).where(Team.id > tree.c.id)
    return rows_of(tree.union_all(below.join(tree, Team.parent_id == tree.c.id)))


@wrong("7.1.2", caught_by="test_q2_a_chain_of_teams_is_found_to_its_end")
def team_tree(team_id):
    """Stop at level 100, to be safe."""
    tree = tree_from(Team.id == team_id)
    below = select(Team.id, Team.name, tree.c.level + 1).where(tree.c.level < 100)
    return rows_of(tree.union_all(below.join(tree, Team.parent_id == tree.c.id)))


@right("7.1.2")
def team_tree(team_id):
    """Carry only ids through the recursion, and join the names afterwards."""
    lower = aliased(Team, name="lower")
    tree = select(bindparam("top", team_id).label("id"), literal(0).label("level"))
    tree = tree.cte("tree", recursive=True)
    tree = tree.union(
        select(lower.id, tree.c.level + 1).where(lower.parent_id == tree.c.id)
    )
    return (
        select(Team.name, tree.c.level)
        .join_from(Team, tree, tree.c.id == Team.id)
        .order_by(tree.c.level, Team.name)
    )


@right("7.1.2")
def team_tree(team_id):
    """Write SQL, and name its columns."""
    sql = text(
        "WITH RECURSIVE tree AS (SELECT id, name, 0 AS level FROM teams "
        "WHERE id = :top UNION ALL SELECT teams.id, teams.name, level + 1 "
        "FROM teams JOIN tree ON parent_id = tree.id) "
        "SELECT name, level FROM tree ORDER BY level, name"
    )
    return sql.bindparams(top=team_id)


def page(newest, condition=None):
    """Return the query of the page."""
    return (
        select(Rider.id, Rider.name, newest.c.day, newest.c.seconds)
        .outerjoin(newest, true() if condition is None else condition)
        .order_by(Rider.name, Rider.id, newest.c.day.desc())
    )


@wrong("7.1.3", caught_by="test_q3_a_rider_without_results_has_one_row")
def latest_results(count):
    """Use an inner join."""
    newest = (
        select(Result.day, Result.seconds)
        .where(Result.rider_id == Rider.id)
        .order_by(Result.day.desc())
        .limit(count)
        .lateral()
    )
    return (
        select(Rider.id, Rider.name, newest.c.day, newest.c.seconds)
        .join(newest, true())
        .order_by(Rider.name, Rider.id, newest.c.day.desc())
    )


@wrong("7.1.3", caught_by="test_q3_each_rider_has_the_newest_results[1]")
def latest_results(count):
    """Keep the subquery, and join it outside."""
    newest = (
        select(Result.rider_id, Result.day, Result.seconds)
        .order_by(Result.day.desc())
        .limit(count)
        .subquery()
    )
    return page(newest, newest.c.rider_id == Rider.id)


@wrong("7.1.3", caught_by="test_q3_each_rider_has_the_newest_results[3]")
def latest_results(count):
    """Say LATERAL, but do not refer to the rider."""
    newest = (
        select(Result.rider_id, Result.day, Result.seconds)
        .order_by(Result.day.desc())
        .limit(count)
        .lateral()
    )
    return page(newest, newest.c.rider_id == Rider.id)


@wrong("7.1.3", caught_by="test_q3_each_rider_has_the_newest_results[1]")
def latest_results(count):
    """Refer to the rider in a subquery that is not LATERAL."""
    newest = (
        select(Result.rider_id, Result.day, Result.seconds)
        .where(Result.rider_id == Rider.id)
        .order_by(Result.day.desc())
        .limit(count)
        .subquery()
    )
    return page(newest)


@wrong("7.1.3", caught_by="test_q3_each_rider_has_the_newest_results[1]")
def latest_results(count):
    """Forget the limit."""
    newest = (
        select(Result.day, Result.seconds).where(Result.rider_id == Rider.id).lateral()
    )
    return page(newest)


@wrong("7.1.3", caught_by="test_q3_each_rider_has_the_newest_results[3]")
def latest_results(count):
    """Take the oldest results."""
    newest = (
        select(Result.day, Result.seconds)
        .where(Result.rider_id == Rider.id)
        .order_by(Result.day)
        .limit(count)
        .lateral()
    )
    return page(newest)


@wrong("7.1.3", caught_by="test_q3_each_rider_has_the_newest_results[1]")
def latest_results(count):
    """Take the example's number."""
    newest = (
        select(Result.day, Result.seconds)
        .where(Result.rider_id == Rider.id)
        .order_by(Result.day.desc())
        .limit(2)
        .lateral()
    )
    return page(newest)


@wrong("7.1.3", caught_by="test_q3_each_rider_has_the_newest_results[1]")
def latest_results(count):
    """Limit the whole page."""
    results = aliased(Result)
    return (
        select(Rider.id, Rider.name, results.day, results.seconds)
        .outerjoin(results, results.rider_id == Rider.id)
        .order_by(Rider.name, Rider.id, results.day.desc())
        .limit(count)
    )


@wrong(
    "7.1.3",
    caught_by="test_q3_the_database_reads_only_a_few_results_of_each_rider",
)
def latest_results(count):
    """Number all results, and keep the first ones of each rider."""
    number = func.row_number().over(
        partition_by=Result.rider_id, order_by=Result.day.desc()
    )
    newest = select(Result, number.label("number")).subquery()
    return page(newest, and_(newest.c.rider_id == Rider.id, newest.c.number <= count))


@wrong("7.1.3", caught_by="test_q3_each_rider_has_the_newest_results[3]")
def latest_results(count):
    """Show the slowest of the newest results first."""
    newest = (
        select(Result.day, Result.seconds)
        .where(Result.rider_id == Rider.id)
        .order_by(Result.day.desc())
        .limit(count)
        .lateral()
    )
    query = select(Rider.id, Rider.name, newest.c.day, newest.c.seconds)
    return query.outerjoin(newest, true()).order_by(
        Rider.name, Rider.id, newest.c.seconds.desc()
    )


@wrong(
    "7.1.3",
    caught_by="test_q3_the_database_reads_only_a_few_results_of_each_rider",
)
def latest_results(count):
    """Order in a way that the index does not have: NULLs at the end."""
    newest = (
        select(Result.day, Result.seconds)
        .where(Result.rider_id == Rider.id)
        .order_by(Result.day.desc().nulls_last())
        .limit(count)
        .lateral()
    )
    return page(newest)


@right("7.1.3")
def latest_results(count):
    """Join a LATERAL function, keep the condition, and name the columns."""
    newest = lateral(
        select(Result)
        .where(Result.rider_id == Rider.id)
        .order_by(Result.day.desc())
        .limit(count),
        name="newest",
    )
    return page(newest, newest.c.rider_id == Rider.id)


@right("7.1.3")
def latest_results(count):
    """Correlate by oneself, in an alias of the model."""
    newest = aliased(
        Result,
        select(Result)
        .filter_by(rider_id=Rider.id)
        .correlate(Rider)
        .order_by(Result.day.desc())
        .fetch(count)
        .lateral("newest"),
    )
    return (
        select(Rider.id, Rider.name, newest.day, newest.seconds)
        .select_from(Rider)
        .join(newest, true(), isouter=True)
        .order_by(Rider.name, Rider.id, newest.day.desc())
    )
