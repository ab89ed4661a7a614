"""A program is one room: what is common to all knows none by its name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.formats import FORMATS

ROOT = Path(__file__).resolve().parent.parent
#: Folders and modules in which no program is named, but in comments and docstrings.
COMMON = ("ingest/framing", "ingest/records.py", "ingest/joining", "ingest/memory", "ingest/telling")
#: Of Postfix' daemons the names are words of everybody's (`local`, `error`), and go without.
NAMES = sorted({name.lower() for one in FORMATS for name in (one.name, *(() if one.instanced else one.programs))})


def named(source: str) -> Iterator[tuple[int, str]]:
    """The programs that a module names in its code, with the line."""
    tree = ast.parse(source)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if id(node) in docstrings:
            continue
        words = [value for _, value in ast.iter_fields(node) if isinstance(value, str)]
        words += [value.decode("latin-1") for _, value in ast.iter_fields(node) if isinstance(value, bytes)]
        for word in words:
            yield from ((getattr(node, "lineno", 0), name) for name in NAMES if name in word.lower())


@pytest.mark.parametrize("place", COMMON)
def test_what_is_common_names_no_program(place: str) -> None:
    """Neither in a name nor in a text: what a program needs of its own stands in its format."""
    path = ROOT / place
    modules = sorted(path.rglob("*.py")) if path.is_dir() else [path]
    assert modules
    found = [f"{one.relative_to(ROOT)}:{line}: {name}" for one in modules for line, name in named(one.read_text(encoding="utf-8"))]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    "source",
    [
        'if line.program == "exim": ...',
        "class _AmavisPieces: ...",
        "from ingest.formats import rspamd",
        "from ingest.queue_ids import EXIM_ID",
        "def f(spamd=None): ...",
        "import re\n_X = re.compile(rb'clamd: ')",
        'def f():\n    """Of Exim."""\n    return f"{1} amavis"',
    ],
)
def test_a_name_is_found(source: str) -> None:
    """In strings, identifiers, arguments and imports."""
    assert list(named(source))


@pytest.mark.parametrize("source", ['"""Of Exim."""\n# Exim does so.\nMAXIMUM = 1', 'class A:\n    """Rspamd\'s."""'])
def test_comments_and_docstrings_may_name_them(source: str) -> None:
    """They say why something is as it is."""
    assert not list(named(source))
