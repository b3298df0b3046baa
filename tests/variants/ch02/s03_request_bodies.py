"""Other answers to section 2.3."""

import json

from fastapi import APIRouter, Body, HTTPException
from fastapi.responses import JSONResponse
from pydantic import (
    NonNegativeInt,
    PlainSerializer,
    StringConstraints,
    condecimal,
    create_model,
    field_validator,
)
from typing import Annotated

from sensei.variants import right, wrong


@wrong(
    "2.3.1", caught_by="test_q1_a_missing_or_invalid_field_returns_422[email 'mara']"
)
def users_app():
    """Declare the email address as a string."""

    class User(BaseModel):
        name: str
        email: str
        age: int

    app = FastAPI()

    @app.post("/users")
    def create(user: User):
        return user

    return app


@wrong(
    "2.3.1", caught_by="test_q1_a_missing_or_invalid_field_returns_422[email 'mara@']"
)
def users_app():
    """Look for an @ in the email address."""

    class User(BaseModel):
        name: str
        email: str = Field(pattern="@")
        age: int

    app = FastAPI()

    @app.post("/users")
    def create(user: User):
        return user

    return app


@wrong("2.3.1", caught_by="test_q1_a_missing_or_invalid_field_returns_422[email None]")
def users_app():
    """Strip the email address before Pydantic has checked that it is a string."""

    class User(BaseModel):
        name: str
        email: EmailStr
        age: int

        @field_validator("email", mode="before")
        @classmethod
        def strip(cls, value):
            return value.strip()

    app = FastAPI()

    @app.post("/users")
    def create(user: User):
        return user

    return app


@wrong("2.3.1", caught_by="test_q1_the_endpoint_returns_the_user")
def users_app():
    """Declare the fields as parameters, which FastAPI reads from the query."""
    app = FastAPI()

    @app.post("/users")
    def create(name: str, email: EmailStr, age: int):
        return {"name": name, "email": email, "age": age}

    return app


@wrong("2.3.1", caught_by="test_q1_the_request_body_is_a_pydantic_model")
def users_app():
    """Declare the fields as parameters with `Body()`."""
    app = FastAPI()

    @app.post("/users")
    def create(
        name: Annotated[str, Body()],
        email: Annotated[EmailStr, Body()],
        age: Annotated[int, Body()],
    ):
        return {"name": name, "email": email, "age": age}

    return app


@wrong(
    "2.3.1", caught_by="test_q1_a_missing_or_invalid_field_returns_422[name missing]"
)
def users_app():
    """Create the model inside the endpoint, where its error becomes a 500."""

    class User(BaseModel):
        name: str
        email: EmailStr
        age: int

    app = FastAPI()

    @app.post("/users")
    def create(user: dict[str, Any]):
        return User(**user)

    return app


@wrong(
    "2.3.1", caught_by="test_q1_a_missing_or_invalid_field_returns_422[name missing]"
)
def users_app():
    """Give the fields default values."""

    class User(BaseModel):
        name: str | None = None
        email: EmailStr | None = None
        age: int | None = None

    app = FastAPI()

    @app.post("/users")
    def create(user: User):
        return user

    return app


@wrong("2.3.1", caught_by="test_q1_a_missing_or_invalid_field_returns_422[age 30.5]")
def users_app():
    """Declare the age as a float."""

    class User(BaseModel):
        name: str
        email: EmailStr
        age: float

    app = FastAPI()

    @app.post("/users")
    def create(user: User):
        return user

    return app


@wrong("2.3.1", caught_by="test_q1_the_request_body_is_a_pydantic_model")
def users_app():
    """Use a dataclass of the standard library."""

    @dataclass
    class User:
        name: str
        email: EmailStr
        age: int

    app = FastAPI()

    @app.post("/users")
    def create(user: User):
        return user

    return app


@wrong("2.3.1", caught_by="test_q1_the_endpoint_returns_the_user[shortest]")
def users_app():
    """Give the fields rules that the docstring does not have."""

    class User(BaseModel):
        name: str = Field(min_length=1)
        email: EmailStr
        age: int = Field(gt=0, lt=100)

    app = FastAPI()

    @app.post("/users")
    def create(user: User):
        return user

    return app


@wrong("2.3.1", caught_by="test_q1_each_request_returns_its_own_user")
def users_app():
    """Keep the users by their email address, and return the first one again."""

    class User(BaseModel):
        name: str
        email: EmailStr
        age: int

    app = FastAPI()
    users = {}

    @app.post("/users")
    def create(user: User) -> User:
        return users.setdefault(user.email, user)

    return app


