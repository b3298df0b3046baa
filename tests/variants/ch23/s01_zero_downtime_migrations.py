"""Other answers to section 23.1."""

from sqlalchemy import func, inspect
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, OperationalError

from sensei.variants import right, wrong


@wrong("23.1.1", caught_by="test_q1_no_statement_fails")
def plan():
    """Run all migrations before the new code."""
    return ["add", "backfill", "nullable", "drop", "v2", "v3", "v4"]


@wrong("23.1.1", caught_by="test_q1_each_release_reads_every_name")
def plan():
    """Copy the rows as soon as the column is there."""
    return ["add", "backfill", "v2", "v3", "nullable", "v4", "drop"]


@wrong("23.1.1", caught_by="test_q1_each_release_reads_every_name")
def plan():
    """Read the new column before it has all values."""
    return ["add", "v2", "v3", "backfill", "nullable", "v4", "drop"]


@wrong("23.1.1", caught_by="test_q1_no_statement_fails")
def plan():
    """Forget that the old column is NOT NULL."""
    return ["add", "v2", "backfill", "v3", "v4", "nullable", "drop"]


@wrong("23.1.1", caught_by="test_q1_no_statement_fails")
def plan():
    """Drop the column that the running release still writes."""
    return ["add", "v2", "backfill", "v3", "nullable", "drop", "v4"]


@wrong("23.1.1", caught_by="test_q1_no_statement_fails")
def plan():
    """Deploy the code before the column exists."""
    return ["v2", "add", "backfill", "v3", "nullable", "v4", "drop"]


@wrong("23.1.1", caught_by="test_q1_the_plan_contains_each_step_once")
def plan():
    """Skip the release that writes both and reads the new column."""
    return ["add", "v2", "backfill", "nullable", "v4", "drop"]


@wrong("23.1.1", caught_by="test_q1_the_plan_contains_each_step_once")
def plan():
    """Copy the rows twice."""
    return ["add", "backfill", "v2", "backfill", "v3", "nullable", "v4", "drop"]


@wrong("23.1.1", caught_by="test_q1_the_plan_contains_each_step_once")
def plan():
    """Name the release that is running."""
    return ["v1", "add", "v2", "backfill", "v3", "nullable", "v4", "drop"]


@wrong("23.1.1", caught_by="test_q1_in_the_end_the_column_has_its_new_name")
def plan():
    """Keep the old column."""
    return ["add", "v2", "backfill", "v3", "nullable", "v4"]


@wrong("23.1.1", caught_by="test_q1_the_plan_contains_each_step_once")
def plan():
    """Return the SQL statements."""
    return list(MIGRATIONS.values())


@wrong("23.1.1", caught_by="test_q1_the_plan_contains_each_step_once")
def plan():
    """Return one string."""
    return "add v2 backfill v3 nullable v4 drop"


@wrong("23.1.1", caught_by="test_q1_no_statement_fails")
def plan():
    """Keep the order of the dicts."""
    return [*MIGRATIONS, *list(RELEASES)[1:]]


@right("23.1.1")
def plan():
    """Allow NULL at first."""
    return ["nullable", "add", "v2", "backfill", "v3", "v4", "drop"]


@right("23.1.1")
def plan():
    """Allow NULL together with the new column."""
    return ["add", "nullable", "v2", "backfill", "v3", "v4", "drop"]


@right("23.1.1")
def plan():
    """Write the three phases."""
    expand = ["add", "nullable"]
    migrate = ["v2", "backfill", "v3", "v4"]
    contract = ["drop"]
    return expand + migrate + contract


@right("23.1.1")
def plan():
    """Begin with the releases, and insert the migrations before or after them."""
    steps = [release for release in RELEASES if release != "v1"]
    steps.insert(0, "add")
    steps.insert(steps.index("v3"), "backfill")
    steps.insert(steps.index("v3"), "nullable")
    steps.append("drop")
    return steps


