"""Promises that are read off the records of a run."""

from collections.abc import Iterable, Iterator

from sensei.content.section import Section
from sensei.variants import VariantError, variants
from tests.promises.run import Record

_TEXT = 300  # characters of a failure that are shown


def every_shipped_test_fails(
    records: Iterable[Record], sections: Iterable[Section]
) -> list[str]:
    """Each test fails on the stub, by an open answer or an assertion with a message."""
    records = list(records)
    broken = []
    for record in records:
        if record["outcome"] == "passed":
            broken.append(f"{record['test']}: passes on the stub.")
        elif not _may_fail(record):
            error = record["error"]
            broken.append(f"{record['test']}: fails by {error}: {_end_of(record)}")
    return [*broken, *_tests_not_run(records, sections)]


def _may_fail(record: Record) -> bool:
    # A test that this machine cannot run is skipped, and does not pass.
    is_skipped = record["outcome"] == "skipped"
    return is_skipped or record["is_open"] or record["is_explained"]


def every_solution_passes(
    records: Iterable[Record], sections: Iterable[Section]
) -> list[str]:
    """Each test passes on the solution."""
    records = list(records)
    return [*every_test_passes(records), *_tests_not_run(records, sections)]


def every_variant_is_judged(
    records: Iterable[Record], sections: Iterable[Section]
) -> list[str]:
    """Each wrong variant fails its test with a message, each right one passes."""
    records = list(records)
    expected: set[str] = set()
    for section in sections:
        try:
            expected |= {f"{one.koan} {one.label}" for one in variants(section)}
        except (VariantError, SyntaxError) as error:
            return [str(error)]
    missing = sorted(expected - {str(record["variant"]) for record in records})
    return [*every_test_passes(records), *(f"{one}: was not run." for one in missing)]


def every_test_passes(records: Iterable[Record]) -> list[str]:
    """Each test passes, or is skipped because this machine lacks something."""
    return [
        f"{record['test']}: {record['outcome']}: {_end_of(record)}"
        for record in records
        if record["outcome"] == "failed"
    ]


def _tests_not_run(
    records: Iterable[Record], sections: Iterable[Section]
) -> Iterator[str]:
    names = {record["test"].partition("::")[2].partition("[")[0] for record in records}
    for section in sections:
        for tests in section.test_names.values():
            for test in tests:
                if test not in names:
                    yield f"{section}: the test {test} did not run."


def _end_of(record: Record) -> str:
    return record["text"][-_TEXT:]
