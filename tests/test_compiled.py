"""The hot modules: that they can be compiled, and in a compiled installation that they are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from building import backend
from building.compiling import VARIABLE, compiling, what_is_missing
from building.hot import HOT, LEFT_OUT, hot_modules
from mailtrace.build import build_in_words, is_compiled

ROOT = Path(__file__).resolve().parent.parent
MODULES = hot_modules(ROOT)
#: Bases of Structs that are Structs themselves.
_STRUCTS = {"Struct", "Fact", "OfQueueFile"}


def hindrances(source: str) -> Iterator[tuple[int, str]]:
    """What mypyc or msgspec cannot take, with its line."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base).rpartition(".")[2] in _STRUCTS for base in node.bases):
            yield node.lineno, f"{node.name} is a Struct: it needs a module that is not compiled"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and re.search("[\ud800-\udfff]", node.value):
            yield node.lineno, "half a character in a text: write it as an escape that `re` or chr() reads"
        elif isinstance(node, ast.Compare) and any(isinstance(one, ast.Starred) for one in _asked(node)):
            yield node.lineno, "a star in what is asked with `in`: mypyc ends with an internal error"
        elif isinstance(node, ast.Attribute | ast.Name) and ast.unparse(node) in {"weakref.ref", "WeakKeyDictionary", "WeakSet"}:
            yield node.lineno, "weak references: there are none to objects of compiled classes"


def _asked(node: ast.Compare) -> Iterator[ast.AST]:
    """What is written into the right sides of a comparison."""
    for right in node.comparators:
        yield from ast.iter_child_nodes(right)


@pytest.mark.parametrize("name", MODULES)
def test_a_listed_module_can_be_compiled(name: str) -> None:
    """It is there, and has nothing in it that is known to fail."""
    found = [f"{name}:{line}: {what}" for line, what in hindrances((ROOT / name).read_text(encoding="utf-8"))]
    assert not found, "\n" + "\n".join(found)


def test_what_is_left_out_would_be_compiled() -> None:
    """The list names nothing twice and nothing that is gone; each exception has a reason that holds."""
    assert len(set(MODULES)) == len(MODULES)
    assert [name for name in HOT if not (ROOT / name).exists()] == []
    for name, why in LEFT_OUT.items():
        assert any(name == one or name.startswith(f"{one}/") for one in HOT), name
        assert not why.startswith("defines Structs") or list(hindrances((ROOT / name).read_text(encoding="utf-8"))), name


@pytest.mark.parametrize(
    "source",
    [
        "class A(msgspec.Struct, frozen=True): ...",
        "class A(Fact): ...",
        "_X = re.compile('[\\ud800-\\udfff]')",
        "def f(a, b): return a in (1, *b)",
        "def f(a): return weakref.ref(a)",
    ],
)
def test_what_cannot_be_compiled_is_found(source: str) -> None:
    """Each of them, with its line."""
    assert [line for line, _ in hindrances(source)] == [1]


@pytest.mark.parametrize("source", ["class A: ...", "_X = re.compile(r'[\\ud800-\\udfff]')", "def f(a, b): return [1, *a] + [b in (1, 2)]"])
def test_what_can_be_compiled_is_left_alone(source: str) -> None:
    """Classes, escapes that `re` reads, lists of lists."""
    assert not list(hindrances(source))


def test_all_listed_modules_are_compiled_or_none() -> None:
    """In a compiled installation each of them is; what says which build runs is right."""
    origins = {name: str(spec.origin) for name in MODULES if (spec := find_spec(_dotted(name))) is not None}
    assert len(origins) == len(MODULES)
    assert [name for name, origin in origins.items() if origin.endswith(".py") is is_compiled()] == []
    assert build_in_words() == ("This is the compiled build." if is_compiled() else "This is the pure Python build.")


def _dotted(name: str) -> str:
    """The name by which a file is imported."""
    return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def test_mypy_is_needed_only_where_it_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is pinned, and is the one that checks the types."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("sys.argv", ["setup.py"])
    monkeypatch.setattr("setuptools.build_meta.get_requires_for_build_wheel", lambda _: [])
    monkeypatch.delenv(VARIABLE, raising=False)
    assert backend.get_requires_for_build_wheel() == []
    monkeypatch.setenv(VARIABLE, "1")
    needed = backend.get_requires_for_build_wheel()
    (mypy,) = (one for one in needed if one.startswith("mypy=="))
    assert f"\n{mypy} " in (ROOT / "requirements" / "test.txt").read_text(encoding="utf-8")
    assert {"msgspec", "setuptools"} <= {one.partition("==")[0] for one in needed}


@pytest.mark.parametrize(("value", "asked"), [("", False), ("0", False), ("1", True)])
def test_what_the_variable_says(value: str, asked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """One value asks for it; a word that means nothing is no answer."""
    monkeypatch.setenv(VARIABLE, value)
    assert compiling() is asked
    monkeypatch.setenv(VARIABLE, "maybe")
    with pytest.raises(SystemExit, match="MAILTRACE_COMPILED=maybe"):
        compiling()


def test_where_nothing_compiles_it_fails_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """No compiler; no half-made wheel, and no link to the checkout that would not be what was asked for."""
    monkeypatch.setenv(VARIABLE, "1")
    monkeypatch.setenv("CC", "no-such-compiler -O2")
    assert what_is_missing() == "no C compiler 'no-such-compiler' is here; on Debian: apt-get install gcc, or name another with CC"
    with pytest.raises(SystemExit, match=r"no C compiler .* Without the variable the same source is installed as plain Python"):
        backend.build_wheel("nowhere")
    with pytest.raises(SystemExit, match=r"an editable installation reads the source as it is"):
        backend.build_editable("nowhere")
