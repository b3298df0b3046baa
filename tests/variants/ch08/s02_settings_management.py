"""Other answers to section 8.2."""

import os
from typing import Annotated

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    PositiveInt,
    Secret,
    SecretBytes,
    field_serializer,
    field_validator,
)

from sensei.variants import right, wrong


@wrong("8.2.1", caught_by="test_q1_variables_without_the_prefix_have_no_effect")
class Settings(BaseSettings):
    """Accept the names with and without the prefix."""

    database_url: str = Field(validation_alias="BAKERY_DATABASE_URL")
    orders_per_day: int = Field(
        200,
        ge=1,
        validation_alias=AliasChoices("BAKERY_ORDERS_PER_DAY", "ORDERS_PER_DAY"),
    )
    debug: bool = Field(False, validation_alias=AliasChoices("BAKERY_DEBUG", "DEBUG"))


@wrong("8.2.1", caught_by="test_q1_the_settings_are_read_from_the_environment")
class Settings(BaseSettings):
    """Forget the prefix."""

    database_url: str
    orders_per_day: int = Field(default=200, ge=1)
    debug: bool = False


@wrong("8.2.1", caught_by="test_q1_the_settings_are_read_from_the_environment")
class Settings(BaseSettings):
    """Forget the underscore of the prefix."""

    model_config = SettingsConfigDict(env_prefix="BAKERY")
    database_url: str
    orders_per_day: int = Field(default=200, ge=1)
    debug: bool = False


@wrong(
    "8.2.1",
    caught_by="test_q1_without_a_required_setting_the_service_does_not_start",
)
class Settings(BaseSettings):
    """Give the required setting a default."""

    model_config = SettingsConfigDict(env_prefix="BAKERY_")
    database_url: str = ""
    orders_per_day: int = Field(default=200, ge=1)
    debug: bool = False


@wrong("8.2.1", caught_by="test_q1_the_settings_are_read_from_the_environment")
class Settings(BaseModel):
    """Read the environment when the class is created."""

    database_url: str = os.environ.get("BAKERY_DATABASE_URL", "")
    orders_per_day: int = int(os.environ.get("BAKERY_ORDERS_PER_DAY", "200"))
    debug: bool = bool(os.environ.get("BAKERY_DEBUG", ""))


@wrong("8.2.1", caught_by="test_q1_the_settings_are_read_from_the_environment")
class Settings(BaseModel):
    """Convert by hand, so that the text "0" is true."""

    database_url: str = Field(default_factory=lambda: os.environ["BAKERY_DATABASE_URL"])
    orders_per_day: int = Field(
        default_factory=lambda: int(os.environ.get("BAKERY_ORDERS_PER_DAY", "200"))
    )
    debug: bool = Field(
        default_factory=lambda: bool(os.environ.get("BAKERY_DEBUG", ""))
    )


@wrong("8.2.1", caught_by="test_q1_the_settings_are_read_from_the_environment")
class Settings(BaseSettings):
    """Keep every setting as the text of its variable."""

    model_config = SettingsConfigDict(env_prefix="BAKERY_")
    database_url: str
    orders_per_day: str = "200"
    debug: str = ""


@wrong(
    "8.2.1",
    caught_by="test_q1_an_invalid_setting_is_a_validation_error[orders_per_day-wrong0]",
)
class Settings(BaseSettings):
    """Accept any number of orders."""

    model_config = SettingsConfigDict(env_prefix="BAKERY_")
    database_url: str
    orders_per_day: int = 200
    debug: bool = False


@wrong("8.2.1", caught_by="test_q1_the_settings_are_read_from_the_environment")
class Settings(BaseSettings):
    """Exclude the bound."""

    model_config = SettingsConfigDict(env_prefix="BAKERY_")
    database_url: str
    orders_per_day: int = Field(default=200, gt=1)
    debug: bool = False


@wrong("8.2.1", caught_by="test_q1_a_setting_without_a_variable_has_its_default")
class Settings(BaseSettings):
    """Require every setting."""

    model_config = SettingsConfigDict(env_prefix="BAKERY_")
    database_url: str
    orders_per_day: int = Field(ge=1)
    debug: bool


