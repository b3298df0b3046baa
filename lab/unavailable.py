"""That a part of the lab cannot run here."""


class Unavailable(Exception):
    """What is missing or wrong, and what to do: one line, for the learner."""
