"""A real Elasticsearch as pytest fixtures: one server for all tests of a process, a name of its own for each test.

- `elasticsearch_server`: the server itself (url, kill, start), shared by all tests that run in this process;
- `es_url`: its address;
- `es_prefix`: the beginning of every name that a test may use there; what begins with it is removed after the test;
- `elasticsearch_to_kill`: a server that a test may kill; started again afterwards;
- `elasticsearch_with`: starts one more server, with settings, users, roles or certificates of its own (`Wanted`); kept for the module.

`MAILTRACE_TEST_ELASTICSEARCH_VERSION` chooses 9 (default), 8, or a full version.
"""

from __future__ import annotations

import json
import secrets
import time
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, TypeVar

import pytest

from .process import ProcessServer
from .server import NoServerError, Server, Wanted, ask
from .ways import get

MARK = "elasticsearch"
FIXTURES = {"elasticsearch_server", "es_url", "es_prefix", "elasticsearch_to_kill", "elasticsearch_with"}
_said = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known, by which such tests are chosen."""
    config.addinivalue_line("markers", f"{MARK}: needs a real Elasticsearch (given to tests that use one of its fixtures)")
    config.stash[_said] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses a server."""
    for item in items:
        if FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(MARK)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand what is to be said to the process that sums up, where tests run in several."""
    handed_over: dict[str, object] = getattr(session.config, "workeroutput", {})
    handed_over["elasticsearch"] = session.config.stash[_said]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a process that ran tests has to say; one that crashed says nothing."""
    node.config.stash[_said].extend(getattr(node, "workeroutput", {}).get("elasticsearch", []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say at the end of the run which server it was, and how it was got."""
    for line in config.stash[_said]:
        terminalreporter.write_line(line)


S = TypeVar("S", bound=Server)


def _noted(config: pytest.Config, getting: Callable[[], S]) -> S:
    """Get a server and note how; a test that needs one fails with one sentence if there is none."""
    began = time.monotonic()
    try:
        server = getting()
    except NoServerError as error:
        pytest.fail(str(error), pytrace=False)
    config.stash[_said].append(f"elasticsearch: {server.way}; ready after {time.monotonic() - began:.1f} s")
    return server


@pytest.fixture(scope="session")
def elasticsearch_server(pytestconfig: pytest.Config) -> Iterator[Server]:
    """Give a real Elasticsearch, the same for all tests of this process: one that is killed is nobody else's."""
    server = _noted(pytestconfig, lambda: get(Wanted()))
    yield server
    server.close()


@pytest.fixture(scope="session")
def es_url(elasticsearch_server: Server) -> str:
    """Give the address of a real Elasticsearch."""
    return elasticsearch_server.url


@pytest.fixture
def es_prefix(elasticsearch_server: Server) -> Iterator[str]:
    """Give the beginning of names that is this test's own; every index and template with it is removed afterwards."""
    prefix = f"test-{secrets.token_hex(5)}"
    yield prefix
    elasticsearch_server.start()
    wipe(elasticsearch_server.url, prefix)


@pytest.fixture(scope="session")
def _second_server(elasticsearch_server: Server, pytestconfig: pytest.Config) -> Iterator[Server]:
    """Give a server that is ours: the shared one, or one more where that belongs to somebody."""
    if elasticsearch_server.ours:
        yield elasticsearch_server
        return
    server = _noted(pytestconfig, lambda: get(Wanted(), only=("container", "process")))
    yield server
    server.close()


@pytest.fixture
def elasticsearch_to_kill(_second_server: Server) -> Iterator[Server]:
    """Give a server that the test may kill and start; it runs again afterwards."""
    _second_server.start()
    yield _second_server
    _second_server.start()


@pytest.fixture(scope="module")
def elasticsearch_with(pytestconfig: pytest.Config) -> Iterator[Callable[[Wanted], ProcessServer]]:
    """Give a way to a server with settings of its own; it ends with the module that asked for it."""
    with ExitStack() as started:

        def server_with(wish: Wanted) -> ProcessServer:
            server = _noted(pytestconfig, lambda: ProcessServer.started(wish))
            started.callback(server.close)
            return server

        yield server_with


def wipe(url: str, prefix: str, *, credentials: str | None = None) -> None:
    """Remove every index, alias and template whose name begins so."""
    if len(prefix) < 6 or not prefix.isascii() or "*" in prefix or "," in prefix:
        raise ValueError(f"{prefix!r} could remove what others need")
    names = ask(f"{url}/{prefix}*?expand_wildcards=all&features=aliases&allow_no_indices=true", credentials=credentials)
    indices = sorted(json.loads(json.dumps(names)))
    for start in range(0, len(indices), 50):
        ask(f"{url}/{','.join(indices[start : start + 50])}?ignore_unavailable=true", "DELETE", credentials=credentials)
    for kind in ("_index_template", "_component_template"):
        try:
            ask(f"{url}/{kind}/{prefix}*", "DELETE", credentials=credentials)
        except urllib.error.HTTPError as error:
            with error:
                if error.code != 404:
                    raise
