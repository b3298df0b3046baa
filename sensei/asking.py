"""Asking: which koan a test is about, and with which variant."""

import pytest

from sensei.judge import Asked
from sensei.variants import Variant
from sensei.verdict import Finding

ASKED = pytest.StashKey[Asked]()
FINDING = pytest.StashKey[Finding]()


def asked_of(item: pytest.Item) -> Asked | None:
    """Return what the test `item` asks about; None if it is no koan's."""
    return item.stash.get(ASKED, None)


def variant_of(item: pytest.Item) -> Variant | None:
    """Return the variant that the test `item` is run with, if it is."""
    callspec = getattr(item, "callspec", None)
    variant = callspec.params.get("answers") if callspec else None
    return variant if isinstance(variant, Variant) else None
