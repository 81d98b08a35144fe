"""Rules of the house that no library checks: where the clock may be read, sizes, what may not stand in the tree."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = sorted(
    path
    for house in ("digest", "subscribers")
    for path in (ROOT / house).rglob("*.py")
    if "migrations" not in path.parts
)
CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("date", "today"), ("timezone", "now"), ("time", "time")}
CHANCES = {"random", "secrets", "uuid"}
MAY_READ_THE_CLOCK = {
    "digest/cockpit.py",
    "digest/management/door.py",
    "digest/tasks.py",
    "digest/views/feeds.py",
    "digest/views/front.py",
    "digest/views/joining.py",
    "digest/views/mine.py",
    "digest/views/silence.py",
    "digest/views/topic_less.py",
    "digest/views/topic_mine.py",
    "digest/views/topic_try.py",
    "subscribers/views.py",
    "subscribers/webhooks.py",
}
MAY_CHANCE = {"digest/environment.py", "subscribers/models/people.py"}  # keys


def calls(tree: ast.AST) -> set[tuple[str, str]]:
    return {
        (node.func.value.id, node.func.attr)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
    }


def imports(tree: ast.AST) -> set[str]:
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("path", PRODUCT, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_rules_of_a_module(path: Path):
    name, source = str(path.relative_to(ROOT)), path.read_text()
    tree = ast.parse(source)
    assert name in MAY_READ_THE_CLOCK or not calls(tree) & CLOCKS, "only doors read the clock"
    assert name in MAY_CHANCE or not imports(tree) & CHANCES, "no randomness below the keys"
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    lengths = {f.name: (f.end_lineno or f.lineno) - f.lineno + 1 for f in functions}
    assert all(length <= 45 for length in lengths.values()), lengths
    inner = [n for f in functions for n in ast.walk(f) if isinstance(n, ast.Import | ast.ImportFrom)]
    assert not inner, "an import inside a function hides a cycle"
    assert source.count("\n") <= 320, "a module this long has two reasons to be read"
    assert ast.get_docstring(tree) is not None or not source.strip(), "a module says what it is for"


def test_functions_are_short():
    lengths = sorted(
        (node.end_lineno or node.lineno) - node.lineno + 1
        for path in PRODUCT
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert lengths[len(lengths) // 2] <= 9
    assert lengths[len(lengths) * 9 // 10] <= 32


def test_the_lock_names_no_host():
    assert "://" not in (ROOT / "requirements.lock").read_text()


def test_the_top_level_holds_what_the_design_says():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    top = {line.split("/")[0] for line in listed.splitlines()}
    allowed = {"manage.py", "pyproject.toml", "README.md", "digest", "subscribers", "templates", "tests", "Makefile",
               "LICENSE", "CHANGELOG.md", "requirements.lock", "Dockerfile", "compose.yaml"}  # fmt: skip
    assert {name for name in top if not name.startswith(".")} <= allowed


def test_every_word_of_the_readme_is_a_row_or_a_value():
    words = re.findall(r"^\| ([A-Z][^|]*?) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert {"Source", "Subscriber", "Told", "Slot", "News"} <= set(words)


@pytest.mark.parametrize("path", PRODUCT, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_reader_s_row_is_locked_without_its_key(path: Path):
    # with it, who records what became of a letter waits for a reader who is leaving, and each for the other
    assert not re.search(r"Subscriber\.objects\S*\.select_for_update\(\)", path.read_text())
