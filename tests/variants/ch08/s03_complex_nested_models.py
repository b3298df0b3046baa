"""Other answers to section 8.3."""

import json
from typing import Any

from pydantic import PositiveInt, conint, TypeAdapter, conlist, create_model
from pydantic.dataclasses import dataclass

from sensei.variants import right, wrong


@wrong(
    "8.3.1", caught_by="test_q1_an_order_that_breaks_a_rule_is_refused[items is empty]"
)
def order_model():
    """Allow an order without items."""

    class LineItem(BaseModel):
        product: str
        pieces: int = Field(ge=1, le=500)

    class Order(BaseModel):
        cafe: str
        address: Address
        items: list[LineItem]

    return Order


@wrong("8.3.1", caught_by="test_q1_a_valid_order_becomes_objects[spaces]")
def order_model():
    """Remove the spaces around the strings."""

    class LineItem(BaseModel, str_strip_whitespace=True):
        product: str
        pieces: int = Field(ge=1, le=500)

    class Order(BaseModel):
        cafe: str
        address: Address
        items: list[LineItem] = Field(min_length=1)

    return Order


@wrong("8.3.1", caught_by="test_q1_a_valid_order_becomes_objects[empty names]")
def order_model():
    """Refuse an empty name."""

    class LineItem(BaseModel):
        product: str
        pieces: int = Field(ge=1, le=500)

    class Order(BaseModel):
        cafe: str = Field(min_length=1)
        address: Address
        items: list[LineItem] = Field(min_length=1)

    return Order


@wrong("8.3.1", caught_by="test_q1_a_valid_order_becomes_objects[one]")
def order_model():
    """Leave the items as dicts."""

    class Order(BaseModel):
        cafe: str
        address: Address
        items: list[dict[str, Any]] = Field(min_length=1)

    return Order


@wrong("8.3.1", caught_by="test_q1_a_valid_order_becomes_objects[three]")
def order_model():
    """Declare a single item."""

    class LineItem(BaseModel):
        product: str
        pieces: int = Field(ge=1, le=500)

    class Order(BaseModel):
        cafe: str
        address: Address
        items: LineItem

    return Order


@wrong(
    "8.3.1",
    caught_by="test_q1_an_order_that_breaks_a_rule_is_refused[items.1.pieces is 501]",
)
def order_model():
    """Check only that the number is positive."""

    class LineItem(BaseModel):
        product: str
        pieces: PositiveInt

    class Order(BaseModel):
        cafe: str
        address: Address
        items: list[LineItem] = Field(min_length=1)

    return Order


@wrong(
    "8.3.1",
    caught_by="test_q1_an_order_that_breaks_a_rule_is_refused[items is missing]",
)
def order_model():
    """Give the list a default value, which is not validated."""

    class LineItem(BaseModel):
        product: str
        pieces: int = Field(ge=1, le=500)

    class Order(BaseModel):
        cafe: str
        address: Address
        items: list[LineItem] = Field(default=[], min_length=1)

    return Order


@wrong("8.3.1", caught_by="test_q1_a_valid_order_becomes_objects[three]")
def order_model():
    """Put the limits of the number on the list."""

    class LineItem(BaseModel):
        product: str = Field(min_length=1)
        pieces: int = Field(ge=1, le=500)

    class Order(BaseModel):
        cafe: str
        address: Address
        items: list[LineItem] = Field(min_length=1, max_length=2)

    return Order


@wrong(
    "8.3.1",
    caught_by="test_q1_an_order_that_breaks_a_rule_is_refused[address is missing]",
)
def order_model():
    """Allow an order without an address."""

    class LineItem(BaseModel):
        product: str
        pieces: int = Field(ge=1, le=500)

    class Order(BaseModel):
        cafe: str
        address: Address | None = None
        items: list[LineItem] = Field(min_length=1)

    return Order


@right("8.3.1")
def order_model():
    """Use `conlist` and `conint`, and a dataclass for the item."""

    @dataclass
    class LineItem:
        product: str
        pieces: conint(ge=1, le=500)

    class Order(BaseModel):
        cafe: str
        address: Address
        items: conlist(LineItem, min_length=1)

    return Order


@right("8.3.1")
def order_model():
    """Create both models by a call."""
    pieces = (int, Field(gt=0, lt=501))
    item = create_model("LineItem", product=(str, ...), pieces=pieces)
    items = (list[item], Field(min_length=1))
    return create_model("Order", cafe=(str, ...), address=(Address, ...), items=items)


