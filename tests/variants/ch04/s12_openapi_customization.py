"""Other answers to section 4.12."""

import inspect
import re
from collections import defaultdict
from functools import cache
from typing import Annotated

from fastapi import Body, HTTPException
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.routing import Mount

from sensei.variants import right, wrong

LICENSE = {"name": "Apache 2.0", "identifier": "Apache-2.0"}


@wrong("4.12.1", caught_by="test_q1_the_contact_is_the_office[bergen]")
def office_app(office: Office) -> FastAPI:
    """Write the example into the code."""
    return FastAPI(
        contact={"name": "Zoë & Co.", "email": "zoe@tickets.example"},
        terms_of_service=office.terms,
        license_info=LICENSE,
    )


@wrong("4.12.1", caught_by="test_q1_the_contact_is_the_office[zoe]")
def office_app(office: Office, kept=[]) -> FastAPI:
    """Keep the first application for all offices."""
    if not kept:
        contact = {"name": office.name, "email": office.email}
        terms = office.terms
        kept += [FastAPI(contact=contact, terms_of_service=terms, license_info=LICENSE)]
    return kept[0]


@wrong("4.12.1", caught_by="test_q1_the_contact_is_the_office[zoe]")
def office_app(office: Office) -> FastAPI:
    """Forget the e-mail."""
    return FastAPI(
        contact={"name": office.name},
        terms_of_service=office.terms,
        license_info=LICENSE,
    )


@wrong("4.12.1", caught_by="test_q1_the_contact_is_the_office[zoe]")
def office_app(office: Office) -> FastAPI:
    """Describe the office in the text."""
    return FastAPI(
        description=f"{office.name}, {office.email}",
        terms_of_service=office.terms,
        license_info=LICENSE,
    )


@wrong("4.12.1", caught_by="test_q1_the_contact_is_the_office[zoe]")
def office_app(office: Office) -> FastAPI:
    """Use another key for the e-mail."""
    return FastAPI(
        contact={"name": office.name, "mail": office.email},
        terms_of_service=office.terms,
        license_info=LICENSE,
    )


@wrong("4.12.1", caught_by="test_q1_the_license_has_a_name_and_an_identifier")
def office_app(office: Office) -> FastAPI:
    """Add the URL of the license, which is not allowed beside an identifier."""
    return FastAPI(
        contact={"name": office.name, "email": office.email},
        terms_of_service=office.terms,
        license_info=LICENSE | {"url": "https://www.apache.org/licenses/LICENSE-2.0"},
    )


@wrong("4.12.1", caught_by="test_q1_the_license_has_a_name_and_an_identifier")
def office_app(office: Office) -> FastAPI:
    """Write the identifier as the name."""
    return FastAPI(
        contact={"name": office.name, "email": office.email},
        terms_of_service=office.terms,
        license_info={"name": "Apache-2.0"},
    )


@wrong("4.12.1", caught_by="test_q1_the_license_has_a_name_and_an_identifier")
def office_app(office: Office) -> FastAPI:
    """Use the name of OpenAPI for the argument."""
    return FastAPI(
        contact={"name": office.name, "email": office.email},
        terms_of_service=office.terms,
        license=LICENSE,
    )


@wrong("4.12.1", caught_by="test_q1_the_terms_of_service_are_a_url[zoe]")
def office_app(office: Office) -> FastAPI:
    """Put the terms into the contact."""
    return FastAPI(
        contact={"name": office.name, "email": office.email, "url": office.terms},
        license_info=LICENSE,
    )


@wrong("4.12.1", caught_by="test_q1_the_contact_is_the_office[zoe]")
def office_app(office: Office) -> FastAPI:
    """Return a document of one's own, without the endpoints."""
    app = FastAPI()
    app.openapi = lambda: {
        "openapi": "3.1.0",
        "info": {
            "title": "",
            "version": "1",
            "contact": {"name": office.name, "email": office.email},
            "termsOfService": office.terms,
            "license": LICENSE,
        },
        "paths": {},
    }
    return app


