"""Documents: nothing is lost on the way, and searched values are folded as questions are."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from operator import attrgetter

import generate
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers.server import ask

from cluster.cluster_samples import as_earlier, engine_at, mail, sink_at, stored, write
from mappings.address import fold, normalise
from mappings.authentication import AuthResult
from mappings.elasticsearch.document import decode, encode, key_term
from mappings.patterns import ip_text
from mappings.trace import Trace
from search.query import Query
from search.scope import EVERYTHING

by_id = attrgetter("id")
TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30)


def test_every_generated_trace_comes_back() -> None:
    """Traces of all shapes are the same after writing and reading."""
    for trace in generate.traces(seed=4, count=300):
        assert decode(encode(trace)) == trace


def test_what_earlier_releases_wrote_is_read() -> None:
    """Names with their dots, events as objects, hops and the line that decided as fields: the same trace, so the same digest."""
    for trace in generate.traces(seed=5, count=300):
        assert decode(json.dumps(as_earlier(trace)).encode()) == trace


@pytest.mark.parametrize("form", [encode, lambda trace: json.dumps(as_earlier(trace)).encode()])
def test_what_each_document_has_must_be_there(form: Callable[[Trace], bytes]) -> None:
    """A document without its version or log domain is none."""
    with pytest.raises(msgspec.ValidationError):
        decode(form(mail(1)).replace(b"log_domain", b"log_domains"))


def test_documents_of_both_forms_lie_in_one_index(es_url: str, es_prefix: str) -> None:
    """They are found, listed in order, counted, reported and written again alike; a search brings no journey of either."""
    traces = [mail(number, relay_host=f"mx{number % 3}.example", spf=AuthResult.PASS, spf_domain="a.example") for number in range(8)]
    early, late = traces[::2], traces[1::2]
    with closing(sink_at(es_url, es_prefix)) as sink, closing(engine_at(es_url, es_prefix)) as engine:
        write(sink, late)
        for trace in early:
            target = f"{es_url}/{es_prefix}-traces-2025.11.24/_doc/{trace.id}?version={trace.version}&version_type=external_gte"
            ask(target, "PUT", body=as_earlier(trace))
        ask(f"{es_url}/{es_prefix}-*/_refresh", "POST")
        assert sorted(sink.find([trace.keys[0] for trace in traces]), key=by_id) == traces
        listed = engine.search(Query(), EVERYTHING, limit=20).traces
        assert listed == [msgspec.structs.replace(trace, events=[]) for trace in reversed(traces)]
        assert list(engine.walk(Query(), EVERYTHING)) == listed
        assert [engine.get(trace.id, EVERYTHING) for trace in traces] == traces
        assert engine.count(Query(recipient=("bob3@example.net", "bob4@example.net")), EVERYTHING) == 2
        tops = dict(engine.top(Query(), EVERYTHING, "relay_host", 5).values)
        assert tops == {"mx0.example": 3, "mx1.example": 3, "mx2.example": 2}
        again = [msgspec.structs.replace(trace, version=2, detail="Again") for trace in early]
        write(sink, again)
        assert sorted(sink.find([trace.keys[0] for trace in early]), key=by_id) == again
        assert set(stored(es_url, es_prefix).values()) == {1, 2}


@given(local=TEXT, domain=TEXT, name=TEXT, ip=TEXT, kept=st.lists(TEXT, max_size=3))
def test_any_text_comes_back(local: str, domain: str, name: str, ip: str, kept: list[str]) -> None:
    """Whatever strangers write is given back to the character, and stored folded."""
    sender = normalise(f"{local}@{domain}")
    trace = mail(1, sender=sender, client_name=name, client_ip=ip, keys=kept, visible_to=kept, subject=local, quarantine_id=name or None)
    written = encode(trace)
    assert decode(written) == trace
    document = msgspec.json.decode(written)
    assert document["mailtrace"]["sender"] == fold(sender)
    assert document["source"]["ip"] == ip_text(ip)


def test_values_that_are_folded_already_are_written_once() -> None:
    """The usual document holds no second copy of anything."""
    assert "as_written" not in msgspec.json.decode(encode(mail(1, sender="ann@example.org", client_ip="192.0.2.1")))["mailtrace"]
    odd = msgspec.json.decode(encode(mail(1, sender="Ann@example.org", client_ip="::FFFF:192.0.2.1")))
    assert odd["mailtrace"]["as_written"] == {"sender": "Ann@example.org", "client_ip": "::FFFF:192.0.2.1"}
    assert (odd["mailtrace"]["sender"], odd["source"]["ip"]) == ("ann@example.org", "192.0.2.1")


def test_bytes_that_are_no_text_are_written_out() -> None:
    """Lone surrogates, which no store takes, become numbers; nothing is refused for them."""
    trace = decode(encode(mail(1, subject="a\udcffb", keys=["m:\udcff"])))
    assert (trace.subject, trace.keys) == ("a\\udcffb", ["m:\\udcff"])


def test_what_everybody_searches_for_is_always_written() -> None:
    """Words that are defaults stand in the document all the same."""
    document = msgspec.json.decode(encode(mail(1)))["mailtrace"]
    assert (document["disposition"], document["verdict"], document["direction"]) == ("unknown", "not_scanned", "unknown")


@pytest.mark.parametrize("bad", [{"id": "x"}, {"id": ""}, {"version": -1}, {"version": 1 << 63}])
def test_what_can_have_no_place_is_refused(bad: dict[str, object]) -> None:
    """An id that is none, and a version that the server cannot count, never reach it."""
    values = {name: getattr(mail(1), name) for name in Trace.__struct_fields__} | bad
    with pytest.raises((ValueError, OverflowError)):
        encode(Trace(**values))


def test_long_keys_keep_apart() -> None:
    """A key longer than a keyword can be is shortened to something of its own."""
    one, other = "i:" + "x" * 50_000, "i:" + "x" * 49_999 + "y"
    assert key_term(one) != key_term(other)
    assert len(key_term(one)) < 1000
    assert key_term("i:short") == "i:short"
