"""What became of messages that a log can easily tell wrong: made-up lines, each case with the fate that it really had."""

from __future__ import annotations

from contextlib import closing

from captures import written
from reading import Place, read

from mappings.trace import Trace
from search.query import Query
from search.scope import EVERYTHING
from search.stated import stated

_CLIENT = "client=mail.sender.example[203.0.113.9]"
_AMAVIS = "/run/amavis/amavisd-lmtp.sock"


def _traces(place: Place, lines: list[str]) -> list[Trace]:
    """Read lines, one a tenth of a second, `PROGRAM TEXT` each, and give all traces in their order."""
    stamped = [
        f"2026-03-02T10:00:{n // 10:02d}.{n % 10}00000+00:00 mx1 {program}[{300 + n % 3}]: {text}\n"
        for n, (program, _, text) in enumerate(line.partition(" ") for line in lines)
    ]
    read(place, written(place.logs, {"mail.log": "".join(stamped).encode()}))
    with closing(place.store.engine()) as engine:
        known = [engine.get(trace.id, EVERYTHING) for trace in engine.walk(Query(), EVERYTHING)]
        return sorted([trace for trace in known if trace is not None], key=lambda t: (t.time_ms, t.recipient or ""))


def _accepted(queue_id: str, client: str = _CLIENT, sender: str = "ann@sender.example", count: int = 1) -> list[str]:
    return [
        f"postfix/smtpd {queue_id}: {client}",
        f"postfix/cleanup {queue_id}: message-id=<{queue_id}@sender.example>",
        f"postfix/qmgr {queue_id}: from=<{sender}>, size=900, nrcpt={count} (queue active)",
    ]


def _sent(queue_id: str, recipient: str, how: str = "") -> str:
    how = (
        how or "relay=mail.example.net[192.0.2.50]:25, delay=0.3, delays=0.1/0/0.1/0.1, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 9)"
    )
    return f"postfix/smtp {queue_id}: to=<{recipient}>, {how}"


def test_a_filter_behind_a_socket(place: Place) -> None:
    """The filter amavis over a socket of this host is a hop: one trace, delivered where the next server took it."""
    handed = f"relay=mx1.example.org[{_AMAVIS}], delay=0.3, delays=0.1/0/0/0.2, dsn=2.0.0, status=sent "
    first = _accepted("3883718A9F5")
    given = _sent(
        "3883718A9F5", "bob@example.net", handed + "(250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 9253418AA05)"
    )
    second = _accepted("9253418AA05", "client=localhost[127.0.0.1]")
    ends = ["postfix/qmgr 3883718A9F5: removed", _sent("9253418AA05", "bob@example.net"), "postfix/qmgr 9253418AA05: removed"]
    (trace,) = _traces(place, [*first, *second, given, *ends])
    assert (str(trace.disposition), list(trace.queue_ids)) == ("delivered", ["3883718A9F5", "9253418AA05"])


def test_a_stranger_may_not_release(place: Place) -> None:
    """A Resent-Message-ID that names a kept message, in mail from outside, leaves that message kept."""
    blocked = (
        "amavis (00370-05) Blocked SPAM {DiscardedInbound,Quarantined}, [203.0.113.9]:41 [203.0.113.9] <ann@sender.example> -> "
        "<bob@example.net>, quarantine: spam-Nc59Cp32ubqt, Queue-ID: 3883718A9F5, Message-ID: <3883718A9F5@sender.example>, "
        "mail_id: Nc59Cp32ubqt, Hits: 12, size: 900, 90 ms"
    )
    kept = [
        *_accepted("3883718A9F5"),
        blocked,
        _sent(
            "3883718A9F5",
            "bob@example.net",
            "relay=127.0.0.1[127.0.0.1]:10024, delay=0.3, delays=0.1/0/0/0.2, dsn=2.7.0, "
            "status=sent (250 2.7.0 Ok, discarded, id=00370-05 - spam)",
        ),
        "postfix/qmgr 3883718A9F5: removed",
    ]
    forged = _accepted("4D09318A9FB", sender="eve@evil.example")
    forged.insert(1, "postfix/cleanup 4D09318A9FB: resent-message-id=<Nc59Cp32ubqt-o9_sLntkFkXr@mx1.example.org>")
    first, second = _traces(place, [*kept, *forged, _sent("4D09318A9FB", "bob@example.net"), "postfix/qmgr 4D09318A9FB: removed"])
    assert (first.sender, str(first.disposition), list(first.queue_ids)) == ("ann@sender.example", "quarantined", ["3883718A9F5"])
    assert (second.sender, str(second.disposition), list(second.queue_ids)) == ("eve@evil.example", "delivered", ["4D09318A9FB"])


