"""Starts the warm process: `python -m sensei.warm ROOT ANSWERS`."""

import gc
import os
import sys
from pathlib import Path

import pytest

from sensei.settings import function, load_settings
from sensei.trouble import summary_of
from sensei.warm.host import Host
from sensei.warm.limits import adopt_orphans
from sensei.warm.preload import preload
from sensei.warm.wire import send

# Named, because looking for installed plugins costs more than loading these.
_PLUGINS = ("pytest_asyncio.plugin", "pytest_timeout")


def main(root: str, answers: str) -> int:
    """Serve the repository in the folder `root`; return pytest's exit status."""
    os.chdir(root)
    requests, events = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    try:
        _prepare(Path(root))
    except Exception as error:
        send(events, {"failed": f"The koans cannot be run: {summary_of(error)}."})
        return 1
    plugins = [word for name in _PLUGINS for word in ("-p", name)]
    options = ["-q", "--capture=sys", "-p", "no:cacheprovider", "--answers", answers]
    # Collects nothing of its own: the host does that, request by request.
    arguments = [*plugins, *options, "conftest.py"]
    status = pytest.main(arguments, plugins=[Host(requests, events)])
    if status is pytest.ExitCode.USAGE_ERROR:
        told = "The koans cannot be run: pytest does not start here. See why: pytest"
        send(events, {"failed": told})
    return status


def _prepare(root: Path) -> None:
    """Import and do beforehand what the forks are to find done."""
    adopt_orphans()
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    # Rewritten assertions are worth keeping, whatever the environment says.
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(root / ".sensei" / "pycache")
    settings = load_settings(root)
    preload(list(settings.warm))
    for rehearsal in settings.rehearsals:
        function(rehearsal)()
    gc.collect()
    gc.freeze()  # the forks share these pages as long as nobody counts them


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
