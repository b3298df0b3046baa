"""The command `sensei`."""

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