@wrong("23.1.2", caught_by="test_q2_add_column_adds_a_nullable_date")
class AddEndsOn:
    """Add a column that is NOT NULL."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date(), nullable=False))

    def fill(self, op):
        with op.get_context().autocommit_block():
            while op.get_bind().execute(FILL).rowcount:
                pass

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong("23.1.2", caught_by="test_q2_add_column_adds_a_nullable_date")
class AddEndsOn:
    """Give the old rows the day of the migration."""

    def add_column(self, op):
        op.add_column(
            "courses",
            Column(
                "ends_on", Date(), nullable=False, server_default=func.current_date()
            ),
        )

    def fill(self, op):
        with op.get_context().autocommit_block():
            while op.get_bind().execute(FILL).rowcount:
                pass

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong("23.1.2", caught_by="test_q2_add_column_adds_a_nullable_date")
class AddEndsOn:
    """Add a nullable column with a default."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date(), server_default="2000-01-01"))

    def fill(self, op):
        with op.get_context().autocommit_block():
            while op.get_bind().execute(FILL).rowcount:
                pass

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong("23.1.2", caught_by="test_q2_add_column_adds_a_nullable_date")
class AddEndsOn:
    """Add a time instead of a day."""

    def add_column(self, op):
        op.execute("ALTER TABLE courses ADD COLUMN ends_on timestamp")

    def fill(self, op):
        with op.get_context().autocommit_block():
            while op.get_bind().execute(FILL).rowcount:
                pass

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong(
    "23.1.2",
    caught_by="test_q2_no_rows_are_read_under_a_lock_that_blocks_writes[add_column]",
)
class AddEndsOn:
    """Fill the rows in the transaction that adds the column."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))
        while op.get_bind().execute(FILL).rowcount:
            pass

    def fill(self, op):
        with op.get_context().autocommit_block():
            while op.get_bind().execute(FILL).rowcount:
                pass

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong(
    "23.1.2",
    caught_by="test_q2_no_rows_are_read_under_a_lock_that_blocks_writes[add_column]",
)
class AddEndsOn:
    """Add a generated column."""

    def add_column(self, op):
        op.execute(
            "ALTER TABLE courses ADD COLUMN ends_on date GENERATED ALWAYS AS (starts_on + 7 * weeks) STORED"
        )

    def fill(self, op):
        pass

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong("23.1.2", caught_by="test_q2_fill_sets_ends_on_of_every_course[1350]")
class AddEndsOn:
    """Execute FILL once."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        op.execute(FILL)

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong("23.1.2", caught_by="test_q2_fill_sets_ends_on_of_every_course[1350]")
class AddEndsOn:
    """Look at what `op.execute` returns, which is None."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        with op.get_context().autocommit_block():
            while op.execute(FILL):
                pass

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong("23.1.2", caught_by="test_q2_fill_commits_after_each_execution")
class AddEndsOn:
    """Change all rows with one UPDATE."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        op.execute(
            "UPDATE courses SET ends_on = starts_on + 7 * weeks WHERE ends_on IS NULL"
        )

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong("23.1.2", caught_by="test_q2_fill_commits_after_each_execution")
class AddEndsOn:
    """Loop in one transaction."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        while op.get_bind().execute(FILL).rowcount:
            pass

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong("23.1.2", caught_by="test_q2_fill_commits_after_each_execution")
class AddEndsOn:
    """Take savepoints for transactions."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        while True:
            with op.get_bind().begin_nested():
                if not op.get_bind().execute(FILL).rowcount:
                    return

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong("23.1.2", caught_by="test_q2_fill_commits_after_each_execution")
class AddEndsOn:
    """Commit after the loop."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        connection = op.get_bind()
        while connection.execute(FILL).rowcount:
            pass
        op.execute("COMMIT")

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong("23.1.2", caught_by="test_q2_fill_commits_after_each_execution")
class AddEndsOn:
    """Commit after each second execution."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        engine = op.get_bind().engine
        left = 1
        while left:
            with engine.begin() as connection:
                connection.execute(FILL)
                left = connection.execute(FILL).rowcount

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong("23.1.2", caught_by="test_q2_fill_commits_after_each_execution")
class AddEndsOn:
    """Loop in a block of PL/pgSQL, which is one transaction."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        with op.get_context().autocommit_block():
            op.execute(
                f"DO $$ BEGIN LOOP {FILL.text}; EXIT WHEN NOT FOUND; END LOOP; END $$"
            )

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong("23.1.2", caught_by="test_q2_fill_sets_ends_on_of_every_course[100]")
class AddEndsOn:
    """Loop forever."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        with op.get_context().autocommit_block():
            while True:
                op.execute(FILL)

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong("23.1.2", caught_by="test_q2_fill_sets_ends_on_of_every_course[1350]")
class AddEndsOn:
    """Count the batches, and forget the last part."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        number = op.get_bind().scalar(text("SELECT count(*) FROM courses"))
        with op.get_context().autocommit_block():
            for _ in range(number // 100):
                op.execute(FILL)

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong("23.1.2", caught_by="test_q2_fill_keeps_the_values_that_are_there")
class AddEndsOn:
    """Fill the rows again that have a value."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        step = text(
            "UPDATE courses SET ends_on = starts_on + 7 * weeks WHERE id BETWEEN :a AND :a + 99"
        )
        last = op.get_bind().scalar(text("SELECT max(id) FROM courses")) or 0
        with op.get_context().autocommit_block():
            for first in range(1, last + 1, 100):
                op.get_bind().execute(step, {"a": first})

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong("23.1.2", caught_by="test_q2_fill_sets_ends_on_of_every_course[1350]")
class AddEndsOn:
    """Leave a part when the last execution changes fewer rows."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        with op.get_context().autocommit_block():
            left = op.get_bind().scalar(text("SELECT count(*) FROM courses"))
            while left >= 100:
                left -= op.get_bind().execute(FILL).rowcount

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong(
    "23.1.2",
    caught_by="test_q2_no_rows_are_read_under_a_lock_that_blocks_writes[add_check]",
)
class AddEndsOn:
    """Validate the constraint when it is added."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        with op.get_context().autocommit_block():
            while op.get_bind().execute(FILL).rowcount:
                pass

    def add_check(self, op):
        op.create_check_constraint("ends_on_set", "courses", "ends_on IS NOT NULL")

    def set_not_null(self, op):
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong(
    "23.1.2",
    caught_by="test_q2_no_rows_are_read_under_a_lock_that_blocks_writes[add_check]",
)
class AddEndsOn:
    """Validate it in the transaction that adds it."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        with op.get_context().autocommit_block():
            while op.get_bind().execute(FILL).rowcount:
                pass

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set CHECK (ends_on IS NOT NULL) NOT VALID"
        )
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")

    def set_not_null(self, op):
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong("23.1.2", caught_by="test_q2_add_check_refuses_rows_without_ends_on")
class AddEndsOn:
    """Add no constraint."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        with op.get_context().autocommit_block():
            while op.get_bind().execute(FILL).rowcount:
                pass

    def add_check(self, op):
        pass

    def set_not_null(self, op):
        op.alter_column("courses", "ends_on", nullable=False)


