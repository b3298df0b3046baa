"""The runner of the koans: a pytest plugin and, around it, what a learner is told."""

from sensei.blank import ___

__all__ = ["___"]