@wrong("4.12.1", caught_by="test_q1_the_contact_is_the_office[zoe]")
def office_app(office: Office) -> FastAPI:
    """Change the document once, before the endpoints are added."""
    app = FastAPI(terms_of_service=office.terms, license_info=LICENSE)
    app.openapi()["info"]["contact"] = {"name": office.name, "email": office.email}
    return app


@right("4.12.1")
def office_app(office: Office) -> FastAPI:
    """Set the attributes of the application."""
    app = FastAPI(title=office.name)
    app.contact = {"email": office.email, "name": office.name, "url": office.terms}
    app.terms_of_service = office.terms
    app.license_info = dict(LICENSE)
    return app


class Described(FastAPI):
    """An application that adds to the document of FastAPI."""

    def __init__(self, **info):
        super().__init__()
        self.added = info

    def openapi(self):
        found = super().openapi()
        found["info"] |= self.added
        return found


@right("4.12.1")
def office_app(office: Office) -> FastAPI:
    """Extend the document each time."""
    return Described(
        contact={"name": office.name, "email": office.email},
        termsOfService=office.terms,
        license=LICENSE,
    )


@wrong("4.12.2", caught_by="test_q2_the_description_is_shown_as_markdown[four]")
def city_app(city: str) -> FastAPI:
    """Leave the text indented."""
    return FastAPI(title=f"{city} tickets", description=about(city))


@wrong("4.12.2", caught_by="test_q2_the_description_is_shown_as_markdown[twelve]")
def city_app(city: str) -> FastAPI:
    """Remove the spaces at both ends of the text only."""
    return FastAPI(title=f"{city} tickets", description=about(city).strip())


@wrong("4.12.2", caught_by="test_q2_the_description_is_shown_as_markdown[twelve]")
def city_app(city: str) -> FastAPI:
    """Remove the spaces of each line, also those of the inner list."""
    lines = [line.strip() for line in about(city).splitlines()]
    return FastAPI(title=f"{city} tickets", description="\n".join(lines))


@wrong("4.12.2", caught_by="test_q2_the_description_is_shown_as_markdown[twelve]")
def city_app(city: str) -> FastAPI:
    """Remove eight spaces, as in the given text."""
    text = re.sub("(?m)^ {8}", "", about(city))
    return FastAPI(title=f"{city} tickets", description=text)


@wrong("4.12.2", caught_by="test_q2_the_description_is_shown_as_markdown[twelve]")
def city_app(city: str) -> FastAPI:
    """Make one line of the text."""
    return FastAPI(title=f"{city} tickets", description=" ".join(about(city).split()))


@wrong("4.12.2", caught_by="test_q2_the_title_has_the_name_of_the_city[bergen]")
def city_app(city: str) -> FastAPI:
    """Write the example as the title."""
    return FastAPI(title="Oslo tickets", description=inspect.cleandoc(about(city)))


@wrong("4.12.2", caught_by="test_q2_the_title_has_the_name_of_the_city[sao-joao]")
def city_app(city: str) -> FastAPI:
    """Change the letters of the city."""
    return FastAPI(
        title=f"{city.capitalize()} tickets",
        description=inspect.cleandoc(about(city)),
    )


@wrong("4.12.2", caught_by="test_q2_the_description_is_shown_as_markdown[four]")
def city_app(city: str) -> FastAPI:
    """Use the summary."""
    return FastAPI(title=f"{city} tickets", summary=inspect.cleandoc(about(city)))


@wrong("4.12.2", caught_by="test_q2_the_description_is_shown_as_markdown[twelve]")
def city_app(city: str) -> FastAPI:
    """Use the docstring of the function."""
    return FastAPI(title=f"{city} tickets", description=inspect.getdoc(about))


@wrong("4.12.2", caught_by="test_q2_the_description_is_shown_as_markdown[first-line]")
def city_app(city: str) -> FastAPI:
    """Strip the text in the end."""
    return FastAPI(title=f"{city} tickets", description=dedent(about(city)).strip())


@wrong("4.12.2", caught_by="test_q2_the_description_is_shown_as_markdown[four]")
def city_app(city: str) -> FastAPI:
    """Remove the spaces at the end of each line, where two of them break the line."""
    lines = dedent(about(city)).splitlines()
    description = "\n".join(line.rstrip() for line in lines)
    return FastAPI(title=f"{city} tickets", description=description)