@wrong(
    "2.3.1",
    caught_by="test_q1_a_missing_or_invalid_field_returns_422[email 'mara@@example.com']",
)
def users_app():
    """Look for a name, an @ and a host."""

    class User(BaseModel):
        name: str
        email: str = Field(pattern=r"^.+@.+$")
        age: int

    app = FastAPI()

    @app.post("/users")
    def create(user: User):
        return user

    return app


@wrong("2.3.1", caught_by="test_q1_the_endpoint_returns_the_user[whitespace]")
def users_app():
    """Strip the name, though any string is one."""

    class User(BaseModel):
        model_config = ConfigDict(str_strip_whitespace=True)
        name: str
        email: EmailStr
        age: int

    app = FastAPI()

    @app.post("/users")
    def create(user: User) -> User:
        return user

    return app


@wrong("2.3.1", caught_by="test_q1_the_endpoint_returns_the_user[a negative age]")
def users_app():
    """Refuse a negative age, though any integer is one."""

    class User(BaseModel):
        name: str
        email: EmailStr
        age: NonNegativeInt

    app = FastAPI()

    @app.post("/users")
    def create(user: User) -> User:
        return user

    return app


@right("2.3.1")
def users_app():
    """Use a router, an async function, `Field` and `Body`."""

    class NewUser(BaseModel):
        name: Annotated[str, Field(examples=["Mara"])]
        age: Annotated[int, Field(description="In years.")]
        email: EmailStr = Field(description="For the confirmation.")

    router = APIRouter(prefix="/users")

    @router.post("", response_model=NewUser)
    async def create(new: Annotated[NewUser, Body(description="Who signs up.")]):
        return new.model_dump()

    app = FastAPI()
    app.include_router(router)
    return app


@right("2.3.1")
def users_app():
    """Check the email address in a validator, and create the model by a function."""

    from pydantic import AfterValidator, validate_email

    def is_address(email: str) -> str:
        validate_email(email)
        return email

    User = create_model(
        "User", name=str, email=Annotated[str, AfterValidator(is_address)], age=int
    )
    app = FastAPI()

    async def create(user):
        return user

    create.__annotations__["user"] = User
    app.post("/users")(create)
    return app


@wrong(
    "2.3.2",
    caught_by="test_q2_an_exception_from_the_endpoint_is_not_caught[ValidationError]",
)
def receive(model, endpoint, data):
    """Call the endpoint inside `try`."""
    try:
        return 200, endpoint(model.model_validate(data))
    except ValidationError as error:
        found = error.errors(include_url=False)
        return 422, {"detail": [{**one, "loc": ["body", *one["loc"]]} for one in found]}


@wrong("2.3.2", caught_by="test_q2_an_exception_from_the_endpoint_is_not_caught")
def receive(model, endpoint, data):
    """Return 500 for an exception from the endpoint."""
    try:
        value = model.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False)
        return 422, {"detail": [{**one, "loc": ["body", *one["loc"]]} for one in found]}
    try:
        return 200, endpoint(value)
    except Exception:
        return 500, "Internal Server Error"


@wrong(
    "2.3.2",
    caught_by="test_q2_the_content_is_what_the_endpoint_returns[Decimal('2.50')]",
)
def receive(model, endpoint, data):
    """Convert what the endpoint returns for JSON."""
    from fastapi.encoders import jsonable_encoder

    try:
        value = model.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False)
        return 422, {"detail": [{**one, "loc": ["body", *one["loc"]]} for one in found]}
    return 200, jsonable_encoder(endpoint(value))


@wrong(
    "2.3.2",
    caught_by="test_q2_an_exception_from_the_endpoint_is_not_caught[HTTPException]",
)
def receive(model, endpoint, data):
    """Turn an HTTPException of the endpoint into a response, as FastAPI does later."""
    try:
        value = model.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False)
        return 422, {"detail": [{**one, "loc": ["body", *one["loc"]]} for one in found]}
    try:
        return 200, endpoint(value)
    except HTTPException as error:
        return error.status_code, {"detail": error.detail}


@wrong("2.3.2", caught_by="test_q2_the_endpoint_gets_the_same_instance_as_in_fastapi")
def receive(model, endpoint, data):
    """Validate, and then pass the dict to the endpoint."""
    try:
        model(**data)
    except ValidationError as error:
        found = error.errors(include_url=False)
        return 422, {"detail": [{**one, "loc": ["body", *one["loc"]]} for one in found]}
    return 200, endpoint(data)


