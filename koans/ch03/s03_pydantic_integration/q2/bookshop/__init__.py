"""The bookshop: authors and their books."""

