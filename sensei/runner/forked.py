"""A forked child as the fork server sees it: what it runs, and how long it may."""

import os
from dataclasses import dataclass
from time import monotonic, sleep

from sensei.grading.deadline import Deadline, Wait
from sensei.runner.child import GRACE_SECONDS, exit_reason
from sensei.runner.job import Job
from sensei.runner.protocol import MessageReader

# Seconds that a process which has closed its pipe gets to end.
_END_SECONDS = 0.5
# Seconds from one look at a child to the next, once its deadline may be over.
_LOOK_AGAIN = 1.0


@dataclass(eq=False)
class ForkedChild:
    """A process that runs `job` and reports to `reader`; `test` is what runs now."""

    job: Job
    process: int
    reader: MessageReader
    deadline: Deadline
    test: str = ""
    is_done: bool = False

    def __post_init__(self) -> None:
        self.begin(self.deadline)

    def begin(self, deadline: Deadline) -> None:
        """Let the time until the `deadline` begin now."""
        self.deadline, self._wait = deadline, Wait(self.process)
        seconds = deadline.cpu_seconds + deadline.wall_seconds + GRACE_SECONDS
        self._due = monotonic() + seconds

    def due_in(self) -> float:
        """Return the seconds until the next look at the child."""
        return max(0.0, self._due - monotonic())

    def is_overdue(self) -> bool:
        """Return whether it must be ended: by itself it does not."""
        now = monotonic()
        if now < self._due:
            return False
        self._due = now + _LOOK_AGAIN
        return self._wait.is_over(self.deadline, GRACE_SECONDS)

    def exit_reason(self) -> str:
        """Return why it has ended before it had run all of its koans."""
        until = monotonic() + _END_SECONDS
        while monotonic() < until:
            ended, status = os.waitpid(self.process, os.WNOHANG)
            if ended:
                return exit_reason(os.waitstatus_to_exitcode(status), self.deadline)
            sleep(0.001)
        return "Running this closed the pipe that reports its verdict."
