"""23.1  Zero-downtime database migrations.

A database schema changes while the application uses it. So each change is split into
small steps, and the code that is running has to work after each of them.
Notes: content/docs/sqlalchemy/migrations/zero-downtime.md
"""

from dataclasses import dataclass

from alembic.operations import Operations
from sqlalchemy import (
    Column,
    Connection,
    Date,
    Integer,
    MetaData,
    Table,
    Text,
    select,
    text,
    update,
)

# The SQL statement of each migration.
MIGRATIONS = {
    "add": "ALTER TABLE students ADD COLUMN full_name text",
    "backfill": "UPDATE students SET full_name = name WHERE full_name IS NULL",
    "drop": "ALTER TABLE students DROP COLUMN name",
    "nullable": "ALTER TABLE students ALTER COLUMN name DROP NOT NULL",
}

# The column that each release of the application reads, and the columns that it writes.
RELEASES = {
    "v1": ("name", ["name"]),
    "v2": ("name", ["name", "full_name"]),
    "v3": ("full_name", ["name", "full_name"]),
    "v4": ("full_name", ["full_name"]),
}


def plan() -> list[str]:
    """23.1.1  What are the key principles of zero-downtime database migrations?

    A music school renames the column `name` of its table `students` to `full_name`.
    The application keeps running. Each step runs a migration or deploys a release. Its
    name is a key of `MIGRATIONS` or `RELEASES`. Return the names of the steps in the
    right order.

    - The list contains each migration once, and the releases v2, v3 and v4 once.
    - No SQL statement fails, neither in a migration nor in a running release.
    - Each running release reads the right name of every student, even if another
      release has saved this student.

    Given:
        The database is PostgreSQL. `name` is NOT NULL at first.
        At first, v1 is running. While a release is deployed, it runs beside the release
        that was running before. After the deployment, it runs alone.
        The running releases insert and read students before, during and after each
        step.

    Example of a list of steps:
        ["v2", "add", "v3"]
    """
    raise NotImplementedError


# Sets `ends_on` of the next 100 courses in which it is NULL. Because of `FOR UPDATE`,
# a value that the application saves at the same time is kept.
FILL = text(
    "UPDATE courses SET ends_on = starts_on + 7 * weeks WHERE id IN "
    "(SELECT id FROM courses WHERE ends_on IS NULL ORDER BY id LIMIT 100 FOR UPDATE)"
)


class AddEndsOn:
    """23.1.2  Describe a multi-step migration process for adding a non-nullable column.

    The big table `courses` gets the column `ends_on`, which is NOT NULL in the end. The
    application keeps running. Write the four steps of the migration. Alembic calls the
    methods in this order, each one in a transaction of its own.

    - `add_column` adds the column `ends_on` of the type `Date`. It is nullable and has
      no default.
    - `fill` executes `FILL` until no row is left to change. It commits after each
      execution. An error of the database passes through.
    - After `add_check`, the database refuses an INSERT or UPDATE that leaves `ends_on`
      NULL.
    - After `set_not_null`, `ends_on` is NOT NULL, and `courses` has no CHECK
      constraint.
    - No method reads the rows of `courses` while it holds a lock on the table that
      blocks writes, such as ACCESS EXCLUSIVE.

    Given:
        The database is PostgreSQL. At first, `courses` has no CHECK constraint.
        Until `add_column` is done, the application does not know `ends_on`. From then
        on, it sets `ends_on` in each course that it saves.
        `ADD CONSTRAINT` and `SET NOT NULL` take an ACCESS EXCLUSIVE lock, and hold it
        until the end of their transaction. `VALIDATE CONSTRAINT` takes a weaker lock:
        clients read and write.
        `SET NOT NULL` does not read the rows if a valid CHECK constraint proves that
        no value is NULL.
    """

    def add_column(self, op: Operations) -> None:
        """Add the column."""
        raise NotImplementedError

    def fill(self, op: Operations) -> None:
        """Set `ends_on` in the rows that do not have it yet."""
        raise NotImplementedError

    def add_check(self, op: Operations) -> None:
        """Refuse new rows without `ends_on`."""
        raise NotImplementedError

    def set_not_null(self, op: Operations) -> None:
        """Make the column NOT NULL."""
        raise NotImplementedError


instruments = Table(
    "instruments",
    MetaData(),
    Column("number", Integer, primary_key=True),
    Column("place", Text, nullable=False),
    Column("room", Text),
)


@dataclass
class Flags:
    """The feature flags. They change while the application runs."""

    write_new: bool = False
    read_new: bool = False


@dataclass
class Instruments:
    """23.1.3  How can feature flags be used in conjunction with database migrations?

    The room of each instrument is stored in the column `place`. The new column `room`
    will replace it. With two feature flags, the school can switch to `room` and back
    again without a deployment. No move of an instrument is lost. Write the two methods.
    They leave the commit, the rollback and the errors to the caller.

    - `move` always stores the new room of the instrument in `place`. While `write_new`
      is on, `move` stores it in `room`, too. While `write_new` is off, `move` does not
      change `room`.
    - `room_of` returns the value of `room` while `read_new` is on, and the value of
      `place` while it is off.
    - Each call uses the flags as they are at that time. All four combinations of the
      flags work. While both are off, the column `room` may not exist yet.

    Given:
        The database is PostgreSQL, and the instrument exists. Several servers share the
        database, and each one has flags of its own.
        First the school turns `write_new` on, then it copies `place` to `room` in all
        rows, then it turns `read_new` on. So `room` is never NULL while `read_new` is
        on. On the way back, it turns `read_new` off first, then `write_new`.

    Example:
        flags = Flags(write_new=True)
        service = Instruments(flags)
        service.move(connection, 7, "B12")  (place and room of number 7 are "B12")
        service.room_of(connection, 7)      ->  "B12"
    """

    flags: Flags

    def move(self, connection: Connection, number: int, room: str) -> None:
        """Store in which room the instrument is now."""
        raise NotImplementedError

    def room_of(self, connection: Connection, number: int) -> str:
        """Return in which room the instrument is."""
        raise NotImplementedError
