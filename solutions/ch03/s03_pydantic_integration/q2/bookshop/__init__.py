"""The bookshop: authors, and the books that they wrote."""

# region answer
# Whoever imports one part has imported all: no name stays unknown to the others.
from . import authors, books

__all__ = ["authors", "books"]
# stub:
# endregion