@wrong("23.1.2", caught_by="test_q2_add_check_refuses_rows_without_ends_on")
class AddEndsOn:
    """Write a constraint that holds for NULL, too."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        with op.get_context().autocommit_block():
            while op.get_bind().execute(FILL).rowcount:
                pass

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set CHECK (ends_on >= starts_on) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong("23.1.2", caught_by="test_q2_add_check_refuses_rows_without_ends_on")
class AddEndsOn:
    """Refuse nothing but a comparison with NULL."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        with op.get_context().autocommit_block():
            while op.get_bind().execute(FILL).rowcount:
                pass

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set CHECK (ends_on <> NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong("23.1.2", caught_by="test_q2_add_check_refuses_rows_without_ends_on")
class AddEndsOn:
    """Refuse all rows."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        with op.get_context().autocommit_block():
            while op.get_bind().execute(FILL).rowcount:
                pass

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set CHECK (ends_on IS NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong(
    "23.1.2",
    caught_by="test_q2_no_rows_are_read_under_a_lock_that_blocks_writes[add_check]",
)
class AddEndsOn:
    """Set NOT NULL at once."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        with op.get_context().autocommit_block():
            while op.get_bind().execute(FILL).rowcount:
                pass

    def add_check(self, op):
        op.alter_column("courses", "ends_on", nullable=False)

    def set_not_null(self, op):
        pass


@wrong(
    "23.1.2",
    caught_by="test_q2_no_rows_are_read_under_a_lock_that_blocks_writes[set_not_null]",
)
class AddEndsOn:
    """Set NOT NULL without a valid constraint."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        with op.get_context().autocommit_block():
            while op.get_bind().execute(FILL).rowcount:
                pass

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong(
    "23.1.2",
    caught_by="test_q2_no_rows_are_read_under_a_lock_that_blocks_writes[set_not_null]",
)
class AddEndsOn:
    """Drop the constraint too early."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        with op.get_context().autocommit_block():
            while op.get_bind().execute(FILL).rowcount:
                pass

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.drop_constraint("ends_on_set", "courses")
        op.alter_column("courses", "ends_on", nullable=False)


@wrong(
    "23.1.2",
    caught_by="test_q2_no_rows_are_read_under_a_lock_that_blocks_writes[set_not_null]",
)
class AddEndsOn:
    """Validate and set NOT NULL with one ALTER TABLE."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        with op.get_context().autocommit_block():
            while op.get_bind().execute(FILL).rowcount:
                pass

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute(
            "ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set, ALTER COLUMN ends_on SET NOT NULL"
        )
        op.drop_constraint("ends_on_set", "courses")


@wrong("23.1.2", caught_by="test_q2_set_not_null_leaves_no_check_constraint")
class AddEndsOn:
    """Keep the constraint."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        with op.get_context().autocommit_block():
            while op.get_bind().execute(FILL).rowcount:
                pass

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)


@wrong("23.1.2", caught_by="test_q2_set_not_null_makes_the_column_not_null")
class AddEndsOn:
    """Take the valid constraint for NOT NULL."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        with op.get_context().autocommit_block():
            while op.get_bind().execute(FILL).rowcount:
                pass

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")


@wrong("23.1.2", caught_by="test_q2_set_not_null_makes_the_column_not_null")
class AddEndsOn:
    """Set a default, too."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        with op.get_context().autocommit_block():
            while op.get_bind().execute(FILL).rowcount:
                pass

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")
        op.alter_column("courses", "ends_on", server_default="2000-01-01")