@wrong("8.3.2", caught_by="test_q2_each_error_has_a_message_with_its_place[several]")
def problems(plan):
    """Return the first error only."""
    try:
        Plan.model_validate(plan)
    except ValidationError as error:
        entry = error.errors()[0]
        parts = [str(p + 1) if isinstance(p, int) else p for p in entry["loc"]]
        return [f"{' > '.join(parts) or 'plan'}: {entry['msg']}"]
    return []


@wrong(
    "8.3.2",
    caught_by="test_q2_each_error_has_a_message_with_its_place[the first delivery]",
)
def problems(plan):
    """Count from 0."""
    try:
        Plan.model_validate(plan)
    except ValidationError as error:
        return [
            f"{' > '.join(map(str, one['loc'])) or 'plan'}: {one['msg']}"
            for one in error.errors()
        ]
    return []


@wrong("8.3.2", caught_by="test_q2_each_error_has_a_message_with_its_place[null]")
def problems(plan):
    """Leave the place of the whole plan empty."""
    try:
        Plan.model_validate(plan)
    except ValidationError as error:
        messages = []
        for one in error.errors():
            parts = [str(p + 1) if isinstance(p, int) else p for p in one["loc"]]
            messages.append(" > ".join(parts) + ": " + one["msg"])
        return messages
    return []


@wrong("8.3.2", caught_by="test_q2_each_error_has_a_message_with_its_place[null]")
def problems(plan):
    """Unpack the dict, which must then be a dict."""
    try:
        Plan(**plan)
    except ValidationError as error:
        messages = []
        for one in error.errors():
            parts = [str(p + 1) if isinstance(p, int) else p for p in one["loc"]]
            messages.append(f"{' > '.join(parts) or 'plan'}: {one['msg']}")
        return messages
    return []


@wrong("8.3.2", caught_by="test_q2_a_valid_plan_has_no_problems[two days]")
def problems(plan):
    """Return None for a valid plan."""
    try:
        Plan.model_validate(plan)
    except ValidationError as error:
        messages = []
        for one in error.errors():
            parts = [str(p + 1) if isinstance(p, int) else p for p in one["loc"]]
            messages.append(f"{' > '.join(parts) or 'plan'}: {one['msg']}")
        return messages


@wrong("8.3.2", caught_by="test_q2_each_error_has_a_message_with_its_place[several]")
def problems(plan):
    """Validate each delivery alone, and stop at the first error of it."""
    messages = []
    for i, day in enumerate(plan["days"], 1):
        for k, delivery in enumerate(day["deliveries"] or [], 1):
            try:
                Delivery.model_validate(delivery)
            except ValidationError as error:
                one = error.errors()[0]
                place = f"days > {i} > deliveries > {k} > {one['loc'][0]}"
                messages.append(f"{place}: {one['msg']}")
    return messages


@wrong("8.3.2", caught_by="test_q2_each_error_has_a_message_with_its_place[several]")
def problems(plan):
    """Keep the messages by the name of the field."""
    try:
        Plan.model_validate(plan)
    except ValidationError as error:
        messages = {}
        for one in error.errors():
            parts = [str(p + 1) if isinstance(p, int) else p for p in one["loc"]]
            place = " > ".join(parts) or "plan"
            messages[place.split(" > ")[-1]] = f"{place}: {one['msg']}"
        return list(messages.values())
    return []


@right("8.3.2")
def problems(plan):
    """Use a `TypeAdapter`, and replace the digits of the joined place."""
    try:
        TypeAdapter(Plan).validate_python(plan)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
    else:
        found = []
    return [": ".join([place(*one["loc"]), one["msg"]]) for one in found]


def place(*loc):
    if not loc:
        return "plan"
    return " > ".join(str(part + 1 if type(part) is int else part) for part in loc)


@right("8.3.2")
def problems(plan):
    """Read the errors as JSON."""
    try:
        Plan.model_validate(plan)
        return []
    except ValidationError as error:
        messages = []
        for one in json.loads(error.json()):
            where = "plan"
            for depth, part in enumerate(one["loc"]):
                part = part if isinstance(part, str) else str(part + 1)
                where = part if depth == 0 else f"{where} > {part}"
            messages.append(where + ": " + one["msg"])
        return messages


