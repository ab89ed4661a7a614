"""The server that other tests stand on: really there, wiped after each test, gone at the end, honest where there is none."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError, URLError

import pytest

from . import distribution, java, ways
from .fixtures import wipe
from .process import ProcessServer, runs
from .server import NoServerError, Server, User, Wanted, ask

ROLES = """
reader:
  indices:
    - names: ["mail-*"]
      privileges: ["read"]
"""
#: Starts a server as pytest does, and says which process it is before anything else can happen.
STARTER = """
import sys
from servers.process import ProcessServer
from servers.server import Wanted
server = ProcessServer(Wanted())
server._why_not = lambda: print(server.pid, server.folder, flush=True)
server.start()
"""


def _count(url: str, names: str, credentials: str | None = None) -> object:
    """How many documents can be found."""
    found = ask(f"{url}/{names}/_count", credentials=credentials)
    assert isinstance(found, dict)
    return found["count"]


def test_a_document_is_found(es_url: str, es_prefix: str) -> None:
    """A template can be put, a document indexed and found by a value of a field."""
    template = {"index_patterns": [f"{es_prefix}-*"], "template": {"mappings": {"properties": {"sender": {"type": "keyword"}}}}}
    ask(f"{es_url}/_index_template/{es_prefix}-template", "PUT", body=template)
    ask(f"{es_url}/{es_prefix}-1/_doc?refresh=true", "POST", body={"sender": "a@example.net"})
    assert _count(es_url, f"{es_prefix}-*") == 1
    found = ask(f"{es_url}/{es_prefix}-*/_search", "POST", body={"query": {"term": {"sender": "a@example.net"}}})
    assert isinstance(found, dict)
    assert found["hits"]["total"]["value"] == 1


def test_what_a_test_made_is_removed(es_url: str, es_prefix: str) -> None:
    """Indices and templates that begin with the prefix are gone after a wipe, hidden ones too, and others stay."""
    for name in (f"{es_prefix}-a", f"{es_prefix}-hidden", f"other-{es_prefix}"):
        ask(f"{es_url}/{name}", "PUT", body={"settings": {"index.hidden": name.endswith("hidden")}, "aliases": {f"{name}-alias": {}}})
    ask(f"{es_url}/_component_template/{es_prefix}-part", "PUT", body={"template": {}})
    ask(
        f"{es_url}/_index_template/{es_prefix}-all",
        "PUT",
        body={"index_patterns": [f"{es_prefix}-*"], "composed_of": [f"{es_prefix}-part"]},
    )
    wipe(es_url, es_prefix)
    left = ask(f"{es_url}/*{es_prefix}*?expand_wildcards=all")
    wipe(es_url, f"other-{es_prefix}")
    assert isinstance(left, dict)
    assert set(left) == {f"other-{es_prefix}"}
    for kind in ("_component_template", "_index_template"):
        with pytest.raises(HTTPError) as error:
            ask(f"{es_url}/{kind}/{es_prefix}*")
        error.value.close()


@pytest.mark.parametrize("prefix", ["", "a", "test-*", "test-1,mail"])
def test_a_wipe_that_could_reach_others_is_refused(prefix: str) -> None:
    """A prefix that is too short or holds a wildcard removes nothing."""
    with pytest.raises(ValueError, match="could remove"):
        wipe("http://127.0.0.1:9", prefix)


def test_a_killed_server_comes_back_with_its_data(elasticsearch_to_kill: Server, es_prefix: str) -> None:
    """Documents that were acknowledged before the server was killed are there when it is started again, at the same address."""
    url = elasticsearch_to_kill.url
    for number in range(20):
        ask(f"{url}/{es_prefix}-1/_doc", "POST", body={"number": number})
    elasticsearch_to_kill.kill()
    with pytest.raises(URLError, match="refused"):
        ask(f"{url}/_cluster/health")
    elasticsearch_to_kill.start()
    assert elasticsearch_to_kill.url == url
    ask(f"{url}/{es_prefix}-1/_refresh", "POST")
    assert _count(url, f"{es_prefix}-1") == 20


def test_nothing_is_left_when_the_tests_are_killed(tmp_path: Path) -> None:
    """A server, and the folder with its data, go when whoever started it is killed."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent), "TMPDIR": str(tmp_path)}
    tmp_path.chmod(0o755)
    with subprocess.Popen([sys.executable, "-c", STARTER], stdout=subprocess.PIPE, env=environment, text=True) as starter:
        assert starter.stdout is not None
        pid, folder = starter.stdout.readline().split()
        assert runs(int(pid))
        starter.kill()
    until = time.monotonic() + 20
    while (runs(int(pid)) or Path(folder).exists()) and time.monotonic() < until:
        time.sleep(0.05)
    assert not runs(int(pid))
    assert not Path(folder).exists()