@wrong("4.12.2", caught_by="test_q2_the_description_is_shown_as_markdown[first-line]")
def city_app(city: str) -> FastAPI:
    """Remove as many spaces as the first line with text has."""
    lines = about(city).strip("\n").split("\n")
    first = len(lines[0]) - len(lines[0].lstrip())
    text = "\n".join(line[first:] for line in lines)
    return FastAPI(title=f"{city} tickets", description=text)


@right("4.12.2")
def city_app(city: str) -> FastAPI:
    """Use the function for docstrings, and set the attributes."""
    app = FastAPI()
    app.title, app.description = f"{city} tickets", inspect.cleandoc(about(city))
    return app


@right("4.12.2")
def city_app(city: str) -> FastAPI:
    """Count the spaces by hand."""
    lines = about(city).split("\n")
    common = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    text = "\n".join(line[common:] for line in lines)
    return FastAPI(title=" ".join([city, "tickets"]), description=text.strip("\n"))


@wrong("4.12.3", caught_by="test_q3_each_operation_is_below_all_of_its_tags[tickets]")
def headings(document):
    """Look at the first tag only."""
    groups = {tag["name"]: [] for tag in document.get("tags", [])}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            tag = operation.get("tags", ["default"])[0]
            groups.setdefault(tag, []).append(f"{method.upper()} {path}")
    return groups


@wrong("4.12.3", caught_by="test_q3_each_operation_is_below_all_of_its_tags[tickets]")
def headings(document):
    """Forget the tags that no operation has."""
    order = [tag["name"] for tag in document.get("tags", [])]
    groups = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for tag in operation.get("tags", ["default"]):
                groups.setdefault(tag, []).append(f"{method.upper()} {path}")
    first = {name: groups[name] for name in order if name in groups}
    return first | groups


@wrong("4.12.3", caught_by="test_q3_the_headings_are_in_the_order_of_the_page[tickets]")
def headings(document):
    """Put the tags of the document last."""
    groups = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for tag in operation.get("tags", ["default"]):
                groups.setdefault(tag, []).append(f"{method.upper()} {path}")
    for tag in document.get("tags", []):
        groups.setdefault(tag["name"], [])
    return groups


@wrong("4.12.3", caught_by="test_q3_the_headings_are_in_the_order_of_the_page[tickets]")
def headings(document):
    """Put the operations without tags last."""
    groups = {tag["name"]: [] for tag in document.get("tags", [])}
    rest = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for tag in operation.get("tags", []):
                groups.setdefault(tag, []).append(f"{method.upper()} {path}")
            if "tags" not in operation:
                rest.append(f"{method.upper()} {path}")
    return groups | {"default": rest} if rest else groups


@wrong("4.12.3", caught_by="test_q3_each_operation_is_below_all_of_its_tags[no-tags]")
def headings(document):
    """Know four methods only."""
    groups = {tag["name"]: [] for tag in document.get("tags", [])}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method in ("get", "post", "put", "delete"):
                for tag in operation.get("tags", ["default"]):
                    groups.setdefault(tag, []).append(f"{method.upper()} {path}")
    return groups


@wrong("4.12.3", caught_by="test_q3_each_operation_is_below_all_of_its_tags[no-tags]")
def headings(document):
    """Require the list of tags."""
    groups = {tag["name"]: [] for tag in document["tags"]}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for tag in operation.get("tags", ["default"]):
                groups.setdefault(tag, []).append(f"{method.upper()} {path}")
    return groups


@wrong("4.12.3", caught_by="test_q3_each_operation_is_below_all_of_its_tags[no-tags]")
def headings(document):
    """Leave out the operations without tags."""
    groups = {tag["name"]: [] for tag in document.get("tags", [])}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for tag in operation.get("tags", []):
                groups.setdefault(tag, []).append(f"{method.upper()} {path}")
    return groups


@wrong("4.12.3", caught_by="test_q3_each_operation_is_below_all_of_its_tags[empty]")
def headings(document):
    """Show "default" always."""
    names = [tag["name"] for tag in document.get("tags", [])]
    groups = {name: [] for name in [*names, "default"]}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for tag in operation.get("tags", ["default"]):
                groups.setdefault(tag, []).append(f"{method.upper()} {path}")
    return groups