@wrong("2.3.2", caught_by="test_q2_invalid_data_returns_422_and_all_errors")
def receive(model, endpoint, data):
    """Leave out "body"."""
    try:
        value = model.model_validate(data)
    except ValidationError as error:
        return 422, {"detail": json.loads(error.json())}
    return 200, endpoint(value)


@wrong(
    "2.3.2",
    caught_by="test_q2_invalid_data_returns_422_and_all_errors[an order with three errors]",
)
def receive(model, endpoint, data):
    """Return the first error only."""
    try:
        value = model.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        return 422, {"detail": [first | {"loc": ["body", *first["loc"]]}]}
    return 200, endpoint(value)


@wrong(
    "2.3.2",
    caught_by="test_q2_invalid_data_returns_422_and_all_errors[an order with an error in a line]",
)
def receive(model, endpoint, data):
    """Return the name of the field without its path."""
    try:
        value = model.model_validate(data)
    except ValidationError as error:
        return 422, {
            "detail": [
                {"loc": ["body", one["loc"][-1]], "msg": one["msg"]}
                for one in error.errors()
            ]
        }
    return 200, endpoint(value)


@wrong(
    "2.3.2",
    caught_by="test_q2_the_endpoint_gets_the_same_instance_as_in_fastapi[an order with a number in a string]",
)
def receive(model, endpoint, data):
    """Validate in strict mode."""
    try:
        value = model.model_validate(data, strict=True)
    except ValidationError as error:
        found = error.errors(include_url=False)
        return 422, {"detail": [{**one, "loc": ["body", *one["loc"]]} for one in found]}
    return 200, endpoint(value)


@wrong("2.3.2", caught_by="test_q2_invalid_data_returns_422_and_all_errors")
def receive(model, endpoint, data):
    """Let the ValidationError out."""
    return 200, endpoint(model(**data))


@wrong("2.3.2", caught_by="test_q2_invalid_data_does_not_call_the_endpoint")
def receive(model, endpoint, data):
    """Call the endpoint with an instance that was not validated."""
    content = endpoint(model.model_construct(**data))
    try:
        content = endpoint(model.model_validate(data))
    except ValidationError as error:
        found = error.errors(include_url=False)
        return 422, {"detail": [{**one, "loc": ["body", *one["loc"]]} for one in found]}
    return 200, content


@wrong("2.3.2", caught_by="test_q2_invalid_data_returns_422_and_all_errors")
def receive(model, endpoint, data):
    """Write `loc` as a tuple, as Pydantic has it."""
    try:
        value = model.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False)
        return 422, {"detail": [{**one, "loc": ("body", *one["loc"])} for one in found]}
    return 200, endpoint(value)


@wrong("2.3.2", caught_by="test_q2_the_content_is_what_the_endpoint_returns[None]")
def receive(model, endpoint, data):
    """Return an empty object if the endpoint returns nothing."""
    try:
        value = model.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False)
        return 422, {"detail": [{**one, "loc": ["body", *one["loc"]]} for one in found]}
    return 200, endpoint(value) or {}


@wrong(
    "2.3.2",
    caught_by="test_q2_the_endpoint_gets_the_same_instance_as_in_fastapi[a review with no fields]",
)
def receive(model, endpoint, data):
    """Refuse an empty object."""
    if not data:
        return 422, {"detail": [{"loc": ["body"], "msg": "Field required"}]}
    try:
        value = model.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False)
        return 422, {"detail": [{**one, "loc": ["body", *one["loc"]]} for one in found]}
    return 200, endpoint(value)


@wrong(
    "2.3.2",
    caught_by="test_q2_invalid_data_returns_422_and_all_errors[a review with an error of the whole model]",
)
def receive(model, endpoint, data):
    """Expect a field in each `loc`."""
    try:
        value = model.model_validate(data)
    except ValidationError as error:
        detail = []
        for one in error.errors():
            first, *rest = one["loc"]
            detail.append({"loc": ["body", first, *rest], "msg": one["msg"]})
        return 422, {"detail": detail}
    return 200, endpoint(value)


