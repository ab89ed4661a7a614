"""Questions: what is accepted, what each value means, how it reads in words and in a URL, and what is said about a bad one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mappings import patterns
from mappings.patterns import AskedCode, Form, asked_address, asked_code, asked_server, quarantine_forms
from search.query import CRITERIA, PARAMETERS, Query, QueryError, format_time, parse_time
from search.sorting import Sort

NOW = int(datetime(2026, 11, 24, 9, 30, 15, 250_000, tzinfo=UTC).timestamp() * 1000)
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3_600_000


def ms(*moment: int, zone: timezone | ZoneInfo = UTC) -> int:
    """Milliseconds of a moment."""
    return int(datetime(*moment, tzinfo=zone).timestamp() * 1000)  # type: ignore[misc,arg-type]


# Times --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-24T03:22:10Z", ms(2026, 11, 24, 3, 22, 10)),
        ("2026-11-24t03:22:10.123456z", ms(2026, 11, 24, 3, 22, 10) + 123),
        ("2026-11-24T03:22:10+05:30", ms(2026, 11, 23, 21, 52, 10)),
        ("2026-11-24 03:22 -0100", ms(2026, 11, 24, 4, 22)),
        ("2026-11-24T03:22:10", ms(2026, 11, 24, 2, 22, 10)),
        ("2026-11-24 14:00", ms(2026, 11, 24, 13)),
        ("2026-07-24 14:00", ms(2026, 7, 24, 12)),
        ("2026-11-24", ms(2026, 11, 23, 23)),
        (" 2026-11-24 ", ms(2026, 11, 23, 23)),
        ("now", NOW),
        ("Today", ms(2026, 11, 23, 23)),
        ("yesterday", ms(2026, 11, 22, 23)),
        ("this-week", ms(2026, 11, 22, 23)),
        ("7d", NOW - 7 * 24 * HOUR),
        ("24h", NOW - 24 * HOUR),
        ("15m", NOW - HOUR // 4),
        ("2w", NOW - 14 * 24 * HOUR),
        ("30 s", NOW - 30_000),
        ("999999w", 0),
        ("1066-10-14", 0),
    ],
)
def test_times_as_people_write_them(text: str, expected: int) -> None:
    """Absolute times with and without a zone, days, and times ago are read; without a zone the given one counts."""
    assert parse_time(text, NOW, BERLIN) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "24.11.2026",
        "2026-13-01",
        "2026-02-30",
        "2026-11-24T25:00",
        "7",
        "d7",
        "-7d",
        "1e3d",
        "2026-11-24T03:22:10+99:99",
        "x" * 5000,
    ],
)
def test_what_is_no_time_is_refused_with_examples(text: str) -> None:
    """A time that cannot be read or does not exist is an error in one sentence that names the parameter."""
    with pytest.raises(QueryError) as caught:
        parse_time(text, NOW, UTC, field="since")
    assert caught.value.field == "since"
    assert "7d" in (caught.value.hint or "")
    assert len(str(caught.value)) < 300


def test_a_zone_whose_plus_was_lost_in_a_url_is_explained() -> None:
    """An unescaped + becomes a blank in a URL; the hint says how to write it."""
    with pytest.raises(QueryError, match="%2B"):
        parse_time("2026-11-24T03:22:10 02:00", NOW, UTC)


@given(st.integers(0, 253_402_300_799_999))
def test_a_time_that_is_formatted_is_read_back(time_ms: int) -> None:
    """`format_time` and `parse_time` are each other's inverse, whatever the zone."""
    assert parse_time(format_time(time_ms), NOW, BERLIN) == time_ms


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_a_query_error(text: str) -> None:
    """Hostile text never raises anything else."""
    try:
        assert parse_time(text, NOW, timezone(timedelta(hours=3))) >= 0
    except QueryError as error:
        said = str(error)
    else:
        said = ""
    assert said.isprintable()


