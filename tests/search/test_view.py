"""What a tenant may read of a trace: whatever might be an address of somebody else, or a place on the server, is kept from him."""

from __future__ import annotations

import random
import re
import time
from typing import Any

import pytest
from answer_samples import ANN, BOB, CARLA, FIRST, Lines, kept_journey, only, scanned_journey, trace
from msgspec.structs import replace

from mappings import facts, keys
from mappings.log_words import Status
from mappings.sentences import NOT_READ
from search.addresses import found_in
from search.scope import EVERYTHING
from search.stated import Stated, stated
from search.view import View

_SCOPE = only("example.net")


_HIDDEN = (
    "carla@other.example",
    "<CARLA@OTHER.EXAMPLE>",
    '"car la"@other.example',
    '"a\\"b <x> c"@other.example',
    "carla@[192.0.2.7]",
    "carla@[IPv6:2001:db8::7]",
    "carla@bücher.example",
    "carla@xn--bcher-kva.example",
    "carla＠other.example",
    "carla%other.example",
    "carla%other.example@gw.example",
    "other.example!carla",
    "gw.example!other.example!carla",
    "carla=other.example",
    "bounce-7-carla=other.example@lists.example",
    "carla=other.example@example.net",
    '"carla@other.example"@example.net',
    "SRS0=aB=XY=other.example=carla@fwd.example",
    "SRS0=aB=XY=other.example=carla",
    "prvs=012345678=carla@other.example",
    "carla+40other.example",
    "carla=40other.example",
    "carla%40other.example",
    "carla%2540other.example",
    "carla=40other=2Eexample",
    "carla\\x40other.example",
    "carla\\u0040other.example",
    "carla\\100other.example",
    "carla&#64;other.example",
    "carla&#x40;other.example",
    "carla&commat;other.example",
    "&lt;carla@other.example&gt;",
    "carla(at)other.example",
    "carla [AT] other.example",
    "carla @other.example",
    "carla @ other.example",
    "carla?other.example",
    "rfc822;carla@other.example",
    "mailto:carla@other.example",
    "<@relay.example:carla@other.example>",
    "carla@example.net.other.example",
    "carla@example.net-other.example",
    "carla@sub.example.net",
    "bob@example.net@other.example",
    f"x{ANN}",
    f"x.{ANN}",
    f'"{ANN} x"@other.example',
    "m2@client.example",
    "xm1@client.example",
    "m1@client.example.org",
    "carla@",
    "=?utf-8?q?carla=40other=2Eexample?=",
    "=?utf-8?b?Y2FybGFAb3RoZXIuZXhhbXBsZQ==?=",
    "=?utf-8?b?Y2FybGFAb3RoZXIuZXhhbXBsZQ",
    "=?utf-8?q?carla?= =?utf-8?q?=40other.example?=",
    "dora@other.example =?utf-8?b?Y2FybGFAb3RoZXIuZXhhbXBsZQ==?=",
    "=?x-unknown?b?Y2FybGE=?=",
)
#: What may stand beside it.
_BESIDE = (
    *" \t.,;:<>()[]{}|\\'\"`@=%!&#+-_~*^$ü“”\u200b\xa0\udcff",
    "a",
    "x1",
    "to=",
    "from=<",
    "said: ",
    BOB,
    ANN,
    "rfc822;",
    "&lt;",
    "id=",
    "40",
)


def _view(**changes: Any) -> View:
    """What the recipient's tenant may read of Ann's message to Bob."""
    return View.of(trace(message_id="m1@client.example", **changes), _SCOPE)


def _line(raw: str, fact: facts.Fact | None = None) -> Stated:
    """A line."""
    lines = Lines()
    lines.add("smtp", keys.queue("mx1", FIRST), fact or facts.Removed(FIRST), "Done", [])
    return Stated(replace(lines.made[0], raw=raw), fact or facts.Removed(FIRST))


def _to(*recipients: str, cut: bool = False) -> facts.Scanned:
    """What a filter said of these recipients."""
    return facts.Scanned("m", None, passed=True, category="CLEAN", recipients=list(recipients), cut=cut)


