"""The one form of an address: equal addresses are equal, whoever wrote them, and no text breaks it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings import address

_WRITTEN = [
    ("<ann@example.net>", "ann@example.net"),
    ("ann@example.net", "ann@example.net"),
    ("  <ann@example.net> ", "ann@example.net"),
    ("<<ann@example.net>>", "ann@example.net"),
    ("<>", ""),
    ("", ""),
    ("Ann@EXAMPLE.Net", "Ann@example.net"),
    ("ann@example.net.", "ann@example.net"),
    ("<@relay.example:ann@example.net>", "ann@example.net"),
    ("<@one.example,@[192.0.2.1]:ann@example.net>", "ann@example.net"),
    ('"ann"@example.net', "ann@example.net"),
    ('"ann"."lee"@example.net', "ann.lee@example.net"),
    ('"ann lee"@example.net', '"ann lee"@example.net'),
    ("ann lee@example.net", '"ann lee"@example.net'),
    ('"a\\@b"@example.net', '"a@b"@example.net'),
    ("a@b@example.net", '"a@b"@example.net'),
    ('"a> to=<b"@example.net', '"a> to=<b"@example.net'),
    ("a..b@example.net", '"a..b"@example.net'),
    ("o'neil@example.net", "o'neil@example.net"),
    ("x=y@example.net", "x=y@example.net"),
    ("paula+Shop@example.net", "paula+Shop@example.net"),
    ("SRS0=abCd=XY=partner.example=otto@shop.example", "SRS0=abCd=XY=partner.example=otto@shop.example"),
    ("info@xn--mnchen-3ya.example", "info@münchen.example"),
    ("info@XN--MNCHEN-3YA.Example", "info@münchen.example"),
    ("info@MÜNCHEN.example", "info@münchen.example"),
    ("info@mu\u0308nchen.example", "info@münchen.example"),
    ("info@münchen。example", "info@münchen.example"),
    ("info@xn--zzzzzz-99999.example", "info@xn--zzzzzz-99999.example"),
    ("info@XN--A.example", "info@xn--a.example"),
    ("jürgen@example.net", "jürgen@example.net"),
    ("x@[192.0.2.1]", "x@[192.0.2.1]"),
    ("x@[ipv6:2001:DB8:0:0::1]", "x@[IPv6:2001:db8::1]"),
    ("oskar", "oskar"),
    ("@example.net", "@example.net"),
]


@pytest.mark.parametrize(("written", "normal"), _WRITTEN)
def test_each_way_of_writing_has_one_form(written: str, normal: str) -> None:
    """Brackets, routes, needless quotes, case and punycode of the domain never make a different address."""
    assert address.normalise(written) == normal


@pytest.mark.parametrize("other", ["<ann@example.net>", "@example.net", "ann@sub.example.net", "Bann@example.net", "ann+x@example.net"])
def test_different_addresses_stay_different(other: str) -> None:
    """Only equal addresses are equal: plus addresses and subdomains are others."""
    same = address.fold(address.normalise("ANN@Example.NET"))
    assert (address.fold(address.normalise(other)) == same) is (other == "<ann@example.net>")


def test_case_and_composition_are_folded_for_comparing() -> None:
    """A search finds an address in any case and in either Unicode form."""
    assert address.fold("JU\u0308RGEN@example.net") == address.fold("jürgen@example.net")
    assert address.fold("o'NEIL@example.net") == "o'neil@example.net"
    assert address.fold("x@straße.example") != address.fold("x@strasse.example")


@pytest.mark.parametrize(
    ("text", "local", "domain"),
    [
        ("<Ann@EX.net>", "Ann", "ex.net"),
        ('"a@b"@c.example', '"a@b"', "c.example"),
        ("oskar", "oskar", None),
        ("<>", "", None),
        ("x@[192.0.2.1]", "x", "[192.0.2.1]"),
        ("x@", "x", None),
    ],
)
def test_local_part_and_domain(text: str, local: str, domain: str | None) -> None:
    """An address comes apart at the right `@`."""
    assert address.local_of(text) == local
    assert address.domain_of(text) == domain


def test_a_domain_is_normalised_like_that_of_an_address() -> None:
    """A domain search asks for what an address was stored with."""
    assert address.normalise_domain("@XN--MNCHEN-3YA.example.") == "münchen.example"
    assert address.normalise_domain("*.Example.NET") == "*.example.net"


_ALPHABET = st.one_of(st.text(max_size=30), st.text(alphabet='<>"\\@:,. abÄß\u0308\u200d\udc80\x00-[]xn', max_size=25))


@given(_ALPHABET)
def test_normalising_twice_changes_nothing(text: str) -> None:
    """What was normalised is in its form, whatever the text was."""
    once = address.normalise(text)
    assert address.normalise(once) == once
    assert address.normalise(f"<{once}>") == once
    domain = address.normalise_domain(text)
    assert address.normalise_domain(domain) == domain


@given(_ALPHABET)
def test_folding_twice_changes_nothing(text: str) -> None:
    """The form for comparing is one form."""
    once = address.fold(address.normalise(text))
    assert address.fold(once) == once


@given(st.text(alphabet='ab "\\@.<>,ü', min_size=1, max_size=12))
def test_any_local_part_survives_quoting(local: str) -> None:
    """The quoted form that a client sends and the bare form that a program logs are one address."""
    quoted = '"' + local.replace("\\", "\\\\").replace('"', '\\"') + '"@example.net'
    assert address.domain_of(quoted) == "example.net"
    if '"' not in local and not local.startswith(("<", "@", " ")):
        assert address.normalise(f"{local}@example.net") == address.normalise(quoted)


@given(_ALPHABET, st.integers(min_value=0, max_value=30))
def test_no_text_breaks_the_parsers(text: str, start: int) -> None:
    """A path ends behind its beginning and inside the text; lists and ids always answer."""
    _, end = address.parse_path(text, start)
    assert min(start, len(text)) <= end <= max(start, len(text))
    assert all(isinstance(one, str) for one in address.parse_list(text))
    assert address.message_id(address.message_id(text)) == address.message_id(text)


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("to=<ann@example.net>, relay=none", "ann@example.net"),
        ('to=<"a> to=<b"@c.example>, relay="x>"', '"a> to=<b"@c.example'),
        ('to=<"a\\"> b"@c.example>, x', '"a\\"> b"@c.example'),
        ('to=<a"b@c.example>, orig_to=<"x"@d>', 'a"b@c.example'),
        ('to=<"never closed@c.example>, relay=none', '"never closed@c.example'),
        ("to=<>, x", ""),
        ('to=<@r.example:"a>b"@c.example>, x', '@r.example:"a>b"@c.example'),
        ("to=ann@example.net, relay=none", "ann@example.net"),
        ("to=<cut@exam", "cut@exam"),
    ],
)
def test_a_path_is_read_out_of_a_line(line: str, path: str) -> None:
    """Quoted strings with brackets do not end a path, and a stray quote does not swallow the line."""
    inner, end = address.parse_path(line, 3)
    assert inner == path
    assert line[end : end + 1] in (",", "")


def test_a_list_of_paths() -> None:
    """A filter's list is read with its quoted strings; a last address that is cut off is nobody's."""
    text = '<a@b.example>,<"x>,<y"@z.example>, <c d@e.example>,<>,<cut@exa'
    assert address.parse_list(text) == ["a@b.example", '"x>,<y"@z.example', "c d@e.example", ""]
    assert address.parse_list("a@b.example,c@d.example") == ["a@b.example", "c@d.example"]
    assert address.parse_list("") == []


@pytest.mark.parametrize("text", ["<one@host>", "one@host", " <one@host> ", "<one@host>#012", "\t<one@host"])
def test_a_message_id_has_one_form(text: str) -> None:
    """Brackets, blanks and folding are no part of a Message-ID."""
    assert address.message_id(text) == "one@host"


_HUGE = 100_000


@pytest.mark.parametrize(
    "piece",
    ["a", "<", ">", '"', '"\\', "@", "@a:", "@a,", "a@", ".", "a.", "xn--", "\udc80", "\u0315\u0300", "#012", '<"a".', "<a>,", " ", '"a"'],
)
def test_hostile_length_is_no_trouble(piece: str) -> None:
    """A hundred thousand characters of any kind are normalised, folded and parsed (in linear time: a slower way would not end)."""
    text = piece * (_HUGE // len(piece))
    for given_text in (text, f"<{text}>", f"a@{text}", f"{text}@b.example"):
        normal = address.normalise(given_text)
        assert address.normalise(normal) == normal
        address.fold(normal)
        address.parse_path(given_text, 0)
        address.parse_list(given_text)
        address.message_id(given_text)