@wrong(
    "23.1.2",
    caught_by="test_q2_no_rows_are_read_under_a_lock_that_blocks_writes[set_not_null]",
)
class AddEndsOn:
    """Take a lock first, so that nobody is in the way."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        with op.get_context().autocommit_block():
            while op.get_bind().execute(FILL).rowcount:
                pass

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("LOCK TABLE courses")
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong(
    "23.1.2",
    caught_by="test_q2_no_rows_are_read_under_a_lock_that_blocks_writes[add_check]",
)
class AddEndsOn:
    """Look for a forgotten row under the lock."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        with op.get_context().autocommit_block():
            while op.get_bind().execute(FILL).rowcount:
                pass

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )
        assert not op.get_bind().scalar(
            text("SELECT count(*) FROM courses WHERE ends_on IS NULL")
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong(
    "23.1.2",
    caught_by="test_q2_no_rows_are_read_under_a_lock_that_blocks_writes[set_not_null]",
)
class AddEndsOn:
    """Build the table again."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        with op.get_context().autocommit_block():
            while op.get_bind().execute(FILL).rowcount:
                pass

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute(
            "ALTER TABLE courses ALTER COLUMN ends_on TYPE date USING coalesce(ends_on, starts_on)"
        )
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong("23.1.2", caught_by="test_q2_fill_sets_ends_on_of_every_course[100]")
class AddEndsOn:
    """Add the constraint before the rows are filled."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def add_check(self, op):
        with op.get_context().autocommit_block():
            while op.get_bind().execute(FILL).rowcount:
                pass

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong("23.1.2", caught_by="test_q2_fill_sets_ends_on_of_every_course[0]")
class AddEndsOn:
    """Execute FILL very often."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        with op.get_context().autocommit_block():
            for _ in range(50):
                op.execute(FILL)

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong("23.1.2", caught_by="test_q2_the_application_runs_during_the_migration[250]")
class AddEndsOn:
    """Delete the rows that have no value."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        op.execute("DELETE FROM courses WHERE ends_on IS NULL")

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong("23.1.2", caught_by="test_q2_fill_sets_ends_on_of_every_course[1350]")
class AddEndsOn:
    """Commit all batches but the last one."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        connection = op.get_bind()
        while connection.execute(FILL).rowcount == 100:
            connection.commit()
        connection.rollback()

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong("23.1.2", caught_by="test_q2_fill_commits_after_each_execution")
class AddEndsOn:
    """Commit the transaction of Alembic."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        while op.get_bind().execute(FILL).rowcount:
            op.get_context()._transaction.commit()

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong("23.1.2", caught_by="test_q2_fill_commits_after_each_execution")
class AddEndsOn:
    """Begin a transaction inside the one of Alembic."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        while True:
            with op.get_bind().begin():
                if not op.get_bind().execute(FILL).rowcount:
                    break

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong("23.1.2", caught_by="test_q2_fill_lets_an_error_pass_and_can_go_on")
class AddEndsOn:
    """Stop quietly at an error."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        try:
            with op.get_context().autocommit_block():
                while op.get_bind().execute(FILL).rowcount:
                    pass
        except Exception:
            pass

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong("23.1.2", caught_by="test_q2_fill_commits_after_each_execution")
class AddEndsOn:
    """Write another UPDATE, with smaller parts."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        part = text(str(FILL).replace("LIMIT 100", "LIMIT 50"))
        with op.get_context().autocommit_block():
            while op.get_bind().execute(part).rowcount:
                pass

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong(
    "23.1.2",
    caught_by="test_q2_no_rows_are_read_under_a_lock_that_blocks_writes[set_not_null]",
)
class AddEndsOn:
    """Let PostgreSQL look at the rows at the end."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        with op.get_context().autocommit_block():
            while op.get_bind().execute(FILL).rowcount:
                pass

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")
        op.execute("ANALYZE courses")


@wrong(
    "23.1.2",
    caught_by="test_q2_no_rows_are_read_under_a_lock_that_blocks_writes[add_column]",
)
class AddEndsOn:
    """Create an index while writers wait."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))
        with op.get_context().autocommit_block():
            op.create_index("courses_ends_on", "courses", ["ends_on"])

    def fill(self, op):
        with op.get_context().autocommit_block():
            while op.get_bind().execute(FILL).rowcount:
                pass

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong(
    "23.1.2",
    caught_by="test_q2_no_rows_are_read_under_a_lock_that_blocks_writes[set_not_null]",
)
class AddEndsOn:
    """Set NOT NULL and drop the constraint in one statement, which drops first."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        with op.get_context().autocommit_block():
            while op.get_bind().execute(FILL).rowcount:
                pass

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.execute(
            "ALTER TABLE courses ALTER COLUMN ends_on SET NOT NULL, "
            "DROP CONSTRAINT ends_on_set"
        )


@wrong("23.1.2", caught_by="test_q2_fill_keeps_a_value_that_is_saved_meanwhile")
class AddEndsOn:
    """Write another UPDATE, with parts of the same size."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        batch = text(
            "UPDATE courses SET ends_on = starts_on + 7 * weeks WHERE id IN "
            "(SELECT id FROM courses WHERE ends_on IS NULL ORDER BY id LIMIT 100)"
        )
        with op.get_context().autocommit_block():
            while op.get_bind().execute(batch).rowcount:
                pass

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@wrong("23.1.2", caught_by="test_q2_fill_lets_an_error_pass_and_can_go_on")
class AddEndsOn:
    """Try again after each error of the server."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        with op.get_context().autocommit_block():
            while True:
                try:
                    if not op.get_bind().execute(FILL).rowcount:
                        return
                except OperationalError:
                    continue

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@right("23.1.2")
class AddEndsOn:
    """Commit on the connection."""

    def add_column(self, op):
        with op.batch_alter_table("courses") as batch:
            batch.add_column(Column("ends_on", Date(), nullable=True))

    def fill(self, op):
        connection = op.get_bind()
        while connection.execute(FILL).rowcount:
            connection.commit()

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("ends_on_set", "courses")


@right("23.1.2")
class AddEndsOn:
    """Let Alembic write all SQL, and commit in transactions of another connection."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        engine = op.get_bind().engine
        while True:
            with engine.begin() as connection:
                if connection.execute(FILL).rowcount == 0:
                    break

    def add_check(self, op):
        op.create_check_constraint(
            "ends_on_is_set",
            "courses",
            "ends_on IS NOT NULL",
            postgresql_not_valid=True,
        )

    def set_not_null(self, op):
        op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_is_set")
        op.alter_column("courses", "ends_on", nullable=False, existing_type=Date())
        op.drop_constraint("ends_on_is_set", "courses", type_="check")


@right("23.1.2")
class AddEndsOn:
    """Write plain SQL, and end the loop at a part."""

    def add_column(self, op):
        op.execute("ALTER TABLE courses ADD COLUMN IF NOT EXISTS ends_on date")

    def fill(self, op):
        changed = 100
        with op.get_context().autocommit_block():
            while changed == 100:
                changed = op.get_bind().execute(FILL).rowcount

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        op.execute(
            "ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set;"
            "ALTER TABLE courses ALTER ends_on SET NOT NULL;"
            "ALTER TABLE courses DROP CONSTRAINT ends_on_set"
        )


@right("23.1.2")
class AddEndsOn:
    """Validate in `add_check`, after a commit, and loop in the database."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        with op.get_context().autocommit_block():
            op.execute(
                f"DO $$ BEGIN LOOP {FILL.text}; EXIT WHEN NOT FOUND; COMMIT; END LOOP; END $$"
            )

    def add_check(self, op):
        with op.get_context().autocommit_block():
            op.execute("ALTER TABLE courses ADD CHECK (ends_on IS NOT NULL) NOT VALID")
            op.execute("ALTER TABLE courses VALIDATE CONSTRAINT courses_ends_on_check")

    def set_not_null(self, op):
        op.alter_column("courses", "ends_on", nullable=False)
        op.drop_constraint("courses_ends_on_check", "courses")


@right("23.1.2")
class AddEndsOn:
    """Count first, and commit with SQL."""

    def add_column(self, op):
        op.add_column("courses", Column("ends_on", Date()))

    def fill(self, op):
        connection = op.get_bind()
        missing = text("SELECT EXISTS (SELECT 1 FROM courses WHERE ends_on IS NULL)")
        while connection.scalar(missing):
            op.execute(FILL)
            op.execute("COMMIT")

    def add_check(self, op):
        op.execute(
            "ALTER TABLE courses ADD CONSTRAINT ends_on_set "
            "CHECK (ends_on IS NOT NULL) NOT VALID"
        )

    def set_not_null(self, op):
        with op.get_context().autocommit_block():
            op.execute("ALTER TABLE courses VALIDATE CONSTRAINT ends_on_set")
            op.execute("ALTER TABLE courses ALTER COLUMN ends_on SET NOT NULL")
            op.execute("ALTER TABLE courses DROP CONSTRAINT ends_on_set")


@wrong("23.1.3", caught_by="test_q3_no_move_is_lost_on_the_way_there_and_back")
class Instruments:
    """Write the new column only."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        column = "room" if self.flags.write_new else "place"
        connection.execute(
            update(instruments)
            .where(instruments.c.number == number)
            .values({column: room})
        )

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        return connection.scalar(query)


@wrong("23.1.3", caught_by="test_q3_move_stores_the_room_in_place[True-False]")
class Instruments:
    """Write the new column instead of the old one."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        column = "room" if self.flags.write_new else "place"
        connection.execute(
            update(instruments)
            .where(instruments.c.number == number)
            .values({column: room})
        )

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        return connection.scalar(query)


@wrong("23.1.3", caught_by="test_q3_move_stores_the_room_in_place[True-True]")
class Instruments:
    """Stop writing the old column when the new one is read."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        values = {}
        if self.flags.write_new:
            values["room"] = room
        if not self.flags.read_new:
            values["place"] = room
        connection.execute(
            update(instruments).where(instruments.c.number == number).values(values)
        )

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        return connection.scalar(query)


@wrong("23.1.3", caught_by="test_q3_each_call_of_move_uses_the_current_flags")
class Instruments:
    """Read the flags once."""

    def __init__(self, flags):
        self.write_new = flags.write_new
        self.read_new = flags.read_new

    def move(self, connection, number, room):
        values = {"place": room}
        if self.write_new:
            values["room"] = room
        moved = update(instruments).where(instruments.c.number == number)
        connection.execute(moved.values(values))

    def room_of(self, connection, number):
        column = instruments.c.room if self.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        return connection.scalar(query)


@wrong("23.1.3", caught_by="test_q3_each_call_of_move_uses_the_current_flags")
class Instruments:
    """Copy the flags."""

    def __init__(self, flags):
        self.flags = Flags(flags.write_new, flags.read_new)

    def move(self, connection, number, room):
        values = {"place": room}
        if self.flags.write_new:
            values["room"] = room
        moved = update(instruments).where(instruments.c.number == number)
        connection.execute(moved.values(values))

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        return connection.scalar(query)


@wrong("23.1.3", caught_by="test_q3_each_call_of_room_of_uses_the_current_flags")
class Instruments:
    """Choose the column for reading once."""

    def __init__(self, flags):
        self.flags = flags
        self.column = instruments.c.room if flags.read_new else instruments.c.place

    def move(self, connection, number, room):
        values = {"place": room}
        if self.flags.write_new:
            values["room"] = room
        moved = update(instruments).where(instruments.c.number == number)
        connection.execute(moved.values(values))

    def room_of(self, connection, number):
        return connection.scalar(
            select(self.column).where(instruments.c.number == number)
        )


@wrong("23.1.3", caught_by="test_q3_both_methods_work_without_the_new_column")
class Instruments:
    """Ignore the flags when a room is stored."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        connection.execute(
            update(instruments)
            .where(instruments.c.number == number)
            .values(place=room, room=room)
        )

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        return connection.scalar(query)


