"""8.2  Settings management.

The configuration of a service differs from machine to machine. pydantic-settings reads
it from environment variables and files, and validates it as a model.
Notes: content/docs/pydantic/advanced-features/settings-management.md
"""

from pathlib import Path

from fastapi import FastAPI
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from sensei import ___


class Settings(BaseSettings):
    """8.2.1  Create a Pydantic `BaseSettings` model for managing application
    configuration.

    Declare the settings of a bakery's service. `create_app` below uses them. The
    environment variable of a setting is `BAKERY_` and its name, such as `BAKERY_DEBUG`.

    - `database_url` is a required string; its text is not changed. `orders_per_day` is
      an integer of at least 1, and 200 by default. `debug` is a bool, by default False.
    - Variables without the prefix have no effect, such as `DEBUG`.
    - If a setting is missing or invalid, `Settings()` raises a ValidationError, and the
      service does not start.

    Example:
        BAKERY_DATABASE_URL=sqlite:///shop.db BAKERY_ORDERS_PER_DAY=350
            ->  Settings().orders_per_day == 350
    """


def create_app() -> FastAPI:
    """Return the application. The process calls this function when it starts."""
    settings = Settings()
    app = FastAPI(debug=settings.debug)

    @app.get("/capacity")
    def capacity() -> int:
        return settings.orders_per_day

    return app


# The environment variables of a process that delivers the orders.
ENVIRONMENT = {"BAKERY_CITY": "Rome", "BAKERY_SLOGAN": ""}
# The lines of the file `.env` in the folder in which the process starts.
DOTENV = ["BAKERY_CITY=Oslo", "BAKERY_PHONE=555-1", "BAKERY_SLOGAN=Fresh"]
# The files of the folder `/run/secrets`, and their content.
SECRETS = {"bakery_city": "Paris", "bakery_phone": "555-2"}


class DeliverySettings(BaseSettings):
    """The settings of this process."""

    model_config = SettingsConfigDict(env_prefix="BAKERY_", env_file=".env")

    city: str = "Bergen"
    phone: str = "555-0"
    slogan: str = "Good morning"


def read_settings(secrets: Path, **arguments: str) -> DeliverySettings:
    """Return the settings. `secrets` is the folder with the secrets files."""
    return DeliverySettings(_secrets_dir=secrets, **arguments)  # type: ignore[arg-type]


def predictions() -> dict[str, str | None]:
    """8.2.2  How does Pydantic load settings from environment variables and `.env`
    files?

    A process starts with the variables, the file `.env` and the secrets files above,
    and reads its settings. Predict what it finds. Replace each `___` with a string or
    None.

    - "city", "phone", "slogan": the values in `read_settings(secrets)`.
    - "city with an argument": the city in `read_settings(secrets, city="Turin")`.
    - "os.environ": what `os.environ.get("BAKERY_PHONE")` returns after
      `read_settings(secrets)`.
    - "phone in another folder": the phone in `read_settings(secrets)` if the process
      starts in a folder that has no `.env`. Everything else is the same.
    """
    return {
        "city": ___,
        "phone": ___,
        "slogan": ___,
        "city with an argument": ___,
        "os.environ": ___,
        "phone in another folder": ___,
    }


def log_in(user: str, password: str) -> str:
    """Log in at the web shop of the flour mill, and return the name of the session."""
    return f"session of {user}"


class MillSettings(BaseSettings):
    """8.2.3  Explain the use of `SecretStr` for sensitive settings.

    The service orders flour from a mill. Its settings come from `MILL_USER` and
    `MILL_PASSWORD`. Repair the class: today the password appears in log files, in JSON,
    and in the error message of a wrong setting.

    - `repr`, `str` and a log entry of the settings do not contain the password, and
      neither do `model_dump()` and `model_dump_json()`. All of them show the user.
    - `repr`, `str` and a log entry of `settings.password` do not contain it, either.
    - If a setting is missing, or if the password is too short, `MillSettings()` raises
      a ValidationError. Its message, `str(error)`, does not contain the password.
    - Both settings are required. A password has at least 12 characters, and no
      maximum length.
    - `sign_in()` calls `log_in` with the user and the real, unchanged password, which
      is a string. It returns what `log_in` returns.

    Example:
        print(MillSettings())  ->  user='ana' password=SecretStr('**********')
    """

    model_config = SettingsConfigDict(env_prefix="MILL_")

    user: str
    password: str = Field(min_length=12)

    def sign_in(self) -> str:
        """Log in at the mill, and return the name of the session."""
        return log_in(self.user, self.password)
