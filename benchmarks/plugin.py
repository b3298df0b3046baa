"""What sensei's pytest plugin costs: the same tests with it and without it.

    python benchmarks/plugin.py [RUNS]

Without it the tests get `answers` from a fixture of ten lines that loads the solution
for each test, as the plugin does. Both run in turn, as whole processes; printed is the
ratio of each pair.
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]

PLAIN = '''
"""The least that the tests need."""

import importlib.util
import sys
from pathlib import Path

import pytest

pytest_plugins = ["lab.plugin"]
ROOT = Path(__file__).parent


@pytest.fixture
def answers(request):
    """The solution of the test's section, loaded anew."""
    name = request.path.stem.removeprefix("test_")
    path = ROOT / "solutions" / request.path.parent.name / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
'''


def copy_of(root: Path, folder: Path) -> None:
    """Copy the koans and solutions of the repository into `folder`."""
    for name in ("koans", "solutions"):
        shutil.copytree(root / name, folder / name)
    shutil.copy(root / "pyproject.toml", folder / "pyproject.toml")
    (folder / "conftest.py").write_text(PLAIN)


def seconds(command: list[str], folder: Path) -> float:
    """Return how long `command` takes, which has to succeed."""
    begun = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)  # noqa: S603
    return time.perf_counter() - begun


def main(runs: int) -> None:
    """Print the ratios."""
    pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    tests = [f"koans/ch02/{path.name}" for path in ROOT.glob("koans/ch02/test_s*.py")]
    with tempfile.TemporaryDirectory() as name:
        bare = Path(name)
        copy_of(ROOT, bare)
        ratios = []
        for run in range(-1, runs):  # the first pair warms the caches
            with_it = seconds([*pytest, *tests, "--answers", "solutions"], ROOT)
            without = seconds([*pytest, *tests], bare)
            if run >= 0:
                ratios.append(with_it / without)
                print(
                    f"with {with_it:.2f} s, without {without:.2f} s: {ratios[-1]:.3f}"
                )
    print(f"median ratio: {statistics.median(ratios):.3f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