@wrong(
    "23.1.3", caught_by="test_q3_move_stores_the_room_in_the_new_column[False-False]"
)
class Instruments:
    """Write both columns always."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        connection.execute(
            update(instruments)
            .where(instruments.c.number == number)
            .values(place=room, room=room)
        )

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        return connection.scalar(query)


@wrong("23.1.3", caught_by="test_q3_move_stores_the_room_in_the_new_column[True-True]")
class Instruments:
    """Write the old column only."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        connection.execute(
            update(instruments).where(instruments.c.number == number).values(place=room)
        )

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        return connection.scalar(query)


@wrong("23.1.3", caught_by="test_q3_move_stores_the_room_in_the_new_column[True-False]")
class Instruments:
    """Write the new column while it is read."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        values = {"place": room}
        if self.flags.read_new:
            values["room"] = room
        moved = update(instruments).where(instruments.c.number == number)
        connection.execute(moved.values(values))

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        return connection.scalar(query)


@wrong("23.1.3", caught_by="test_q3_room_of_reads_the_column_of_the_flag[True-False]")
class Instruments:
    """Read the new column as soon as it is written."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        values = {"place": room}
        if self.flags.write_new:
            values["room"] = room
        moved = update(instruments).where(instruments.c.number == number)
        connection.execute(moved.values(values))

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.write_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        return connection.scalar(query)


