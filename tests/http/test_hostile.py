"""Logs are written by strangers: whatever stands in a subject, a HELO or a reply, answers stay whole, exact and harmless."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import msgspec
import pytest
from http_service import ADMIN, API, Running, builtins, fill, give_tokens, json_of, problem_of, running, settings
from stores import Embedded

from mappings import keys
from mappings.identity import trace_id
from mappings.trace import Event, Trace
from mappings.vocabulary import Direction, Disposition, Reason, Verdict
from search.answers import trace_answer
from search.engines import Engine
from search.query import Query
from search.rows import CSV_COLUMNS
from search.safe import csv_cell, safe
from search.scope import EVERYTHING
from search.stated import stated

pytest_plugins = ("http_fixtures",)

START_MS = 1_764_000_000_000
LONG = 1_000_000
#: What strangers write: each stands once in every field of a trace.
HOSTILE = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>'",
    "</textarea></script><svg/onload=alert(1)>",
    "{{7*7}}${7*7}<%= 7 %>",
    '=HYPERLINK("http://evil.example","x")',
    "+1+1",
    "-2+3|cmd",
    "@SUM(A1:A9)",
    "  =1+1",
    "\t=1",
    "\r=1",
    "a\r\nSet-Cookie: hostile=1\r\n\r\n<html>",
    "\x00\x01\x07\x08\x1b[2J\x1b]0;title\x07\x7f",
    "\x80\x9b31m\x9f",
    "\u202eexe.gpj\u202c \u2066x\u2069 \u200b\u200f",
    "\u2028\u2029\ufeff\ufffe",
    "\U0001f600\U000e0041e\u0301\u0000",
    'a,b;"c"\n"d"',
    "'; DROP TABLE trace; --",
    "../../etc/passwd%00%0d%0a",
    "\\u0000\\x1b\\",
    "null",
    "\ud7ff\ue000",
)


def hostile(text: str, number: int) -> Trace:
    """A trace that holds a text wherever a stranger can write."""
    queue_id = f"5{number:010X}"
    key, recipient = keys.queue("mx1", queue_id), f"bob{number}@example.net"
    event = Event(
        time_us=START_MS * 1000 + number,
        fine=True,
        host="mx1",
        program="smtpd",
        pid=1,
        number=0,
        hash=f"{number:016x}",
        hop=key,
        kind="received",
        fields={"queue_id": queue_id, "client_name": text, "client_ip": text},
        raw=f"mx1 smtpd[1]: {text}",
        file="mail.log",
    )
    return Trace(
        id=trace_id(START_MS + number, "mx1", key, recipient, recipient),
        version=(1 << 20) + 1,
        log_domain="mx1",
        time_ms=START_MS + number,
        last_event_ms=START_MS + number,
        host="mx1",
        client_name=text,
        client_ip=text,
        client_helo=text,
        sender=f"{text}@sender.example",
        sender_domain="sender.example",
        header_from=text,
        recipient=recipient,
        recipient_domain="example.net",
        original_recipient=f"{text}@example.net",
        original_recipient_domain="example.net",
        disposition=Disposition.QUARANTINED,
        verdict=Verdict.VIRUS,
        reason=Reason.VIRUS,
        detail=text,
        vendor=text,
        quarantine_id=text,
        reply_code=550,
        enhanced_code="5.7.1",
        reply_text=text,
        reply_by="remote",
        message_id=text,
        subject=text,
        size=number,
        queue_ids=[queue_id],
        direction=Direction.INBOUND,
        relay=text,
        relay_host=text,
        visible_to=["example.net"],
        keys=[key],
        events=[event],
    )


@pytest.fixture(scope="module")
def traces() -> list[Trace]:
    """Give traces that are hostile, some of them very long."""
    made = [hostile(text, number) for number, text in enumerate(HOSTILE)]
    long = hostile("<b>", 100)
    long.subject, long.client_helo, long.reply_text = ("=x" * (LONG // 2), "<b>\x1b" * (LONG // 4), "\u202e" * LONG)
    return [*made, long]


@pytest.fixture(scope="module")
def attacked(traces: list[Trace], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Engine]]:
    """Give a service over them, and the store's own engine beside it."""
    folder = tmp_path_factory.mktemp("attacked")
    store = Embedded(folder / "store")
    fill(store, traces)
    made = settings(store, folder / "data")
    engine = store.engine()
    with running(made, give_tokens(made)) as service:
        yield service, engine
    engine.close()