def test_refused_and_accepted_at_the_second_try(place: Place) -> None:
    """A recipient that a session refuses at first and then accepts got the message: one trace."""
    refusal = (
        "postfix/smtpd 3883718A9F5: reject: RCPT from mail.sender.example[203.0.113.9]: 450 4.2.0 <bob@example.net>: Recipient address "
        "rejected: Greylisted; from=<ann@sender.example> to=<bob@example.net> proto=ESMTP helo=<mail.sender.example>"
    )
    lines = _accepted("3883718A9F5")
    lines.insert(1, refusal)
    (trace,) = _traces(place, [*lines, _sent("3883718A9F5", "bob@example.net"), "postfix/qmgr 3883718A9F5: removed"])
    assert (str(trace.disposition), trace.reply_code) == ("delivered", 250)


def test_forwarded_with_a_copy_kept(place: Place) -> None:
    """An address that keeps a copy and forwards another delivers twice, and neither fate hides the other."""
    bounced = (
        "postfix/smtp 9253418AA05: to=<far@example.org>, orig_to=<bob@example.net>, relay=mx.example.org[192.0.2.60]:25, delay=0.3, "
        "delays=0.1/0/0.1/0.1, dsn=5.1.1, status=bounced "
        "(host mx.example.org[192.0.2.60] said: 550 5.1.1 No such user (in reply to RCPT TO command))"
    )
    local = "relay=local, delay=0.1, delays=0.1/0/0/0, dsn=2.0.0, status=sent "
    lines = [
        *_accepted("3883718A9F5"),
        "postfix/cleanup 9253418AA05: message-id=<3883718A9F5@sender.example>",
        _sent("3883718A9F5", "bob@example.net", local + "(forwarded as 9253418AA05)").replace("postfix/smtp", "postfix/local"),
        _sent("3883718A9F5", "bob@example.net", local + "(delivered to mailbox)").replace("postfix/smtp", "postfix/local"),
        "postfix/qmgr 9253418AA05: from=<ann@sender.example>, size=950, nrcpt=1 (queue active)",
        "postfix/qmgr 3883718A9F5: removed",
        bounced,
        "postfix/qmgr 9253418AA05: removed",
    ]
    assert [(t.recipient, str(t.disposition)) for t in _traces(place, lines)] == [
        ("bob@example.net", "delivered"),
        ("far@example.org", "bounced"),
    ]


def test_soft_bounce_is_tried_again(place: Place) -> None:
    """With `soft_bounce` a permanent refusal is written in capitals and the message stays in the queue."""
    failed = (
        "relay=mail.example.net[192.0.2.50]:25, delay=0.3, delays=0.1/0/0.1/0.1, dsn=5.1.1, status=SOFTBOUNCE "
        "(host mail.example.net[192.0.2.50] said: 550 5.1.1 No such user (in reply to RCPT TO command))"
    )
    (trace,) = _traces(place, [*_accepted("3883718A9F5"), _sent("3883718A9F5", "bob@example.net", failed)])
    assert (str(trace.disposition), trace.reply_code) == ("deferred", 550)


def test_kept_by_a_milter_and_let_go(place: Place) -> None:
    """What a milter had held and an administrator let go is released, and its queue id is what it was kept under."""
    lines = _accepted("3883718A9F5")
    held = (
        "postfix/cleanup 3883718A9F5: milter-hold: END-OF-MESSAGE from mail.sender.example[203.0.113.9]: milter triggers HOLD action; "
        "from=<ann@sender.example> to=<bob@example.net> proto=ESMTP helo=<mail.sender.example>"
    )
    lines[2:] = [
        held,
        "postfix/postsuper 3883718A9F5: released from hold",
        "postfix/qmgr 3883718A9F5: from=<ann@sender.example>, size=900, nrcpt=1 (queue active)",
    ]
    (trace,) = _traces(place, [*lines, _sent("3883718A9F5", "bob@example.net"), "postfix/qmgr 3883718A9F5: removed"])
    assert (str(trace.disposition), trace.quarantine_id) == ("released", "3883718A9F5")


def test_header_rules_keep_no_text(place: Place) -> None:
    """A rule that stopped a message is named by its header; the text of the header, a subject perhaps, is not its answer."""
    stopped = (
        "postfix/cleanup 3883718A9F5: discard: nested-header Subject: our secret plan from mail.sender.example[203.0.113.9]; "
        "from=<ann@sender.example> to=<bob@example.net> proto=ESMTP helo=<mail.sender.example>"
    )
    (trace,) = _traces(place, [_accepted("3883718A9F5")[0], stopped])
    assert str(trace.disposition) == "discarded"
    assert "secret" not in (trace.reply_text or "")
    assert trace.events
    assert all("secret" not in line.words for line in stated(trace))