@wrong("23.1.3", caught_by="test_q3_room_of_reads_the_column_of_the_flag[True-True]")
class Instruments:
    """Read the old column always."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        values = {"place": room}
        if self.flags.write_new:
            values["room"] = room
        moved = update(instruments).where(instruments.c.number == number)
        connection.execute(moved.values(values))

    def room_of(self, connection, number):
        return connection.scalar(
            select(instruments.c.place).where(instruments.c.number == number)
        )


@wrong("23.1.3", caught_by="test_q3_room_of_reads_the_column_of_the_flag[True-False]")
class Instruments:
    """Read the new column always, with the old one in reserve."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        values = {"place": room}
        if self.flags.write_new:
            values["room"] = room
        moved = update(instruments).where(instruments.c.number == number)
        connection.execute(moved.values(values))

    def room_of(self, connection, number):
        return connection.scalar(
            select(func.coalesce(instruments.c.room, instruments.c.place)).where(
                instruments.c.number == number
            )
        )


@wrong("23.1.3", caught_by="test_q3_both_methods_work_without_the_new_column")
class Instruments:
    """Read the whole row, which has a column that does not exist."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        values = {"place": room}
        if self.flags.write_new:
            values["room"] = room
        moved = update(instruments).where(instruments.c.number == number)
        connection.execute(moved.values(values))

    def room_of(self, connection, number):
        row = connection.execute(
            select(instruments).where(instruments.c.number == number)
        ).one()
        return row.room if self.flags.read_new else row.place


@wrong("23.1.3", caught_by="test_q3_both_methods_work_without_the_new_column")
class Instruments:
    """Try the new column, and go on after the error."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        connection.execute(
            update(instruments).where(instruments.c.number == number).values(place=room)
        )
        try:
            connection.execute(
                update(instruments)
                .where(instruments.c.number == number)
                .values(room=room)
            )
        except Exception:
            pass

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        return connection.scalar(query)


@wrong(
    "23.1.3", caught_by="test_q3_move_stores_the_room_in_the_new_column[False-False]"
)
class Instruments:
    """Write the new column if it exists, whatever the flag says."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        values = {"place": room}
        if "room" in {
            one["name"] for one in inspect(connection).get_columns("instruments")
        }:
            values["room"] = room
        connection.execute(
            update(instruments).where(instruments.c.number == number).values(values)
        )

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        return connection.scalar(query)


@wrong(
    "23.1.3", caught_by="test_q3_the_caller_ends_the_transaction[rollback-True-True]"
)
class Instruments:
    """Commit."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        values = {"place": room}
        if self.flags.write_new:
            values["room"] = room
        moved = update(instruments).where(instruments.c.number == number)
        connection.execute(moved.values(values))
        connection.commit()

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        return connection.scalar(query)


@wrong(
    "23.1.3", caught_by="test_q3_the_caller_ends_the_transaction[rollback-True-True]"
)
class Instruments:
    """Use a transaction of its own."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        with connection.engine.begin() as own:
            own.execute(
                update(instruments)
                .where(instruments.c.number == number)
                .values(
                    {"place": room} | ({"room": room} if self.flags.write_new else {})
                )
            )

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        return connection.scalar(query)


@wrong(
    "23.1.3", caught_by="test_q3_the_caller_ends_the_transaction[rollback-True-True]"
)
class Instruments:
    """Commit the old column before the new one is written."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        connection.execute(
            update(instruments).where(instruments.c.number == number).values(place=room)
        )
        if self.flags.write_new:
            connection.commit()
            connection.execute(
                update(instruments)
                .where(instruments.c.number == number)
                .values(room=room)
            )

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        return connection.scalar(query)


@wrong("23.1.3", caught_by="test_q3_move_stores_the_room_in_place[False-False]")
class Instruments:
    """Move all instruments."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        values = {"place": room}
        if self.flags.write_new:
            values["room"] = room
        moved = update(instruments)
        connection.execute(moved.values(values))

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        return connection.scalar(query)


@wrong("23.1.3", caught_by="test_q3_move_stores_the_room_in_the_new_column[True-True]")
class Instruments:
    """Move all instruments in the new column."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        connection.execute(
            update(instruments).where(instruments.c.number == number).values(place=room)
        )
        if self.flags.write_new:
            connection.execute(update(instruments).values(room=room))

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        return connection.scalar(query)


@wrong("23.1.3", caught_by="test_q3_move_stores_the_room_in_the_new_column[True-False]")
class Instruments:
    """Copy the old column, which has not changed yet."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        values = {"place": room}
        if self.flags.write_new:
            values["room"] = instruments.c.place
        connection.execute(
            update(instruments).where(instruments.c.number == number).values(values)
        )

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        return connection.scalar(query)


@wrong("23.1.3", caught_by="test_q3_move_stores_the_room_in_place[False-False]")
class Instruments:
    """Insert a row."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        values = {"number": number, "place": room}
        if self.flags.write_new:
            values["room"] = room
        connection.execute(instruments.insert().values(values))

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        return connection.scalar(query)