def test_json_holds_exactly_what_was_written(attacked: tuple[Running, Engine], traces: list[Trace]) -> None:
    """Every character arrives as it was, in rows, reports and NDJSON; nothing is lost, doubled or obeyed."""
    service, engine = attacked
    kept = {trace.id: trace for trace in engine.walk(Query(), EVERYTHING)}
    expected = {name: builtins(trace_answer(trace)) for name, trace in kept.items()}
    assert set(kept) == {trace.id for trace in traces}
    response = service.get("/traces", [("limit", "1000")])
    assert response.headers["content-type"] == "application/json"
    rows = json_of(response)["traces"]
    assert {row["id"]: row for row in rows} == expected
    lines = service.get("/traces", accept="application/x-ndjson").content.decode()
    assert lines.count("\n") == len(traces)
    assert {(row := msgspec.json.decode(line))["id"]: row for line in lines.split("\n") if line} == expected
    assert all(character.isprintable() or character == "\n" for character in lines)
    for trace in traces:
        response = service.get(f"/traces/{trace.id}")
        answer = json_of(response)
        assert answer["trace"] == expected[trace.id]
        assert answer["timeline"][0]["words"] == stated(trace)[0].words
        assert answer["timeline"][0]["raw"] == trace.events[0].raw


def test_what_strangers_wrote_is_what_was_written(attacked: tuple[Running, Engine], traces: list[Trace]) -> None:
    """The texts themselves, not only what the store gives back, are in the answers."""
    service, _ = attacked
    rows = {row["id"]: row for row in json_of(service.get("/traces", [("limit", "1000")]))["traces"]}
    for trace in traces:
        row = rows[trace.id]
        for name in ("subject", "detail", "quarantine_id", "header_from", "message_id"):
            assert row[name] == getattr(trace, name), (name, trace.subject and trace.subject[:50])
        assert row["sending_server"] == {"name": trace.client_name, "ip": trace.client_ip, "helo": trace.client_helo}
        assert row["return_code"]["text"] == trace.reply_text


def test_csv_cells_are_harmless(attacked: tuple[Running, Engine], traces: list[Trace]) -> None:
    """One row a trace whatever it holds; no cell begins as a formula does, none holds a character that a terminal obeys."""
    service, _ = attacked
    content = service.get("/traces", accept="text/csv").content.decode()
    csv.field_size_limit(10 * LONG)
    rows = list(csv.DictReader(io.StringIO(content, newline="")))
    assert len(rows) == len(traces)
    assert list(rows[0]) == list(CSV_COLUMNS)
    assert all(None not in row and None not in row.values() for row in rows)
    for row in rows:
        for cell in row.values():
            assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r")), cell[:50]
            assert safe(cell) == cell
    written = {trace.id: trace for trace in traces}
    for row in rows:
        assert row["subject"] == csv_cell(safe(written[row["id"]].subject or ""))


def test_nothing_of_a_log_becomes_a_header(attacked: tuple[Running, Engine], traces: list[Trace]) -> None:
    """No answer has a header or a type that a stranger chose."""
    service, _ = attacked
    for path, params in (("/traces", [("limit", "2")]), *((f"/traces/{trace.id}", []) for trace in traces)):
        response = service.get(path, params)
        assert "hostile" not in str(response.headers).lower()
        assert response.headers["content-type"] == "application/json"
        assert response.headers["x-content-type-options"] == "nosniff"


def test_a_hostile_question_stays_a_question(attacked: tuple[Running, Engine]) -> None:
    """Each text as each parameter: found, not found or refused; it is in the link of the next page, and in no header of its own."""
    service, _ = attacked
    for text in HOSTILE:
        for name in (
            "sender",
            "recipient",
            "client",
            "quarantine_id",
            "message_id",
            "relay",
            "domain",
            "customer",
            "tz",
            "fields",
            "cursor",
        ):
            response = service.get("/traces", [(name, text), ("limit", "1")])
            assert response.status_code in (200, 400), (name, text)
            assert "hostile" not in {header.lower() for header in response.headers}
            assert "set-cookie" not in response.headers
            if response.status_code == 400:
                assert [one["parameter"] for one in problem_of(response, 400)["errors"]] == [name]
    # A value that fits, and more than one page: the link asks the same again.
    text = "*<b>*"
    response = service.get("/traces", [("client", text), ("client", "*"), ("limit", "1")])
    following = response.links["next"]["url"]
    assert httpx.URL(following).params.get_list("client") == [text, "*"]
    assert set(response.headers["link"]) <= {chr(code) for code in range(0x20, 0x7F)}
    assert json_of(service.client(ADMIN).get(following))["traces"]


