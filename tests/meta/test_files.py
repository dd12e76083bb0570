# SPDX-License-Identifier: Apache-2.0
"""What holds for every file: of readable size, with a purpose, bound to no machine; every test asserts, every error
is used."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from router import errors

ROOT = Path(__file__).parents[2]
MOST_LINES = 400
# Written in pieces, so that this file is not found by its own search.
PLACES = re.compile(
    "|".join(rf"(?<![\w.\-/{{}}]){folder}/(?!$)[\w.]" for folder in ("/" + "work", "/" + "root", "/" + "home"))
)
HOSTS = re.compile(
    "|".join(
        ("pypi" + r"\.org", "python" + r"hosted\.org", "npm" + r"js\.(?:org|com)", "npm" + "mirror", "crates" + r"\.io")
    )
)
ASSERTS = {"raises", "warns", "fail", "validate", "suppress"}  # suppress: nothing else may be raised
# To pass is not to raise.
QUIET = {
    "test_configuration_block_has_no_mistake",
    "test_over_long_text_is_refused_not_cut",  # switched off where another limit holds
    "test_parse_raises_only_parse_error",
    "test_parse_survives_shuffled_mail",
    "test_pool_close_twice",
}


def sources(*tops: str) -> list[Path]:
    return [path for top in tops for path in sorted((ROOT / top).rglob("*.py"))]


def named(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def committed() -> list[Path]:
    """Every text file under version control or about to be; all files where there is no repository."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=60)
    except (OSError, subprocess.CalledProcessError):
        return [
            path
            for top in ("router", "channels", "classifiers", "config", "tests", "docs")
            for path in (ROOT / top).rglob("*")
        ]
    return [ROOT / name for name in done.stdout.decode().split("\0") if name]


CODE = sources("router", "channels", "classifiers")
TESTS = sources("tests")


@pytest.mark.parametrize("path", CODE, ids=named(CODE))
def test_file_can_be_read_in_one_go(path: Path) -> None:
    """No module is longer than can be talked about; migrations are records and may be."""
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= MOST_LINES or "versions" in path.parts, f"{lines} lines"


@pytest.mark.parametrize("path", CODE, ids=named(CODE))
def test_module_says_its_purpose(path: Path) -> None:
    """Every module with something in it begins with a sentence on what it is for."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if path.name.startswith("_") and not tree.body:
        return
    assert ast.get_docstring(tree), "no docstring"


@pytest.mark.parametrize("path", TESTS, ids=named(TESTS))
def test_every_test_says_and_checks_something(path: Path) -> None:
    """A test has a sentence that is true when it passes, and an assertion that makes it so."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            assert ast.get_docstring(node), f"{node.name} has no docstring"
            assert node.name in QUIET or _checks(node, tree), f"{node.name} asserts nothing"


def _checks(node: ast.AST, tree: ast.Module, depth: int = 0) -> bool:
    """Whether a function asserts, itself or in a function of its file that it calls."""
    local = {f.name: f for f in ast.walk(tree) if isinstance(f, ast.FunctionDef | ast.AsyncFunctionDef)}
    for inner in ast.walk(node):
        if isinstance(inner, ast.Assert):
            return True
        if not isinstance(inner, ast.Call):
            continue
        name = inner.func.attr if isinstance(inner.func, ast.Attribute) else getattr(inner.func, "id", "")
        if name in ASSERTS or name.startswith(("assert_", "expect")):
            return True
        if depth < 3 and name in local and local[name] is not node and _checks(local[name], tree, depth + 1):
            return True
    return False


def test_files_name_no_machine_and_no_registry() -> None:
    """Nothing committed knows the folders of a developer's machine or where packages are fetched from."""
    found = []
    for path in committed():
        if not path.is_file() or path.stat().st_size > 2_000_000:
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if PLACES.search(line) or HOSTS.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}")
    assert not found, "\n".join(found[:20])


def test_every_error_is_raised_or_caught() -> None:
    """The error tree holds nothing that nobody uses."""
    used: set[str] = set()
    for path in CODE:
        if path.name == "errors.py" and path.parent.name == "router":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            raised = (
                node.exc if isinstance(node, ast.Raise) else node.type if isinstance(node, ast.ExceptHandler) else None
            )
            if raised is not None:
                used |= {name.id for name in ast.walk(raised) if isinstance(name, ast.Name)}
            elif isinstance(node, ast.Call):
                used.add(getattr(node.func, "id", ""))
    bases = {base.__name__ for name in errors.__all__ for base in getattr(errors, name).__mro__[1:] if name in used}
    assert sorted(set(errors.__all__) - used - bases) == []


def test_error_tree_is_drawn_completely() -> None:
    """The drawing on top of errors.py names every error, and no other."""
    drawn = set(re.findall(r"[├└]── (\w+)", errors.__doc__ or "")) | {"ComplaintRouterError"}
    made = {
        name
        for name in errors.__all__
        if isinstance(getattr(errors, name), type) and issubclass(getattr(errors, name), Exception)
    }
    assert drawn == made