# Values -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "field", "says"),
    [
        ({"disposition": ("quarantin",)}, "disposition", "did you mean “quarantined”?"),
        ({"verdict": ("zzz",)}, "verdict", "one of clean, spam"),
        ({"reason": ("",)}, "reason", "one of"),
        ({"direction": ("inbond",)}, "direction", "“inbound”"),
        ({"code": ("6",)}, "code", "550"),
        ({"code": ("5.1.1.1",)}, "code", "550"),
        ({"sender": ("a" * 1001,)}, "sender", "1000"),
        ({"sender": ("a\x00b",)}, "sender", "control characters (at character 2)"),
        ({"sender": ("a\ud800",)}, "sender", "control characters"),
        ({"message_id": ("  ",)}, "message_id", "empty"),
        ({"queue_id": ("*" * 21,)}, "queue_id", "wildcards"),
        ({"recipient": tuple(f"a{number}@example.net" for number in range(101))}, "recipient", "at most 100"),
        ({"domain": ("ann@example.net",)}, "domain", "ask for it as address"),
        ({"since_ms": 5, "until_ms": 4}, "until", "before since"),
    ],
)
def test_a_bad_question_is_refused_in_one_sentence(values: dict[str, object], field: str, says: str) -> None:
    """The error names the field and what would be right, and shows no more than a line."""
    with pytest.raises(QueryError) as caught:
        Query(**values)  # type: ignore[arg-type]
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: ")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_values_are_brought_into_their_plain_form() -> None:
    """Blanks, capitals and hyphens of closed words, repeated values and a plain string are forgiven."""
    query = Query(sender=" Ann@example.org ", verdict=("Not-Scanned", "not scanned"), code=("5XX",), address=("<>",))  # type: ignore[arg-type]
    assert query == Query(sender=("Ann@example.org",), verdict=("not_scanned",), code=("5xx",), address=("",))
    assert Query(sender=("",)) != Query()
    assert Query(sender="").sender == ("",)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (Query(), "everything"),
        (
            Query(sender=("ann@example.org",), recipient=("example.net",), since_ms=ms(2026, 11, 24)),
            "sender ann@example.org, recipient in example.net, since 2026-11-24 00:00 UTC",
        ),
        (Query(sender=("",)), "null sender"),
        (Query(sender=("", "a*"), until_ms=ms(2026, 11, 24, 1, 2, 3) + 4), "sender <> or like a*, before 2026-11-24 01:02:03.004 UTC"),
        (Query(address=("oskar",), verdict=("not_scanned", "clean")), "sender or recipient named oskar, verdict not scanned or clean"),
        (Query(sort=Sort.OLDEST), "everything; oldest first"),
        (Query(sender=("ann@example.org",), sort=Sort.SIZE), "sender ann@example.org; by size, the greatest first"),
        (Query(quarantine_id=("x",), queue_id=("q?",), message_id=("<a@b>",)), "quarantine id x, Message-ID <a@b>, queue id like q?"),
    ],
)
def test_a_question_describes_itself(query: Query, words: str) -> None:
    """The words name each criterion as a person would."""
    assert query.describe() == words


# URL ----------------------------------------------------------------------------------------------------------------------------

_TEXT = st.text(st.characters(blacklist_categories=("Cc", "Cs")), max_size=20)


@given(st.dictionaries(st.sampled_from(["sender", "recipient", "address", "client"]), st.lists(_TEXT, max_size=3)), st.integers(0, NOW))
def test_a_question_survives_its_url(values: dict[str, list[str]], since_ms: int) -> None:
    """What `to_params` writes, `from_params` reads as the same question."""
    try:
        query = replace(Query(since_ms=since_ms, until_ms=NOW, sort=Sort.DELAY), **{name: tuple(given) for name, given in values.items()})
    except QueryError:
        return
    assert Query.from_params(query.to_params(), now_ms=0, zone=BERLIN) == query


