"""Who may import whom, read from the import statements themselves."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from ingest.formats import FORMATS

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("mappings", "ingest", "search", "mailtrace")
#: What each package may import of the project, beside itself.
LAYERS = {"mappings": set[str](), "ingest": {"mappings"}, "search": {"mappings"}, "mailtrace": {"mappings", "ingest", "search"}}
#: Libraries that belong to one place: the beginnings of the modules that may import them.
PLACES = {
    "watchdog": ("ingest.tail",),
    "sqlite3": ("mappings.embedded", "ingest.sinks.embedded", "search.engines.embedded"),
    "duckdb": ("mappings.embedded.columnar", "search.engines.embedded_columnar", "mailtrace.parquet"),
    "elasticsearch": ("mappings.elasticsearch", "ingest.sinks.elasticsearch", "search.engines.elasticsearch"),
    "cyclopts": ("mailtrace.cli",),
    "rich": ("mailtrace",),
    "httpx": ("search.client",),
    "litestar": ("search.http",),
    "jinja2": ("search.http",),
    "itsdangerous": ("search.http",),
    "prometheus_client": ("mailtrace.metrics",),
    "uvicorn": ("mailtrace.serving", "mailtrace.door"),
    "h11": ("mailtrace.door",),
    "structlog": ("mailtrace", "ingest.aside", "ingest.pipeline", "ingest.processes", "ingest.tail", "ingest.sinks", "search.http"),
}
#: The heart, lowest floor first; each may import those below it. It does no I/O, and is given the time.
HEART = ("ingest.joining", "ingest.memory", "ingest.telling")
#: What the heart must not touch.
WORLD = {"io", "os", "pathlib", "shutil", "socket", "sqlite3", "subprocess", "tempfile", "threading", "time"}
#: The modules that are a format: those that the registry names. What else is in the folder may be shared.
FORMATS_THERE = {one.parse.__module__.split(".")[2] for one in FORMATS}


@dataclass(frozen=True, slots=True)
class Import:
    """One import: who imports what, and where it stands."""

    module: str
    target: str
    place: str


def imports_of(module: str, source: str, place: str, *, package: bool = False) -> Iterator[Import]:
    """Every import statement of a module, also inside functions, with relative names resolved."""
    for node in ast.walk(ast.parse(source)):
        where = f"{place}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Import):
            for name in node.names:
                yield Import(module, name.name, where)
        elif isinstance(node, ast.ImportFrom):
            base = module.split(".")
            up = base[: len(base) - node.level + package] if node.level else []
            origin = ".".join([*up, *([node.module] if node.module else [])])
            for name in node.names:
                yield Import(module, f"{origin}.{name.name}", where)


def project_imports() -> list[Import]:
    """Every import statement of the project."""
    found: list[Import] = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            relative = path.relative_to(ROOT)
            name = ".".join(relative.with_suffix("").parts).removesuffix(".__init__")
            found += imports_of(name, path.read_text(encoding="utf-8"), str(relative), package=path.name == "__init__.py")
    return found


def broken_rule(one: Import) -> str | None:
    """The rule that an import breaks, in words, or None."""
    own, root = one.module.split(".")[0], one.target.split(".")[0]
    if root in PACKAGES and root != own and root not in LAYERS[own]:
        return f"{own} must not import {root}"
    if root in ("tests", "bench"):
        return f"{own} must not import {root}"
    if root in PLACES and not one.module.startswith(PLACES[root]):
        return f"{root} may be imported in {', '.join(PLACES[root])} only"
    if one.module.startswith(HEART):
        if root in WORLD:
            return f"the heart does no I/O and is given the time: no {root}"
        if one.target.startswith(("ingest.tail", "ingest.pipeline", "ingest.formats")):
            return "the heart knows facts, not files and formats"
        floor = next(number for number, room in enumerate(HEART) if one.module.startswith(room))
        if one.target.startswith(HEART[floor + 1 :]) or (floor == 2 and one.target.startswith("ingest.memory")):
            return f"{HEART[floor]} must not import {'.'.join(one.target.split('.')[:2])}"
    if one.module.startswith(("ingest.framing", "ingest.records")) and one.target.startswith("ingest.formats"):
        return "what all formats share knows none of them"
    theirs, ours = format_of(one.target), format_of(one.module)
    if ours and theirs and ours != theirs:
        return f"a format must not import another format: {ours} imports {theirs}"
    return None


def format_of(module: str) -> str | None:
    """The format that a module belongs to, or None."""
    parts = module.split(".")
    return parts[2] if parts[:2] == ["ingest", "formats"] and len(parts) > 2 and parts[2] in FORMATS_THERE else None


def circle(imports: Iterable[Import], modules: set[str]) -> list[str]:
    """Modules that import each other, over whatever others; an import for type checkers alone, or within a function, counts as well."""
    graph: dict[str, set[str]] = {module: set() for module in modules}
    for one in imports:
        # `from a import b` takes module a.b, or a name of module a.
        target = one.target if one.target in modules else one.target.rpartition(".")[0]
        if target in modules and target != one.module:
            graph[one.module].add(target)
    order = TopologicalSorter(graph)
    try:
        order.prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


def test_no_modules_import_each_other() -> None:
    """Whoever reads one can read those below it first."""
    found = project_imports()
    modules = {one.module for one in found}
    # What a package's `__init__` gathers of its own modules is their front, and knows them all.
    assert circle([one for one in found if not one.target.startswith(f"{one.module}.")], modules) == []


def test_a_circle_is_found() -> None:
    """A check that cannot fail proves nothing."""
    source = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ingest.b import B\n"
    both = [*imports_of("ingest.a", source, "a"), *imports_of("ingest.b", "def f():\n    import ingest.a\n", "b")]
    assert circle(both, {"ingest.a", "ingest.b"})


def test_every_import_keeps_to_the_rules() -> None:
    """No module of the project imports what the layout does not allow."""
    broken = [f"{one.place}: {one.module} imports {one.target}: {rule}" for one in project_imports() if (rule := broken_rule(one))]
    assert not broken, "\n" + "\n".join(broken)


@pytest.mark.parametrize(
    ("module", "source", "said"),
    [
        ("mappings.trace", "import search", "mappings must not import search"),
        ("search.query", "def f():\n    from ingest.framing.line import Line", "search must not import ingest"),
        ("ingest.pipeline", "import mailtrace.settings", "ingest must not import mailtrace"),
        ("ingest.pipeline", "import sqlite3", "sqlite3 may be imported in"),
        ("mailtrace.stores", "import sqlite3", "sqlite3 may be imported in"),
        ("search.service", "from watchdog.events import FileSystemEvent", "watchdog may be imported in"),
        ("search.service", "import httpx", "httpx may be imported in search.client only"),
        ("mailtrace.serving", "from litestar import Litestar", "litestar may be imported in search.http only"),
        ("search.http.app", "import uvicorn", "uvicorn may be imported in mailtrace.serving, mailtrace.door only"),
        ("ingest.memory.memory", "import time", "no time"),
        ("ingest.memory.memory", "from ..tail import reader", "files and formats"),
        ("ingest.joining.gather", "from ingest.memory import node", "ingest.joining must not import ingest.memory"),
        ("ingest.telling.trace", "from ingest.memory import node", "ingest.telling must not import ingest.memory"),
        ("ingest.formats.amavis", "from ingest.formats import postfix", "another format"),
        ("ingest.framing.syslog", "from ingest.formats import exim", "knows none of them"),
        ("mappings.fields", "from tests import conftest", "must not import tests"),
    ],
)
def test_a_forbidden_import_is_found(module: str, source: str, said: str) -> None:
    """Each rule catches an import that breaks it, and names the line."""
    found = [(one.place, rule) for one in imports_of(module, source, "x.py") if (rule := broken_rule(one))]
    assert found
    assert said in found[0][1]
    assert found[0][0] == f"x.py:{source.count(chr(10)) + 1}"


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("ingest.formats.postfix.smtpd", "from ingest.formats.postfix import words"),
        ("ingest.sinks.embedded", "import sqlite3"),
        ("search.engines.embedded_schema", "import sqlite3"),
        ("mailtrace.cli.search", "from search.query import Query"),
        ("ingest.framing.line", "import msgspec"),
    ],
)
def test_an_allowed_import_is_left_alone(module: str, source: str) -> None:
    """The rules do not forbid more than they say."""
    assert [rule for one in imports_of(module, source, "x.py") if (rule := broken_rule(one))] == []
