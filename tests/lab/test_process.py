"""Of `process`: whether a command came to listen at its port."""

import importlib
import sys
from pathlib import Path

import pytest

from lab.process import process

PORT = 20_000
# Announces its address, as a server does whose workers open the port later.
ANNOUNCES = f"""
import time
print("Uvicorn running on http://0.0.0.0:{PORT}", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize(
    ("opens", "listens"),
    [("before the look", True), ("after the look", True), ("elsewhere only", False)],
)
def test_a_port_may_open_while_it_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opens: str, listens: bool
) -> None:
    looked_at: list[str] = []

    def is_open(host: str, port: int) -> bool:
        before = "0.0.0.0" in looked_at
        looked_at.append(host)
        if opens == "elsewhere only":
            return host == "0.0.0.0"
        return before or (opens == "before the look" and host == "0.0.0.0")

    # `lab.process` is the function, not the module.
    module = importlib.import_module("lab.process")
    monkeypatch.setattr(module, "_is_open", is_open)
    command = [sys.executable, "-c", ANNOUNCES]
    with process(command, folder=tmp_path, port=PORT, environment={}) as one:
        assert one.listening is listens
        assert one.status is None