@right("2.3.2")
def receive(model, endpoint, data):
    """Use a TypeAdapter, and return everything that Pydantic reports."""
    try:
        value = TypeAdapter(model).validate_python(data)
    except ValidationError as error:
        detail = json.loads(error.json(include_url=False))
        for mistake in detail:
            mistake["loc"].insert(0, "body")
        return (422, {"detail": detail})
    else:
        return (200, endpoint(value))


@right("2.3.2")
def receive(model, endpoint, data):
    """Let FastAPI validate, and call the endpoint afterwards."""
    from fastapi.testclient import TestClient

    app = FastAPI()
    values = []

    @app.post("/")
    def called(value: model) -> None:
        values.append(value)

    response = TestClient(app).post("/", json=data)
    if values:
        return 200, endpoint(values[0])
    return response.status_code, response.json()


@wrong(
    "2.3.3", caught_by="test_q3_each_value_is_converted_as_in_base_model[pieces '3']"
)
class Model:
    """Store the values without converting them."""

    def __init__(self, **data):
        for name in fields_of(type(self)):
            if name not in data:
                raise ValueError(name)
            setattr(self, name, data[name])


@wrong(
    "2.3.3",
    caught_by="test_q3_each_value_is_converted_as_in_base_model[fragile 'false']",
)
class Model:
    """Call the annotated type."""

    def __init__(self, **data):
        for name, kind in get_type_hints(type(self)).items():
            try:
                setattr(self, name, kind(data[name]))
            except (KeyError, TypeError) as error:
                raise ValueError(name) from error


@wrong(
    "2.3.3", caught_by="test_q3_each_value_is_converted_as_in_base_model[pieces 1.0]"
)
class Model:
    """Check with `isinstance`."""

    def __init__(self, **data):
        for name, kind in get_type_hints(type(self)).items():
            if not isinstance(data.get(name), kind):
                raise ValueError(name)
            setattr(self, name, data[name])


@wrong("2.3.3", caught_by="test_q3_each_value_is_converted_as_in_base_model")
class Model:
    """Read the annotations of the class itself, without its base classes."""

    def __init__(self, **data):
        for name, kind in type(self).__annotations__.items():
            if name not in data:
                raise ValueError(name)
            setattr(self, name, TypeAdapter(kind).validate_python(data[name]))


@wrong(
    "2.3.3",
    caught_by="test_q3_a_missing_or_invalid_value_raises_a_value_error[pieces 0]",
)
class Model:
    """Lose the constraints in `Annotated`."""

    def __init__(self, **data):
        for name, kind in get_type_hints(type(self)).items():
            if name not in data:
                raise ValueError(name)
            setattr(self, name, TypeAdapter(kind).validate_python(data[name]))


@wrong("2.3.3", caught_by="test_q3_another_keyword_argument_is_ignored")
class Model:
    """Store every keyword argument."""

    def __init__(self, **data):
        fields = fields_of(type(self))
        if missing := fields.keys() - data.keys():
            raise ValueError(missing)
        for name, value in data.items():
            kind = fields.get(name, Any)
            setattr(self, name, TypeAdapter(kind).validate_python(value))


@wrong("2.3.3", caught_by="test_q3_another_keyword_argument_is_ignored")
class Model:
    """Refuse other keyword arguments."""

    def __init__(self, **data):
        fields = fields_of(type(self))
        if fields.keys() != data.keys():
            raise ValueError("missing or unknown")
        for name, kind in fields.items():
            setattr(self, name, TypeAdapter(kind).validate_python(data[name]))


@wrong(
    "2.3.3",
    caught_by="test_q3_a_missing_or_invalid_value_raises_a_value_error[sku missing]",
)
class Model:
    """Use None for a missing value."""

    def __init__(self, **data):
        for name, kind in fields_of(type(self)).items():
            value = data.get(name)
            if name in data:
                value = TypeAdapter(kind).validate_python(value)
            setattr(self, name, value)


@wrong(
    "2.3.3",
    caught_by="test_q3_a_missing_or_invalid_value_raises_a_value_error[sku missing]",
)
class Model:
    """Raise a KeyError for a missing value."""

    def __init__(self, **data):
        for name, kind in fields_of(type(self)).items():
            setattr(self, name, TypeAdapter(kind).validate_python(data[name]))


@wrong("2.3.3", caught_by="test_q3_two_instances_have_values_of_their_own")
class Model:
    """Store the values in the class."""

    def __init__(self, **data):
        for name, kind in fields_of(type(self)).items():
            if name not in data:
                raise ValueError(name)
            setattr(type(self), name, TypeAdapter(kind).validate_python(data[name]))


