"""The instructions of a Dockerfile, read as Docker reads them."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_NAME = re.compile(
    "ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|RUN|SHELL|STOPSIGNAL"
    "|USER|VOLUME|WORKDIR"
)
_HERE = re.compile(
    r"^([ \t]*RUN\b[^\n]*?)<<-?[\"']?(\w+)[\"']?[ \t]*\n(.*?)\n[ \t]*\2[ \t]*$",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_FLAG = re.compile(r"--([a-z-]+)(?:=(\S*))?\s+")
_VARIABLE = re.compile(r"\\(\$)|\$\{(\w+)(?::-([^}]*))?\}|\$(\w+)")


class DockerfileError(Exception):
    """`docker build` or `docker run` would fail. `str()` says why, in a sentence."""


@dataclass(frozen=True)
class Instruction:
    """An instruction; `flags` are those before its `value`, such as `--from=build`."""

    name: str
    flags: tuple[tuple[str, str], ...]
    value: str

    @property
    def exec_form(self) -> list[str] | None:
        """The words of a JSON array, such as `["a", "b"]`; None for other values."""
        try:
            words = json.loads(self.value)
        except ValueError:
            return None
        is_form = isinstance(words, list) and all(isinstance(one, str) for one in words)
        return words if is_form else None

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The names and values of `ENV` and `ARG`, without quotation marks."""
        if self.name == "ENV" and "=" not in self.value.split()[0]:
            name, _, rest = self.value.partition(" ")
            return [(name, rest.strip())]
        words = [word.partition("=") for word in split(self.value)]
        return [(name, value) for name, _, value in words]


def instructions(text: str) -> Iterator[Instruction]:
    """Yield the instructions of a Dockerfile.

    Raises:
        DockerfileError: an instruction is unknown, empty, or copies a here-document.
    """
    text = _HERE.sub(lambda found: found[1] + found[3].replace("\n", " && "), text)
    lines = [line for line in text.splitlines() if not re.match(r"\s*(#|$)", line)]
    for line in re.sub(r"\\[ \t]*\n", " ", "\n".join(lines)).splitlines():
        name, _, rest = line.strip().partition(" ")
        name = name.upper()
        if not _NAME.fullmatch(name):
            raise DockerfileError(f"Docker has no instruction `{name}`.")
        if name in ("RUN", "COPY", "ADD") and re.search(r"<<-?[\"']?\w", rest):
            raise DockerfileError("A here-document (`<<`) cannot be checked here.")
        rest, flags = rest.strip() + " ", []
        while found := _FLAG.match(rest):
            flags.append((found[1], found[2] or ""))
            rest = rest[found.end() :].lstrip()
        if not rest.strip():
            raise DockerfileError(f"`{name}` stands alone in its line.")
        yield Instruction(name, tuple(flags), rest.strip())


def filled(text: str, variables: Mapping[str, str]) -> str:
    """Return `text` with the values of its variables, `$NAME` or `${NAME:-default}`."""

    def value(found: re.Match[str]) -> str:
        if found[1]:
            return "$"
        return variables.get(found[2] or found[4], "") or found[3] or ""

    return _VARIABLE.sub(value, text)


def split(text: str) -> list[str]:
    """Return the words of a line.

    Raises:
        DockerfileError: a quotation mark is not closed.
    """
    try:
        return shlex.split(text)
    except ValueError as error:
        raise DockerfileError(f"In `{text}`: {error}.") from None
