"""A miniature of this repository: one section with two koans, every promise kept."""

import textwrap
from pathlib import Path

from sensei.content.repository import Repository

GUIDE = """
    ## 1. Sums

    ### 1.1 Adding
    - **Description**: Numbers are added.
    - **Path to detailed notes**: `content/docs/sums/adding.md`
    - **Questions**:
      - How do you add two numbers?
      - What is the sum of nothing?
"""
CHAPTER = """
    title = "Sums"

    [sections.1]
    title = "Adding"
    notes = "content/docs/sums/adding.md"
    links = ["Python, Tutorial: Numbers"]

    [sections.1.questions.1]
    asks = "How do you add two numbers?"
    level = 1
    minutes = 3
    hints = ["Which sign is it?", "The plus sign."]

    [sections.1.questions.2]
    asks = "What is the sum of nothing?"
    level = 2
    minutes = 6
    hints = ["Try it.", "`sum([])` knows."]
"""
SOLUTION = '''
    """1.1  Adding."""

    from sensei import ___


    def add(one: int, other: int) -> int:
        """1.1.1  How do you add two numbers?

        Return a sum.

        - It is the sum of `one` and `other`.

        Example:
            - add(1, 2)  ->  3
        """
        # region answer
        return one + other
        # endregion


    def nothing() -> int:
        """1.1.2  What is the sum of nothing?"""
        # region answer
        return 0
        # stub: return ___
        # endregion
'''
TESTS = '''
    """The tests of section 1.1."""


    def test_q1_two_numbers_are_added(answers):
        got = answers.add(1, 2)
        same = got == 3
        assert same, f"You add 1 and 2 and get {got}."


    def test_q1_the_order_is_free(answers):
        same = answers.add(5, 1) == answers.add(1, 5) == 6
        assert same, "5 and 1 is something else than 1 and 5."


    def test_q2_the_sum_is_predicted(answers):
        same = answers.nothing() == sum([])
        assert same, "Python's sum of nothing is something else."
'''
VARIANTS = '''
    """Other answers to section 1.1."""

    import operator

    from sensei.variants import right, wrong


    @wrong("1.1.1", caught_by="test_q1_the_order_is_free")
    def add(one, other):
        """Counting up from the first."""
        return {(1, 2): 3}.get((one, other), one)


    @wrong("1.1.1", caught_by="test_q1_two_numbers_are_added")
    def add(one, other):
        """Side by side."""
        return int(f"{one}{other}")


    @right("1.1.1")
    def add(one, other):
        """By a function."""
        return operator.add(one, other)


    @wrong("1.1.1", caught_by="test_q1_two_numbers_are_added")
    def add(one, other):
        """Multiply."""
        return one * other


    @right("1.1.1")
    def add(one, other):
        """Use `sum`."""
        return sum([one, other])


    @wrong("1.1.2", caught_by="test_q2_the_sum_is_predicted")
    def nothing():
        """Nothing is nothing."""
        return None


    @wrong("1.1.2", caught_by="test_q2_the_sum_is_predicted")
    def nothing():
        """An empty list."""
        return []


    @wrong("1.1.2", caught_by="test_q2_the_sum_is_predicted")
    def nothing():
        """One, as for products."""
        return 1
'''
PYPROJECT = """
    [tool.pytest]
    addopts = ["--import-mode=importlib", "--no-header"]
    testpaths = ["koans"]
    asyncio_mode = "auto"
    asyncio_default_fixture_loop_scope = "function"

    [tool.sensei]
    cpu_seconds = 2
    wall_seconds = 3
"""
NOTES = f"""
    # Adding

    {"A word is a word. " * 100}
"""
FILES = {
    "content/guide.md": GUIDE,
    "content/docs/sums/adding.md": NOTES,
    "koans/ch01/chapter.toml": CHAPTER,
    "koans/ch01/test_s01_adding.py": TESTS,
    "solutions/ch01/s01_adding.py": SOLUTION,
    "tests/variants/ch01/s01_adding.py": VARIANTS,
    "pyproject.toml": PYPROJECT,
    "conftest.py": 'pytest_plugins = ["sensei.plugin"]',
}
STUB = "koans/ch01/s01_adding.py"


class Miniature:
    """A repository in `root` whose files a test may break."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name, text in FILES.items():
            self.write(name, textwrap.dedent(text).lstrip())
        self.write(STUB, self.repository.sections[0].shipped_stub)

    @property
    def repository(self) -> Repository:
        """The repository, read anew."""
        return Repository(self.root)

    def write(self, name: str, text: str) -> None:
        """Let the file `name` hold `text`."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def replace(self, name: str, old: str, new: str) -> None:
        """Replace what is there in the file `name`."""
        text = (self.root / name).read_text(encoding="utf-8")
        assert old in text, f"{name} has no {old!r}"
        self.write(name, text.replace(old, new))

    def place(self, text: str) -> str:
        """Return where `text` is in the stub first, as `path:line`."""
        before, found, _ = (self.root / STUB).read_text("utf-8").partition(text)
        assert found, f"the stub has no {text!r}"
        return f"{STUB}:{before.count(chr(10)) + 1}"

    def answer(self, old: str, new: str) -> None:
        """Replace what is there in the stub, as a learner does."""
        self.replace(STUB, old, new)
