"""The spawning server: does what the fork server does where there is no fork.

`python -m sensei.runner.spawn ROOT ANSWERS` takes the same requests and sends the same
events. Each koan gets a new process.
"""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from sensei.content.koan import Koan
from sensei.content.repository import Repository
from sensei.content.section import Section
from sensei.errors import SenseiError, summary_of
from sensei.runner.child import NO_FILE
from sensei.runner.protocol import (
    Cancel,
    CollectionFailed,
    Event,
    KoanDone,
    MessageReader,
    Ready,
    RequestDone,
    RunKoans,
    ServerFailed,
    TestReported,
    send,
)
from sensei.runner.settings import load_settings
from sensei.runner.spawned import KoanEvent, SpawnedKoan


@dataclass(eq=False)
class _Order:
    """A request: its koans, and how many of them have not ended.

    `told` is what was said of whole files: each of its koans would repeat it.
    """

    number: int
    koans: list[SpawnedKoan] = field(default_factory=list)
    unfinished: int = 0
    told: set[Event] = field(default_factory=set)


class SpawnServer:
    """Takes requests and sends events, as `ForkServer` does."""

    def __init__(self, root: Path, answers: str, events: int) -> None:
        self._root = root
        self._answers = answers
        self._events = events
        self._lock = threading.Lock()  # for the orders, and for sending
        self._orders: dict[int, _Order] = {}
        self._pool = ThreadPoolExecutor(max(2, os.cpu_count() or 2))

    def serve(self, requests: int) -> None:
        """Serve until the requests end."""
        try:
            load_settings(self._root)  # or each of the processes would fail
            self._repository = Repository(self._root)
        except SenseiError as error:
            failed = ServerFailed(f"The koans cannot be run: {error}")
            send(self._events, failed)
            return
        send(self._events, Ready())
        reader = MessageReader(requests)
        while not reader.at_end:
            for message in reader.read():
                if isinstance(message, Cancel):
                    self._cancel(message.request)
                elif isinstance(message, RunKoans):
                    self._accept(message)
        for request in list(self._orders):
            self._cancel(request)
        self._pool.shutdown(cancel_futures=True)

    def _accept(self, message: RunKoans) -> None:
        order = _Order(message.request)
        tested: dict[str, SpawnedKoan] = {}
        for path in message.test_files:
            try:
                koans = self._koans_tested_by(Path(path))
            except FileNotFoundError:
                self._tell(order, CollectionFailed(order.number, path, NO_FILE))
                continue
            except (OSError, SyntaxError, ValueError) as error:
                reason = summary_of(error)
                self._tell(order, CollectionFailed(order.number, path, reason))
                continue
            for number, section in koans.items():
                one = SpawnedKoan(section, number, order.number, self._answers)
                tested[str(number)] = one
        wanted = tested if message.koans is None else message.koans
        order.koans = [tested[koan] for koan in wanted if koan in tested]
        order.unfinished = len(order.koans)
        with self._lock:
            self._orders[order.number] = order
            self._finish(order)
        for koan in order.koans:
            self._pool.submit(self._run, order, koan)

    def _run(self, order: _Order, koan: SpawnedKoan) -> None:
        """Run a koan, and say that it has ended, whatever happens."""
        is_told = False
        try:
            for event in koan.events():
                is_told = is_told or not isinstance(event, TestReported)
                self._tell(order, event)
        except OSError as error:  # there is no process to be had
            self._tell(order, ServerFailed(f"Koans cannot be run: {error}."))
        with self._lock:
            if order.number not in self._orders:
                return  # it was cancelled
            if not is_told:
                send(self._events, KoanDone(order.number, str(koan.koan)))
            order.unfinished -= 1
            self._finish(order)

    def _tell(self, order: _Order, event: KoanEvent) -> None:
        """Send `event`; once only, if it is about more than one koan."""
        with self._lock:
            if not isinstance(event, TestReported):
                if event in order.told:
                    return
                order.told.add(event)
            send(self._events, event)

    def _cancel(self, request: int) -> None:
        with self._lock:
            order = self._orders.get(request)
            if order is None:
                return
            order.unfinished = 0
            self._finish(order)
        for koan in order.koans:
            koan.cancel()

    def _finish(self, order: _Order) -> None:
        """Send that a request is done if it is; the lock is held."""
        if not order.unfinished:
            del self._orders[order.number]
            send(self._events, RequestDone(order.number))

    def _koans_tested_by(self, file: Path) -> dict[Koan, Section]:
        """Return the koans that have tests in `file`, with their section."""
        section = self._repository.section_tested_by(file)
        if section is None or not file.exists():
            raise FileNotFoundError
        return {
            koan: section
            for koan in section.koans
            if section.test_names.get(koan.question)
        }


if __name__ == "__main__":
    SpawnServer(Path(sys.argv[1]), sys.argv[2], events=os.dup(1)).serve(requests=0)
