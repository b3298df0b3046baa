"""`sensei status` and `sensei next`: what was recorded, and which koan is next."""

import json
from functools import cache
from typing import Any

from sensei.content.chapter import Question
from sensei.content.repository import Repository
from sensei.grading.results import KoanStatus, next_koan
from sensei.grading.verdict import State
from sensei.output.render import Renderer
from sensei.state.progress import read_progress

JSON_VERSION = 1


def read_statuses(repository: Repository) -> list[KoanStatus]:
    """Return all koans of `repository` with their recorded verdicts.

    Takes the questions from the chapters' descriptions: that is much faster than
    parsing every stub.

    Raises:
        ChapterError: a chapter's description cannot be used.
    """
    recorded = read_progress(repository.root)
    fingerprint = cache(lambda section: section.fingerprint)
    statuses = []
    for section in repository.sections:
        for number, question in repository.describe(section).questions.items():
            koan = section.koan(number)
            last = recorded.get(koan)
            is_outdated = last is not None and last.fingerprint != fingerprint(section)
            status = KoanStatus(
                section,
                koan,
                question.asks,
                verdict=last.verdict if last else None,
                is_outdated=is_outdated,
            )
            statuses.append(status)
    return statuses


def write_status(statuses: list[KoanStatus], renderer: Renderer) -> None:
    """Write a line for each chapter, the sections of the next one, the next koan."""
    following = next_koan(statuses)
    current = following.koan.chapter if following else None
    renderer.overview(statuses, current)
    write_next(statuses, renderer)


def write_next(statuses: list[KoanStatus], renderer: Renderer) -> None:
    """Write the next koan, or that there is none."""
    following = next_koan(statuses)
    if following is not None:
        renderer.next(following)
        return
    verdicts = [one.verdict for one in statuses if one.verdict is not None]
    skipped = any(one.state is State.SKIPPED for one in verdicts)
    renderer.line()
    every = "Every koan that can run here" if skipped else "Every koan"
    renderer.line(f"{every} is solved.", "bold", "green")
    renderer.skipped(verdicts)


def statuses_as_json(repository: Repository, statuses: list[KoanStatus]) -> str:
    """Return the koans as the JSON that `sensei status --json` prints."""
    following = next_koan(statuses)
    data: dict[str, Any] = {
        "version": JSON_VERSION,
        "next": str(following.koan) if following else None,
        "koans": [
            _koan_as_json(one, repository.question(one.koan)) for one in statuses
        ],
    }
    return json.dumps(data, indent=2)


def _koan_as_json(status: KoanStatus, question: Question | None) -> dict[str, Any]:
    return {
        "koan": str(status.koan),
        "question": status.question,
        "level": question.level if question else None,
        "minutes": question.minutes if question else None,
        "state": status.state.value if status.state else None,
        "changed_since": status.is_outdated,
    }