@wrong("2.3.3", caught_by="test_q3_each_value_is_converted_as_in_base_model")
class Model(BaseModel):
    """Derive the class from BaseModel."""


@wrong("2.3.3", caught_by="test_q3_a_field_that_may_be_none_is_required")
class Model:
    """Validate None if a value is missing."""

    def __init__(self, **data):
        for name, kind in fields_of(type(self)).items():
            setattr(self, name, TypeAdapter(kind).validate_python(data.get(name)))


@wrong("2.3.3", caught_by="test_q3_a_field_that_may_be_none_is_required")
class Model:
    """Treat None as a missing value."""

    def __init__(self, **data):
        for name, kind in fields_of(type(self)).items():
            if data.get(name) is None:
                raise ValueError(name)
            setattr(self, name, TypeAdapter(kind).validate_python(data[name]))


@wrong("2.3.3", caught_by="test_q3_each_class_validates_by_its_own_annotations")
class Model:
    """Keep the validators by the name of the field."""

    adapters = {}

    def __init__(self, **data):
        for name, kind in fields_of(type(self)).items():
            if name not in data:
                raise ValueError(name)
            adapter = self.adapters.setdefault(name, TypeAdapter(kind))
            setattr(self, name, adapter.validate_python(data[name]))


@wrong("2.3.3", caught_by="test_q3_two_instances_do_not_share_a_list")
class Model:
    """Keep the converted values by class and text."""

    converted = {}

    def __init__(self, **data):
        for name, kind in fields_of(type(self)).items():
            if name not in data:
                raise ValueError(name)
            key = (type(self), name, repr(data[name]))
            if key not in self.converted:
                self.converted[key] = TypeAdapter(kind).validate_python(data[name])
            setattr(self, name, self.converted[key])


@right("2.3.3")
class Model:
    """Create the validators once for each class, and keep the values in a dict."""

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        cls._adapters = {
            name: TypeAdapter(kind) for name, kind in fields_of(cls).items()
        }

    def __init__(self, **data):
        if any(name not in data for name in self._adapters):
            raise ValueError("a value is missing")
        self._values = {
            name: adapter.validate_python(data[name])
            for name, adapter in self._adapters.items()
        }

    def __getattr__(self, name):
        try:
            return self.__dict__["_values"][name]
        except KeyError:
            raise AttributeError(name) from None


@right("2.3.3")
class Model:
    """Validate all values with one TypedDict."""

    def __init__(self, **data):
        from typing_extensions import TypedDict

        fields = TypedDict("fields", fields_of(type(self)))
        self.__dict__.update(TypeAdapter(fields).validate_python(data))


@wrong(
    "2.3.4",
    caught_by="test_q4_the_endpoint_returns_the_product[price '12345678901234567.89']",
)
def products_app():
    """Declare the price as a float, and write it as a string."""

    class Product(BaseModel):
        model_config = ConfigDict(str_strip_whitespace=True)
        name: str = Field(min_length=1)
        price: Annotated[float, PlainSerializer(lambda price: f"{price:.2f}")] = Field(
            gt=0, multiple_of=0.01
        )
        quantity: int = Field(ge=0)

    app = FastAPI()

    @app.post("/products")
    def create(product: Product) -> Product:
        return product

    return app


@wrong("2.3.4", caught_by="test_q4_the_endpoint_returns_the_product")
def products_app():
    """Return the price as a number."""

    class Product(BaseModel):
        model_config = ConfigDict(str_strip_whitespace=True)
        name: str = Field(min_length=1)
        price: Decimal = Field(gt=0, decimal_places=2)
        quantity: int = Field(ge=0)

    app = FastAPI()

    @app.post("/products")
    def create(product: Product):
        return product.model_dump() | {"price": float(product.price)}

    return app


@wrong("2.3.4", caught_by="test_q4_an_invalid_product_returns_422[name '   ']")
def products_app():
    """Check the length of the name first, and strip it afterwards."""

    class Product(BaseModel):
        name: str = Field(min_length=1)
        price: Decimal = Field(gt=0, decimal_places=2)
        quantity: int = Field(ge=0)

        @field_validator("name")
        @classmethod
        def strip(cls, name):
            return name.strip()

    app = FastAPI()

    @app.post("/products")
    def create(product: Product) -> Product:
        return product

    return app