@wrong("4.12.3", caught_by="test_q3_the_headings_are_in_the_order_of_the_page[tickets]")
def headings(document):
    """Sort the headings by their names."""
    groups = defaultdict(list, {tag["name"]: [] for tag in document.get("tags", [])})
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for tag in operation.get("tags", ["default"]):
                groups[tag].append(f"{method.upper()} {path}")
    return dict(sorted(groups.items()))


@wrong("4.12.3", caught_by="test_q3_each_operation_is_below_all_of_its_tags[tickets]")
def headings(document):
    """Group the paths, without their methods."""
    groups = {tag["name"]: [] for tag in document.get("tags", [])}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for tag in operation.get("tags", ["default"]):
                groups.setdefault(tag, []).append(path)
    return groups


@wrong("4.12.3", caught_by="test_q3_each_operation_is_below_all_of_its_tags[tickets]")
def headings(document):
    """Use one list for all tags of the document."""
    groups = dict.fromkeys([tag["name"] for tag in document.get("tags", [])], [])
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for tag in operation.get("tags", ["default"]):
                groups.setdefault(tag, []).append(f"{method.upper()} {path}")
    return groups


@wrong(
    "4.12.3", caught_by="test_q3_the_headings_are_in_the_order_of_the_page[unsorted]"
)
def headings(document):
    """Sort the tags that the document does not list."""
    groups = {tag["name"]: [] for tag in document.get("tags", [])}
    others = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for tag in operation.get("tags", ["default"]):
                found = groups if tag in groups else others
                found.setdefault(tag, []).append(f"{method.upper()} {path}")
    return groups | dict(sorted(others.items()))


@wrong(
    "4.12.3", caught_by="test_q3_the_headings_are_in_the_order_of_the_page[unsorted]"
)
def headings(document):
    """Put "default" before the other tags that the document does not list."""
    groups = {tag["name"]: [] for tag in document.get("tags", [])}
    found = [
        (tag, f"{method.upper()} {path}")
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        for tag in operation.get("tags", ["default"])
    ]
    if "default" in dict(found):
        groups.setdefault("default", [])
    for tag, line in found:
        groups.setdefault(tag, []).append(line)
    return groups


@right("4.12.3")
def headings(document):
    """Find the order first, then the operations of each heading."""
    found = [
        (f"{method.upper()} {path}", operation.get("tags") or ["default"])
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]
    names = [tag["name"] for tag in document.get("tags") or ()]
    names += [tag for _, tags in found for tag in tags]
    return {
        name: [operation for operation, tags in found if name in tags]
        for name in dict.fromkeys(names)
    }


@right("4.12.3")
def headings(document):
    """Use a defaultdict."""
    groups = defaultdict(list)
    for tag in document.get("tags", []):
        groups[tag["name"]]
    for path in document["paths"]:
        for method in document["paths"][path]:
            operation = document["paths"][path][method]
            if "tags" in operation:
                for tag in operation["tags"]:
                    groups[tag].append(method.upper() + " " + path)
            else:
                groups["default"].append(method.upper() + " " + path)
    return groups


def described(parts):
    """Return the list of tags for `openapi_tags`."""
    return [{"name": part.name, "description": part.description} for part in parts]


@wrong(
    "4.12.4",
    caught_by=(
        "test_q4_the_document_describes_the_tags_in_the_order_of_the_parts[orders]"
    ),
)
def documented_app(parts):
    """Describe nothing."""
    app = FastAPI()
    for part in parts:
        app.include_router(part.router, tags=[part.name])
    return app


@wrong(
    "4.12.4",
    caught_by="test_q4_each_endpoint_has_the_name_of_its_part_as_a_tag[orders]",
)
def documented_app(parts):
    """Describe the tags, and put them on no endpoint."""
    app = FastAPI(openapi_tags=described(parts))
    for part in parts:
        app.include_router(part.router)
    return app


