"""The image that `docker build` makes of a Dockerfile and a folder.

There is no Docker: files are copied and settings are made, but `RUN` instructions are
noted and not run.
"""

import re
import signal
from copy import deepcopy
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path, PurePosixPath

from lab.docker_context import below, in_folder
from lab.docker_packages import check_packages
from lab.docker_users import check_installation, check_user
from lab.dockerfile import DockerfileError, Instruction, filled, instructions, split


@dataclass(frozen=True)
class Layer:
    """An instruction that was carried out.

    It is taken from the cache of an earlier build if that has a layer with this `key`.
    `files` are those of the folder that the text of a `RUN` names.
    """

    text: str
    key: str
    files: list[str]


@dataclass
class Image:
    """An image. `files` has paths of the folder by their paths in the image.

    `layers` are its own and those of the stages it was made from. `commands` are texts
    of its own `RUN`, and `taken` the stages that it copies from, with the places there
    and the target. `in_home_of_root` says whether packages are installed there.
    """

    base: str
    layers: list[Layer] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    taken: list[tuple["Image", list[str], str]] = field(default_factory=list)
    in_home_of_root: bool = False
    files: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: str = "root"
    shell: list[str] = field(default_factory=lambda: ["/bin/sh", "-c"])
    entrypoint: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    stop_signal: signal.Signals = signal.SIGTERM

    @property
    def command(self) -> list[str]:
        """The words that the first process of a container is started with."""
        if self.entrypoint[:-1] == self.shell:
            return self.entrypoint
        return [*self.entrypoint, *self.arguments]

    @property
    def is_root(self) -> bool:
        """Whether the processes of a container are those of root."""
        return self.user.partition(":")[0] in ("", "root", "0")

    def at(self, path: str) -> str:
        """Return the absolute path of a path in the image."""
        parts: list[str] = []
        for part in PurePosixPath(self.folder, path).parts[1:]:
            parts = parts[:-1] if part == ".." else [*parts, part]
        return "/" + "/".join(parts)


def build_image(text: str, folder: Path) -> Image:
    """Return the image that is built from the Dockerfile `text` and this folder.

    Raises:
        DockerfileError: the build would fail, or the container could not start.
    """
    stages: list[Image] = []
    names: dict[str, Image] = {}
    arguments: dict[str, str] = {}
    for step in instructions(text):
        if step.name == "FROM":
            base, *name = filled(step.value, arguments).split()
            image = deepcopy(names[base]) if base in names else Image(base)
            stages.append(image)
            names |= {str(len(stages) - 1): image, **dict.fromkeys(name[1:], image)}
        elif stages:
            _carry_out(step, stages[-1], folder, names)
        elif step.name == "ARG":
            arguments.update(step.pairs)
        else:
            raise DockerfileError(f"`{step.name}` stands before `FROM`.")
    if not stages or not stages[-1].command:
        missing = "`CMD`" if stages else "`FROM`"
        raise DockerfileError(f"The Dockerfile has no {missing}.")
    check_user(stages[-1])
    check_packages(stages[-1])
    return stages[-1]


def _carry_out(
    step: Instruction, image: Image, folder: Path, stages: dict[str, Image]
) -> None:
    value = filled(step.value, image.variables)
    words = step.exec_form
    command = [*image.shell, step.value] if words is None else words
    content: list[object] = []
    files: list[str] = []
    match step.name:
        case "ENV" | "ARG":
            pairs = [(key, filled(text, image.variables)) for key, text in step.pairs]
            image.variables.update(pairs)
            if step.name == "ENV":
                image.environment.update(pairs)
        case "WORKDIR":
            image.folder = image.at(value.strip("\"'"))
        case "USER":
            image.user = value.strip("\"'")
        case "SHELL":
            image.shell = command
        case "STOPSIGNAL":
            image.stop_signal = _signal(value)
        case "CMD":
            image.arguments = command
        case "ENTRYPOINT":
            image.entrypoint, image.arguments = command, []
        case "COPY" | "ADD":
            content = _copy(step, words or split(value), image, folder, stages)
        case "RUN":
            check_user(image)
            text = filled(step.value, image.variables)
            check_installation(text, image)
            image.commands.append(text)
            is_home = re.search(r"\bpip.*--user\b", text) is not None
            image.in_home_of_root |= is_home and image.is_root
            seen = _mounted(step, image, folder)
            content = [(folder / origin).read_bytes() for origin in seen.values()]
            files = _named(step.value, image, image.files | seen)
    before = image.layers[-1].key if image.layers else image.base
    made = repr((before, step.name, step.flags, value, content))
    key = sha256(made.encode()).hexdigest()
    image.layers.append(Layer(f"{step.name} {step.value}", key, files))


