"""Every block of Python in the notes and the README runs, and prints what it shows.

`pytest tests/test_notes.py --update-examples` writes what the blocks really print.
"""

import re
import tracemalloc
from contextvars import copy_context
from pathlib import Path

import pytest
from pytest_examples import CodeExample, EvalExample, find_examples

ROOT = Path(__file__).parents[1]
# A block that writes files names them in its first line, as in `# writes: shop.db`.
EXAMPLES = list(find_examples(ROOT / "content" / "docs", ROOT / "README.md"))


def _name(example: CodeExample) -> str:
    return f"{example.path.stem}:{example.start_line}"


@pytest.mark.filterwarnings("default::DeprecationWarning")
@pytest.mark.parametrize("example", EXAMPLES, ids=_name)
def test_a_block_runs_and_prints_what_it_shows(
    example: CodeExample,
    eval_example: EvalExample,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.chdir(folder)
    eval_example.set_config(line_length=88)
    run = eval_example.run_print_check
    if eval_example.update_examples:
        run = eval_example.run_print_update
    try:
        copy_context().run(run, example)  # what it binds, no other block sees
    finally:
        tracemalloc.stop()  # else the next block measures the memory of this one, too

    written = {path.name for path in folder.iterdir()}
    said = re.match(r"# writes: (.*)", example.source)
    assert written == set(said[1].split(", ") if said else [])