@wrong(
    "8.2.1",
    caught_by="test_q1_an_invalid_setting_is_a_validation_error[orders_per_day-wrong0]",
)
class Settings(BaseSettings):
    """Use the default instead of an invalid value."""

    model_config = SettingsConfigDict(env_prefix="BAKERY_")
    database_url: str
    orders_per_day: int = Field(default=200, ge=1)
    debug: bool = False

    @field_validator("orders_per_day", mode="wrap")
    @classmethod
    def mend(cls, value, inner):
        try:
            return inner(value)
        except ValueError:
            return 200


@wrong("8.2.1", caught_by="test_q1_the_settings_are_read_from_the_environment")
class Settings(BaseSettings):
    """Remove the spaces around a value."""

    model_config = SettingsConfigDict(env_prefix="BAKERY_", str_strip_whitespace=True)
    database_url: str
    orders_per_day: int = Field(default=200, ge=1)
    debug: bool = False


@wrong("8.2.1", caught_by="test_q1_the_settings_are_read_from_the_environment")
class Settings(BaseSettings):
    """Limit the number of orders."""

    model_config = SettingsConfigDict(env_prefix="BAKERY_")
    database_url: str
    orders_per_day: int = Field(default=200, ge=1, le=1000)
    debug: bool = False


@right("8.2.1")
class Settings(BaseSettings):
    """Take an empty variable for a missing one."""

    model_config = SettingsConfigDict(env_prefix="BAKERY_", env_ignore_empty=True)
    database_url: str
    orders_per_day: int = Field(default=200, ge=1)
    debug: bool = False


@right("8.2.1")
class Settings(BaseSettings, env_prefix="bakery_"):
    """Class arguments, and types with constraints."""

    database_url: str = Field(...)
    orders_per_day: PositiveInt = 200
    debug: bool = False


@right("8.2.1")
class Settings(BaseSettings):
    """The name of the variable at each field."""

    database_url: str = Field(validation_alias="BAKERY_DATABASE_URL")
    orders_per_day: Annotated[
        int, Field(gt=0, validation_alias="BAKERY_ORDERS_PER_DAY")
    ] = 200
    debug: bool = Field(False, validation_alias="BAKERY_DEBUG")


RIGHT = {
    "city": "Rome",
    "phone": "555-1",
    "slogan": "",
    "city with an argument": "Turin",
    "os.environ": None,
    "phone in another folder": "555-2",
}


@wrong("8.2.2", caught_by="test_q2_what_the_process_finds_is_predicted[city]")
def predictions():
    """Believe that the file `.env` overrides the environment."""
    return RIGHT | {"city": "Oslo"}


@wrong("8.2.2", caught_by="test_q2_what_the_process_finds_is_predicted[phone]")
def predictions():
    """Believe that a secret is more important than `.env`."""
    return RIGHT | {"phone": "555-2"}


@wrong("8.2.2", caught_by="test_q2_what_the_process_finds_is_predicted[slogan]")
def predictions():
    """Believe that an empty variable counts as a missing one."""
    return RIGHT | {"slogan": "Fresh"}


@wrong("8.2.2", caught_by="test_q2_what_the_process_finds_is_predicted[slogan]")
def predictions():
    """Believe that an empty variable gives the default."""
    return RIGHT | {"slogan": "Good morning"}


@wrong(
    "8.2.2",
    caught_by="test_q2_what_the_process_finds_is_predicted[city with an argument]",
)
def predictions():
    """Believe that the environment overrides an argument."""
    return RIGHT | {"city with an argument": "Rome"}


@wrong("8.2.2", caught_by="test_q2_what_the_process_finds_is_predicted[os.environ]")
def predictions():
    """Believe that the file `.env` becomes part of the environment."""
    return RIGHT | {"os.environ": "555-1"}


@wrong(
    "8.2.2",
    caught_by="test_q2_what_the_process_finds_is_predicted[phone in another folder]",
)
def predictions():
    """Believe that `.env` is found beside the code."""
    return RIGHT | {"phone in another folder": "555-1"}


