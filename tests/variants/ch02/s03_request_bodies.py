"""Other answers to section 2.3."""

import json

from fastapi import Body, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import (
    PositiveInt,
    StringConstraints,
    condecimal,
    create_model,
    field_validator,
)
from pydantic import dataclasses as pydantic_dataclasses

from sensei.variants import right, wrong


@wrong("2.3.1", caught_by="test_q1_who_is_no_user_is_refused[email 'mara']")
def users_app():
    """An address is a text."""

    class User(BaseModel):
        name: str
        email: str
        age: int

    app = FastAPI()

    @app.post("/users")
    def create(user: User):
        return register(user)

    return app


@wrong("2.3.1", caught_by="test_q1_who_is_no_user_is_refused[email 'mara@']")
def users_app():
    """An address is a text with an at sign."""

    class User(BaseModel):
        name: str
        email: str = Field(pattern="@")
        age: int

    app = FastAPI()

    @app.post("/users")
    def create(user: User):
        return register(user)

    return app


@wrong("2.3.1", caught_by="test_q1_the_model_is_handed_to_register")
def users_app():
    """Fields are parameters; FastAPI takes them from the query then."""
    app = FastAPI()

    @app.post("/users")
    def create(name: str, email: EmailStr, age: int):
        return register(create_model("User", name=str)(name=name))

    return app


@wrong("2.3.1", caught_by="test_q1_who_is_no_user_is_refused")
def users_app():
    """A body is a dict; the model is made of it in the endpoint, which fails there."""

    class User(BaseModel):
        name: str
        email: EmailStr
        age: int

    app = FastAPI()

    @app.post("/users")
    def create(user: dict[str, Any]):
        return register(User(**user))

    return app


@wrong("2.3.1", caught_by="test_q1_the_client_reads_what_register_returned")
def users_app():
    """The response model is the request's, and drops what `register` has added."""

    class User(BaseModel):
        name: str
        email: EmailStr
        age: int

    app = FastAPI()

    @app.post("/users", response_model=User)
    def create(user: User):
        register(user)
        return user

    return app


@wrong("2.3.1", caught_by="test_q1_who_is_no_user_is_refused[age 30.5]")
def users_app():
    """A number is a number; the name may be missing."""

    class User(BaseModel):
        name: str | None = None
        email: EmailStr
        age: float

    app = FastAPI()

    @app.post("/users")
    def create(user: User):
        return register(user)

    return app


@wrong("2.3.1", caught_by="test_q1_the_model_is_handed_to_register")
def users_app():
    """A dataclass is as good as a model."""

    @dataclass
    class User:
        name: str
        email: EmailStr
        age: int

    app = FastAPI()

    @app.post("/users")
    def create(user: User):
        return register(user)

    return app


@wrong("2.3.1", caught_by="test_q1_the_documentation_shows_the_three_fields")
def users_app():
    """The endpoint reads the request itself."""

    class User(BaseModel):
        name: str
        email: EmailStr
        age: int

    app = FastAPI()

    @app.post("/users")
    async def create(request: Request):
        try:
            user = User.model_validate_json(await request.body())
        except ValidationError as error:
            raise HTTPException(422, error.errors(include_context=False)) from error
        return register(user)

    return app


@right("2.3.1")
def users_app():
    """Constraints, a coroutine, 201, Body spelled out."""

    class NewUser(BaseModel):
        name: Annotated[str, Field(min_length=1, examples=["Mara"])]
        age: Annotated[int, Field(ge=0, le=150)]
        email: EmailStr = Field(description="Where the confirmation goes.")

    app = FastAPI()

    async def create(new: Annotated[NewUser, Body(description="Who signs up.")]) -> Any:
        return register(user=new)

    app.add_api_route("/users", create, methods=["POST"], status_code=201)
    return app