@wrong(
    "8.3.3",
    caught_by="test_q3_it_is_enough_to_import_one_module[cafes]",
    files={
        "q3/bakery/__init__.py": """
            from .cafes import Cafe
            from .orders import Order
        """
    },
)
def bakery_path():
    """Quote the annotations, and resolve them nowhere."""
    return Path(__file__).with_suffix("") / "q3"


@wrong(
    "8.3.3",
    caught_by="test_q3_it_is_enough_to_import_one_module[orders]",
    files={
        "q3/bakery/__init__.py": """
            from .cafes import Cafe
            from .orders import Order

            Cafe.model_rebuild()
        """
    },
)
def bakery_path():
    """Rebuild one of the two models."""
    return Path(__file__).with_suffix("") / "q3"


@wrong(
    "8.3.3",
    caught_by="test_q3_an_invalid_nested_value_is_refused[its cafe]",
    files={
        "q3/bakery/orders.py": """
            from typing import Any

            from pydantic import BaseModel, Field


            class Order(BaseModel):
                number: int = Field(ge=1)
                cafe: Any = None
        """
    },
)
def bakery_path():
    """Accept any café."""
    return Path(__file__).with_suffix("") / "q3"


@wrong(
    "8.3.3",
    caught_by="test_q3_nested_values_become_instances_of_the_classes",
    files={
        "q3/bakery/orders.py": """
            from pydantic import BaseModel, Field


            class Cafe(BaseModel):
                name: str = Field(min_length=1)
                orders: list["Order"] = []
                branches: list["Cafe"] = []


            class Order(BaseModel):
                number: int = Field(ge=1)
                cafe: Cafe | None = None
        """
    },
)
def bakery_path():
    """Copy the class into the other module."""
    return Path(__file__).with_suffix("") / "q3"


@wrong(
    "8.3.3",
    caught_by="test_q3_the_modules_can_be_imported_in_either_order",
    files={
        "q3/bakery/orders.py": """
            from __future__ import annotations

            from pydantic import BaseModel, Field

            from .cafes import Cafe


            class Order(BaseModel):
                number: int = Field(ge=1)
                cafe: Cafe | None = None
        """,
        "q3/bakery/cafes.py": """
            from __future__ import annotations

            from pydantic import BaseModel, Field

            from .orders import Order


            class Cafe(BaseModel):
                name: str = Field(min_length=1)
                orders: list[Order] = []
                branches: list[Cafe] = []
        """,
    },
)
def bakery_path():
    """Postpone the annotations, and keep the imports."""
    return Path(__file__).with_suffix("") / "q3"


@wrong(
    "8.3.3",
    caught_by="test_q3_it_is_enough_to_import_one_module[cafes]",
    files={
        "q3/bakery/cafes.py": """
            from pydantic import BaseModel, Field

            from .orders import Order


            class Cafe(BaseModel):
                name: str = Field(min_length=1)
                orders: list[Order]
                branches: list["Cafe"] = []
        """
    },
)
def bakery_path():
    """Import in one direction only, and lose a default value."""
    return Path(__file__).with_suffix("") / "q3"


@wrong(
    "8.3.3",
    caught_by="test_q3_it_is_enough_to_import_one_module[cafes]",
    files={
        "q3/bakery/orders.py": """
            from typing import TYPE_CHECKING

            from pydantic import BaseModel, Field

            if TYPE_CHECKING:
                from .cafes import Cafe


            class Order(BaseModel):
                number: int = Field(ge=1)
                cafe: "Cafe" = None
        """
    },
)
def bakery_path():
    """Refuse null for the café, because an operator with a string fails."""
    return Path(__file__).with_suffix("") / "q3"


@wrong(
    "8.3.3",
    caught_by="test_q3_an_invalid_nested_value_is_refused[the value of `orders`]",
    files={
        "q3/bakery/cafes.py": """
            from typing import TYPE_CHECKING

            from pydantic import BaseModel, Field

            if TYPE_CHECKING:
                from .orders import Order


            class Cafe(BaseModel):
                name: str = Field(min_length=1)
                orders: "list[Order] | None" = []
                branches: list["Cafe"] = []
        """
    },
)
def bakery_path():
    """Accept null for the orders."""
    return Path(__file__).with_suffix("") / "q3"


