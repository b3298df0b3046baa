"""A diagnostic: what there is against one line."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Diagnostic:
    """What mypy says, in its own form, or a way around mypy.

    `code` names the rule that the line breaks, and is empty for a way around.
    `file` is empty for a use, which stands in no file.
    """

    file: str
    line: int
    code: str
    message: str

    @property
    def is_bypass(self) -> bool:
        """Whether the line goes around the checker instead of through it."""
        return not self.code

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.file else ""
        return place + (self.message if self.is_bypass else self._as_mypy_does)

    @property
    def _as_mypy_does(self) -> str:
        return f"error: {self.message}  [{self.code}]"