def _copy(
    step: Instruction,
    words: list[str],
    image: Image,
    folder: Path,
    stages: dict[str, Image],
) -> list[object]:
    """Copy files into the image, and return their content."""
    *sources, target = words
    if not sources:
        raise DockerfileError(f"`{step.name} {target}` has no target.")
    origin = dict(step.flags).get("from")
    stage = stages.get(origin or "")
    if origin and stage is None:
        return [origin]  # an image of others
    is_folder = target.endswith("/") or target in (".", "..") or len(sources) > 1
    copied: dict[str, str] = {}
    excluded = [value for name, value in step.flags if name == "exclude"]
    for source in sources:
        found = (
            below(stage.files, stage.at(source))
            if stage
            else in_folder(source, folder, excluded)
        )
        is_one = list(found) == [PurePosixPath(source).name] and not is_folder
        for name, path in found.items():
            copied[image.at(target if is_one else f"{target}/{name}")] = path
    image.files |= copied
    content: list[object] = [
        (path, (folder / path).read_bytes()) for path in copied.values()
    ]
    if stage:
        places = [stage.at(source) for source in sources]
        image.taken.append((stage, places, image.at(target)))
        image.layers[:0] = [_taken(layer, stage, places) for layer in stage.layers]
        content.append(stage.layers[-1].key if stage.layers else stage.base)
    return content


def _taken(layer: Layer, stage: Image, places: list[str]) -> Layer:
    """Return a layer of a stage from which these folders are copied.

    Packages that pip has installed for the whole system are below `/usr`.
    """
    is_for_system = (
        re.search(r"\bpip3? install\b", layer.text) is not None
        and re.search(r"/pip3? |venv|--(target|prefix|root|user)\b|-t ", layer.text)
        is None
        and "PATH" not in stage.environment
    )
    if is_for_system and not any(re.match(r"/(usr(/|$)|$)", place) for place in places):
        return replace(layer, files=[])
    return layer


def _mounted(step: Instruction, image: Image, folder: Path) -> dict[str, str]:
    """Return the files that `--mount=type=bind` shows to a `RUN`."""
    seen: dict[str, str] = {}
    for name, value in step.flags:
        options = dict(one.partition("=")[::2] for one in value.split(","))
        if name == "mount" and options.get("type", "bind") == "bind":
            source = options.get("source") or options.get("src") or "."
            target = options.get("target") or options.get("dst") or source
            found = in_folder(source, folder)
            is_one = list(found) == [PurePosixPath(source).name]
            for inner, origin in found.items():
                seen[image.at(target if is_one else f"{target}/{inner}")] = origin
    return seen


def _named(text: str, image: Image, files: dict[str, str]) -> list[str]:
    """Return the files of the folder whose paths in the image stand in a command."""
    words = re.split(r"[\s\"'<>()\[\],;=]+|(?<=\s-r)", text)
    folders = [".", *re.findall(r"\bcd (\S+)", text)]
    paths = [image.at(f"{folder}/{word}") for folder in folders for word in words]
    paths += [image.at(word) for word in words if word.startswith("/")]
    return [files[path] for path in dict.fromkeys(paths) if path in files]


def _signal(value: str) -> signal.Signals:
    name = value.upper().removeprefix("SIG")
    try:
        return (
            signal.Signals(int(name))
            if name.isdigit()
            else signal.Signals[f"SIG{name}"]
        )
    except (KeyError, ValueError):
        raise DockerfileError(f"There is no signal `{value}`.") from None