@wrong(
    "4.12.4",
    caught_by="test_q4_each_endpoint_has_the_name_of_its_part_as_a_tag[plans]",
)
def documented_app(parts):
    """Write the tags in small letters, which are other tags."""
    app = FastAPI(openapi_tags=described(parts))
    for part in parts:
        app.include_router(part.router, tags=[part.name.lower()])
    return app


@wrong(
    "4.12.4",
    caught_by="test_q4_the_endpoints_are_at_the_paths_of_the_routers[orders]",
)
def documented_app(parts):
    """Use the name as a prefix as well."""
    app = FastAPI(openapi_tags=described(parts))
    for part in parts:
        app.include_router(part.router, prefix=f"/{part.name}", tags=[part.name])
    return app


@wrong(
    "4.12.4",
    caught_by=(
        "test_q4_the_document_describes_the_tags_in_the_order_of_the_parts[orders]"
    ),
)
def documented_app(parts):
    """Sort the tags by their names."""
    tags = sorted(described(parts), key=lambda tag: tag["name"])
    app = FastAPI(openapi_tags=tags)
    for part in parts:
        app.include_router(part.router, tags=[part.name])
    return app


@wrong(
    "4.12.4",
    caught_by="test_q4_each_endpoint_has_the_name_of_its_part_as_a_tag[orders]",
)
def documented_app(parts):
    """Replace the tags that an endpoint has."""
    app = FastAPI(openapi_tags=described(parts))
    for part in parts:
        for route in part.router.routes:
            route.tags = [part.name]
        app.include_router(part.router)
    return app


@wrong(
    "4.12.4",
    caught_by="test_q4_each_endpoint_has_the_name_of_its_part_as_a_tag[orders]",
)
def documented_app(parts):
    """Put all names on all endpoints."""
    app = FastAPI(openapi_tags=described(parts))
    for part in parts:
        app.include_router(part.router, tags=[other.name for other in parts])
    return app


@wrong(
    "4.12.4",
    caught_by=(
        "test_q4_the_document_describes_the_tags_in_the_order_of_the_parts[orders]"
    ),
)
def documented_app(parts):
    """Write the descriptions into the description of the application."""
    text = "\n".join(f"- {part.name}: {part.description}" for part in parts)
    app = FastAPI(description=text, openapi_tags=[{"name": p.name} for p in parts])
    for part in parts:
        app.include_router(part.router, tags=[part.name])
    return app


@wrong(
    "4.12.4",
    caught_by=(
        "test_q4_the_document_describes_the_tags_in_the_order_of_the_parts[orders]"
    ),
)
def documented_app(parts):
    """Leave out a part without endpoints."""
    app = FastAPI(openapi_tags=described([p for p in parts if p.router.routes]))
    for part in parts:
        app.include_router(part.router, tags=[part.name])
    return app


@wrong(
    "4.12.4",
    caught_by=(
        "test_q4_the_document_describes_the_tags_in_the_order_of_the_parts[orders]"
    ),
)
def documented_app(parts):
    """Strip the descriptions."""
    tags = [{"name": p.name, "description": p.description.strip()} for p in parts]
    app = FastAPI(openapi_tags=tags)
    for part in parts:
        app.include_router(part.router, tags=[part.name])
    return app


@wrong(
    "4.12.4",
    caught_by="test_q4_the_endpoints_are_at_the_paths_of_the_routers[orders]",
)
def documented_app(parts):
    """Give the prefix of the router again."""
    app = FastAPI(openapi_tags=described(parts))
    for part in parts:
        app.include_router(part.router, prefix=part.router.prefix, tags=[part.name])
    return app


@wrong("4.12.4", caught_by="test_q4_without_parts_there_are_no_tags")
def documented_app(parts):
    """Describe a tag that nobody asked for."""
    extra = {"name": "default", "description": "All others."}
    app = FastAPI(openapi_tags=[*described(parts), extra])
    for part in parts:
        app.include_router(part.router, tags=[part.name])
    return app


@wrong(
    "4.12.4",
    caught_by="test_q4_each_endpoint_has_the_name_of_its_part_as_a_tag[orders]",
)
def documented_app(parts):
    """Change the routes, and miss those of a router in the router."""
    app = FastAPI(openapi_tags=described(parts))
    for part in parts:
        for route in part.router.routes:
            if isinstance(route, APIRoute):
                route.tags.append(part.name)
        app.include_router(part.router)
    return app