@pytest.mark.parametrize("text", _HIDDEN)
def test_what_might_be_anothers_address_is_hidden(text: str) -> None:
    """In every form, alone and in a line: the line is not shown, and in a text something else stands there."""
    view = _view()
    for written in (text, f"said: 550 5.1.1 {text}", f"to=<{BOB}>, status=bounced (ask {text} or {BOB})"):
        assert not view.shows(_line(written)), written
        masked = view.text(written)
        assert not {"carla", "Y2Fyb"} & set(re.findall("carla|Y2Fyb", masked, re.IGNORECASE))
        assert masked != written


def test_what_stands_beside_an_address_does_not_hide_it() -> None:
    """Whatever characters and words are before it and behind it, it is found."""
    view, chance = _view(), random.Random(7)
    for text in _HIDDEN:
        if text.startswith("=?") or "carla" not in text.lower():
            # An encoded word is one only on its own; the others are told by what they end with.
            continue
        for _ in range(25):
            before, behind = ("".join(chance.choices(_BESIDE, k=chance.randrange(4))) for _ in range(2))
            written = f"{before}{text}{behind}"
            assert not view.shows(_line(written)), repr(written)
            assert "carla" not in view.text(written).lower(), repr(written)


@pytest.mark.parametrize(
    "text",
    [
        BOB,
        BOB.upper(),
        f"<{ANN}>",
        f"'{ANN}'",
        f"{ANN}.",
        f"rfc822;{BOB}",
        f"sasl_username={ANN},",
        f"from=<{ANN}> to=<{BOB}> proto=ESMTP helo=<mail.sender.example>",
        "dora@EXAMPLE.net, dora+news@example.net",
        "message-id=<m1@client.example>",
        f"id*=E{FIRST}@mx1.example.org, message-id=<20261124.{FIRST}@mx1.example.org>",
        "250 2.6.0 <m1@client.example> [InternalId=4000001, Hostname=X] Queued mail for delivery",
        "client=mail.sender.example[192.0.2.7], relay=mx.example.org[192.0.2.8]:25, delay=401.5, delays=0.1/0/0/401.4, dsn=2.0.0",
        "H=mail.sender.example (x.example) [192.0.2.7] P=esmtps X=TLS1.3:ECDHE_X25519__RSA:256 CV=no QT=40.143s DT=0.038s RT=0.1s",
        "d=sender.example, s=sel1; dkim=pass header.d=sender.example smtp.mailfrom=sender.example",
        "scantime=0.4,size=925,required_score=5.0,rhost=mail.sender.example,autolearn=no",
        "nrcpt=1 (queue active)",
        "disconnect from mail.sender.example[192.0.2.7] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5",
        "see http://bl.example.test/q?ip=192.0.2.7 or https://example.org/help/x.html#y (100% sure, 5.1.1)",
        "postfix/smtp[14]: 406A518AA5C: replace: header, and/or 1/2, 24/11/2026",
        '{"@timestamp":"2026-11-26T13:06:23.156Z","action":["PASS"]}',
        "[4.20/15.00] [R_SPF_ALLOW(-0.20){+ip4:203.0.113.0/24;},DKIM_TRACE(0.00){sender.example:+;}], len: 5, time: 12.3ms",
    ],
)
def test_what_names_nobody_else_is_shown(text: str) -> None:
    """The trace's own addresses and Message-ID, those of the caller's domains, servers, numbers and URLs."""
    assert _view().shows(_line(text)), list(found_in(text))
    assert _view().text(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no such user carla@other.example (see bob@example.net)", "no such user an address (see bob@example.net)"),
        ('<"a, b" c@other.example>', '<"a, b" an address>'),
        ("cannot write /var/mail/carla: full", "cannot write a path: full"),
        ("mx1[/run/dovecot/lmtp]", "mx1[a path]"),
        ("|/bin/cat >/dev/null", "|a path >a path"),
        ("250 2.0.0 Ok: queued as E09AD18A4C5, but 1 BOUNCE", "250 2.0.0 Ok: queued as E09AD18A4C5"),
        ("carla@other.example,dora@other.example;eve@other.example", "an address,an address;an address"),
        ("to=<carla@other.example>", "to=<an address>"),
    ],
)
def test_texts_are_masked_where_they_name_others(text: str, shown: str) -> None:
    """The rest of a text stays as it is."""
    assert _view().text(text) == shown


