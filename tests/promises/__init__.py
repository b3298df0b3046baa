"""What this repository promises of its koans, each promise as a function.

Each takes a repository, and returns a sentence for each place where it is broken.
"""
