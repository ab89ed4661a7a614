"""A secured cluster: certificates, credentials, and roles that allow what is needed and no more."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from ssl import PEM_cert_to_DER_cert
from typing import Any

import pytest
from servers.fixtures import wipe
from servers.process import ProcessServer
from servers.server import User, Wanted, ask

from cluster.cluster_samples import DAY_MS, T0, mail, write
from ingest.sinks.elasticsearch import ElasticsearchSink
from mappings.elasticsearch.checkup import ClusterCheckup
from mappings.elasticsearch.connection import Access, Connection
from mappings.elasticsearch.faults import StoreAway, StoreRefused
from mappings.elasticsearch.names import IndexNames
from mappings.elasticsearch.retention import Retention
from mappings.elasticsearch.setup import Setup
from mappings.elasticsearch.template import Shape, roles, template
from mappings.elasticsearch.urls import with_port
from mappings.faults import StoreError
from search.engines.elasticsearch import ElasticsearchEngine
from search.query import Query
from search.scope import EVERYTHING

NAMES = IndexNames("secured")
PASSWORD = "a password of many signs: ü\"'\\"  # noqa: S105 - of a test's own server
KINDS = ("reader", "writer", "setup", "retention")
SETTINGS = {
    "xpack.security.http.ssl.enabled": "true",
    "xpack.security.http.ssl.key": "http.key",
    "xpack.security.http.ssl.certificate": "http.crt",
}


def openssl(folder: Path, *arguments: str) -> None:
    """Make keys and certificates."""
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with an authority, and a server's certificate that it signed."""
    folder = tmp_path_factory.mktemp("certificates")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl(folder, "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.crt", "-days", "2", "-subj", "/CN=authority of a test")
    openssl(folder, "req", *key, "-keyout", "http.key", "-out", "http.csr", "-subj", "/CN=127.0.0.1")
    (folder / "extensions").write_text("subjectAltName=IP:127.0.0.1\n", encoding="ascii")
    sign = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "extensions")
    openssl(folder, "x509", "-req", "-in", "http.csr", *sign, "-out", "http.crt")
    return folder


@pytest.fixture(scope="module")
def server(certificates: Path, elasticsearch_with: Callable[[Wanted], ProcessServer]) -> ProcessServer:
    """Give a server with TLS, and a user for each role that we document."""
    listed = roles(NAMES)
    # The distribution for tests knows no lifecycle policies, and no privilege for them.
    listed["secured_setup"]["cluster"].remove("manage_ilm")
    # It reads its roles line by line.
    text = "".join(f"{name}: {json.dumps(role)}\n" for name, role in listed.items())
    files = {name: (certificates / name).read_bytes() for name in ("http.key", "http.crt")}
    users = {kind: User(PASSWORD, (f"secured_{kind}",)) for kind in KINDS}
    return elasticsearch_with(Wanted(settings=SETTINGS, users=users, roles=text, files=files))


@pytest.fixture
def enter(server: ProcessServer, certificates: Path) -> Callable[[str], Access]:
    """Give how each user reaches the server."""
    return lambda user: Access((server.url,), username=user, password=PASSWORD, ca_file=str(certificates / "ca.crt"), timeout_s=10)


def asked(access: Access) -> bytes | None:
    """One question that everybody may ask who is known."""
    connection = Connection(access)
    try:
        return connection.ask("say who we are", "GET", "/_security/_authenticate")
    finally:
        connection.close()


def test_a_server_is_known_by_its_authority_or_its_fingerprint(server: ProcessServer, certificates: Path) -> None:
    """A certificate is checked against the authority that is set, or against a fingerprint; one that fits neither is refused."""
    known: dict[str, Any] = {"username": "reader", "password": PASSWORD}
    no_way: dict[str, Any] = {}
    own = sha256(PEM_cert_to_DER_cert((certificates / "http.crt").read_text(encoding="ascii"))).hexdigest()
    colons = ":".join(own[start : start + 2] for start in range(0, len(own), 2)).upper()
    for way in ({"ca_file": str(certificates / "ca.crt")}, {"fingerprint": own}, {"fingerprint": colons}):
        assert b'"reader"' in (asked(Access((server.url,), **(known | way))) or b"")
    for wrong in (no_way, {"fingerprint": "00" * 32}):
        with pytest.raises(StoreAway, match=r"^Elasticsearch at https://127\.0\.0\.1:\d+ does not answer: "):
            asked(Access((server.url,), **(known | wrong)))
    with pytest.raises(StoreError, match="cannot be used"):
        asked(Access((server.url,), **known, ca_file=str(certificates / "none.crt")))


def test_credentials_are_sent_and_never_shown(enter: Callable[[str], Access]) -> None:
    """Wrong and missing credentials are said in one sentence; no text of ours holds a secret."""
    access = enter("reader")
    assert PASSWORD not in repr(access)
    assert Access(("x",), api_key="c2VjcmV0").header() == {"authorization": "ApiKey c2VjcmV0"}
    assert "c2VjcmV0" not in repr(Access(("x",), api_key="c2VjcmV0"))
    for user, password, key in (("reader", "wrong", None), (None, None, None), (None, None, "c2VjcmV0OmtleQ==")):
        wrong = Access(access.nodes, username=user, password=password, api_key=key, ca_file=access.ca_file)
        with pytest.raises(StoreRefused) as caught:
            asked(wrong)
        assert str(caught.value) == "Elasticsearch does not accept the credentials; check the API key, or user name and password."