def test_whoever_sees_everything_reads_everything() -> None:
    """Nothing is masked for an admin."""
    view = View.of(trace(), EVERYTHING)
    for text in ("carla@other.example", "/var/mail/x", "2 recipients"):
        assert (view.text(text), view.words(text, [text]), view.place(text)) == (text, text, text)
        assert view.shows(_line(text, _to(CARLA, cut=True)))


@pytest.mark.parametrize(
    "raw",
    ["nrcpt=2 (queue active)", "disconnect from x[192.0.2.7] mail=2 rcpt=2 data=2", "rcpt=1/3", "rcpt=0/2", "queued as X, but 1 DISCARD)"],
)
def test_a_line_that_counts_others_is_hidden(raw: str) -> None:
    """A number above one names somebody who is not told."""
    assert not _view().shows(_line(raw))


@pytest.mark.parametrize("raw", [f"-> <{BOB}>,<carl", f"-> <{BOB}>,<carla...", "to=<"])
def test_a_line_that_ends_in_the_middle_of_an_address_is_hidden(raw: str) -> None:
    """A line may be cut before the at-sign."""
    assert not _view().shows(_line(raw))


def test_whom_a_line_names_is_found_in_its_fact_and_in_the_line() -> None:
    """A document that keeps no lines is judged by its facts alone; what a fact does not hold stands in the line."""
    view = _view()
    assert not view.shows(_line("", facts.Queued(FIRST, ANN, 5, 2)))
    assert not view.shows(_line("", _to(BOB, CARLA)))
    assert not view.shows(_line("", facts.Scanned("m", None, passed=True, category="CLEAN", recipients=[BOB], others=["root"])))
    assert not view.shows(_line("", _to(BOB, cut=True)))
    assert view.shows(_line(f"to <{BOB}>", _to(BOB)))
    assert not view.shows(_line(f"to <{BOB}>,<{CARLA}>", _to(BOB)))
    assert not view.shows(_line("", facts.Attempted(FIRST, BOB, Status.BOUNCED, reply=facts.Reply(550, text=f"ask {CARLA}"))))
    assert not view.shows(_line("", facts.Judged("rspamd", symbols=[facts.FilterSymbol("X", options=[CARLA])])))
    assert view.shows(_line("", facts.Attempted(FIRST, BOB, Status.BOUNCED, reply=facts.Reply(550, text=f"not {BOB}"))))


@pytest.mark.parametrize(
    ("kind", "fields"),
    [("foretold", {}), ("removed", {}), ("connected", {"step": "teleported"}), ("passed", {"how": "by pigeon", "mail_id": "m"})],
    ids=["kind", "fields", "word", "another word"],
)
def test_what_a_newer_release_wrote_is_no_line_that_is_shown(kind: str, fields: dict[str, Any]) -> None:
    """Whom a line names is not known where its fact is not: an admin reads it, a tenant a sentence in its place."""
    wanted = trace()
    wanted.events = [replace(_line(f"to=<{BOB}>").event, kind=kind, fields=fields)]
    (line,) = stated(wanted)
    assert (line.words, line.people) == (NOT_READ, [])
    assert not View.of(wanted, _SCOPE).shows(line)
    assert View.of(wanted, EVERYTHING).shows(line)


def test_a_decision_of_an_older_release_names_and_counts_as_it_did() -> None:
    """Revision 3 kept one recipient apart from those whom headers listed; the headers may have named more."""
    wanted = trace()
    old = {"queue_id": FIRST, "action": "reject", "stage": "RCPT", "recipient": BOB}
    listed = {"queue_id": FIRST, "action": "reject", "stage": "END-OF-MESSAGE", "source": "size", "recipients": [BOB]}
    wanted.events = [
        replace(_line(f"to=<{BOB}>").event, kind="ruled", fields=fields) for fields in (old, old | {"recipients": [CARLA]}, listed)
    ]
    one, two, headers = stated(wanted)
    assert (one.people, two.people, headers.people) == ([BOB], [BOB, CARLA], [BOB])
    assert [View.of(wanted, _SCOPE).shows(line) for line in (one, two, headers)] == [True, False, False]