@right("2.3.1")
def users_app():
    """The address is checked by a validator."""

    class User(BaseModel):
        name: str
        email: str
        age: int

        @field_validator("email")
        @classmethod
        def is_address(cls, email):
            name, at, host = email.partition("@")
            if not (name and at and host):
                raise ValueError("no address")
            return email

    app = FastAPI()

    @app.post("/users", response_model=dict[str, Any])
    async def create(user: User):
        return register(user)

    return app


@wrong(
    "2.3.2",
    caught_by="test_q2_what_the_endpoint_raises_is_not_the_clients_mistake[ValidationError]",
)
def receive(model, endpoint, body):
    """Every ValidationError is the client's doing."""
    try:
        return 200, endpoint(model.model_validate_json(body))
    except ValidationError as error:
        found = error.errors(include_url=False)
        return 422, {"detail": [{**one, "loc": ["body", *one["loc"]]} for one in found]}


@wrong("2.3.2", caught_by="test_q2_what_the_endpoint_raises_is_not_the_clients_mistake")
def receive(model, endpoint, body):
    """What goes wrong in the endpoint is answered as well."""
    try:
        value = model.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False)
        return 422, {"detail": [{**one, "loc": ["body", *one["loc"]]} for one in found]}
    try:
        return 200, endpoint(value)
    except Exception:
        return 500, "Internal Server Error"


@wrong("2.3.2", caught_by="test_q2_the_endpoint_gets_what_fastapi_would_hand_it")
def receive(model, endpoint, body):
    """Once it is checked, the endpoint gets the data."""
    data = json.loads(body)
    try:
        model(**data)
    except ValidationError as error:
        found = error.errors(include_url=False)
        return 422, {"detail": [{**one, "loc": ["body", *one["loc"]]} for one in found]}
    return 200, endpoint(data)


@wrong(
    "2.3.2",
    caught_by="test_q2_the_client_reads_of_the_mistakes_what_fastapi_says",
)
def receive(model, endpoint, body):
    """The path begins with the field."""
    try:
        value = model.model_validate_json(body)
    except ValidationError as error:
        return 422, {"detail": json.loads(error.json())}
    return 200, endpoint(value)


@wrong(
    "2.3.2",
    caught_by="test_q2_the_client_reads_of_the_mistakes_what_fastapi_says[an order with four mistakes]",
)
def receive(model, endpoint, body):
    """The first mistake is enough."""
    try:
        value = model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        return 422, {"detail": [first | {"loc": ("body", *first["loc"])}]}
    return 200, endpoint(value)


@wrong(
    "2.3.2",
    caught_by="test_q2_the_endpoint_gets_what_fastapi_would_hand_it[an order with text for numbers]",
)
def receive(model, endpoint, body):
    """Validating means that types are not converted."""
    try:
        value = model.model_validate_json(body, strict=True)
    except ValidationError as error:
        found = error.errors(include_url=False)
        return 422, {"detail": [{**one, "loc": ["body", *one["loc"]]} for one in found]}
    return 200, endpoint(value)


@wrong(
    "2.3.2",
    caught_by="test_q2_the_client_reads_of_the_mistakes_what_fastapi_says",
)
def receive(model, endpoint, body):
    """Somebody else answers the exception."""
    return 200, endpoint(model(**json.loads(body)))


@right("2.3.2")
def receive(model, endpoint, body):
    """A TypeAdapter, and everything that FastAPI sends."""
    try:
        value = TypeAdapter(model).validate_python(json.loads(body))
    except ValidationError as error:
        detail = json.loads(error.json(include_url=False))
        for mistake in detail:
            mistake["loc"].insert(0, "body")
        return (422, {"detail": detail})
    else:
        return (200, endpoint(value))


@right("2.3.2")
def receive(model, endpoint, body):
    """FastAPI itself does it."""
    from fastapi.testclient import TestClient

    app = FastAPI()

    @app.post("/")
    def called(value: model) -> Any:
        return endpoint(value)

    answer = TestClient(app).post(
        "/", content=body, headers={"content-type": "application/json"}
    )
    return answer.status_code, answer.json()