@wrong("2.3.4", caught_by="test_q4_an_invalid_product_returns_422[name None]")
def products_app():
    """Strip the name before Pydantic has checked that it is a string."""

    class Product(BaseModel):
        name: str = Field(min_length=1)
        price: Decimal = Field(gt=0, decimal_places=2)
        quantity: int = Field(ge=0)

        @field_validator("name", mode="before")
        @classmethod
        def strip(cls, value):
            return value.strip()

    app = FastAPI()

    @app.post("/products")
    def create(product: Product) -> Product:
        return product

    return app


@wrong("2.3.4", caught_by="test_q4_the_endpoint_returns_the_product[quantity 0]")
def products_app():
    """Use `gt` in the place of `ge`."""

    class Product(BaseModel):
        model_config = ConfigDict(str_strip_whitespace=True)
        name: str = Field(min_length=1)
        price: Decimal = Field(gt=0, decimal_places=2)
        quantity: int = Field(gt=0)

    app = FastAPI()

    @app.post("/products")
    def create(product: Product) -> Product:
        return product

    return app


@wrong("2.3.4", caught_by="test_q4_an_invalid_product_returns_422[price '0']")
def products_app():
    """Allow a price of 0, and any number of decimal places."""

    class Product(BaseModel):
        model_config = ConfigDict(str_strip_whitespace=True)
        name: str = Field(min_length=1)
        price: Decimal = Field(ge=0)
        quantity: int = Field(ge=0)

    app = FastAPI()

    @app.post("/products")
    def create(product: Product) -> Product:
        return product

    return app


@wrong("2.3.4", caught_by="test_q4_an_invalid_product_returns_422[price '2.505']")
def products_app():
    """Round the price."""

    class Product(BaseModel):
        model_config = ConfigDict(str_strip_whitespace=True)
        name: str = Field(min_length=1)
        price: Decimal = Field(gt=0)
        quantity: int = Field(ge=0)

        @field_validator("price")
        @classmethod
        def in_cents(cls, price):
            return round(price, 2)

    app = FastAPI()

    @app.post("/products")
    def create(product: Product) -> Product:
        return product

    return app


@wrong(
    "2.3.4",
    caught_by="test_q4_the_endpoint_returns_the_product[price '98765432109876543210987654321098.76']",
)
def products_app():
    """Use `quantize`, which raises an exception for many digits."""

    class Product(BaseModel):
        model_config = ConfigDict(str_strip_whitespace=True)
        name: str = Field(min_length=1)
        price: Decimal = Field(gt=0)
        quantity: int = Field(ge=0)

        @field_validator("price")
        @classmethod
        def in_cents(cls, price):
            if price != price.quantize(Decimal("0.01")):
                raise ValueError("at most two decimal places")
            return price

    app = FastAPI()

    @app.post("/products")
    def create(product: Product) -> Product:
        return product

    return app


@wrong("2.3.4", caught_by="test_q4_whitespace_around_the_name_is_removed")
def products_app():
    """Refuse whitespace instead of removing it."""

    class Product(BaseModel):
        name: str = Field(pattern=r"^\S(.*\S)?$")
        price: Decimal = Field(gt=0, decimal_places=2)
        quantity: int = Field(ge=0)

    app = FastAPI()

    @app.post("/products")
    def create(product: Product) -> Product:
        return product

    return app


@wrong("2.3.4", caught_by="test_q4_whitespace_around_the_name_is_removed[' Pen  set']")
def products_app():
    """Remove whitespace inside the name as well."""

    class Product(BaseModel):
        name: str
        price: Decimal = Field(gt=0, decimal_places=2)
        quantity: int = Field(ge=0)

        @field_validator("name")
        @classmethod
        def tidy(cls, name):
            if not name.split():
                raise ValueError("the name is empty")
            return " ".join(name.split())

    app = FastAPI()

    @app.post("/products")
    def create(product: Product) -> Product:
        return product

    return app


@wrong("2.3.4", caught_by="test_q4_the_endpoint_returns_the_product[a long name]")
def products_app():
    """Limit the length of the name."""

    class Product(BaseModel):
        model_config = ConfigDict(str_strip_whitespace=True)
        name: str = Field(min_length=1, max_length=100)
        price: Decimal = Field(gt=0, decimal_places=2)
        quantity: int = Field(ge=0)

    app = FastAPI()

    @app.post("/products")
    def create(product: Product) -> Product:
        return product

    return app


