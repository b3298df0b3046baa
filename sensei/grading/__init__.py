"""Grading: what the tests found in an answer becomes a verdict on a koan."""
