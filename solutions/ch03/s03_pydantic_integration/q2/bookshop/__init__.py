"""The bookshop: authors and their books."""

# region answer
from . import authors, books

__all__ = ["authors", "books"]
# stub:
# endregion
