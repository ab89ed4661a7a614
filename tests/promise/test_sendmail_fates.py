"""What became of messages that Sendmail logged: lines of a real one, each case with the fate that it really had."""

from __future__ import annotations

import pytest
from canonical import documents, must_be_same
from captures import written
from reading import SHORTEST, Place, forget_positions, read

from promise.fates import syslog, told, traces_in, traces_of

MAX, DORA, CARL, GREY = "max@sender.example", "dora@remote.example", "carl@remote.example", "grey@remote.example"
ID, MADE = "6AU6Bof1016031", "6AU6Bof2016031"
MX = "relay=mx.remote.example. [198.51.100.9]"


def arrived(count: int, queue_id: str = ID, client: str = "mail.sender.example [203.0.113.5]") -> str:
    """The line of a message that is complete."""
    return (
        f"sm-mta[16031]: {queue_id}: from=<{MAX}>, size=54, class=0, nrcpts={count}, msgid=<a1@client.example>, proto=ESMTP, "
        f"daemon=MTA-v4, relay={client}"
    )


def tried(recipients: str, result: str, queue_id: str = ID, *, where: str = f"mailer=esmtp, pri=60054, {MX}") -> str:
    """The line of a delivery."""
    return f"sm-mta[16033]: {queue_id}: to={recipients}, delay=00:00:01, xdelay=00:00:01, {where}, {result}"


SENT = "dsn=2.0.0, stat=Sent (Ok: queued as 3033D18654F)"
PUT_OFF = "dsn=4.7.1, reply=451 4.7.1 come back later, stat=Deferred: 451 4.7.1 come back later"
DONE = f"sm-mta[16033]: {ID}: done; delay=00:00:01, ntries=1"


def test_a_line_of_two(place: Place) -> None:
    """Each recipient of the line has a trace, with its result, whether the end is logged or not."""
    dora, carl = sorted(traces_of(place, {"mail.log": syslog([arrived(2), tried(f"<{DORA}>,<{CARL}>", SENT), DONE])}), key=lambda t: t.id)
    assert sorted(told([dora, carl])) == [(CARL, "delivered"), (DORA, "delivered")]
    for trace in (dora, carl):
        assert (trace.sender, trace.queue_ids, trace.reply_code, trace.relay_ip) == (MAX, [ID], 250, "198.51.100.9")
        assert (trace.message_id, trace.size, trace.incomplete) == ("a1@client.example", 54, False)


def test_the_same_without_an_end(place: Place) -> None:
    """With the usual log level nothing says that a queue file is done."""
    traces = traces_of(place, {"mail.log": syslog([arrived(2), tried(f"<{DORA}>,<{CARL}>", SENT)])})
    assert sorted(told(traces)) == [(CARL, "delivered"), (DORA, "delivered")]


@pytest.mark.parametrize("at", range(1, 5))
def test_it_is_the_same_however_it_is_read(place: Place, at: int) -> None:
    """In two parts, with so little memory that the first is looked up again, and once more from the beginning."""
    lines = [arrived(3), tried(f"<{DORA}>,<{CARL}>", SENT), tried(f"<{GREY}>", PUT_OFF), tried(f"<{GREY}>", SENT), DONE]
    whole = place.beside("whole")
    read(whole, written(whole.logs, {"mail.log": syslog(lines, pause_s=40).encode()}))
    parts = [syslog(lines, pause_s=40).splitlines(keepends=True)[:at], syslog(lines, pause_s=40).splitlines(keepends=True)]
    for part in parts:
        read(place, written(place.logs, {"mail.log": "".join(part).encode()}), SHORTEST)
    forget_positions(place.data)
    read(place, written(place.logs, {"mail.log": "".join(parts[1]).encode()}), SHORTEST)
    must_be_same(documents(place.store), documents(whole.store))
    assert sorted(told(traces_in(place))) == [(CARL, "delivered"), (DORA, "delivered"), (GREY, "delivered")]


def test_refused_by_the_next_server(place: Place) -> None:
    """Its words may look like Sendmail's; the notice is another message, that has to do with it."""
    refused = "dsn=5.1.1, reply=550 5.1.1 no such user, stat=Sent (ok), stat=User unknown"
    notice = f"sm-mta[16033]: {ID}: {MADE}: DSN: User unknown"
    lines = [arrived(2), tried(f"<{DORA}>", refused), tried(f"<{CARL}>", SENT), notice, tried(f"<{MAX}>", SENT, MADE), DONE]
    traces = {trace.recipient: trace for trace in traces_of(place, {"mail.log": syslog(lines)})}
    assert told(traces.values()) == [(CARL, "delivered"), (DORA, "bounced"), (MAX, "delivered")]
    assert (traces[DORA].reply_code, str(traces[DORA].reason)) == (550, "recipient_unknown")
    assert [related.how for related in traces[DORA].related] == ["notice"]
    assert [related.how for related in traces[MAX].related] == ["notice_of"]


def test_given_up(place: Place) -> None:
    """Put off, warned about, and given up in the end: that is said of the queue file, for all that still wait."""
    warned = f"sm-mta[16040]: {ID}: {MADE}: sender notify: Warning: could not send message for past 4 hours"
    over = f"sm-mta[16041]: {ID}: 6AU6Bof3016041: sender notify: Cannot send message for 5 days"
    lines = [arrived(2), tried(f"<{CARL}>", SENT), tried(f"<{GREY}>", PUT_OFF), warned, tried(f"<{GREY}>", PUT_OFF), over, DONE]
    traces = [t for t in traces_of(place, {"mail.log": syslog(lines)}) if t.recipient is not None]
    assert told(traces) == [(CARL, "delivered"), (GREY, "expired")]
    assert traces[1].reply_code == 451


