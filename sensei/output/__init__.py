"""Output: how verdicts are printed."""