@wrong("23.1.3", caught_by="test_q3_move_stores_the_room_in_place[False-False]")
class Instruments:
    """Write the values into the SQL text."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        extra = f", room = '{room}'" if self.flags.write_new else ""
        connection.execute(
            text(
                f"UPDATE instruments SET place = '{room}'{extra} WHERE number = {number}"
            )
        )

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        return connection.scalar(query)


@wrong("23.1.3", caught_by="test_q3_room_of_reads_the_column_of_the_flag[False-False]")
class Instruments:
    """Return the row instead of the value."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        values = {"place": room}
        if self.flags.write_new:
            values["room"] = room
        moved = update(instruments).where(instruments.c.number == number)
        connection.execute(moved.values(values))

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        return connection.execute(query).one()


@wrong("23.1.3", caught_by="test_q3_room_of_reads_the_column_of_the_flag[False-False]")
class Instruments:
    """Return the first row."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        values = {"place": room}
        if self.flags.write_new:
            values["room"] = room
        moved = update(instruments).where(instruments.c.number == number)
        connection.execute(moved.values(values))

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column)
        return connection.scalar(query)


@wrong("23.1.3", caught_by="test_q3_servers_with_other_flags_see_a_move")
class Instruments:
    """Keep the rooms in memory."""

    def __init__(self, flags):
        self.flags = flags
        self.known = {}

    def move(self, connection, number, room):
        values = {"place": room}
        if self.flags.write_new:
            values["room"] = room
        moved = update(instruments).where(instruments.c.number == number)
        connection.execute(moved.values(values))
        self.known[number] = room

    def room_of(self, connection, number):
        if number not in self.known:
            column = instruments.c.room if self.flags.read_new else instruments.c.place
            query = select(column).where(instruments.c.number == number)
            self.known[number] = connection.scalar(query)
        return self.known[number]


@wrong("23.1.3", caught_by="test_q3_room_of_reads_the_column_of_the_flag[True-True]")
class Instruments:
    """Share the flags between all services."""

    shared = Flags()

    def __init__(self, flags):
        self.flags = Instruments.shared

    def move(self, connection, number, room):
        values = {"place": room}
        if self.flags.write_new:
            values["room"] = room
        moved = update(instruments).where(instruments.c.number == number)
        connection.execute(moved.values(values))

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        return connection.scalar(query)


@wrong(
    "23.1.3", caught_by="test_q3_move_stores_the_room_in_the_new_column[False-False]"
)
class Instruments:
    """Empty the new column while it is not written."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        values = {"place": room}
        if self.flags.write_new:
            values["room"] = room
        elif "room" in {
            one["name"] for one in inspect(connection).get_columns("instruments")
        }:
            values["room"] = None
        connection.execute(
            update(instruments).where(instruments.c.number == number).values(values)
        )

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        return connection.scalar(query)


@wrong("23.1.3", caught_by="test_q3_move_stores_the_room_in_the_new_column[False-True]")
class Instruments:
    """Write the column that is read."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        values = {"place": room}
        if self.flags.write_new or self.flags.read_new:
            values["room"] = room
        moved = update(instruments).where(instruments.c.number == number)
        connection.execute(moved.values(values))

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        return connection.scalar(query)


@wrong("23.1.3", caught_by="test_q3_room_of_reads_the_column_of_the_flag[False-True]")
class Instruments:
    """Read the new column while it is written, too."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        values = {"place": room}
        if self.flags.write_new:
            values["room"] = room
        moved = update(instruments).where(instruments.c.number == number)
        connection.execute(moved.values(values))

    def room_of(self, connection, number):
        column = (
            instruments.c.room
            if self.flags.read_new and self.flags.write_new
            else instruments.c.place
        )
        query = select(column).where(instruments.c.number == number)
        return connection.scalar(query)


@wrong("23.1.3", caught_by="test_q3_move_stores_the_room_in_the_new_column[True-False]")
class Instruments:
    """Write nothing if the instrument is there already."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        if self.room_of(connection, number) == room:
            return
        values = {"place": room}
        if self.flags.write_new:
            values["room"] = room
        moved = update(instruments).where(instruments.c.number == number)
        connection.execute(moved.values(values))

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        return connection.scalar(query)


@wrong("23.1.3", caught_by="test_q3_each_call_of_move_uses_the_current_flags")
class Instruments:
    """Write the new column only where it has a value."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        one = update(instruments).where(instruments.c.number == number)
        connection.execute(one.values(place=room))
        if self.flags.write_new:
            connection.execute(
                one.where(instruments.c.room.is_not(None)).values(room=room)
            )

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        return connection.scalar(query)


@wrong("23.1.3", caught_by="test_q3_each_server_uses_its_own_flags")
class Instruments:
    """Keep the flags at the class."""

    def __init__(self, flags):
        Instruments.flags = flags

    def move(self, connection, number, room):
        values = {"place": room}
        if Instruments.flags.write_new:
            values["room"] = room
        moved = update(instruments).where(instruments.c.number == number)
        connection.execute(moved.values(values))

    def room_of(self, connection, number):
        column = (
            instruments.c.room if Instruments.flags.read_new else instruments.c.place
        )
        query = select(column).where(instruments.c.number == number)
        return connection.scalar(query)


@wrong("23.1.3", caught_by="test_q3_the_caller_ends_the_transaction[commit-False-True]")
class Instruments:
    """End the transaction after reading."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        values = {"place": room}
        if self.flags.write_new:
            values["room"] = room
        moved = update(instruments).where(instruments.c.number == number)
        connection.execute(moved.values(values))

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        room = connection.scalar(query)
        connection.rollback()
        return room


@wrong("23.1.3", caught_by="test_q3_an_error_of_the_database_passes_through[room]")
class Instruments:
    """Take the new column for a copy that may fail."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        one = update(instruments).where(instruments.c.number == number)
        connection.execute(one.values(place=room))
        if self.flags.write_new:
            try:
                with connection.begin_nested():
                    connection.execute(one.values(room=room))
            except Exception:
                pass

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        return connection.scalar(query)