def test_parameters_are_the_options_names() -> None:
    """Each criterion, the language and both times are parameters; repeated ones are alternatives, and times are relative to now."""
    assert {*CRITERIA, "query", "tree", "sort"} == {name for name in Query.__struct_fields__ if not name.endswith("_ms")}
    assert (*CRITERIA, "query", "since", "until", "sort") == PARAMETERS
    params = [("sender", "a@example.org"), ("since", "7d"), ("sender", "b@example.org"), ("quarantine_id", "x")]
    assert Query.from_params(params, now_ms=NOW, zone=UTC) == Query(
        sender=("a@example.org", "b@example.org"), quarantine_id=("x",), since_ms=NOW - 7 * 24 * HOUR
    )


@pytest.mark.parametrize(
    ("params", "field", "says"),
    [
        ([("sendr", "x")], "sendr", "did you mean “sender”?"),
        ([("zz", "x")], "zz", "there are sender"),
        ([("since", "7d"), ("since", "8d")], "since", "only once"),
        ([("until", "7d"), ("since", "now")], "until", "before since"),
        ([("until", "soon")], "until", "not a time"),
        ([("sort", "sice")], "sort", "rows cannot be sorted by “sice”; did you mean “size”?"),
        ([("sort", "zz")], "sort", "it is one of newest, oldest, size, delay, score"),
        ([("sort", "size"), ("sort", "size")], "sort", "only once"),
    ],
)
def test_a_bad_parameter_is_refused(params: list[tuple[str, str]], field: str, says: str) -> None:
    """An unknown, repeated or contradictory parameter is an error, never ignored."""
    with pytest.raises(QueryError) as caught:
        Query.from_params(params, now_ms=NOW, zone=UTC)
    assert caught.value.field == field
    assert says in str(caught.value)


# What values mean ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "form", "value"),
    [
        ("Ann@Example.ORG", Form.EXACT, "ann@example.org"),
        ("<Ann@Example.ORG>", Form.EXACT, "ann@example.org"),
        ("<@relay.example:ann@example.org>", Form.EXACT, "ann@example.org"),
        ("ann@xn--bcher-kva.example", Form.EXACT, "ann@bücher.example"),
        ('"john smith"@example.net', Form.EXACT, '"john smith"@example.net'),
        ("example.net", Form.DOMAIN, "example.net"),
        ("@Example.NET.", Form.DOMAIN, "example.net"),
        ("xn--bcher-kva.example", Form.DOMAIN, "bücher.example"),
        ("@localhost", Form.DOMAIN, "localhost"),
        ("[192.0.2.9]", Form.DOMAIN, "[192.0.2.9]"),
        ("Oskar", Form.LOCAL, "oskar"),
        ("oskar@", Form.LOCAL, "oskar"),
        ("", Form.EXACT, ""),
        ("<>", Form.EXACT, ""),
        ("Ann*@EXAMPLE.net", Form.PATTERN, "ann*@example.net"),
        ("*@xn--bcher-kva.example", Form.PATTERN, "*@bücher.example"),
        ("*@*.xn--bcher-kva.example", Form.PATTERN, "*@*.bücher.example"),
        ("@*.example", Form.PATTERN, "*@*.example"),
        ("<a**b@c?.example>", Form.PATTERN, "a*b@c?.example"),
    ],
)
def test_what_an_address_value_means(asked: str, form: Form, value: str) -> None:
    """Address, domain, local part, pattern or null sender, each in the form in which traces are compared."""
    assert asked_address(asked) == patterns.Asked(form, value)


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("a*c", "abbbc", True),
        ("a*c", "ac", True),
        ("a*c", "acb", False),
        ("a?c", "ac", False),
        ("*b*b*", "abab", True),
        ("*bb*b", "abb", False),
        ("a.c", "abc", False),
        ("*", "", True),
        ("?", "𝔘", True),
        ("%_[x]", "%_[x]", True),
        ("*\n", "a\n", True),
    ],
)
def test_wildcards(pattern: str, text: str, fits: bool) -> None:
    """`*` is any run of characters and `?` exactly one; nothing else is special."""
    assert (patterns.expression(pattern).fullmatch(text) is not None) == fits