@wrong(
    "8.2.2",
    caught_by="test_q2_what_the_process_finds_is_predicted[phone in another folder]",
)
def predictions():
    """Believe that the secrets folder is not read without a `.env`."""
    return RIGHT | {"phone in another folder": "555-0"}


@right("8.2.2")
def predictions():
    """Values from the sources."""
    dotenv = dict(line.split("=") for line in DOTENV)
    return {
        "city": ENVIRONMENT["BAKERY_CITY"],
        "phone": dotenv["BAKERY_PHONE"],
        "slogan": ENVIRONMENT["BAKERY_SLOGAN"],
        "city with an argument": "Turin",
        "os.environ": ENVIRONMENT.get("BAKERY_PHONE"),
        "phone in another folder": SECRETS["bakery_phone"],
    }


@right("8.2.2")
def predictions():
    """A dict in another order."""
    return dict(sorted(RIGHT.items()))


@wrong("8.2.3", caught_by="test_q3_an_error_message_does_not_show_the_password")
class MillSettings(BaseSettings):
    """Use SecretStr, and leave the error as it is."""

    model_config = SettingsConfigDict(env_prefix="MILL_")
    user: str
    password: SecretStr = Field(min_length=12)

    def sign_in(self) -> str:
        return log_in(self.user, self.password.get_secret_value())


@wrong("8.2.3", caught_by="test_q3_the_password_is_not_shown[settings]")
class MillSettings(BaseSettings):
    """Hide the field from `repr` only."""

    model_config = SettingsConfigDict(env_prefix="MILL_", hide_input_in_errors=True)
    user: str
    password: str = Field(min_length=12, repr=False)

    def sign_in(self) -> str:
        return log_in(self.user, self.password)


@wrong("8.2.3", caught_by="test_q3_the_password_is_not_shown[password]")
class MillSettings(BaseSettings):
    """Exclude the field from `repr` and from JSON."""

    model_config = SettingsConfigDict(env_prefix="MILL_", hide_input_in_errors=True)
    user: str
    password: str = Field(min_length=12, repr=False, exclude=True)

    def sign_in(self) -> str:
        return log_in(self.user, self.password)


@wrong("8.2.3", caught_by="test_q3_sign_in_uses_the_real_password")
class MillSettings(BaseSettings):
    """Log in with the stars."""

    model_config = SettingsConfigDict(env_prefix="MILL_", hide_input_in_errors=True)
    user: str
    password: SecretStr = Field(min_length=12)

    def sign_in(self) -> str:
        return log_in(self.user, str(self.password))


@wrong("8.2.3", caught_by="test_q3_sign_in_uses_the_real_password")
class MillSettings(BaseSettings):
    """Log in with the SecretStr itself."""

    model_config = SettingsConfigDict(env_prefix="MILL_", hide_input_in_errors=True)
    user: str
    password: SecretStr = Field(min_length=12)

    def sign_in(self) -> str:
        return log_in(self.user, self.password)


@wrong("8.2.3", caught_by="test_q3_an_error_message_does_not_show_the_password")
class MillSettings(BaseSettings):
    """Forget the length of the password."""

    model_config = SettingsConfigDict(env_prefix="MILL_", hide_input_in_errors=True)
    user: str
    password: SecretStr

    def sign_in(self) -> str:
        return log_in(self.user, self.password.get_secret_value())


@wrong("8.2.3", caught_by="test_q3_an_error_message_does_not_show_the_password")
class MillSettings(BaseSettings):
    """Show the password in a message of one's own."""

    model_config = SettingsConfigDict(env_prefix="MILL_", hide_input_in_errors=True)
    user: str
    password: SecretStr

    @field_validator("password")
    @classmethod
    def check(cls, password: SecretStr) -> SecretStr:
        if len(password) < 12:
            raise ValueError(f"{password.get_secret_value()} is too short")
        return password

    def sign_in(self) -> str:
        return log_in(self.user, self.password.get_secret_value())


