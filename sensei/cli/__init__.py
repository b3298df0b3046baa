"""The command `sensei`."""

import sys
from collections.abc import Callable

import typer

from sensei.cli import look, work

app = typer.Typer(
    help="Koans of FastAPI, SQLAlchemy, Pydantic and asyncio.",
    pretty_exceptions_enable=False,
)
app.add_typer(look.app)
app.add_typer(work.app)


@app.callback(invoke_without_command=True)
def sensei(context: typer.Context) -> None:
    """Show progress; see `sensei --help` for more."""
    if context.invoked_subcommand is None:
        look.status(as_json=False)


def main() -> None:
    """Run the command; the entry point of the package."""
    for stream in (sys.stdout, sys.stderr):
        # A learner's letters must not raise where the terminal lacks them.
        reconfigure: Callable[..., None] | None = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    app()
