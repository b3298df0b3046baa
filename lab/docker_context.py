"""Which files a source of `COPY` names."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from lab.dockerfile import DockerfileError


def in_folder(
    source: str, folder: Path, excluded: Sequence[str] = ()
) -> dict[str, str]:
    """Return the paths in the folder, by the names that they get below the target.

    Raises:
        DockerfileError: there is nothing with this name or pattern.
    """
    pattern = source.removeprefix("./").strip("/")
    places = sorted(folder.glob(pattern)) if pattern not in ("", ".") else [folder]
    if not places:
        raise DockerfileError(f"`{source}` is not in the folder.")
    found = {
        (file.name if file == place else file.relative_to(place).as_posix()): (
            file.relative_to(folder).as_posix()
        )
        for place in places
        for file in sorted([place, *place.rglob("*")])
        if file.is_file()
    }
    return {
        name: path
        for name, path in found.items()
        if not any(fnmatch(path, one.removeprefix("./")) for one in excluded)
    }


def below(files: Mapping[str, str], target: str) -> dict[str, str]:
    """Return those of the files in an image that are at this path or below it."""
    place = PurePosixPath(target)
    return {
        (path.name if path == place else path.relative_to(place).as_posix()): origin
        for path, origin in ((PurePosixPath(one), two) for one, two in files.items())
        if path.is_relative_to(place)
    }
