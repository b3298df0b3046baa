"""A container as `docker run` starts it: its first process, without Docker."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from lab.docker_image import Image
from lab.process import Process, process

# Programs that pass on the signals of the first process to another program.
_INITS = ("tini", "dumb-init")
_ACTIVATE = re.compile(r"(\.|source) \S+/bin/activate *(&&|;)")
_PATH = re.compile(r"(?<![\w./~-])/[\w./-]+")


@contextmanager
def container(image: Image, folder: Path, port: int) -> Iterator[Process]:
    """Yield the first process of a container of this image.

    Its `folder` is the one that the image was built from. Absolute paths in its words
    and variables lead to the files of the image.
    """
    with TemporaryDirectory() as place:
        for path, origin in image.files.items():
            file = Path(place + path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes((folder / origin).read_bytes())
        here = Path(place + image.folder)
        here.mkdir(parents=True, exist_ok=True)

        def placed(text: str) -> str:
            return _PATH.sub(
                lambda found: place * Path(place + found[0]).exists() + found[0], text
            )

        program, *words = _without_init(image)
        if PurePosixPath(program).name == "sh" and words[:1] == ["-c"]:
            # There is no virtual environment here, but this Python's.
            words[1] = _ACTIVATE.sub("", words[1])
            # A shell that gets one command can become this command. That of Debian
            # does not, and so none is to do so here.
            words[1] += "\nexit $?"
        variables = {
            name: placed(value)
            for name, value in image.environment.items()
            if name != "PATH"
        }
        if not Path(place + program).is_file():
            program = PurePosixPath(program).name
        command = [placed(word) for word in (program, *words)]
        with process(command, folder=here, port=port, environment=variables) as first:
            yield first


def _without_init(image: Image) -> list[str]:
    """Return the command, without an init program that the image has."""
    program, *words = image.command
    name = PurePosixPath(program).name
    is_there = any(name in layer.text for layer in image.layers[:-1])
    if name in _INITS and words and is_there:
        return words[words.index("--") + 1 :] if "--" in words else words
    return image.command
