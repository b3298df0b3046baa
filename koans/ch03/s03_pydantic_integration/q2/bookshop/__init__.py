"""The bookshop: authors, and the books that they wrote."""

