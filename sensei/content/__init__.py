"""The repository's content: chapters, sections, koans, and the files they live in."""