def test_addresses_with_quotes_are_known_in_every_form() -> None:
    """Programs log a quoted local part with its quotes, without them, and with doubled backslashes."""
    odd = '"; to=<carla@other.example> \\"x\\" "@example.net'
    view = View.of(trace(recipient=odd), only("nowhere.example"))
    for form in (odd, '; to=<carla@other.example> "x" @example.net', odd.replace("\\", "\\\\"), odd.upper()):
        assert view.shows(_line(f"to=<{form}>, relay=none")), form
        assert view.text(f"<{form}>: no") == f"<{form}>: no"
    assert not view.shows(_line("to=<carla@other.example>"))
    assert not view.shows(_line(f"to=<x{odd[1:]}>"))


@pytest.mark.parametrize(
    "message_id", ["@other.example", 'a"@other.example', '"@other.example', "a@other.example", "x carla@other.example"]
)
@pytest.mark.parametrize("sender", [ANN, '""@other.example', '" "@other.example', '"a"@other.example'])
def test_what_a_sender_chooses_uncovers_nobody(message_id: str, sender: str) -> None:
    """A Message-ID or a sender that is a piece of somebody's address does not make that address the trace's own."""
    view = View.of(trace(message_id=message_id, sender=sender), _SCOPE)
    for text in ('"carla a"@other.example', "carla@other.example", '"x carla"@other.example'):
        assert not view.shows(_line(text)), text
        assert "carla" not in view.text(text)


def test_a_message_id_that_is_a_recipient_is_an_address() -> None:
    """Whoever sends a message chooses its Message-ID; another recipient's address stays hidden in it."""
    wanted = scanned_journey(message_id=CARLA)
    assert not View.of(wanted, _SCOPE).shows(_line(f"said: {CARLA}"))
    assert View.of(scanned_journey(message_id="x@other.example"), _SCOPE).shows(_line("message-id=<x@other.example>"))


def test_a_place_is_told_by_its_last_part() -> None:
    """The id of a kept message is what people copy, not where it lies."""
    view = View.of(kept_journey(), _SCOPE)
    assert view.place("/var/lib/amavis/virusmails/E/virus-E5dPGhutGmH1") == "virus-E5dPGhutGmH1"
    assert view.place("E/virus-E5dPGhutGmH1") == "E/virus-E5dPGhutGmH1"
    assert view.place("spam@other.example") == "an address"
    assert view.place(None) is None


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "@",
        "a@",
        "=a.b",
        "%a.b",
        "!a.b",
        "a.b!",
        '"@',
        '\\"@',
        '"',
        "%40",
        "/a",
        " /a",
        "a.",
        "(at",
        "=?a?b?",
        "\\303",
        "a=b.c@",
        "rcpt=1/1 ",
        "?a.b",
    ],
)
def test_hostile_text_is_gone_through_once(piece: str) -> None:
    """Of 64,000 characters, whatever they are, no part is gone through again and again: that would take minutes."""
    text, view = (piece * 64_000)[:64_000], _view()
    began = time.thread_time()
    view.shows(_line(text))
    view.words(text)
    assert time.thread_time() - began < 5


def test_a_line_that_names_thousands_is_judged_at_once() -> None:
    """Each of five thousand recipients of the caller's domain, or of others, is looked at once."""
    own, others = ([f"r{number}@{domain}" for number in range(5_000)] for domain in ("example.net", "other.example"))
    view = _view()
    began = time.thread_time()
    assert view.shows(_line(" ".join(own), _to(*own)))
    assert not view.shows(_line(" ".join(others), _to(*own)))
    assert view.words("Passed as clean", others) == "Passed as clean"
    assert time.thread_time() - began < 3
