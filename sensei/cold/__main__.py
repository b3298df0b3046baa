"""Starts the cold process: `python -m sensei.cold ROOT ANSWERS`."""

import os
import sys
import threading
import tomllib
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from sensei.cold.koan_run import KoanRun
from sensei.koan import Koan
from sensei.repository import Repository
from sensei.warm.wire import LineReader, Message, send


class Cold:
    """Takes requests and tells events, as `sensei.warm.host.Host` does."""

    def __init__(self, root: Path, answers: str, events: int) -> None:
        self._repository = Repository(root)
        self._answers = answers
        self._events = events
        self._telling = threading.Lock()
        self._pool = ThreadPoolExecutor(max(2, os.cpu_count() or 2))
        self._runs: dict[int, list[KoanRun]] = {}
        settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
        timeout = settings.get("tool", {}).get("pytest", {}).get("timeout", 10)
        self._timeout = float(timeout)

    def serve(self, requests: int) -> None:
        """Serve until the requests end."""
        self._tell({"ready": True})
        reader = LineReader(requests)
        while not reader.at_end:
            for message in reader.read():
                if "cancel" in message:
                    self._cancel(message["cancel"])
                else:
                    self._accept(message)
        for request in list(self._runs):
            self._cancel(request)
        self._pool.shutdown(cancel_futures=True)

    def _accept(self, message: Message) -> None:
        number = message["id"]
        self._runs[number] = runs = self._runs_for(message)
        done = [self._pool.submit(self._run, number, run) for run in runs]
        waiting = set(done)

        def finish(one: Future[None]) -> None:
            waiting.discard(one)
            if not waiting:
                self._tell({"id": number, "done": True})

        for one in done:
            one.add_done_callback(finish)
        if not done:
            self._tell({"id": number, "done": True})

    def _runs_for(self, message: Message) -> list[KoanRun]:
        sections = [self._repository.section_of(Path(one)) for one in message["tests"]]
        known = {
            str(koan): section
            for section in sections
            if section is not None
            for koan in section.homes
            if section.test_names.get(koan.question)
        }
        wanted = known if message["koans"] is None else message["koans"]
        return [
            KoanRun(known[koan], Koan.parse(koan), self._answers, self._timeout)
            for koan in wanted
            if koan in known
        ]

    def _run(self, number: int, run: KoanRun) -> None:
        koan = str(run.koan)
        for message in run.messages():
            self._tell({"id": number, "koan": koan, **message})
        self._tell({"id": number, "koan": koan, "ended": True})

    def _cancel(self, number: int) -> None:
        for run in self._runs.pop(number, []):
            run.cancel()

    def _tell(self, message: Message) -> None:
        with self._telling:
            send(self._events, message)


def main(root: str, answers: str) -> int:
    """Serve the repository in the folder `root`; return the exit status."""
    events = os.dup(1)
    Cold(Path(root), answers, events).serve(0)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
