"""Sendmail: lists of recipients, what is cut, and the ids that others name."""

from __future__ import annotations

import pytest

from formats.format_samples import facts_of, framed
from ingest.formats import parser_of
from ingest.formats.replies import next_id_in
from ingest.formats.sendmail.parts import client_of, printed
from ingest.queue_ids import id_at_start, time_in_id
from mappings.facts import Attempted, Fact, Identified, Queued, Received, Ruled
from mappings.log_words import Action, Status

ID = "6AU6Bqne016078"
SENT = "delay=00:00:00, xdelay=00:00:00, mailer=esmtp, pri=60054, relay=mx.example.com. [198.51.100.9], dsn=2.0.0, stat=Sent (Ok)"
BEHIND = "size=54, class=0, nrcpts=1, msgid=<a1@client.example>, proto=ESMTP, daemon=MTA, relay=mail.sender.example [203.0.113.5]"


def stated(text: str) -> tuple[Fact, ...]:
    """The facts in a line of the mail server."""
    parse = parser_of("sm-mta", "sm-mta")
    assert parse is not None
    return facts_of(parse(framed("sm-mta", f"{ID}: {text}")))


@pytest.mark.parametrize("count", [1, 2, 60])
@pytest.mark.parametrize("more", ["", ", [more]"])
def test_each_recipient_is_a_fact(count: int, more: str) -> None:
    """In the line's order, all with the line's result."""
    names = [f"user{number}@example.com" for number in range(count)]
    facts = stated(f"to={','.join(f'<{name}>' for name in names)}{more}, {SENT}")
    assert all(isinstance(fact, Attempted) for fact in facts)
    assert [(f.recipient, f.status, f.reply.text) for f in facts if isinstance(f, Attempted)] == [(n, Status.SENT, "Ok") for n in names]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('<"a,<b@c>"@d>,<e@f>', ['"a,<b@c>"@d', "e@f"]),
        ("anna,carl@remote.example", ["anna", "carl@remote.example"]),
        ('"a, b"@c,<d@e>', ['"a, b"@c', "d@e"]),
        (r"<m\303\274ller@remote.example>", ["müller@remote.example"]),
        (r'<"b\\"c"@d>', ['"b\\"c"@d']),
    ],
)
def test_a_list_is_read_as_it_is_written(text: str, names: list[str]) -> None:
    """Commas in quotes divide nothing; what stands in octal is text."""
    assert [fact.recipient for fact in stated(f"to={text}, {SENT}") if isinstance(fact, Attempted)] == names


@pytest.mark.parametrize("text", ["<a@b>,<c", "<a@b>,", '<"a@b>', '"a@b', "", "<a@b>,, "])
def test_a_list_that_does_not_end_names_nobody(text: str) -> None:
    """Where it was cut, or is none, nothing is told."""
    assert stated(f"to={text}, {SENT}") == ()


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        ("reply=550 5.1.1 no, stat=User unknown", Status.BOUNCED, 550),
        ("reply=550 5.1.1 no, stat=Sent (ok), stat=User unknown", Status.BOUNCED, 550),
        ("reply=550 5.1.1 no, stat=Deferred: x, stat=User unknown", Status.BOUNCED, 550),
        ("reply=451 4.7.1 no, stat=Sent, stat=Deferred: 451 4.7.1 no", Status.DEFERRED, 451),
        ("stat=Deferred: 451 4.7.1 no, stat=Sent", Status.DEFERRED, 451),
        ("stat=Sent (ok), stat=Deferred)", Status.SENT, 250),
        ("stat=Service unavailable", Status.BOUNCED, None),
        ("reply=250 2.0.0 ok, stat=Sent (ok)", Status.SENT, 250),
        ("reply=250 ok, stat=Deferred: Connection reset by mx.example.com.", Status.DEFERRED, None),
        ("reply=read error from mx.example.com., stat=Deferred: Connection reset by mx.example.com.", Status.DEFERRED, None),
    ],
)
def test_another_server_cannot_say_what_became_of_it(answer: str, status: Status, code: int | None) -> None:
    """Its words may look like Sendmail's."""
    (fact,) = stated(f"to=<a@b>, delay=00:00:00, mailer=esmtp, pri=1, relay=mx.example.com. [198.51.100.9], dsn=5.0.0, {answer}")
    assert isinstance(fact, Attempted)
    assert (fact.status, fact.reply.code) == (status, code)


def test_what_was_cut_is_not_told() -> None:
    """Two hundred bytes of a sender, a hundred of a Message-ID: longer ones are pieces, whatever they look like."""
    sender = f'<"{"x" * 150}, {BEHIND}'[:200]
    facts = stated(f"from={sender}, {BEHIND}")
    assert [type(fact) for fact in facts] == [Received, Identified]
    assert isinstance(facts[0], Received)
    assert facts[0].sender is None
    facts = stated(f"from=<a@b>, {BEHIND.replace('<a1@client.example>', '<' + 'i' * 99)}")
    assert [type(fact) for fact in facts] == [Received, Queued]


def test_a_transaction_without_a_message_is_broken_off() -> None:
    """There is no Message-ID, which Sendmail adds where a message has none; how large it would be is what the client said."""
    facts = stated("from=<a@b>, size=99999, class=0, nrcpts=1, proto=ESMTP, daemon=MTA, relay=mail.sender.example [203.0.113.5]")
    assert [type(fact) for fact in facts] == [Received, Ruled]
    assert isinstance(facts[1], Ruled)
    assert facts[1].action is Action.ABORT


@pytest.mark.parametrize(
    ("text", "client"),
    [
        ("mail.sender.example [203.0.113.5]", ("mail.sender.example", "203.0.113.5", None)),
        ("mail.sender.example [203.0.113.5] (may be forged)", ("mail.sender.example", "203.0.113.5", None)),
        ("[203.0.113.5]", (None, "203.0.113.5", None)),
        ("[IPv6:2001:db8::7]", (None, "2001:db8::7", None)),
        ("IDENT:root@mail.sender.example [203.0.113.5]", ("mail.sender.example", "203.0.113.5", None)),
        ("root@localhost", ("localhost", None, "root")),
        ("root@localhost [127.0.0.1]", ("localhost", "127.0.0.1", None)),
        ("[RESPONSE]", None),
        ("a b", None),
    ],
)
def test_who_handed_it_in(text: str, client: tuple[str | None, str | None, str | None] | None) -> None:
    """What an ident server says of a user of another host is no login."""
    assert client_of(text) == client


@pytest.mark.parametrize(
    ("text", "plain"), [(r"\303\274", "ü"), (r"\\303\\274", r"\303\274"), (r"\\\303\274", "\\ü"), (r"\377", r"\377"), ("a", "a")]
)
def test_what_is_not_printable(text: str, plain: str) -> None:
    """A backslash is doubled, so that an escape that a stranger wrote is none."""
    assert printed(text) == plain


def test_its_id_is_known_to_others() -> None:
    """It is named in an answer, begins a line, and is no time, for it says no year."""
    assert next_id_in(f"{ID} Message accepted for delivery") == ID
    assert next_id_in("x6AU6Bqne016078 Message accepted for delivery") is None
    assert id_at_start(f"{ID}: x") == ID
    assert time_in_id(ID) is None
