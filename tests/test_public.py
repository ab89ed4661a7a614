"""What `import mailtrace` offers to other programs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import mailtrace

ROOT = Path(__file__).resolve().parent.parent


def test_the_public_names_are_there_and_sorted() -> None:
    """Every public name exists, once, in order; so a change of them is seen."""
    assert mailtrace.__all__ == sorted(set(mailtrace.__all__))
    assert [name for name in mailtrace.__all__ if not hasattr(mailtrace, name)] == []


def test_a_type_checker_finds_each_name_where_it_is_loaded_from() -> None:
    """What is imported for type checkers, and what is loaded when a name is used, are the same names from the same modules."""
    tree = ast.parse((ROOT / "mailtrace" / "__init__.py").read_text(encoding="utf-8"))
    told = {
        name.name: one.module
        for block in tree.body
        if isinstance(block, ast.If)
        for one in block.body
        if isinstance(one, ast.ImportFrom)
        for name in one.names
    }
    loaded = next(
        ast.literal_eval(one.value)
        for one in tree.body
        if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name) and one.targets[0].id == "_STANDS"
    )
    assert told == {name: module for module, names in loaded.items() for name in names}
    assert sorted(told) == mailtrace.__all__


def test_what_is_not_there_is_said_as_python_says_it() -> None:
    """A name that there is not raises AttributeError; `import *` and `dir` give what there is."""
    code = "from mailtrace import *; import mailtrace; print(set(mailtrace.__all__) - set(dir()), Query.__name__); mailtrace.query"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "set() Query\n"
    assert "AttributeError: module 'mailtrace' has no attribute 'query'" in done.stderr


def test_the_contract_is_public() -> None:
    """The query layer, the question and the document can be imported from `mailtrace` itself."""
    assert {"MailTrace", "Query", "Trace", "Disposition", "Verdict", "Reason"} <= set(mailtrace.__all__)


def test_the_interface_is_documented() -> None:
    """docs/python.md shows the names that one begins with."""
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    assert all(name in page for name in ("asking", "Query", "QueryError", "report"))
