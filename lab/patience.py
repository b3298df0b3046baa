"""How long a test waits for what a right answer does at once."""

from sensei.grading.deadline import overload

# A test that waits for longer reaches its deadline, if the machine has become quiet
# meanwhile, and can say nothing in its own words.
_MOST = 10.0


def patience(seconds: float) -> float:
    """Return for how many seconds a test waits now, where a quiet machine needs none.

    As many as given, and more where there is more to do than there are cores: a right
    answer is slower there. More than ten only if they are given.
    """
    return max(seconds, min(seconds * overload(), _MOST))