@right("4.12.4")
def documented_app(parts):
    """Collect the tags while including."""
    app = FastAPI()
    app.openapi_tags = []
    for part in parts:
        outer = APIRouter(tags=[part.name])
        outer.include_router(part.router)
        app.include_router(outer)
        app.openapi_tags.append({"name": part.name, "description": part.description})
    return app


@right("4.12.4")
def documented_app(parts):
    """Add the tags to the document."""
    app = FastAPI()
    for part in parts:
        app.include_router(part.router, tags=[part.name])

    @cache
    def openapi():
        document = get_openapi(title="Tickets", version="1", routes=app.routes)
        return document | {"tags": described(parts)}

    app.openapi = openapi
    return app


@wrong("4.12.5", caught_by="test_q5_each_release_has_its_title_and_version[v1]")
def releases_app(releases):
    """Use one application, which has one document."""
    app = FastAPI(title=f"Tickets {releases[-1].name}", version=releases[-1].version)
    for release in releases:
        app.include_router(release.router, prefix=f"/{release.name}")
    return app


@wrong("4.12.5", caught_by="test_q5_each_release_has_its_title_and_version[v1]")
def releases_app(releases):
    """Mount the applications with their default title and version."""
    app = FastAPI()
    for release in releases:
        api = FastAPI()
        api.include_router(release.router)
        app.mount(f"/{release.name}", api)
    return app


@wrong("4.12.5", caught_by="test_q5_each_release_has_its_title_and_version[v1]")
def releases_app(releases):
    """Set the version of OpenAPI."""
    app = FastAPI()
    for release in releases:
        api = FastAPI(title=f"Tickets {release.name}")
        api.openapi_version = release.version
        api.include_router(release.router)
        app.mount(f"/{release.name}", api)
    return app


@wrong("4.12.5", caught_by="test_q5_each_release_has_its_title_and_version[v10]")
def releases_app(releases):
    """Write the version instead of the name."""
    app = FastAPI()
    for release in releases:
        api = FastAPI(title=f"Tickets {release.version}", version=release.version)
        api.include_router(release.router)
        app.mount(f"/{release.name}", api)
    return app


@wrong("4.12.5", caught_by="test_q5_each_release_has_its_documentation_page[v1]")
def releases_app(releases):
    """Repeat the name of the release in the addresses."""
    app = FastAPI()
    for release in releases:
        api = FastAPI(
            title=f"Tickets {release.name}",
            version=release.version,
            openapi_url=f"/{release.name}/openapi.json",
            docs_url=f"/{release.name}/docs",
        )
        api.include_router(release.router)
        app.mount(f"/{release.name}", api)
    return app


@wrong("4.12.5", caught_by="test_q5_a_document_has_the_endpoints_of_its_release[v10]")
def releases_app(releases):
    """Put all endpoints into one application, which is mounted several times."""
    app, api = FastAPI(), FastAPI()
    for release in releases:
        api.include_router(release.router)
        app.mount(f"/{release.name}", api)
    return app


@wrong("4.12.5", caught_by="test_q5_the_paths_of_a_release_begin_with_its_name[v1]")
def releases_app(releases):
    """Repeat the name of the release in the paths."""
    app = FastAPI()
    for release in releases:
        api = FastAPI(title=f"Tickets {release.name}", version=release.version)
        api.include_router(release.router, prefix=f"/{release.name}")
        app.mount(f"/{release.name}", api)
    return app


@wrong("4.12.5", caught_by="test_q5_a_document_has_the_endpoints_of_its_release[v1]")
def releases_app(releases):
    """Serve the endpoints from the outer application."""
    app = FastAPI()
    for release in releases:
        app.include_router(release.router, prefix=f"/{release.name}")
        api = FastAPI(title=f"Tickets {release.name}", version=release.version)
        app.mount(f"/{release.name}", api)
    return app


@wrong("4.12.5", caught_by="test_q5_each_release_has_its_title_and_version[v1]")
def releases_app(releases):
    """Keep the last release only."""
    app = FastAPI()
    for release in releases:
        api = FastAPI(title=f"Tickets {release.name}", version=release.version)
        api.include_router(release.router)
    app.mount(f"/{release.name}", api)
    return app