@wrong("2.3.4", caught_by="test_q4_a_422_reports_each_invalid_field")
def products_app():
    """Check the rules inside the endpoint, one after the other."""

    class Product(BaseModel):
        model_config = ConfigDict(str_strip_whitespace=True)
        name: str
        price: Decimal
        quantity: int

    app = FastAPI()

    @app.post("/products")
    def create(product: Product) -> Product:
        if not product.name:
            raise HTTPException(422, "The name is empty.")
        if product.price <= 0 or product.price.as_tuple().exponent < -2:
            raise HTTPException(422, "The price is not valid.")
        if product.quantity < 0:
            raise HTTPException(422, "The quantity is negative.")
        return product

    return app


@right("2.3.4")
def products_app():
    """Use constrained types, and an async function that returns a dict."""

    class NewProduct(BaseModel):
        name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
        price: condecimal(gt=Decimal(0), decimal_places=2)
        quantity: NonNegativeInt

    app = FastAPI()

    @app.post("/products", response_model=NewProduct)
    async def add(new: NewProduct):
        return new.model_dump()

    return app


@right("2.3.4")
def products_app():
    """Write validators, and return a JSONResponse."""

    class Product(BaseModel):
        name: str
        price: Decimal
        quantity: int

        @field_validator("name")
        @classmethod
        def strip(cls, name):
            if not (name := name.strip()):
                raise ValueError("the name is empty")
            return name

        @field_validator("price")
        @classmethod
        def in_cents(cls, price):
            if price <= 0 or price.as_tuple().exponent < -2:
                raise ValueError("not a price")
            return price

        @field_validator("quantity")
        @classmethod
        def not_negative(cls, quantity):
            assert quantity >= 0
            return quantity

    app = FastAPI()

    @app.post("/products")
    async def add(product: Product):
        return JSONResponse({**product.model_dump(), "price": str(product.price)})

    return app


@wrong(
    "2.3.5", caught_by="test_q5_each_message_has_the_name_of_its_field[the second line]"
)
def errors_by_field(detail):
    """Use the last part of the path."""
    return {
        ""
        if one["loc"][-1] == "body" or one["type"] == "json_invalid"
        else str(one["loc"][-1]): one["msg"]
        for one in detail
    }


@wrong(
    "2.3.5", caught_by="test_q5_an_error_of_the_whole_body_has_an_empty_name[cut off]"
)
def errors_by_field(detail):
    """Treat the position in the text as the name of a field."""
    return {".".join(map(str, one["loc"][1:])): one["msg"] for one in detail}


@wrong(
    "2.3.5", caught_by="test_q5_an_error_of_the_whole_body_has_an_empty_name[missing]"
)
def errors_by_field(detail):
    """Expect at least one part after "body"."""
    found = {}
    for one in detail:
        name = str(one["loc"][1])
        for part in one["loc"][2:]:
            name += f".{part}"
        found["" if one["type"] == "json_invalid" else name] = one["msg"]
    return found


@wrong("2.3.5", caught_by="test_q5_each_message_has_the_name_of_its_field[four errors]")
def errors_by_field(detail):
    """Return the first error only."""
    one = detail[0]
    path = [] if one["type"] == "json_invalid" else one["loc"][1:]
    return {".".join(str(part) for part in path): one["msg"]}


@wrong(
    "2.3.5", caught_by="test_q5_each_message_has_the_name_of_its_field[a missing field]"
)
def errors_by_field(detail):
    """Believe that the type "missing" is about the body."""
    whole = ("json_invalid", "missing", "model_attributes_type")
    return {
        "" if one["type"] in whole else ".".join(map(str, one["loc"][1:])): one["msg"]
        for one in detail
    }


@wrong(
    "2.3.5", caught_by="test_q5_each_message_has_the_name_of_its_field[lists in a list]"
)
def errors_by_field(detail):
    """Use three parts of the path at most."""
    found = {}
    for one in detail:
        path = [] if one["type"] == "json_invalid" else one["loc"][1:4]
        found[".".join(str(part) for part in path)] = one["msg"]
    return found


@wrong(
    "2.3.5", caught_by="test_q5_each_message_has_the_name_of_its_field[the second line]"
)
def errors_by_field(detail):
    """Join the parts without converting the positions to strings."""
    return {
        "" if one["type"] == "json_invalid" else ".".join(one["loc"][1:]): one["msg"]
        for one in detail
    }


