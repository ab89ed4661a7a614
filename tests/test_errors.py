"""The errors that the project raises have one root."""

from __future__ import annotations

import pkgutil
import sqlite3
from importlib import import_module
from pathlib import Path

import pytest

import mailtrace
from mappings import faults
from mappings.codes import UnknownCode
from mappings.embedded.packing import Unpackable
from search.query_error import QueryError

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("mappings", "ingest", "search", "mailtrace")


def modules() -> list[str]:
    """Every module of the project but the one that runs it."""
    found = [one.name for name in PACKAGES for one in pkgutil.walk_packages([str(ROOT / name)], f"{name}.")]
    return [*PACKAGES, *(name for name in found if not name.endswith(".__main__"))]


def raised() -> set[type[BaseException]]:
    """Every class of errors that a module of the project makes."""
    kinds = [value for name in modules() for value in vars(import_module(name)).values() if isinstance(value, type)]
    return {kind for kind in kinds if issubclass(kind, BaseException) and kind.__module__.partition(".")[0] in PACKAGES}


def test_all_modules_are_looked_at() -> None:
    """As many modules as there are files."""
    files = [path for name in PACKAGES for path in (ROOT / name).rglob("*.py") if path.name != "__main__.py"]
    assert len(modules()) == len(files)


def test_every_error_has_the_root() -> None:
    """Whoever catches `MailTraceError` has caught whatever is ours."""
    assert sorted(kind.__qualname__ for kind in raised() if not issubclass(kind, mailtrace.MailTraceError)) == []


def test_the_tree_is_drawn() -> None:
    """The docstring beside the root names each of them, below the class that it is one of."""
    drawn: list[tuple[int, str]] = []
    for line in (faults.__doc__ or "").splitlines():
        name = line.lstrip("│├└─ ").partition(" ")[0]
        if name[:1].isupper() and line[:1] in "│├└ M":
            drawn.append(((len(line) - len(line.lstrip("│├└─ "))) // 4, name))
    above = {name: next((up for level, up in reversed(drawn[:i]) if level < depth), None) for i, (depth, name) in enumerate(drawn)}
    inner = {"Unpackable", "NotColumnar", "CopyFailed", "Busy", "Crowded", "HeadError"}
    expected = {kind.__name__: next(base.__name__ for base in kind.__mro__[1:] if base in raised() | {Exception}) for kind in raised()}
    assert {name: up or "Exception" for name, up in above.items() if name not in inner} == {
        name: up for name, up in expected.items() if name not in inner
    }
    assert inner <= set(above) & set(expected)


@pytest.mark.parametrize(("kind", "also"), [(QueryError, ValueError), (UnknownCode, ValueError), (Unpackable, sqlite3.DatabaseError)])
def test_what_was_another_error_too_is_still(kind: type[Exception], also: type[Exception]) -> None:
    """Programs that catch Python's own kind go on working."""
    assert issubclass(kind, also)