@right(
    "8.3.3",
    files={
        "q3/bakery/__init__.py": """
            from .cafes import Cafe
            from .orders import Order
        """,
        "q3/bakery/cafes.py": "from .orders import Cafe as Cafe",
        "q3/bakery/orders.py": """
            from pydantic import BaseModel, Field


            class Cafe(BaseModel):
                name: str = Field(min_length=1)
                orders: list["Order"] = []
                branches: list["Cafe"] = []


            class Order(BaseModel):
                number: int = Field(ge=1)
                cafe: Cafe | None = None
        """,
    },
)
def bakery_path():
    """Put both classes into one module."""
    return Path(__file__).with_suffix("") / "q3"


@right(
    "8.3.3",
    files={
        "q3/bakery/__init__.py": "",
        "q3/bakery/cafes.py": """
            from __future__ import annotations

            from pydantic import BaseModel, Field


            class Cafe(BaseModel):
                name: str = Field(min_length=1)
                orders: list[Order] = []
                branches: list[Cafe] = []


            from .orders import Order

            Cafe.model_rebuild()
        """,
        "q3/bakery/orders.py": """
            from __future__ import annotations

            from pydantic import BaseModel, Field


            class Order(BaseModel):
                number: int = Field(ge=1)
                cafe: Cafe | None = None


            from .cafes import Cafe

            Order.model_rebuild()
        """,
    },
)
def bakery_path():
    """Import at the end of each module."""
    return Path(__file__).with_suffix("") / "q3"


@right(
    "8.3.3",
    files={
        "q3/bakery/__init__.py": """
            from . import cafes, orders

            orders.Order.model_rebuild(_types_namespace={"Cafe": cafes.Cafe})
        """,
        "q3/bakery/cafes.py": """
            from pydantic import BaseModel, Field

            from .orders import Order


            class Cafe(BaseModel):
                name: str = Field(min_length=1)
                orders: list[Order] = []
                branches: list["Cafe"] = []
        """,
    },
)
def bakery_path():
    """Import in one direction, and resolve the other one in `__init__.py`."""
    return Path(__file__).with_suffix("") / "q3"


@right(
    "8.3.3",
    files={
        "q3/bakery/__init__.py": """
            from .cafes import Cafe
            from .orders import Order

            Cafe.model_rebuild()
            Order.model_rebuild()
        """,
        "q3/bakery/cafes.py": """
            from typing import TYPE_CHECKING

            from pydantic import BaseModel, Field

            if TYPE_CHECKING:
                from .orders import Order


            class Cafe(BaseModel, revalidate_instances="always"):
                name: str = Field(min_length=1)
                orders: "list[Order]" = []
                branches: "list[Cafe]" = []
        """,
    },
)
def bakery_path():
    """Validate instances again, which copies them."""
    return Path(__file__).with_suffix("") / "q3"


@wrong(
    "8.3.3",
    caught_by="test_q3_the_modules_can_be_imported_in_either_order",
    files={
        "q3/bakery/orders.py": """
            from typing import TYPE_CHECKING

            from pydantic import BaseModel, Field

            if TYPE_CHECKING:
                from .cafes import Cafe


            class Order(BaseModel):
                number: int = Field(ge=1)
                of: "Cafe | None" = None
        """,
    },
)
def bakery_path():
    """Give the field another name, because `cafe` is the name of a class, too."""
    return Path(__file__).with_suffix("") / "q3"


@wrong("8.3.2", caught_by="test_q2_each_error_has_a_message_with_its_place[several]")
def problems(plan):
    """Sort the messages."""
    try:
        Plan.model_validate(plan)
    except ValidationError as error:
        messages = []
        for entry in error.errors():
            parts = [str(p + 1) if isinstance(p, int) else p for p in entry["loc"]]
            messages.append(f"{' > '.join(parts) or 'plan'}: {entry['msg']}")
        return sorted(messages)
    return []


@wrong("8.3.1", caught_by="test_q1_a_valid_order_becomes_objects[one]")
def order_model():
    """Declare another model for the address."""

    class Place(BaseModel):
        street: str
        city: str

    class LineItem(BaseModel):
        product: str
        pieces: Annotated[int, Field(ge=1, le=500)]

    class Order(BaseModel):
        cafe: str
        address: Place
        items: Annotated[list[LineItem], Field(min_length=1)]

    return Order
