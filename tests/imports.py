"""What a file imports, read from its code: nothing is imported for it."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = [ROOT / name for name in ("tests", "stages", "tools", "benchmarks")]


@cache
def imported_modules(file: Path) -> frozenset[str]:
    """The modules that a file names in import statements, functions' own included."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import"
            assert node.module is not None
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


@cache
def reached_modules(test: Path) -> frozenset[str]:
    """All that a test's file imports and what the project's files among it do, packages too.

    Of conftest.py each test uses a part only, which its own import names.
    """
    reached: set[str] = set()
    todo, seen = [test], {ROOT / "tests/conftest.py"}
    while todo:
        file = todo.pop()
        seen.add(file)
        names = imported_modules(file)
        reached |= names
        files = {folder / f"{name.replace('.', '/')}.py" for folder in FOLDERS for name in names}
        todo += [path for path in files - seen if path.exists()]
    return frozenset(reached | {name.split(".")[0] for name in reached})
