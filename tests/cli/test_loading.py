"""What a command loads: no more than it needs, so that it answers at once. Told by real processes, and not by a clock."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli_samples import fill, some_traces

#: Modules that take long to load, or belong to one part of the program: the beginnings of names.
HEAVY = (
    "asyncio",
    "elasticsearch",
    "httpx",
    "importlib.metadata",
    "ingest.formats",
    "ingest.pipeline",
    "jinja2",
    "litestar",
    "mappings.codes",
    "markdown_it",
    "prometheus_client",
    "rich.console",
    "rich.progress",
    "search.http.app",
    "search.service",
    "sqlite3",
    "ssl",
    "structlog",
    "uvicorn",
    "watchdog",
)
_ANSWERS = {"mappings.codes", "search.service", "sqlite3"}
#: The library of the log brings the terminal's along.
_WRITES = {"asyncio", "rich.console", "sqlite3", "ssl", "structlog"}
_READS = {"ingest.formats", "ingest.pipeline", "mappings.codes", "rich.progress", "watchdog"}
#: By command: which of them it may load where its output goes into a pipe. The words in capitals are filled in.
TABLE: dict[tuple[str, ...], set[str]] = {
    (): {"markdown_it", "rich.console"},
    ("--help",): {"markdown_it", "rich.console"},
    ("--version",): {"importlib.metadata", "rich.console"},
    ("errors",): {"mappings.codes"},
    ("errors", "550"): {"mappings.codes"},
    ("errors", "550", "--format", "json"): {"mappings.codes"},
    ("errors", "--seen"): _ANSWERS,
    ("formats",): {"ingest.formats", "mappings.codes"},
    ("search", "--recipient", "bob1@example.net"): _ANSWERS,
    ("search", "--format", "jsonl"): _ANSWERS,
    ("report", "ID"): _ANSWERS,
    ("token", "list"): set(),
    ("token", "create", "Ann", "--role", "admin"): set(),
    ("audit", "verify"): set(),
    ("copy", "FOLDER"): {"sqlite3"},
    ("retention",): _WRITES,
    ("doctor",): _ANSWERS | _WRITES | {"rich.progress"},
    ("deadletters",): _WRITES | _READS,
    ("ingest", "--once", "LOG"): _WRITES | _READS | {"importlib.metadata", "prometheus_client"},
}
_PROGRAM = """
import json, sys
from mailtrace.cli import main
code = main(sys.argv[2:])
with open(sys.argv[1], "w") as out:
    json.dump([code, sorted(sys.modules)], out)
"""


def loaded_by(words: tuple[str, ...], folder: Path) -> tuple[int, set[str]]:
    """The exit code of a command in a process of its own, and which of the heavy modules it has loaded."""
    told = folder / "told.json"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAILTRACE_")}
    subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(told), *words],
        env={**environ, "MAILTRACE_DATA": str(folder / "data")},
        capture_output=True,
        check=True,
        timeout=60,
    )
    code, modules = json.loads(told.read_text())
    return code, {name for name in HEAVY if name in modules}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a store and an empty log."""
    fill(tmp_path / "data" / "store", some_traces())
    (tmp_path / "mail.log").touch()
    return tmp_path


@pytest.mark.parametrize("words", TABLE, ids=lambda words: " ".join(words) or "nothing")
def test_a_command_loads_what_it_needs(words: tuple[str, ...], folder: Path) -> None:
    """No command loads what only others use: the pipeline, a cluster's client, the web framework, a database."""
    given = {"ID": some_traces()[0].id, "FOLDER": str(folder / "copy"), "LOG": str(folder / "mail.log")}
    code, loaded = loaded_by(tuple(given.get(word, word) for word in words), folder)
    assert loaded <= TABLE[words]
    assert code == 0


def test_a_cluster_is_asked_without_what_an_embedded_store_needs(folder: Path) -> None:
    """With a cluster as the store its client is loaded, and no database."""
    code, loaded = loaded_by(("search", "--store", "http://127.0.0.1:1"), folder)
    assert code == 1
    assert "elasticsearch" in loaded
    assert not loaded & {"ingest.pipeline", "sqlite3", "litestar"}


def test_the_public_interface_loads_what_is_used(folder: Path) -> None:
    """`import mailtrace` loads nothing heavy; a client over HTTP needs no store, and a store no client."""
    for code, expected in (
        ("import mailtrace", set()),
        ("from mailtrace import Query, Trace", {"mappings.codes"}),
        # The client brings a command line of its own along, where that can be loaded.
        ("from mailtrace import Client", {"asyncio", "httpx", "mappings.codes", "rich.console", "rich.progress", "ssl"}),
        (f"import mailtrace\nwith mailtrace.asking('sqlite:{folder}/data/store') as mail: mail.search()", _ANSWERS),
    ):
        done = subprocess.run(
            [sys.executable, "-c", f"{code}\nimport sys, json\nprint(json.dumps(list(sys.modules)))"],
            capture_output=True,
            text=True,
            check=True,
        )
        loaded = {name for name in HEAVY if name in json.loads(done.stdout)}
        assert loaded <= expected, code