def test_users_see_what_their_roles_allow(elasticsearch_with: Callable[[Wanted], ProcessServer]) -> None:
    """A server with users refuses strangers, and lets a reader read and not write."""
    server = elasticsearch_with(Wanted(users={"reader": User("a reader's password", ("reader",))}, roles=ROLES))
    ask(f"{server.url}/mail-1/_doc?refresh=true", "POST", body={"a": 1}, credentials=server.credentials)
    assert _count(server.url, "mail-1", "reader:a reader's password") == 1
    for credentials, code in ((None, 401), ("reader:wrong", 401), ("reader:a reader's password", 403)):
        with pytest.raises(HTTPError) as error:
            ask(f"{server.url}/mail-1/_doc", "POST", body={"a": 1}, credentials=credentials)
        error.value.close()
        assert error.value.code == code


def test_without_any_way_one_sentence_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no server can be had, the message names what was tried and what to install."""

    def no_java(_wanted: Wanted) -> Server:
        raise NoServerError("Elasticsearch 9 needs Java.")

    monkeypatch.setitem(ways.WAYS, "process", no_java)
    monkeypatch.setitem(ways.WAYS, "container", lambda _wanted: None)
    monkeypatch.delenv(ways.URL_VARIABLE, raising=False)
    with pytest.raises(NoServerError, match=r"needs Java\. To run these tests, set MAILTRACE_TEST_ELASTICSEARCH"):
        ways.get(Wanted())


def test_a_server_that_was_named_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that does not answer is an error, not a reason to take another server."""
    monkeypatch.setenv(ways.URL_VARIABLE, "http://127.0.0.1:9")
    monkeypatch.setattr(ways, "GIVEN_SECONDS", 0.2)
    with pytest.raises(NoServerError, match="did not become healthy"):
        ways.get(Wanted())


@pytest.mark.parametrize(("line", "version"), [('JAVA_VERSION="17.0.15"', 17), ('JAVA_VERSION="25"', 25), ('JAVA_VERSION="1.8.0_402"', 8)])
def test_a_java_is_known_by_its_note(tmp_path: Path, line: str, version: int) -> None:
    """The major version of a Java is read from its `release` file, in the old and the new way of counting."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n", encoding="utf-8")
    assert java.version_of(tmp_path) is None
    (tmp_path / "bin" / "java").chmod(0o755)
    assert java.version_of(tmp_path) == 11
    (tmp_path / "release").write_text(f'IMPLEMENTOR="x"\n{line}\n', encoding="utf-8")
    assert java.version_of(tmp_path) == version


def test_what_several_processes_need_is_fetched_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for a distribution while another fetches it waits, and gets the same."""
    fetched = []

    def fetch(version: str, folder: Path) -> Path:
        fetched.append(version)
        time.sleep(0.2)
        archive = folder / f"elasticsearch-{version}.zip"
        with zipfile.ZipFile(archive, "w") as made:
            made.writestr(f"{archive.stem}/bin/elasticsearch", "")
        return archive

    monkeypatch.setattr(distribution, "_fetch", fetch)
    monkeypatch.setattr(distribution, "cache", lambda: tmp_path / "cache")
    with ThreadPoolExecutor(4) as pool:
        homes = set(pool.map(distribution.unpacked, ["1.2.3"] * 4))
    assert (homes, fetched) == ({tmp_path / "cache" / "elasticsearch-1.2.3"}, ["1.2.3"])
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == ["elasticsearch-1.2.3", "lock"]


def test_the_oldest_java_that_will_do_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each version gets a Java it starts on; where there is none, the sentence names those that were found."""
    monkeypatch.setattr(
        java, "installed", lambda: [java.Java(25, Path("/jdk25")), java.Java(17, Path("/jdk17")), java.Java(11, Path("/jdk11"))]
    )
    assert (java.suited(9).version, java.suited(8).version) == (25, 17)
    monkeypatch.setattr(java, "installed", lambda: [java.Java(17, Path("/jdk17"))])
    with pytest.raises(NoServerError, match=r"needs Java 21 or later to run here; found: 17 in /jdk17\."):
        java.suited(9)
