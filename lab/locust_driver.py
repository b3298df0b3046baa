"""The process that runs locustfiles. Each line of its input is an order in JSON.

It is run as a script, and never imported: importing Locust patches the process.
"""

import locust  # isort: skip  # before whatever it patches

import itertools
import json
import os
import sys
import time
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from locust import TaskSet, User
from locust.env import Environment
from locust.event import Events
from locust.exception import StopUser
from locust.runners import LocalRunner
from locust.user.task import DefaultTaskSet
from locust.util.load_locustfile import load_locustfile


class Run:
    """One load test, and what is reported of it."""

    now: "Run"

    def __init__(self, users: int, tasks: int, patience: float) -> None:
        self.users, self.tasks, self.patience = users, tasks, patience
        self.turns: dict[User, int] = {}
        self.waits: dict[User, list[float]] = {}
        self.report: dict[str, Any] = {
            "requests": [],
            "waits": [],
            "errors": [],
            "refused": "",
            "open": None,
        }

    def make(self, path: str, host: str) -> None:
        """Run the locustfile at `path`."""
        # A locustfile can listen to events: those of the last one are not its own.
        locust.events = events = Events()
        classes, _ = load_locustfile(path)
        if not classes:
            self.report["refused"] = "it has no class of users"
            return
        events.request.add_listener(self._requested)
        events.user_error.add_listener(self._raised)
        environment = Environment(
            user_classes=list(classes.values()), host=host, events=events
        )
        runner = environment.create_local_runner()
        try:
            names = [one.__name__ for one in classes.values()]
            for one in classes.values():
                one.host = host
            events.test_start.fire(environment=environment)
            self._spawn(runner, itertools.cycle(names))
            runner.user_greenlets.join(self.patience)
            if len(runner.user_greenlets):
                self.report["refused"] = (
                    f"after {self.patience:g} s, users still run their first "
                    f"{self.tasks} tasks. Look for a loop or a pause in a task"
                )
        finally:
            runner.quit()

    def _spawn(self, runner: LocalRunner, classes: Iterator[str]) -> None:
        """Start the users; each one begins when the one before runs a task."""
        end = time.monotonic() + self.patience
        for name in itertools.islice(classes, self.users):
            (user,) = runner.spawn_users({name: 1})
            while not self.turns.get(user) and not user.greenlet.dead:
                if time.monotonic() > end:
                    return
                time.sleep(0.001)

    def _requested(
        self,
        request_type: str,
        name: str,
        exception: Exception | None,
        url: str = "",
        **_: object,
    ) -> None:
        failure = None if exception is None else str(exception)
        self.report["requests"].append(
            (request_type, urlsplit(url).path, name, failure)
        )

    def _raised(
        self, user_instance: object, exception: BaseException, tb: TracebackType
    ) -> None:
        self.failed(exception)

    def count(self, user: User) -> None:
        """Count a task of this user, or stop the user after the last one."""
        turn = self.turns[user] = self.turns.get(user, 0) + 1
        if turn > self.tasks:
            raise StopUser()

    def waited(self, user: User, seconds: float) -> None:
        """Report how long this user would wait."""
        if user not in self.waits:
            self.waits[user] = []
            self.report["waits"].append(self.waits[user])
        self.waits[user].append(seconds)

    def failed(self, error: BaseException) -> None:
        """Report an exception."""
        words = f"{type(error).__name__}: {error}"
        self.report["errors"].append(words)
        if isinstance(error, NotImplementedError) and not self.report["open"]:
            *_, (frame, line) = traceback.walk_tb(error.__traceback__)
            self.report["open"] = (words, frame.f_code.co_filename, line)


def _is_set(task: object) -> bool:
    return isinstance(task, type) and issubclass(task, TaskSet)


def _wait(tasks: TaskSet) -> None:
    """Keep how long the user would wait, and do not wait."""
    Run.now.waited(tasks.user, tasks.wait_time())
    time.sleep(0)  # lets other users run: Locust has patched it


def _execute_next_task(tasks: TaskSet) -> None:
    """Run a task, unless the user has run all that it is to run."""
    task = tasks._task_queue.popleft()
    if not _is_set(task):
        Run.now.count(tasks.user)
    tasks.execute_task(task)


def _choose_by_weight(kind: type[TaskSet]) -> None:
    """Let each task have exactly the share of all that its weight says."""
    at_random = kind.get_next_task

    def get_next_task(tasks: TaskSet) -> Any:
        run = Run.now
        own: Any = tasks.user if isinstance(tasks, DefaultTaskSet) else tasks
        if not own.tasks:
            run.count(tasks.user)
            return at_random(tasks)  # raises an exception
        turn = min(run.turns.get(tasks.user, 0), run.tasks - 1)
        return own.tasks[turn * len(own.tasks) // run.tasks]

    kind.get_next_task = get_next_task  # type: ignore[method-assign]


def main() -> None:
    """Carry out the orders, and print what came of each one."""
    # What a locustfile prints is not a report.
    reports = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    TaskSet.wait = _wait  # type: ignore[method-assign]
    TaskSet.execute_next_task = _execute_next_task  # type: ignore[method-assign]
    for kind in (TaskSet, DefaultTaskSet):
        _choose_by_weight(kind)
    for line in sys.stdin:
        order = json.loads(line)
        path, host = order.pop("path"), order.pop("host")
        run = Run.now = Run(**order)
        try:
            run.make(path, host)
        except (Exception, SystemExit) as error:
            run.failed(error)
            run.report["refused"] = run.report["errors"][-1].partition("\n")[0]
        print(json.dumps(run.report), file=reports, flush=True)


if __name__ == "__main__":
    main()