@wrong(
    "2.3.3", caught_by="test_q3_a_value_becomes_what_its_annotation_says[pieces '3']"
)
class Model:
    """An annotation sees to its type by itself."""

    def __init__(self, **data):
        for name in get_type_hints(type(self)):
            if name not in data:
                raise ValueError(name)
            setattr(self, name, data[name])

    def __eq__(self, other):
        return type(self) is type(other) and vars(self) == vars(other)

    def model_dump(self):
        return dict(vars(self))


@wrong(
    "2.3.3",
    caught_by="test_q3_a_value_becomes_what_its_annotation_says[fragile 'false']",
)
class Model:
    """Calling the type converts as Pydantic does."""

    def __init__(self, **data):
        for name, kind in get_type_hints(type(self)).items():
            try:
                setattr(self, name, kind(data[name]))
            except (KeyError, TypeError) as error:
                raise ValueError(name) from error

    def __eq__(self, other):
        return type(self) is type(other) and vars(self) == vars(other)

    def model_dump(self):
        return dict(vars(self))


@wrong(
    "2.3.3", caught_by="test_q3_a_value_becomes_what_its_annotation_says[pieces 3.0]"
)
class Model:
    """What is not an instance of the type does not fit."""

    def __init__(self, **data):
        for name, kind in get_type_hints(type(self)).items():
            if not isinstance(data.get(name), kind):
                raise ValueError(name)
            setattr(self, name, data[name])

    def __eq__(self, other):
        return type(self) is type(other) and vars(self) == vars(other)

    def model_dump(self):
        return dict(vars(self))


@wrong("2.3.3", caught_by="test_q3_an_unknown_keyword_is_ignored")
class Model:
    """Every keyword is an attribute."""

    def __init__(self, **data):
        hints = get_type_hints(type(self))
        if missing := hints.keys() - data.keys():
            raise ValueError(missing)
        for name, value in data.items():
            kind = hints.get(name, Any)
            setattr(self, name, TypeAdapter(kind).validate_python(value))

    def __eq__(self, other):
        return type(self) is type(other) and vars(self) == vars(other)

    def model_dump(self):
        return {name: getattr(self, name) for name in get_type_hints(type(self))}


@wrong(
    "2.3.3", caught_by="test_q3_what_is_missing_or_does_not_fit_is_refused[sku missing]"
)
class Model:
    """What is missing is None."""

    def __init__(self, **data):
        for name, kind in get_type_hints(type(self)).items():
            value = data.get(name)
            if name in data:
                value = TypeAdapter(kind).validate_python(value)
            setattr(self, name, value)

    def __eq__(self, other):
        return type(self) is type(other) and vars(self) == vars(other)

    def model_dump(self):
        return dict(vars(self))


@wrong(
    "2.3.3",
    caught_by="test_q3_two_are_equal_when_those_of_base_model_are[a parcel and a crate]",
)
class Model:
    """Equal values make equal objects."""

    def __init__(self, **data):
        for name, kind in get_type_hints(type(self)).items():
            if name not in data:
                raise ValueError(name)
            setattr(self, name, TypeAdapter(kind).validate_python(data[name]))

    def __eq__(self, other):
        return self.model_dump() == getattr(other, "__dict__", None)

    def model_dump(self):
        return dict(vars(self))


@wrong(
    "2.3.3",
    caught_by="test_q3_two_are_equal_when_those_of_base_model_are[parcels of equal values]",
)
class Model:
    """Python compares the values of two objects."""

    def __init__(self, **data):
        for name, kind in get_type_hints(type(self)).items():
            if name not in data:
                raise ValueError(name)
            setattr(self, name, TypeAdapter(kind).validate_python(data[name]))

    def model_dump(self):
        return dict(vars(self))


@wrong("2.3.3", caught_by="test_q3_the_dump_is_that_of_base_model")
class Model(BaseModel):
    """The shortest way."""