@wrong("8.2.3", caught_by="test_q3_the_password_is_not_shown[settings]")
class MillSettings(BaseSettings):
    """Write the real password into JSON."""

    model_config = SettingsConfigDict(env_prefix="MILL_", hide_input_in_errors=True)
    user: str
    password: SecretStr = Field(min_length=12)

    @field_serializer("password", when_used="json")
    def dump(self, password: SecretStr) -> str:
        return password.get_secret_value()

    def sign_in(self) -> str:
        return log_in(self.user, self.password.get_secret_value())


@wrong("8.2.3", caught_by="test_q3_the_password_is_not_shown[settings]")
class MillSettings(BaseSettings):
    """Hide the user, too."""

    model_config = SettingsConfigDict(env_prefix="MILL_", hide_input_in_errors=True)
    user: SecretStr
    password: SecretStr = Field(min_length=12)

    def sign_in(self) -> str:
        return log_in(self.user.get_secret_value(), self.password.get_secret_value())


@wrong("8.2.3", caught_by="test_q3_a_password_is_required")
class MillSettings(BaseSettings):
    """Give the password a default."""

    model_config = SettingsConfigDict(env_prefix="MILL_", hide_input_in_errors=True)
    user: str
    password: SecretStr = Field(default=SecretStr("change-me-now"), min_length=12)

    def sign_in(self) -> str:
        return log_in(self.user, self.password.get_secret_value())


@wrong("8.2.3", caught_by="test_q3_sign_in_uses_the_real_password[long]")
class MillSettings(BaseSettings):
    """Make the result up."""

    model_config = SettingsConfigDict(env_prefix="MILL_", hide_input_in_errors=True)
    user: str
    password: SecretStr = Field(min_length=12)

    def sign_in(self) -> str:
        return f"session of {self.user}"


@wrong("8.2.3", caught_by="test_q3_sign_in_uses_the_real_password[spaces]")
class MillSettings(BaseSettings):
    """Remove the spaces of the password."""

    model_config = SettingsConfigDict(env_prefix="MILL_", hide_input_in_errors=True)
    user: str
    password: SecretStr = Field(min_length=12)

    def sign_in(self) -> str:
        return log_in(self.user, self.password.get_secret_value().strip())


@wrong("8.2.3", caught_by="test_q3_an_error_message_does_not_show_the_password")
class MillSettings(BaseSettings):
    """Count the bytes of the password."""

    model_config = SettingsConfigDict(env_prefix="MILL_", hide_input_in_errors=True)
    user: str
    password: SecretBytes = Field(min_length=12)

    def sign_in(self) -> str:
        return log_in(self.user, self.password.get_secret_value().decode())


@wrong("8.2.3", caught_by="test_q3_sign_in_uses_the_real_password[very long]")
class MillSettings(BaseSettings):
    """Limit the length of the password."""

    model_config = SettingsConfigDict(env_prefix="MILL_", hide_input_in_errors=True)
    user: str
    password: SecretStr = Field(min_length=12, max_length=64)

    def sign_in(self) -> str:
        return log_in(self.user, self.password.get_secret_value())


@right("8.2.3")
class MillSettings(BaseSettings, env_prefix="mill_", hide_input_in_errors=True):
    """Class arguments, and a validator for the length."""

    user: str
    password: SecretStr

    @field_validator("password")
    @classmethod
    def check(cls, password: SecretStr) -> SecretStr:
        if len(password) < 12:
            raise ValueError("too short")
        return password

    def sign_in(self) -> str:
        real = self.password.get_secret_value()
        return log_in(password=real, user=self.user)


class Password(Secret[str]):
    """A secret that shows its kind."""

    def _display(self) -> str:
        return "(password)"


@right("8.2.3")
class MillSettings(BaseSettings):
    """A secret type of one's own."""

    model_config = ConfigDict(hide_input_in_errors=True)
    user: str = Field(validation_alias="MILL_USER")
    password: Password = Field(validation_alias="MILL_PASSWORD")

    @field_validator("password", mode="before")
    @classmethod
    def check(cls, password: object) -> object:
        if isinstance(password, str) and len(password) < 12:
            raise ValueError("A password has at least 12 characters.")
        return password

    def sign_in(self) -> str:
        return log_in(self.user, self.password.get_secret_value())
