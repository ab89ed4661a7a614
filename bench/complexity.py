"""How large and how branched the code is: modules by their lines, functions by their lines and branches, the worst first.

A branch is where a reader has to ask "and if not?": if, for, while, except, a further operand of `and` or `or`, a condition of a
comprehension, a conditional expression, a case. A function within another one counts by itself.
"""

from __future__ import annotations

import argparse
import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from bench.measure import show, table

ROOT = Path(__file__).resolve().parent.parent
#: What joins, remembers and tells: the part that is the hardest to read.
HEART = ("ingest/joining", "ingest/memory", "ingest/telling")
PRODUCT = ("ingest", "mailtrace", "mappings", "search")
#: More than so many lines or branches are too many for a reader.
MODULE_LINES, FUNCTION_LINES, BRANCHES = 400, 60, 20

_ONE_BRANCH = (ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.match_case)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True)
class Function:
    """One function or method."""

    #: Where it begins: `ingest/joining/lives.py:15`.
    place: str
    #: With those of the class or function that it stands in: `Session.add`.
    name: str
    lines: int
    branches: int


@dataclass(frozen=True, slots=True)
class Module:
    """One module with its functions."""

    path: str
    lines: int
    functions: tuple[Function, ...]


def modules(folders: Iterable[str]) -> Iterator[Module]:
    """The modules in some folders of the repository, and below them."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield module(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT)))


def module(source: str, path: str) -> Module:
    """What the text of one module has."""
    return Module(path, len(source.splitlines()), tuple(_functions(ast.parse(source), path, "")))


def _functions(node: ast.AST, path: str, within: str) -> Iterator[Function]:
    """The functions in a piece of code, in their order."""
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, _FUNCTIONS):
            name = f"{within}{inner.name}"
            lines = (inner.end_lineno or inner.lineno) - inner.lineno + 1
            yield Function(f"{path}:{inner.lineno}", name, lines, sum(map(_branches, inner.body)))
            yield from _functions(inner, path, f"{name}.")
        else:
            yield from _functions(inner, path, f"{within}{inner.name}." if isinstance(inner, ast.ClassDef) else within)


def _branches(node: ast.AST) -> int:
    """The branches in a piece of code, without those of functions in it."""
    if isinstance(node, _FUNCTIONS):
        return 0
    own = 0
    if isinstance(node, _ONE_BRANCH):
        own = 1
    elif isinstance(node, ast.BoolOp):
        own = len(node.values) - 1
    elif isinstance(node, ast.comprehension):
        own = len(node.ifs)
    return own + sum(map(_branches, ast.iter_child_nodes(node)))


def main() -> None:
    """Print it."""
    asked = argparse.ArgumentParser(prog="python -m bench.complexity", description=(__doc__ or "").splitlines()[0])
    asked.add_argument("folders", nargs="*", default=list(HEART), help=f"folders of the repository (default: {' '.join(HEART)})")
    asked.add_argument("--worst", type=int, default=20, help="so many functions by their branches, and by their lines (default: 20)")
    given = asked.parse_args()
    found = list(modules(given.folders))
    functions = [one for known in found for one in known.functions]
    show(table("Modules", ("module", "lines", "functions"), [_row(one) for one in sorted(found, key=lambda m: (-m.lines, m.path))]))
    for measure in ("branches", "lines"):
        worst = sorted(functions, key=attrgetter(measure), reverse=True)[: given.worst]
        rows = [(f.name, f.place, str(f.lines), str(f.branches)) for f in worst]
        show(table(f"Functions by {measure}", ("function", "place", "lines", "branches"), rows))
    lines, branches = sum(m.lines for m in found), sum(f.branches for f in functions)
    show(f"{len(found)} modules, {lines:,} lines; {len(functions)} functions, {branches:,} branches.")
    show(f"{sum(m.lines > MODULE_LINES for m in found)} modules beyond {MODULE_LINES} lines.")
    show(f"{sum(f.lines > FUNCTION_LINES for f in functions)} functions beyond {FUNCTION_LINES} lines.")
    show(f"{sum(f.branches > BRANCHES for f in functions)} functions beyond {BRANCHES} branches.")


def _row(one: Module) -> tuple[str, str, str]:
    return one.path, str(one.lines), str(len(one.functions))


if __name__ == "__main__":
    main()
