"""Chapter descriptions as JSON in `.sensei/cache`, which Python reads much faster.

The TOML of all chapters would take longer than everything else that `sensei` does to
show a learner's progress.
"""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any


def read_toml(path: Path, root: Path) -> Any:
    """Return the content of the TOML file `path`, kept for the repository in `root`.

    Raises:
        OSError: it cannot be opened.
        ValueError: it is not TOML, or not UTF-8.
    """
    read = path.stat()
    version = [read.st_mtime_ns, read.st_size]
    cache = root / ".sensei" / "cache" / f"{path.parent.name}.json"
    with suppress(OSError, ValueError, KeyError, TypeError):
        kept = json.loads(cache.read_bytes())
        if kept["version"] == version:
            return kept["content"]
    import tomllib  # where all is kept, that is not needed

    content = tomllib.loads(path.read_text(encoding="utf-8"))
    # A folder that cannot be written to is no trouble; a date is, and not kept.
    with suppress(OSError, TypeError):
        _write(cache, json.dumps({"version": version, "content": content}))
    return content


def _write(cache: Path, text: str) -> None:
    """Write the file in one step: others may read it now."""
    cache.parent.mkdir(parents=True, exist_ok=True)
    new = cache.with_suffix(f".{os.getpid()}")
    new.write_text(text, encoding="utf-8")
    new.replace(cache)
