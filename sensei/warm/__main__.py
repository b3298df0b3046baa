"""Starts the warm process: `python -m sensei.warm ROOT ANSWERS`."""

import gc
import os
import sys
from pathlib import Path

import pytest

from sensei.settings import function, load_settings
from sensei.warm.host import Host
from sensei.warm.limits import adopt_orphans
from sensei.warm.preload import preload

# Named, because looking for installed plugins costs more than loading these.
_PLUGINS = ("pytest_asyncio.plugin", "pytest_timeout")


def main(root: str, answers: str) -> int:
    """Serve the repository in the folder `root`; return pytest's exit status."""
    os.chdir(root)
    requests, events = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    adopt_orphans()
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    # Rewritten assertions are worth keeping, whatever the environment says.
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(Path(root) / ".sensei" / "pycache")
    settings = load_settings(Path(root))
    preload(list(settings.warm))
    for rehearsal in settings.rehearsals:
        function(rehearsal)()
    gc.collect()
    gc.freeze()  # the forks share these pages as long as nobody counts them
    plugins = [word for name in _PLUGINS for word in ("-p", name)]
    options = ["-q", "--capture=sys", "-p", "no:cacheprovider", "--answers", answers]
    # Collects nothing of its own: the host does that, request by request.
    return pytest.main(
        [*plugins, *options, "conftest.py"], plugins=[Host(requests, events)]
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
