"""Errors that are told in a sentence."""


class Told(Exception):
    """Bad input, or a part that is missing; `str()` is what people are told of it."""
