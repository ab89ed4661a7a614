"""Documents: nothing is lost on the way, and searched values are folded as questions are."""

from __future__ import annotations

import generate
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.cluster_samples import mail
from mappings.address import fold, normalise
from mappings.elasticsearch.document import decode, encode, key_term
from mappings.patterns import ip_text
from mappings.trace import Trace

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30)


def test_every_generated_trace_comes_back() -> None:
    """Traces of all shapes are the same after writing and reading."""
    for trace in generate.traces(seed=4, count=300):
        assert decode(encode(trace)) == trace


@given(local=TEXT, domain=TEXT, name=TEXT, ip=TEXT, kept=st.lists(TEXT, max_size=3))
def test_any_text_comes_back(local: str, domain: str, name: str, ip: str, kept: list[str]) -> None:
    """Whatever strangers write is given back to the character, and stored folded."""
    sender = normalise(f"{local}@{domain}")
    trace = mail(1, sender=sender, client_name=name, client_ip=ip, keys=kept, visible_to=kept, subject=local, quarantine_id=name or None)
    written = encode(trace)
    assert decode(written) == trace
    document = msgspec.json.decode(written)
    assert document["mailtrace.sender"] == fold(sender)
    assert document["source.ip"] == ip_text(ip)


def test_values_that_are_folded_already_are_written_once() -> None:
    """The usual document holds no second copy of anything."""
    assert "mailtrace.as_written" not in msgspec.json.decode(encode(mail(1, sender="ann@example.org", client_ip="192.0.2.1")))
    odd = msgspec.json.decode(encode(mail(1, sender="Ann@example.org", client_ip="::FFFF:192.0.2.1")))
    assert odd["mailtrace.as_written"] == {"sender": "Ann@example.org", "client_ip": "::FFFF:192.0.2.1"}
    assert (odd["mailtrace.sender"], odd["source.ip"]) == ("ann@example.org", "192.0.2.1")


def test_bytes_that_are_no_text_are_written_out() -> None:
    """Lone surrogates, which no store takes, become numbers; nothing is refused for them."""
    trace = decode(encode(mail(1, subject="a\udcffb", keys=["m:\udcff"])))
    assert (trace.subject, trace.keys) == ("a\\udcffb", ["m:\\udcff"])


def test_what_everybody_searches_for_is_always_written() -> None:
    """Words that are defaults stand in the document all the same."""
    document = msgspec.json.decode(encode(mail(1)))
    assert (document["mailtrace.disposition"], document["mailtrace.verdict"], document["mailtrace.direction"]) == (
        "unknown",
        "not_scanned",
        "unknown",
    )


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