@wrong("23.1.3", caught_by="test_q3_a_move_during_another_one_is_not_lost")
class Instruments:
    """Move it only if it is still where it was."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        old = connection.scalar(
            select(instruments.c.place).where(instruments.c.number == number)
        )
        values = {"place": room}
        if self.flags.write_new:
            values["room"] = room
        one = update(instruments).where(instruments.c.number == number)
        connection.execute(one.where(instruments.c.place == old).values(values))

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        return connection.scalar(query)


@wrong("23.1.3", caught_by="test_q3_each_call_of_move_uses_the_current_flags")
class Instruments:
    """Keep the values of the last call."""

    def __init__(self, flags):
        self.flags = flags
        self.values = {}

    def move(self, connection, number, room):
        values = self.values
        values["place"] = room
        if self.flags.write_new:
            values["room"] = room
        moved = update(instruments).where(instruments.c.number == number)
        connection.execute(moved.values(values))

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        return connection.scalar(query)


@wrong("23.1.3", caught_by="test_q3_move_stores_the_room_in_place[False-False]")
class Instruments:
    """Escape the quotes, and no colons."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        safe = room.replace("'", "''")
        extra = f", room = '{safe}'" if self.flags.write_new else ""
        connection.execute(
            text(
                f"UPDATE instruments SET place = '{safe}'{extra} WHERE number = {number}"
            )
        )

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        return connection.scalar(query)


@wrong("23.1.3", caught_by="test_q3_an_error_of_a_read_passes_through[column]")
class Instruments:
    """Read the old column after an error."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        values = {"place": room}
        if self.flags.write_new:
            values["room"] = room
        moved = update(instruments).where(instruments.c.number == number)
        connection.execute(moved.values(values))

    def room_of(self, connection, number):
        query = "SELECT {} FROM instruments WHERE number = :number"
        if self.flags.read_new:
            try:
                with connection.begin_nested():
                    sql = text(query.format("room"))
                    return connection.scalar(sql, {"number": number})
            except DBAPIError:
                pass
        return connection.scalar(text(query.format("place")), {"number": number})


@wrong("23.1.3", caught_by="test_q3_an_error_of_a_read_passes_through[table]")
class Instruments:
    """Return no room after an error."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        values = {"place": room}
        if self.flags.write_new:
            values["room"] = room
        moved = update(instruments).where(instruments.c.number == number)
        connection.execute(moved.values(values))

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        try:
            return connection.scalar(query)
        except DBAPIError:
            return ""


@wrong(
    "23.1.3",
    caught_by="test_q3_the_rollback_after_an_error_is_left_to_the_caller[move]",
)
class Instruments:
    """Roll back after an error."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        values = {"place": room}
        if self.flags.write_new:
            values["room"] = room
        moved = update(instruments).where(instruments.c.number == number)
        try:
            connection.execute(moved.values(values))
        except DBAPIError:
            connection.rollback()
            raise

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        return connection.scalar(query)


@wrong(
    "23.1.3",
    caught_by="test_q3_the_rollback_after_an_error_is_left_to_the_caller[room_of]",
)
class Instruments:
    """Roll back after an error of a read."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        values = {"place": room}
        if self.flags.write_new:
            values["room"] = room
        moved = update(instruments).where(instruments.c.number == number)
        connection.execute(moved.values(values))

    def room_of(self, connection, number):
        column = instruments.c.room if self.flags.read_new else instruments.c.place
        query = select(column).where(instruments.c.number == number)
        try:
            return connection.scalar(query)
        except DBAPIError:
            connection.rollback()
            raise


@right("23.1.3")
class Instruments:
    """Write SQL text, one statement for each column."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        connection.execute(
            text("UPDATE instruments SET place = :room WHERE number = :number"),
            {"room": room, "number": number},
        )
        if self.flags.write_new:
            connection.execute(
                text("UPDATE instruments SET room = :room WHERE number = :number"),
                {"room": room, "number": number},
            )

    def room_of(self, connection, number):
        name = "room" if self.flags.read_new else "place"
        query = text(f"SELECT {name} FROM instruments WHERE number = :number")
        return connection.execute(query, {"number": number}).scalar_one()


@right("23.1.3")
class Instruments:
    """Use an upsert."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        columns = ["place", "room"] if self.flags.write_new else ["place"]
        values = dict.fromkeys(columns, room)
        added = insert(instruments).values(number=number, place=room)
        connection.execute(
            added.on_conflict_do_update(index_elements=["number"], set_=values)
        )

    def room_of(self, connection, number):
        names = {False: "place", True: "room"}
        column = instruments.c[names[self.flags.read_new]]
        return connection.scalars(
            select(column).where(instruments.c.number == number)
        ).one()


@right("23.1.3")
class Instruments:
    """Have the old column in reserve."""

    def __init__(self, flags):
        self.flags = flags

    def move(self, connection, number, room):
        query = update(instruments).where(instruments.c.number == number)
        if self.flags.write_new:
            query = query.values(room=room)
        connection.execute(query.values(place=room))

    def room_of(self, connection, number):
        column = instruments.c.place
        if self.flags.read_new:
            column = func.coalesce(instruments.c.room, column)
        found = connection.execute(select(column).where(instruments.c.number == number))
        return found.one()[0]