def test_refused_in_the_dialogue(place: Place) -> None:
    """What is refused bears the id of the transaction, which may have a message or none; the sender is said at its end."""
    rule = f"ruleset=check_rcpt, arg1=<{CARL}>, relay=[203.0.113.7], reject=550 5.7.1 <{CARL}>... Relaying denied"
    ended = f"from=<{MAX}>, size=0, class=0, nrcpts=0, proto=ESMTP, daemon=MTA-v4, relay=[203.0.113.7]"
    (carl,) = traces_of(place, {"mail.log": syslog([f"sm-mta[16031]: {ID}: {rule}", f"sm-mta[16031]: {ID}: {ended}"])})
    assert told([carl]) == [(CARL, "rejected")]
    assert (carl.sender, carl.client_ip, carl.reply_code) == (MAX, "203.0.113.7", 550)


def test_one_of_two_is_not_known(place: Place) -> None:
    """The other one gets the message."""
    lines = [f"sm-mta[16031]: {ID}: <{DORA}>... User unknown", arrived(1), tried(f"<{CARL}>", SENT), DONE]
    traces = traces_of(place, {"mail.log": syslog(lines)})
    assert sorted(told(traces)) == [(CARL, "delivered"), (DORA, "rejected")]


def test_refused_when_it_was_complete(place: Place) -> None:
    """A milter said no; whom it would have gone to stands in lines without a mailer."""
    no = f"sm-mta[16031]: {ID}: Milter: data, reject=554 5.7.1 This message looks like spam"
    to = f"sm-mta[16031]: {ID}: to=<{DORA}>, delay=00:00:00, pri=34275, stat=This message looks like spam"
    (dora,) = traces_of(place, {"mail.log": syslog([arrived(1), no, to])})
    assert (told([dora]), dora.reply_code) == ([(DORA, "rejected")], 554)


def test_submitted_on_the_host(place: Place) -> None:
    """The submission program hands it to the mail server, which names the queue file in its answer: one message of two hops."""
    submitted = f"sm-msp-queue[9356]: {MADE}: from=root, size=3, class=0, nrcpts=1, msgid=<a1@client.example>, relay=root@localhost"
    handed = (
        f"sm-msp-queue[9356]: {MADE}: to={CARL}, ctladdr=root (0/0), delay=00:00:00, xdelay=00:00:00, mailer=relay, pri=60003, "
        f"relay=[127.0.0.1] [127.0.0.1], dsn=2.0.0, stat=Sent ({ID} Message accepted for delivery)"
    )
    lines = [submitted, arrived(1, client="localhost [127.0.0.1]"), handed, tried(f"<{CARL}>", SENT), DONE]
    (carl,) = traces_of(place, {"mail.log": syslog(lines)})
    assert (told([carl]), carl.queue_ids) == ([(CARL, "delivered")], [MADE, ID])


@pytest.mark.parametrize("count", [0, 1])
def test_a_transaction_without_a_message(place: Place, count: int) -> None:
    """The client thought better of it, and nothing more is to come: what it said of the size is no size."""
    ended = f"from=<{MAX}>, size=99999, class=0, nrcpts={count}, proto=ESMTP, daemon=MTA-v4, relay=mail.sender.example [203.0.113.5]"
    (trace,) = traces_of(place, {"mail.log": syslog([f"sm-mta[16031]: {ID}: {ended}"])})
    assert (told([trace]), trace.sender, trace.size) == ([(None, "aborted")], MAX, None)


def test_the_client_goes_away_within_the_data(place: Place) -> None:
    """Who sent it is known."""
    gone = f"sm-mta[16031]: {ID}: collect: relay=mail.sender.example, from=<{MAX}>, info=unexpected close"
    (trace,) = traces_of(place, {"mail.log": syslog([gone])})
    assert (told([trace]), trace.sender) == ([(None, "aborted")], MAX)


def test_a_refused_sender_is_no_broken_transaction(place: Place) -> None:
    """The end of the transaction says only whose it was."""
    rule = f"ruleset=check_mail, arg1=<{MAX}>, relay=[203.0.113.7], reject=553 5.1.8 <{MAX}>... does not exist"
    ended = f"from=<{MAX}>, size=0, class=0, nrcpts=0, proto=ESMTP, daemon=MTA-v4, relay=[203.0.113.7]"
    (trace,) = traces_of(place, {"mail.log": syslog([f"sm-mta[16031]: {ID}: {rule}", f"sm-mta[16031]: {ID}: {ended}"])})
    assert (told([trace]), trace.reply_code) == ([(None, "rejected")], 553)


def test_a_list_with_an_owner(place: Place) -> None:
    """Its recipients have a queue file of their own: the message came to them from its sender."""
    cloned = f"sm-mta[16031]: {ID}: {MADE}: clone: owner=owner-list"
    over = f"sm-mta[16033]: {MADE}: done; delay=00:00:01, ntries=1"
    lines = [arrived(2), cloned, tried(f"<{DORA}>", SENT, MADE), tried(f"<{CARL}>", SENT), over, DONE]
    traces = traces_of(place, {"mail.log": syslog(lines)})
    assert told(traces) == [(CARL, "delivered"), (DORA, "delivered")]
    assert [(trace.sender, trace.queue_ids) for trace in traces] == [(MAX, [ID]), (MAX, [ID, MADE])]
    assert (traces[1].hops[1].how, traces[1].hops[1].follows) == ("split", traces[1].hops[0].id)
