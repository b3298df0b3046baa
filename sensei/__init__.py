"""The runner of the koans: a pytest plugin and the command `sensei`.

Public, and used outside of this package:

- `sensei.___`, the blank that stubs and solutions import;
- `sensei.variants.right` and `wrong`, the marks in files of variants;
- `sensei.plugin`, the pytest plugin with the option `--answers` and the fixture
  `answers`;
- the command `sensei`, and the table `[tool.sensei]` of `pyproject.toml`.

All else may change. `content` reads the repository, `grading` turns what a test found
into a verdict, `plugin` does so within pytest, `runner` runs koans in processes,
`watch` and `commands` are what the user asks for, `output` prints, `state` is what is
kept in `.sensei/`.
"""

from sensei.blank import ___

__all__ = ["___"]
