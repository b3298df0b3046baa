"""The number of a koan: chapter, section, question."""

import re
from typing import NamedTuple, Self


class Koan(NamedTuple):
    """One question of the guide; sorts in the order of the guide."""

    chapter: int
    section: int
    question: int

    def __str__(self) -> str:
        return f"{self.chapter}.{self.section}.{self.question}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the koan written as `2.4.3`.

        Raises:
            ValueError: `text` is no such number.
        """
        match = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)", text)
        if match is None:
            raise ValueError(f"{text!r} is not the number of a koan, like 2.4.3.")
        return cls(*(int(part) for part in match.groups()))