def test_each_role_allows_what_it_is_for_and_no_more(enter: Callable[[str], Access], server: ProcessServer) -> None:
    """Setup puts in place, a writer writes, a reader asks, retention drops; none does the others' work."""
    connections = {kind: Connection(enter(kind)) for kind in KINDS}
    with pytest.raises(StoreRefused, match="doctor"):
        ElasticsearchSink(enter("writer"), names=NAMES)
    assert len(Setup(connections["setup"], NAMES, Shape()).put_in_place()) == 2
    sink = ElasticsearchSink(enter("writer"), names=NAMES, generation=5)
    sink.claim("mx")
    for day in range(3):
        write(sink, [mail(day * 100 + number, time_ms=T0 + day * DAY_MS + number) for number in range(10)])
    assert len(sink.find(["q:mx/Q100", "q:mx/Q2"])) == 2
    assert sink.newest_ms("mx") == T0 + 2 * DAY_MS + 9
    sink.note_progress({"mx": T0})
    sink.close()
    engine = ElasticsearchEngine(enter("reader"), names=NAMES)
    assert engine.count(Query(sender=("ann@example.org",)), EVERYTHING) == 30
    assert engine.get(mail(999).id, EVERYTHING) is None
    assert (engine.get(mail(0, time_ms=T0).id, EVERYTHING), engine.codes_seen(EVERYTHING)) == (mail(0, time_ms=T0), [])
    assert dict(engine.state().read_up_to_ms) == {"mx": T0}
    engine.close()
    index = f"/{NAMES.prefix}-traces-2025.11.24"
    for kind, method, target in (
        ("reader", "PUT", f"{index}/_doc/x"),
        ("reader", "DELETE", index),
        ("writer", "DELETE", index),
        ("writer", "PUT", "/_index_template/secured-traces"),
        ("writer", "PUT", "/unrelated"),
        ("retention", "POST", f"{index}/_search"),
    ):
        body = None if method == "DELETE" else template(NAMES, Shape()) if "template" in target else {}
        with pytest.raises(StoreRefused, match="does not allow us"):
            connections[kind].ask("do what is not ours", method, target, body)
    dropped = Retention(connections["retention"], NAMES).by_age(DAY_MS, T0 + 2 * DAY_MS)
    assert [one.name for one in dropped] == [f"{NAMES.prefix}-traces-2025.11.24"]
    for connection in connections.values():
        connection.close()
    assert ask(f"{server.url}/{NAMES.alias}/_count", credentials=server.credentials)


def test_each_role_does_its_part_where_the_catalog_was_lost(enter: Callable[[str], Access], server: ProcessServer) -> None:
    """A writer takes in what is there, a reader is told what is deleted, retention finds what no catalog names, setup mends the alias."""
    connections = {kind: Connection(enter(kind)) for kind in KINDS}
    names = IndexNames("secured")
    Setup(connections["setup"], names, Shape()).put_in_place()
    days = [mail(700 + day, time_ms=T0 + (40 + day) * DAY_MS) for day in range(4)]
    with closing(ElasticsearchSink(enter("writer"), names=names)) as sink:
        write(sink, days)

    def harm(target: str) -> None:
        ask(f"{server.url}/{target}", "DELETE", credentials=server.credentials)

    harm("secured-meta/_doc/catalog")
    with closing(ElasticsearchSink(enter("writer"), names=names)) as sink:
        write(sink, days)
        harm("secured-traces-2026.01.04")
        write(sink, days)
        assert sink.older_than_kept == 1
    with closing(ElasticsearchEngine(enter("reader"), names=names)) as engine:
        page = engine.search(Query(since_ms=T0 + 39 * DAY_MS), EVERYTHING, limit=9)
    assert (len(page.traces), page.complete) == (3, False)
    assert page.warnings[0].startswith("The index secured-traces-2026.01.04 was deleted")
    harm("secured-traces-2026.01.05/_alias/secured")
    checkup = ClusterCheckup(connections["setup"], names)
    harm("secured-meta/_doc/catalog")
    assert (checkup.put_into_alias(), len(checkup.catalog(look=False).taken) > 2) == (["secured-traces-2026.01.05"], True)
    harm("secured-meta/_doc/catalog")
    dropped = Retention(connections["retention"], names).by_age(0, T0 + 80 * DAY_MS)
    assert {"secured-traces-2026.01.03", "secured-traces-2026.01.05", "secured-traces-2026.01.06"} <= {one.name for one in dropped}
    for connection in connections.values():
        connection.close()
    wipe(server.url, "secured", credentials=server.credentials)


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("https://u:p@es.example/", "https://es.example:443"),
        ("http://es.example", "http://es.example:9200"),
        ("https://[2001:db8::1]:9200/base/", "https://[2001:db8::1]:9200/base"),
    ],
)
def test_addresses_are_brought_into_the_client_s_form(given: str, taken: str) -> None:
    """A port is added where none is named, and what is secret is taken out."""
    assert with_port(given) == taken