@wrong("4.12.5", caught_by="test_q5_the_paths_of_a_release_begin_with_its_name[v10]")
def releases_app(releases):
    """Serve two releases, as in the example."""
    app = FastAPI()
    for release in releases[:2]:
        api = FastAPI(title=f"Tickets {release.name}", version=release.version)
        api.include_router(release.router)
        app.mount(f"/{release.name}", api)
    return app


@wrong("4.12.5", caught_by="test_q5_each_application_has_its_own_releases")
def releases_app(releases, kept={}):
    """Create the application of a release once, and keep it by its name."""
    app = FastAPI()
    for release in releases:
        if release.name not in kept:
            title = f"Tickets {release.name}"
            kept[release.name] = FastAPI(title=title, version=release.version)
            kept[release.name].include_router(release.router)
        app.mount(f"/{release.name}", kept[release.name])
    return app


@right("4.12.5")
def releases_app(releases):
    """Give the routes to the application."""

    def mounted(release):
        api = FastAPI(version=release.version, routes=[*release.router.routes])
        api.title = "Tickets " + release.name
        return Mount("/" + release.name, api)

    return FastAPI(openapi_url=None, routes=[mounted(one) for one in releases])


@right("4.12.5")
def releases_app(releases):
    """Write the endpoints for the documents by hand."""
    app = FastAPI(openapi_url=None)

    def add(release):
        router = APIRouter()
        router.include_router(release.router, prefix=f"/{release.name}")
        url = f"/{release.name}/openapi.json"

        @app.get(url)
        def read_document():
            title = f"Tickets {release.name}"
            return get_openapi(
                title=title, version=release.version, routes=router.routes
            )

        @app.get(f"/{release.name}/docs")
        def read_docs():
            return get_swagger_ui_html(openapi_url=url, title="Tickets")

        app.include_router(router)

    for release in releases:
        add(release)
    return app


@right("4.12.5")
def releases_app(releases):
    """Take the paths of a release out of the whole document, and show ReDoc."""
    app = FastAPI()

    def add(release):
        start = f"/{release.name}"
        app.include_router(release.router, prefix=start)

        async def read_document():
            whole = app.openapi()
            info = {"title": f"Tickets {release.name}", "version": release.version}
            paths = {
                path: item
                for path, item in whole["paths"].items()
                if path.startswith(f"{start}/")
            }
            return whole | {"info": info, "paths": paths}

        async def read_docs():
            return get_redoc_html(openapi_url=f"{start}/openapi.json", title="Tickets")

        hidden = {"include_in_schema": False}
        app.add_api_route(f"{start}/openapi.json", read_document, **hidden)
        app.add_api_route(f"{start}/docs", read_docs, **hidden)

    for release in releases:
        add(release)
    return app


BODY = {"content": {"text/csv": {"schema": {"type": "string"}}}, "required": True}


def with_extra(extra, **named):
    """Return the application with this `openapi_extra`."""
    app = FastAPI(title="Guests")

    @app.post("/guests", tags=["guests"], openapi_extra=extra, **named)
    async def upload_guests(request: Request, event: int) -> int:
        """Save the guests of an event, and return their number."""
        return len((await request.body()).splitlines())

    return app


@wrong("4.12.6", caught_by="test_q6_the_document_has_the_rate_limit")
def guests_app():
    """Forget the extension."""
    return with_extra({"requestBody": BODY})


@wrong("4.12.6", caught_by="test_q6_the_document_has_the_rate_limit")
def guests_app():
    """Write the number as a string."""
    return with_extra({"requestBody": BODY, "x-rate-limit": "60"})


@wrong("4.12.6", caught_by="test_q6_the_document_has_the_rate_limit")
def guests_app():
    """Write the extension into the body."""
    return with_extra({"requestBody": BODY | {"x-rate-limit": 60}})


@wrong("4.12.6", caught_by="test_q6_the_document_has_the_body_of_the_request")
def guests_app():
    """Leave the body optional, which is the default."""
    body = {"content": BODY["content"]}
    return with_extra({"requestBody": body, "x-rate-limit": 60})