@given(st.text("ab*?", max_size=12), st.text("ab", max_size=12))
def test_wildcards_agree_with_the_plainest_definition(pattern: str, text: str) -> None:
    """The compiled expression decides as the recursive definition does."""

    def plain(left: str, right: str) -> bool:
        if not left:
            return not right
        if left[0] == "*":
            return plain(left[1:], right) or (bool(right) and plain(left, right[1:]))
        return bool(right) and left[0] in ("?", right[0]) and plain(left[1:], right[1:])

    assert (patterns.expression(pattern).fullmatch(text) is not None) == plain(pattern, text)


def test_a_hostile_pattern_takes_no_time() -> None:
    """Many wildcards on long text are decided without trying every division."""
    assert patterns.expression("*a" * 20 + "b").fullmatch("a" * 20_000) is None


@pytest.mark.parametrize(
    ("asked", "basic", "enhanced", "fits"),
    [
        ("550", 550, "5.1.1", True),
        ("550", 551, None, False),
        ("5", 554, None, True),
        ("5", None, "5.7.1", True),
        ("5xx", 450, "4.2.0", False),
        ("55x", 559, None, True),
        ("5.1", None, "5.1.10", True),
        ("5.1", 550, "5.10.1", False),
        ("5.1.1", 550, "5.1.10", False),
        ("5.1.x", 550, "5.1.10", True),
        ("5.X.X", 550, "5.7.1", True),
        ("250", None, None, False),
    ],
)
def test_codes(asked: str, basic: int | None, enhanced: str | None, fits: bool) -> None:
    """Basic and enhanced codes and their classes."""
    code = asked_code(asked)
    assert isinstance(code, AskedCode)
    assert code.fits(basic, enhanced) == fits


@pytest.mark.parametrize(
    ("asked", "ip", "name", "fits"),
    [
        ("192.0.2.7", "192.0.2.7", None, True),
        ("[192.0.2.7]", "192.0.2.7", None, True),
        ("192.0.2.7", None, "192.0.2.7", True),
        ("192.0.2.0/24", "192.0.2.200", None, True),
        ("192.0.2.9/24", "192.0.3.1", None, False),
        ("2001:DB8:0::1", "2001:db8::1", None, True),
        ("2001:db8::/32", "2001:db8:ffff::", None, True),
        ("::/0", "192.0.2.7", None, False),
        ("192.0.2.0/24", "::ffff:192.0.2.7", None, True),
        ("192.0.2.*", "192.0.2.7", None, True),
        ("MAIL.example.org", None, "mail.Example.org", True),
        ("*.example.org", None, "mail.example.org", True),
        ("example.org", None, "mail.example.org", False),
        ("*", None, None, False),
    ],
)
def test_servers(asked: str, ip: str | None, name: str | None, fits: bool) -> None:
    """Names, addresses, networks and patterns."""
    assert asked_server(asked).fits(ip, name) == fits


@pytest.mark.parametrize(
    "copied",
    ["I/banned-IMfe2sx-62IC", "banned-IMfe2sx-62IC", "IMfe2sx-62IC", "<IMfe2sx-62IC>", "/var/kept/I/banned-IMfe2sx-62IC", "*62IC", "I/*"],
)
def test_the_parts_of_a_quarantine_id_that_people_copy(copied: str) -> None:
    """The whole, the file's name, the mail id, a path, and patterns of these."""
    assert any(asked.fits(form) for asked in patterns.asked_quarantine(copied) for form in quarantine_forms("I/banned-IMfe2sx-62IC"))


def test_a_compressed_quarantine_file_is_found_with_and_without_its_ending() -> None:
    """`.gz` can be left out, and case counts."""
    forms = quarantine_forms("Z/spam-Z_Y247oby7BJ.gz")
    assert forms[0] == "Z/spam-Z_Y247oby7BJ.gz"
    assert {"Z/spam-Z_Y247oby7BJ", "spam-Z_Y247oby7BJ.gz", "spam-Z_Y247oby7BJ", "Z_Y247oby7BJ"} <= set(forms)
    assert not any(asked.fits(form) for asked in patterns.asked_quarantine("z_y247oby7bj") for form in forms)
    assert quarantine_forms("4xYz12345") == ["4xYz12345"]