@pytest.mark.parametrize(
    "query",
    [
        "sender=%0d%0aSet-Cookie:%20x=1",
        "limit=1&sender=%00",
        "limit=1&sender=%ff%fe",
        "limit=1&x%0d%0aX-Evil:1=1",
        "%",
        "%zz=1",
        "=",
        "&&&",
        "limit",
        "limit=",
        "limit=1e3",
        "limit=1_0",
        "limit=%D9%A1",
        "count=&cursor=",
        "since=%F0%9F%98%80",
        "since=99999999999999999999d",
        "since=0000-00-00",
        "until=9999-12-31T23:59:59.999999999%2B23:59",
        "tz=" + "a" * 3_000,
        "tz=%00",
        "tz=/etc/passwd",
        "fields=" + "id," * 2_000,
        "sender=" + "a" * 60_000,
        "&".join(f"sender=a{number}" for number in range(101)),
        "&".join(f"p{number}=1" for number in range(5_000)),
        "sender=" + "%2A" * 21,
        "sender[]=1&sender.x=2",
        "sender=a;recipient=b",
        "__proto__=1",
    ],
    ids=lambda query: quote(query[:30], safe=""),
)
def test_odd_urls_are_answered_or_refused(attacked: tuple[Running, Engine], query: str) -> None:
    """Never with a failure of ours, whatever stands behind the question mark."""
    service, _ = attacked
    response = service.client(ADMIN).get(f"{API}/traces?{query}")
    assert response.status_code in (200, 400, 414, 431), response.text[:300]
    assert "x-evil" not in response.headers
    assert "set-cookie" not in response.headers
    if response.headers["content-type"].startswith("application/"):
        msgspec.json.decode(response.content)


def test_odd_paths_are_nothing(attacked: tuple[Running, Engine]) -> None:
    """Ids and codes that are none are 404, as they stand or quoted."""
    service, _ = attacked
    client = service.client(ADMIN)
    for text in (*HOSTILE, "x" * 5_000, "%ff", "%c0%af", "%2e%2e", "a%0d%0ab"):
        part = text if text.startswith(("%", "x" * 9)) else quote(text, safe="")
        for path in (f"/traces/{part}", f"/errors/{part}", f"/{part}"):
            response = client.get(API + path)
            assert response.status_code in (200, 404), (path[:60], response.status_code)
            if response.status_code == 404 and response.request.url.path.startswith("/api/"):
                problem_of(response, 404)
            else:
                # Two dots lead to the folder above.
                assert ".." in httpx.URL(f"http://x{path}").path, path


def test_random_bytes_are_never_a_failure(attacked: tuple[Running, Engine]) -> None:
    """Generated nonsense in paths, queries and headers."""
    service, _ = attacked
    chance, client = random.Random(11), service.client(ADMIN)
    codes = set()
    for _ in range(250):
        junk = "".join(f"%{chance.randrange(256):02x}" if chance.random() < 0.5 else chr(chance.randrange(33, 127)) for _ in range(20))
        junk = junk.replace("#", "").replace("\\", "")
        path = chance.choice((f"/traces?sender={junk}", f"/traces/{junk}", f"/errors/{junk}", f"/traces?{junk}", f"/audit?before={junk}"))
        headers = {"If-None-Match": junk, "Accept": junk, "Accept-Language": junk, "Origin": junk, "Cookie": f"mailtrace_session={junk}"}
        response = client.get(API + path, headers={name: headers[name] for name in chance.sample(sorted(headers), 2)})
        codes.add(response.status_code)
        assert response.status_code < 500, (path, response.status_code)
    assert {400, 404, 406} <= codes
