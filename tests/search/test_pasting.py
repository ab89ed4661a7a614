"""What people paste is read as what it is, and leads to the trace; what is a question stays one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.pasting import read

PASTED = Path(__file__).parents[1] / "data" / "pasted"
_GONE = "gone@partner.example"
_QUESTIONS = ("", "rossi", "example.net", "sender: ann@example.org", "ann@example.org and not status: delivered", "subject: (a or b)")


@pytest.mark.parametrize(
    ("text", "words", "asked"),
    [
        ("ann@example.org", "the address ann@example.org", ["sender or recipient ann@example.org", "Message-ID ann@example.org"]),
        ("Ann Smith <Ann@Example.ORG>", "the address Ann@example.org", ["sender or recipient Ann@example.org"]),
        ('"Smith, Ann" <ann@example.org>', "the address ann@example.org", ["sender or recipient ann@example.org"]),
        ("mailto:ann@example.org?subject=hi", "the address ann@example.org", None),
        ("To: Ann <ann@example.org>", "the address ann@example.org", ["sender or recipient ann@example.org"]),
        ("a@example.org, b@example.net; c@example.com", "the addresses a@example.org or b@example.net or c@example.com", None),
        (
            "<1.2@mail.example.org>",
            "the address 1.2@mail.example.org, or a Message-ID",
            ["Message-ID 1.2@mail.example.org", "sender or recipient 1.2@mail.example.org"],
        ),
        ("Message-ID: <1@example.org>", "the Message-ID 1@example.org", ["Message-ID 1@example.org"]),
        ("192.0.2.1:25", "the address 192.0.2.1 of a server", ["client 192.0.2.1", "relay 192.0.2.1"]),
        ("[IPv6:2001:db8::1]", "the address 2001:db8::1 of a server", None),
        ("4D09318A9FB:", "the id 4D09318A9FB", ["queue id 4D09318A9FB", "quarantine id 4D09318A9FB", "Message-ID 4D09318A9FB"]),
        ("1xVhtH-00009q-2S", "the id 1xVhtH-00009q-2S", None),
        ("/var/kept/O/virus-OeVjgk2GX7sk.gz", "the id /var/kept/O/virus-OeVjgk2GX7sk.gz", None),
        (
            "https://trace.example.org/trace/01m85vk67g6e0z0v06jz3ksy6h",
            "the trace 01m85vk67g6e0z0v06jz3ksy6h",
            ["id 01m85vk67g6e0z0v06jz3ksy6h"],
        ),
        (
            "Nov 24 04:06:30 mx1 postfix/smtp[12]: 4D09318A9FB: to=<bob@example.net>, status=sent (250 ok)",
            "a line of a log about 4D09318A9FB",
            ["recipient bob@example.net, queue id 4D09318A9FB", "queue id 4D09318A9FB"],
        ),
        (
            "2026-11-24 04:06:30 1xVhtH-00009q-2S => bob@example.net R=dnslookup T=remote_smtp",
            "a line of a log about 1xVhtH-00009q-2S",
            ["queue id 1xVhtH-00009q-2S"],
        ),
        (
            "NOQUEUE: reject: RCPT from x[192.0.2.9]: 550 5.1.1 no; from=<a@example.org> to=<b@example.net> proto=ESMTP",
            "a line of a log about b@example.net, a@example.org",
            ["sender a@example.org, recipient b@example.net"],
        ),
    ],
)
def test_one_thing_is_read_as_what_it_is(text: str, words: str, asked: list[str] | None) -> None:
    """Addresses, ids, servers, links, and lines of logs."""
    found = read(text)
    assert found is not None
    assert found.words == words
    if asked is not None:
        assert [query.describe() for query in found.queries] == asked


@pytest.mark.parametrize(
    ("file", "words", "first"),
    [
        *(
            (
                f"{program}-bounce",
                f"a bounce of the message orig-{n}@example.com to {_GONE}",
                f"recipient {_GONE}, Message-ID orig-{n}@example.com",
            )
            for n, program in enumerate(("postfix", "exim", "qmail", "exchange"), start=1)
        ),
        ("headers", "the headers of the message h-1@sender.example", "recipient anna@example.com, Message-ID h-1@sender.example"),
    ],
)
def test_a_message_leads_to_what_it_is_about(file: str, words: str, first: str) -> None:
    """A notice leads to the message that was not delivered, not to itself."""
    found = read((PASTED / f"{file}.txt").read_text(encoding="utf-8"))
    assert found is not None
    assert found.words == words
    assert found.queries[0].describe() == first


@pytest.mark.parametrize("text", [*_QUESTIONS, "550 5.1.1", "hello world", "*@example.org"])
def test_a_question_stays_a_question(text: str) -> None:
    """What is no known thing as a whole is for the query language."""
    assert read(text) is None


@given(st.text(max_size=400))
def test_no_text_breaks_it(text: str) -> None:
    """Whatever is pasted is something with a question, or nothing known."""
    found = read(text)
    assert found is None or (found.words and found.queries)