@wrong(
    "2.3.5",
    caught_by="test_q5_each_message_has_the_name_of_its_field[a field with the name body]",
)
def errors_by_field(detail):
    """Leave out each part that is called "body"."""
    found = {}
    for one in detail:
        path = [part for part in one["loc"] if part != "body"]
        name = "" if one["type"] == "json_invalid" else ".".join(map(str, path))
        found[name] = one["msg"]
    return found


@wrong("2.3.5", caught_by="test_q5_the_detail_of_the_response_stays_as_it_was")
def errors_by_field(detail):
    """Take the first part out of each `loc`."""
    found = {}
    for one in detail:
        one["loc"].pop(0)
        path = [] if one["type"] == "json_invalid" else one["loc"]
        found[".".join(str(part) for part in path)] = one["msg"]
    return found


@right("2.3.5")
def errors_by_field(detail):
    """Use `match`."""
    shown = {}
    for error in detail:
        match error["loc"]:
            case ["body"] | ["body", int()]:
                shown[""] = error["msg"]
            case ["body", *path]:
                shown[".".join(f"{part}" for part in path)] = error["msg"]
    return shown


@right("2.3.5")
def errors_by_field(detail):
    """Join the whole path, and cut off the first part."""

    def name(error):
        if error["type"].startswith("json"):
            return ""
        return ".".join(str(part) for part in error["loc"]).partition(".")[2]

    return {name(error): error["msg"] for error in detail}


@wrong(
    "2.3.6",
    caught_by="test_q6_the_prediction_is_the_value_of_pieces[request body-ShelfData]",
)
def predictions():
    """Believe that FastAPI does not validate a dataclass."""
    return {
        "constructor": {"ShelfData": "3", "ShelfModel": 3},
        "assignment": {"ShelfData": "3", "ShelfModel": "3"},
        "request body": {"ShelfData": "3", "ShelfModel": 3},
    }


@wrong(
    "2.3.6",
    caught_by="test_q6_the_prediction_is_the_value_of_pieces[assignment-ShelfModel]",
)
def predictions():
    """Believe that a model validates assignments."""
    return {
        "constructor": {"ShelfData": "3", "ShelfModel": 3},
        "assignment": {"ShelfData": "3", "ShelfModel": 3},
        "request body": {"ShelfData": 3, "ShelfModel": 3},
    }


@wrong(
    "2.3.6",
    caught_by="test_q6_the_prediction_is_the_value_of_pieces[constructor-ShelfModel]",
)
def predictions():
    """Believe that a model refuses a string for an integer."""
    return {
        "constructor": {"ShelfData": "3", "ShelfModel": "ValidationError"},
        "assignment": {"ShelfData": "3", "ShelfModel": "ValidationError"},
        "request body": {"ShelfData": 3, "ShelfModel": 3},
    }


@wrong(
    "2.3.6",
    caught_by="test_q6_the_prediction_is_the_value_of_pieces[constructor-ShelfData]",
)
def predictions():
    """Believe that a dataclass converts by its annotations."""
    row = {"ShelfData": 3, "ShelfModel": 3}
    return {case: row for case in ("constructor", "assignment", "request body")}


@wrong(
    "2.3.6",
    caught_by="test_q6_the_prediction_is_the_value_of_pieces[constructor-ShelfData]",
)
def predictions():
    """Use an object that is equal to everything."""
    from unittest.mock import ANY

    cases = ("constructor", "assignment", "request body")
    return {case: {"ShelfData": ANY, "ShelfModel": ANY} for case in cases}


@right("2.3.6")
def predictions():
    """Build the dict from names, in another order."""
    names = ("ShelfModel", "ShelfData")
    return {
        "request body": dict.fromkeys(names, 3),
        "assignment": dict.fromkeys(names, "3"),
        "constructor": dict(zip(names, (3, "3"), strict=True)),
    }


@right("2.3.6")
def predictions():
    """Run the code."""

    def constructed(kind):
        return kind(sku="pen", pieces="3").pieces

    def assigned(kind):
        shelf = kind(sku="pen", pieces=1)
        shelf.pieces = "3"
        return shelf.pieces

    def validated(kind):
        return TypeAdapter(kind).validate_python({"sku": "pen", "pieces": "3"}).pieces

    runs = {
        "constructor": constructed,
        "assignment": assigned,
        "request body": validated,
    }
    kinds = {"ShelfData": ShelfData, "ShelfModel": ShelfModel}
    return {
        case: {name: run(kind) for name, kind in kinds.items()}
        for case, run in runs.items()
    }