@wrong("4.12.6", caught_by="test_q6_the_document_has_the_body_of_the_request")
def guests_app():
    """Forget the key for the body."""
    return with_extra(BODY | {"x-rate-limit": 60})


@wrong("4.12.6", caught_by="test_q6_the_document_has_the_body_of_the_request")
def guests_app():
    """Describe JSON."""
    body = {"content": {"application/json": {"schema": {"type": "string"}}}}
    return with_extra({"requestBody": body | {"required": True}, "x-rate-limit": 60})


@wrong("4.12.6", caught_by="test_q6_the_document_has_the_body_of_the_request")
def guests_app():
    """Describe the response."""
    content = {200: {"content": BODY["content"]}}
    return with_extra({"x-rate-limit": 60}, responses=content)


@wrong("4.12.6", caught_by="test_q6_the_rest_of_the_document_stays")
def guests_app():
    """Repeat the tags, which are added to those of the decorator."""
    return with_extra({"requestBody": BODY, "x-rate-limit": 60, "tags": ["guests"]})


@wrong("4.12.6", caught_by="test_q6_the_rest_of_the_document_stays")
def guests_app():
    """Describe the response anew."""
    responses = {"200": {"description": "The number of guests."}}
    return with_extra({"requestBody": BODY, "x-rate-limit": 60}, responses=responses)


@wrong("4.12.6", caught_by="test_q6_the_responses_stay[json]")
def guests_app():
    """Declare the body as a parameter, which FastAPI then checks."""
    app = FastAPI(title="Guests")

    @app.post("/guests", tags=["guests"], openapi_extra={"x-rate-limit": 60})
    async def upload_guests(
        text: Annotated[str, Body(media_type="text/csv")], event: int
    ) -> int:
        """Save the guests of an event, and return their number."""
        return len(text.splitlines())

    return app


@wrong("4.12.6", caught_by="test_q6_the_rest_of_the_document_stays")
def guests_app():
    """Replace the whole description of the operation."""
    app = with_extra({})
    openapi = app.openapi

    def changed():
        document = openapi()
        operation = {"responses": {"200": {"description": "OK"}}}
        document["paths"]["/guests"]["post"] = operation | {
            "requestBody": BODY,
            "x-rate-limit": 60,
        }
        return document

    app.openapi = changed
    return app


@wrong("4.12.6", caught_by="test_q6_the_document_has_the_rate_limit")
def guests_app():
    """Write the extension at the top of the document."""
    app = with_extra({"requestBody": BODY})
    app.openapi = lambda: FastAPI.openapi(app) | {"x-rate-limit": 60}
    return app


@wrong("4.12.6", caught_by="test_q6_the_endpoint_does_not_count_its_calls")
def guests_app():
    """Refuse what is over the limit."""
    app = FastAPI(title="Guests")
    calls = []

    @app.post(
        "/guests",
        tags=["guests"],
        openapi_extra={"requestBody": BODY, "x-rate-limit": 60},
    )
    async def upload_guests(request: Request, event: int) -> int:
        """Save the guests of an event, and return their number."""
        calls.append(event)
        if len(calls) > 60:
            raise HTTPException(429)
        return len((await request.body()).splitlines())

    return app


@right("4.12.6")
def guests_app():
    """Change the document of FastAPI."""
    app = with_extra(None)

    def openapi():
        document = FastAPI.openapi(app)
        document["paths"]["/guests"]["post"] |= {
            "requestBody": {"description": "CSV", **BODY},
            "x-rate-limit": 60,
        }
        return document

    app.openapi = openapi
    return app


@right("4.12.6")
def guests_app():
    """Register the endpoint without a decorator."""
    app = FastAPI(title="Guests")

    async def upload_guests(request: Request, event: int) -> int:
        """Save the guests of an event, and return their number."""
        return len((await request.body()).splitlines())

    extra = {
        "x-rate-limit": 60,
        "requestBody": {
            "required": True,
            "content": {"text/csv": {"schema": {"type": "string", "example": "Ana"}}},
        },
    }
    app.add_api_route(
        "/guests", upload_guests, methods=["POST"], tags=["guests"], openapi_extra=extra
    )
    return app
