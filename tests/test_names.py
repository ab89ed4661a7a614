"""One word for one thing: a public class has a name of its own in the whole product."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("mappings", "ingest", "search", "mailtrace")


def classes(files: dict[str, str]) -> dict[str, list[str]]:
    """The public classes at the top of modules: by name, the modules in which one of that name stands."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, source in files.items():
        for one in ast.parse(source).body:
            if isinstance(one, ast.ClassDef) and not one.name.startswith("_"):
                found[one.name].append(name)
    return found


def twice(files: dict[str, str]) -> dict[str, list[str]]:
    """The names that stand in several modules."""
    return {name: where for name, where in classes(files).items() if len(where) > 1}


def product() -> dict[str, str]:
    """The source of every module."""
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in paths}


def test_a_public_class_has_a_name_of_its_own() -> None:
    """No two modules have a class of the same name."""
    assert twice(product()) == {}


@pytest.mark.parametrize(
    ("second", "found"),
    [
        ("class Page:\n    pass", True),
        ("class _Page:\n    pass", False),
        ("def f():\n    class Page:\n        pass", False),
        ("Page = 1", False),
    ],
)
def test_a_second_class_is_found(second: str, found: bool) -> None:
    """Only public classes at the top of a module count."""
    assert bool(twice({"a.py": "class Page:\n    pass", "b.py": second})) is found
