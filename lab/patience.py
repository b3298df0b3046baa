"""How long a test waits for what a right answer does at once."""

from sensei.grading.deadline import overload


def patience(seconds: float) -> float:
    """Return for how many seconds a test waits now, where a quiet machine needs none.

    As many as given, and more where there is more to do than there are cores: a right
    answer is slower there.
    """
    return seconds * overload()