@wrong("2.3.3", caught_by="test_q3_the_dump_is_that_of_base_model")
class Model:
    """A dump is a text."""

    def __init__(self, **data):
        for name, kind in get_type_hints(type(self)).items():
            if name not in data:
                raise ValueError(name)
            setattr(self, name, TypeAdapter(kind).validate_python(data[name]))

    def __eq__(self, other):
        return type(self) is type(other) and vars(self) == vars(other)

    def model_dump(self):
        return json.dumps(vars(self))


@right("2.3.3")
class Model:
    """The validators are made once for each class, the values kept to themselves."""

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        cls._adapters = {
            name: TypeAdapter(kind) for name, kind in cls.__annotations__.items()
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
            return self._values[name]
        except KeyError:
            raise AttributeError(name) from None

    def __eq__(self, other):
        if self.__class__ != other.__class__:
            return NotImplemented
        return self.model_dump() == other.model_dump()

    def model_dump(self):
        return self._values.copy()


@right("2.3.3")
class Model:
    """One TypedDict validates all of it."""

    def __init__(self, **data):
        from typing_extensions import TypedDict

        fields = TypedDict("fields", get_type_hints(type(self)))
        self.__dict__.update(TypeAdapter(fields).validate_python(data))

    def __eq__(self, other):
        return isinstance(other, type(self)) and self.__dict__ == other.__dict__

    def model_dump(self):
        return {**self.__dict__}


@wrong("2.3.4", caught_by="test_q4_the_client_reads_the_product[The whole shop]")
def products_app():
    """A price is a float."""

    class Product(BaseModel):
        model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
        name: str = Field(min_length=1)
        price: float = Field(gt=0)
        quantity: int = Field(ge=0)

        @field_validator("price")
        @classmethod
        def in_cents(cls, price):
            if round(price, 2) != price:
                raise ValueError("at most two decimals")
            return price

    app = FastAPI()

    @app.post("/products")
    def create(product: Product) -> Product:
        return product

    return app


@wrong("2.3.4", caught_by="test_q4_what_is_no_product_is_refused[name '   ']")
def products_app():
    """The name is checked first and stripped afterwards."""

    class Product(BaseModel):
        model_config = ConfigDict(extra="forbid")
        name: str = Field(min_length=1)
        price: Decimal = Field(gt=0, decimal_places=2)
        quantity: int = Field(ge=0)

        @field_validator("name")
        @classmethod
        def stripped(cls, name):
            return name.strip()

    app = FastAPI()

    @app.post("/products")
    def create(product: Product) -> Product:
        return product

    return app


@wrong("2.3.4", caught_by="test_q4_the_client_reads_the_product[Ink]")
def products_app():
    """A quantity is positive."""

    class Product(BaseModel):
        model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
        name: str = Field(min_length=1)
        price: Decimal = Field(gt=0, decimal_places=2)
        quantity: PositiveInt

    app = FastAPI()

    @app.post("/products")
    def create(product: Product) -> Product:
        return product

    return app


@wrong("2.3.4", caught_by="test_q4_what_is_no_product_is_refused[colour 'red']")
def products_app():
    """What a model does not know it refuses."""

    class Product(BaseModel):
        model_config = ConfigDict(str_strip_whitespace=True)
        name: str = Field(min_length=1)
        price: Decimal = Field(gt=0, decimal_places=2)
        quantity: int = Field(ge=0)

    app = FastAPI()

    @app.post("/products")
    def create(product: Product) -> Product:
        return product

    return app


@wrong("2.3.4", caught_by="test_q4_what_is_no_product_is_refused[price 0]")
def products_app():
    """Not negative is positive, and Decimal sees to the cents."""

    class Product(BaseModel):
        model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
        name: str = Field(min_length=1)
        price: Decimal = Field(ge=0)
        quantity: int = Field(ge=0)

    app = FastAPI()

    @app.post("/products")
    def create(product: Product) -> Product:
        return product

    return app


@wrong("2.3.4", caught_by="test_q4_what_is_no_product_is_refused[price '2.505']")
def products_app():
    """The price is rounded to the cent."""

    class Product(BaseModel):
        model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
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


@wrong("2.3.4", caught_by="test_q4_the_spaces_around_a_name_go")
def products_app():
    """Spaces are refused instead of taken away."""

    class Product(BaseModel):
        model_config = ConfigDict(extra="forbid")
        name: str = Field(pattern=r"^\S(.*\S)?$")
        price: Decimal = Field(gt=0, decimal_places=2)
        quantity: int = Field(ge=0)

    app = FastAPI()

    @app.post("/products")
    def create(product: Product) -> Product:
        return product

    return app


@wrong("2.3.4", caught_by="test_q4_one_answer_names_every_wrong_field")
def products_app():
    """The endpoint checks the rules, one after the other."""

    class Product(BaseModel):
        model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
        name: str
        price: Decimal
        quantity: int

    app = FastAPI()

    @app.post("/products")
    def create(product: Product) -> Product:
        if not product.name:
            raise HTTPException(422, "A product has a name.")
        if product.price <= 0 or product.price != round(product.price, 2):
            raise HTTPException(422, "A price is more than 0.")
        if product.quantity < 0:
            raise HTTPException(422, "A quantity is 0 or more.")
        return product

    return app


@right("2.3.4")
def products_app():
    """Constrained types by their other names."""

    class NewProduct(BaseModel, extra="forbid"):
        name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
        price: condecimal(gt=Decimal(0), decimal_places=2)
        quantity: int = Field(ge=0)

    app = FastAPI()

    @app.post("/products", response_model=NewProduct, status_code=201)
    async def add(new: NewProduct):
        return new.model_dump()

    return app


@right("2.3.4")
def products_app():
    """Validators written out, and a dict with the price as text."""

    class Product(BaseModel):
        model_config = {"extra": "forbid"}
        name: str
        price: Decimal
        quantity: int

        @field_validator("name")
        @classmethod
        def trim(cls, name):
            if not (name := name.strip()):
                raise ValueError("empty")
            return name

        @field_validator("price")
        @classmethod
        def to_the_cent(cls, price):
            if price <= 0 or price != price.quantize(Decimal("0.01")):
                raise ValueError("no price")
            return price

        @field_validator("quantity")
        @classmethod
        def not_negative(cls, quantity):
            assert quantity >= 0
            return quantity

    app = FastAPI()

    @app.post("/products")
    async def add(product: Product):
        return {**product.model_dump(), "price": str(product.price), "id": 1}

    return app


@wrong("2.3.5", caught_by="test_q5_each_message_stands_at_its_field[the second line]")
def messages(detail):
    """The field is the last part of the path."""
    return {
        ""
        if one["loc"][-1] == "body" or one["type"] == "json_invalid"
        else str(one["loc"][-1]): one["msg"]
        for one in detail
    }


@wrong(
    "2.3.5",
    caught_by="test_q5_what_is_wrong_with_the_whole_body_stands_at_no_field[cut off]",
)
def messages(detail):
    """What follows "body" is always a path."""
    return {".".join(map(str, one["loc"][1:])): one["msg"] for one in detail}


@wrong(
    "2.3.5",
    caught_by="test_q5_what_is_wrong_with_the_whole_body_stands_at_no_field[missing]",
)
def messages(detail):
    """There is always a field."""
    found = {}
    for one in detail:
        name = str(one["loc"][1])
        for part in one["loc"][2:]:
            name += f".{part}"
        found["" if one["type"] == "json_invalid" else name] = one["msg"]
    return found


@wrong("2.3.5", caught_by="test_q5_each_message_stands_at_its_field[many mistakes]")
def messages(detail):
    """One mistake at a time."""
    one = detail[0]
    path = [] if one["type"] == "json_invalid" else one["loc"][1:]
    return {".".join(str(part) for part in path): one["msg"]}


@wrong(
    "2.3.5", caught_by="test_q5_each_message_stands_at_its_field[a field is missing]"
)
def messages(detail):
    """What is missing, or no dictionary, is the body."""
    whole = ("json_invalid", "missing", "model_attributes_type")
    return {
        "" if one["type"] in whole else ".".join(map(str, one["loc"][1:])): one["msg"]
        for one in detail
    }


@wrong("2.3.5", caught_by="test_q5_a_field_may_be_deeper_inside")
def messages(detail):
    """Lists are one level deep, as in an order."""
    found = {}
    for one in detail:
        path = [] if one["type"] == "json_invalid" else one["loc"][1:4]
        found[".".join(str(part) for part in path)] = one["msg"]
    return found


@right("2.3.5")
def messages(detail):
    """Patterns."""
    shown = {}
    for mistake in detail:
        match mistake["loc"]:
            case ["body"] | ["body", int()]:
                shown[""] = mistake["msg"]
            case ["body", *path]:
                shown[".".join(f"{part}" for part in path)] = mistake["msg"]
    return shown


@right("2.3.5")
def messages(detail):
    """The names are cut from the whole path, joined."""

    def name(mistake):
        if mistake["type"].startswith("json"):
            return ""
        return ".".join(str(part) for part in mistake["loc"]).partition(".")[2]

    return {name(mistake): mistake["msg"] for mistake in detail}


@wrong("2.3.6", caught_by="test_q6_the_pieces_are_predicted[body-dataclass]")
def pieces():
    """A standard dataclass is never validated, not even by FastAPI."""
    return {
        "keyword": {"dataclass": "3", "pydantic": 3, "model": 3},
        "position": {"dataclass": "3", "pydantic": 3, "model": "refused"},
        "assignment": {"dataclass": "3", "pydantic": "3", "model": "3"},
        "copy": {"dataclass": "3", "pydantic": 3, "model": "3"},
        "body": {"dataclass": "3", "pydantic": 3, "model": 3},
    }


@wrong("2.3.6", caught_by="test_q6_the_pieces_are_predicted[assignment-model]")
def pieces():
    """A model and Pydantic's dataclass check their assignments."""
    return {
        "keyword": {"dataclass": "3", "pydantic": 3, "model": 3},
        "position": {"dataclass": "3", "pydantic": 3, "model": "refused"},
        "assignment": {"dataclass": "3", "pydantic": 3, "model": 3},
        "copy": {"dataclass": "3", "pydantic": 3, "model": "3"},
        "body": {"dataclass": 3, "pydantic": 3, "model": 3},
    }


@wrong("2.3.6", caught_by="test_q6_the_pieces_are_predicted[copy-model]")
def pieces():
    """A copy is validated wherever there is Pydantic, and positions are refused."""
    return {
        "keyword": {"dataclass": "3", "pydantic": 3, "model": 3},
        "position": {"dataclass": "3", "pydantic": "refused", "model": "refused"},
        "assignment": {"dataclass": "3", "pydantic": "3", "model": "3"},
        "copy": {"dataclass": "3", "pydantic": 3, "model": 3},
        "body": {"dataclass": 3, "pydantic": 3, "model": 3},
    }


@wrong("2.3.6", caught_by="test_q6_the_pieces_are_predicted[position-model]")
def pieces():
    """All three have the same constructor, and Pydantic always refuses text."""
    row = {"dataclass": "3", "pydantic": "refused", "model": 3}
    return {way: row for way in ("keyword", "position", "assignment", "copy", "body")}


@wrong("2.3.6", caught_by="test_q6_the_pieces_are_predicted[keyword-dataclass]")
def pieces():
    """A standard dataclass converts, too: its annotation says so."""
    row = {"dataclass": 3, "pydantic": 3, "model": 3}
    return {way: row for way in ("keyword", "position", "assignment", "copy", "body")}
