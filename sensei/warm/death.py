"""The death of a koan's process: what its learner is told then."""

import signal
from dataclasses import asdict
from typing import Any

from sensei.judge import Asked, home_of
from sensei.verdict import Finding, State


def death(asked: Asked, message: str) -> dict[str, Any]:
    """Return what was found of a koan whose process did not live to report it.

    It is of the form that `Ledger.note` takes.
    """
    finding = Finding(State.FAILING, message, home_of(asked))
    return {
        "koan": str(asked.koan),
        "test": asked.test,
        "finding": asdict(finding) | {"state": finding.state.value},
        "duration": 0.0,
    }


def cause(code: int) -> str:
    """Return what a process that ended with the exit code `code` has died of."""
    if code >= 0:
        return f"Running this ended Python itself, with exit status {code}."
    return f"Running this crashed Python ({signal.Signals(-code).name})."
