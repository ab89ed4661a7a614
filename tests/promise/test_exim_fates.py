"""What became of messages that Exim logged: lines written by hand, each case with the fate that it really had."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from canonical import documents, must_be_same
from captures import written
from reading import Place, read

from ingest.telling.ownership import Owner
from mappings.trace import Trace
from promise.fates import START, exim_id, mainlog, syslog, told, traces_in, traces_of
from search.journey import deciding

ANN, BOB, CARL = "ann@sender.example", "bob@example.net", "carl@example.net"
ID, NOTICE = exim_id(1), exim_id(2)
CLIENT = "H=mail.sender.example [203.0.113.5]"
DONE = f"{ID} Completed"
_REMOTE = "R=remote T=remote_smtp H=mx.example.net [192.0.2.50]"


def arrived(recipients: str = "", queue_id: str = ID, more: str = "") -> str:
    """The line of a message that has arrived."""
    return f"{queue_id} <= {ANN} {CLIENT} P=esmtp S=700 id={queue_id}@sender.example{more}{f' for {recipients}' if recipients else ''}"


def sent(address: str, queue_id: str = ID) -> str:
    """The line of a delivery to another server."""
    return f'{queue_id} => {address} {_REMOTE} C="250 2.0.0 Ok: queued as 9Sink"'


def test_a_message_of_two(place: Place) -> None:
    """The plain case: each recipient with the other server's reply, and nothing is missing."""
    lines = [arrived(), sent(BOB), f"{ID} ** {CARL} {_REMOTE}: {_said('RCPT TO:<carl@example.net>', '550 5.1.1 no such user')}", DONE]
    bob, carl = traces_of(place, {"mainlog": mainlog(lines)})
    assert told([bob, carl]) == [(BOB, "delivered"), (CARL, "bounced")]
    assert (bob.sender, bob.queue_ids, bob.reply_code, bob.relay_ip, bob.incomplete) == (ANN, [ID], 250, "192.0.2.50", False)
    assert (carl.reply_code, carl.enhanced_code, str(carl.reason)) == (550, "5.1.1", "recipient_unknown")


def _said(command: str, reply: str) -> str:
    return f"SMTP error from remote mail server after {command}: {reply}"


class TestQuarantine:
    """Whether a box is a quarantine, only a name in Exim's configuration says: of a router, a transport, a box."""

    @pytest.mark.parametrize(
        "how", ["R=local_quarantine T=boxes", "R=rules T=quarantine_box", "R=rules T=boxes"], ids=["router", "transport", "box"]
    )
    def test_by_name(self, how: str, place: Place) -> None:
        """Its id is the message's, its recipient the client's address and not the box."""
        box = "quarantine" if how.endswith("T=boxes") and "quarantine" not in how else "kept"
        (trace,) = traces_of(place, {"mainlog": mainlog([arrived(), f"{ID} => {box} <{BOB}> {how}", DONE])})
        assert told([trace]) == [(BOB, "quarantined")]
        assert (trace.quarantine_id, trace.original_recipient) == (ID, None)

    @pytest.mark.parametrize(("names", "disposition"), [("^parked$", "quarantined"), ("hold", "delivered"), (None, "delivered")])
    def test_by_setting(self, names: str | None, disposition: str, place: Place) -> None:
        """The names are a setting; without one everything is a delivery."""
        lines = [arrived(), f"{ID} => parked <{BOB}> R=quarantine T=boxes", DONE]
        quarantines = re.compile(names) if names is not None else None
        (trace,) = traces_of(place, {"mainlog": mainlog(lines)}, quarantines=quarantines)
        assert str(trace.disposition) == disposition
        assert trace.quarantine_id == (ID if disposition == "quarantined" else None)

    def test_an_address_of_that_name_is_a_mailbox(self, place: Place) -> None:
        """Mail that a client sends to an address with the name of a quarantine is delivered to it."""
        lines = [arrived(), f"{ID} => quarantine-desk@example.net {_REMOTE}", DONE]
        assert told(traces_of(place, {"mainlog": mainlog(lines)})) == [("quarantine-desk@example.net", "delivered")]

    def test_two_recipients_in_one_box(self, place: Place) -> None:
        """Exim writes one line for a box: who else was named shares the fate, once the message is done."""
        lines = [arrived(f"{BOB} {CARL}"), f"{ID} => quarantine <{BOB}> R=local_quarantine T=quarantine_box", DONE]
        traces = traces_of(place, {"mainlog": mainlog(lines)})
        assert told(traces) == [(BOB, "quarantined"), (CARL, "quarantined")]
        assert {trace.quarantine_id for trace in traces} == {ID}


@pytest.mark.parametrize(
    ("target", "disposition"),
    [
        ("|/usr/bin/filter --strict", "delivered"),
        ("/var/mail/archive/bob", "delivered"),
        (":blackhole:", "discarded"),
        ("/dev/null", "discarded"),
    ],
)
def test_targets_that_are_no_addresses(target: str, disposition: str, place: Place) -> None:
    """Of a pipe, a file or a black hole the recipient is the address in brackets."""
    lines = [arrived(), f"{ID} => {target} <{BOB}> R=aliases{'' if target.startswith(':') else ' T=address_pipe'}", DONE]
    assert told(traces_of(place, {"mainlog": mainlog(lines)})) == [(BOB, disposition)]


def test_a_local_name_is_a_whole_address(place: Place) -> None:
    """Of a local delivery Exim names the mailbox, and the address behind it."""
    assert told(traces_of(place, {"mainlog": mainlog([arrived(), f"{ID} => bob <{BOB}> R=local T=maildir", DONE])})) == [(BOB, "delivered")]


def test_deferred_and_then_expanded(place: Place) -> None:
    """An address put off under its own name and expanded later: its children have the deferral, and it has no trace of its own."""
    lines = [
        arrived(),
        f"{ID} == list@example.net R=aliases defer (-1): lookup failed",
        f'{ID} => {BOB} <list@example.net> {_REMOTE} C="250 ok"',
        f'{ID} -> {CARL} <list@example.net> {_REMOTE} C="250 ok"',
        DONE,
    ]
    traces = traces_of(place, {"mainlog": mainlog(lines)})
    assert told(traces) == [(BOB, "delivered"), (CARL, "delivered")]
    assert {trace.original_recipient for trace in traces} == {"list@example.net"}
    assert [trace.attempts for trace in traces] == [2, 2]


class TestNamedOnly:
    """Recipients that only the list behind `for` names."""

    def test_twin(self, place: Place) -> None:
        """Two addresses became the same one: Exim delivers it once, and the other shares the fate."""
        lines = [arrived("team@example.net office@example.net"), f'{ID} => {BOB} <team@example.net> {_REMOTE} C="250 ok"', DONE]
        traces = traces_of(place, {"mainlog": mainlog(lines)})
        assert sorted((t.original_recipient, t.recipient, str(t.disposition)) for t in traces) == [
            ("office@example.net", BOB, "delivered"),
            ("team@example.net", BOB, "delivered"),
        ]

    def test_nothing_is_claimed_without_one(self, place: Place) -> None:
        """Where no address became another one, nobody knows what became of it."""
        traces = traces_of(place, {"mainlog": mainlog([arrived(f"{BOB} {CARL}"), sent(BOB), DONE])})
        assert told(traces) == [(BOB, "delivered"), (CARL, "unknown")]

    def test_not_done_yet(self, place: Place) -> None:
        """While the message is in the queue it is under way to those who have no line yet."""
        traces = traces_of(
            place, {"mainlog": mainlog([arrived(f"team@example.net {CARL}"), f"{ID} => {BOB} <team@example.net> {_REMOTE}"])}
        )
        assert told(traces) == [(BOB, "delivered"), (CARL, "in_progress")]

    def test_delivered_in_the_dialogue_is_nobodys_twin(self, place: Place) -> None:
        """What is delivered while the client waits is done for each recipient alone: no other one became the same."""
        lines = [f'{ID} >> {BOB} <bob+news@example.net> {_REMOTE} C="250 ok"', arrived(f"bob+news@example.net {CARL}"), DONE]
        assert told(traces_of(place, {"mainlog": mainlog(lines)})) == [(BOB, "delivered"), (CARL, "unknown")]


class TestSender:
    """The sender is the one that the client gave, wherever that is said."""

    def test_from(self, place: Place) -> None:
        """With `+sender_on_delivery` and the like the arrival says what it was before it was rewritten."""
        line = f"{ID} <= shop@sender.example {CLIENT} P=esmtp S=700 from <{ANN}> for {BOB}"
        (trace,) = traces_of(place, {"mainlog": mainlog([line, sent(BOB), DONE])})
        assert trace.sender == ANN

    def test_rewriting_line(self, place: Place) -> None:
        """Else the line that tells of the rewriting."""
        rewritten = f'{ID} "{ANN}" from env-from rewritten as "shop@sender.example" by rule 1'
        line = f"{ID} <= shop@sender.example {CLIENT} P=esmtp S=700"
        (trace,) = traces_of(place, {"mainlog": mainlog([rewritten, line, sent(BOB), DONE])})
        assert trace.sender == ANN

    def test_logged(self, place: Place) -> None:
        """Else it is the logged one, the null sender too."""
        (trace,) = traces_of(place, {"mainlog": mainlog([f"{ID} <= <> R={NOTICE} U=Debian-exim P=local S=700", sent(BOB), DONE])})
        assert trace.sender == ""


class TestFrozen:
    """A message that Exim keeps in its queue and does not try."""

    _HELD = (arrived(BOB), f"{ID} frozen by ACL", f"{ID} Message is frozen")

    def test_held(self, place: Place) -> None:
        """Frozen by an ACL it is held, and that it still is at each queue run is no new fact."""
        (trace,) = traces_of(place, {"mainlog": mainlog([*self._HELD, f"{ID} Message is frozen", f"{ID} Message is frozen"])})
        assert told([trace]) == [(BOB, "held")]
        assert len(trace.events) == 2

    def test_thawed_and_delivered(self, place: Place) -> None:
        """Thawed and delivered it is delivered."""
        assert told(traces_of(place, {"mainlog": mainlog([*self._HELD, f"{ID} unfrozen by root", sent(BOB), DONE])})) == [
            (BOB, "delivered")
        ]

    @pytest.mark.parametrize("end", [[], [DONE]], ids=["", "completed"])
    def test_removed(self, end: list[str], place: Place) -> None:
        """Removed by an administrator it is deleted; that it is done too is no other end."""
        assert told(traces_of(place, {"mainlog": mainlog([*self._HELD, f"{ID} removed by root", *end])})) == [(BOB, "deleted")]

    def test_given_up(self, place: Place) -> None:
        """Given up by an administrator it is returned."""
        lines = [
            *self._HELD,
            f"{ID} cancelled by root",
            f"{NOTICE} <= <> R={ID} U=Debian-exim P=local S=900",
            DONE,
            sent(ANN, NOTICE),
            f"{NOTICE} Completed",
        ]
        kept = [t for t in traces_of(place, {"mainlog": mainlog(lines)}) if t.recipient == BOB]
        assert [(str(t.disposition), str(t.reason), t.sender_notified) for t in kept] == [("bounced", "admin", True)]

    def test_a_notice_that_cannot_be_returned(self, place: Place) -> None:
        """A notice that fails is frozen, and ends as bounced when its time is over; there is nobody to tell."""
        lines = [
            f"{ID} <= <> R={NOTICE} U=Debian-exim P=local S=900",
            f"{ID} ** {ANN} R=remote T=remote_smtp H=mx.sender.example [203.0.113.9]: "
            + _said("RCPT TO:<ann@sender.example>", "550 5.1.1 unknown"),
            f"{ID} Frozen (delivery error message)",
            f"{ID} Message is frozen",
            f"{ID} Unfrozen by errmsg timer",
            f"{ID} cancelled by timeout_frozen_after",
            DONE,
        ]
        (trace,) = traces_of(place, {"mainlog": mainlog(lines)})
        assert told([trace]) == [(ANN, "bounced")]
        assert (trace.sender, trace.reply_code, trace.sender_notified) == ("", 550, False)


class TestDiscarded:
    """Recipients that an ACL takes and throws away."""

    _LINE = f"{CLIENT} F=<{ANN}> RCPT <{BOB}>: discarded by RCPT ACL: sender map"
    _BLACKHOLE = f"{ID} => blackhole (RCPT ACL discarded recipients)"

    def test_without_a_common_id(self, place: Place) -> None:
        """The line that names the address has no id, and the one with the id no address: two traces."""
        lines = [self._LINE, f"{ID} <= {ANN} {CLIENT} P=esmtp S=700", self._BLACKHOLE, DONE]
        traces = traces_of(place, {"mainlog": mainlog(lines)})
        assert sorted((t.recipient or "", str(t.disposition), tuple(t.queue_ids)) for t in traces) == [
            ("", "discarded", (ID,)),
            (BOB, "discarded", ()),
        ]

    def test_by_process(self, place: Place) -> None:
        """Where Exim logs its process ids, the process says which message it was."""
        lines = [f"[77] {self._LINE}", f"[77] {ID} <= {ANN} {CLIENT} P=esmtp S=700", f"[77] {self._BLACKHOLE}", f"[77] {DONE}"]
        (trace,) = traces_of(place, {"mainlog": mainlog(lines)})
        assert (told([trace]), trace.queue_ids) == ([(BOB, "discarded")], [ID])

    def test_one_of_two(self, place: Place) -> None:
        """Of one message one recipient is dropped, the other one gets it."""
        lines = [f"[77] {self._LINE}", f"[77] {ID} <= {ANN} {CLIENT} P=esmtp S=700", f"[78] {sent(CARL)}", f"[78] {DONE}"]
        assert told(traces_of(place, {"mainlog": mainlog(lines)})) == [(BOB, "discarded"), (CARL, "delivered")]

    def test_whole_message(self, place: Place) -> None:
        """An ACL that looks at the data throws all of it away, and its words say why."""
        lines = [arrived(f"{BOB} {CARL}"), f"{ID} => blackhole (DATA ACL discarded recipients): spam dropped, score 12", DONE]
        traces = traces_of(place, {"mainlog": mainlog(lines)})
        assert told(traces) == [(BOB, "discarded"), (CARL, "discarded")]
        assert {str(t.reason) for t in traces} == {"spam"}


@pytest.mark.parametrize(
    ("line", "disposition", "code"),
    [
        (f"{CLIENT} F=<{ANN}> rejected RCPT <{BOB}>: Unrouteable address", "rejected", 550),
        (f"{CLIENT} F=<{ANN}> temporarily rejected RCPT <{BOB}>: try later", "tempfailed", 451),
        (f"{CLIENT} F=<{ANN}> rejected RCPT <{BOB}>: 553 5.7.1 not here", "rejected", 553),
        (f"{ID} {CLIENT} F=<{ANN}> rejected after DATA: no thanks\nEnvelope-from: <{ANN}>\nEnvelope-to: <{BOB}>", "rejected", 550),
        (f"{ID} rejected from <{ANN}> {CLIENT}: message too big: read=900000 max=400000\nEnvelope-to: <{BOB}>", "rejected", 552),
    ],
)
def test_inferred_codes(line: str, disposition: str, code: int, place: Place) -> None:
    """Where the administrator's words begin with no code, Exim's usual one is taken and said to be inferred."""
    (trace,) = traces_of(place, {"rejectlog": mainlog([line, "exim 4.98 daemon started: pid=1"])})
    assert (told([trace]), trace.reply_code) == ([(BOB, disposition)], code)
    assert trace.reply_inferred == (code != 553)


class TestRetryTime:
    """Recipients that are tried again and again, and given up."""

    _TRIED = f"{ID} == {BOB} {_REMOTE} defer (-44): {_said('RCPT TO:<bob@example.net>', '450 4.2.0 come back later')}"
    _SKIPPED = f"{ID} == {BOB} R=remote T=remote_smtp defer (-54): retry time not reached for any host for 'example.net'"

    def test_nothing_was_tried(self, place: Place) -> None:
        """That it was not yet time never overwrites what the other server said, and is no attempt."""
        (trace,) = traces_of(place, {"mainlog": mainlog([arrived(), self._TRIED, self._SKIPPED, self._SKIPPED])})
        assert (told([trace]), trace.reply_code, trace.attempts) == ([(BOB, "deferred")], 450, 1)

    @pytest.mark.parametrize(
        "end",
        [
            ": retry timeout exceeded",
            " R=remote T=remote_smtp: all hosts for 'example.net' have been failing for a long time (and retry time not reached)",
            " R=remote T=remote_smtp: retry time not reached for any host after a long failure period",
        ],
        ids=["time-out", "for a long time", "long failure"],
    )
    def test_given_up(self, end: str, place: Place) -> None:
        """Given up after too long: the reply is that of the last real try."""
        lines = [arrived(), self._TRIED, self._SKIPPED, f"{ID} ** {BOB}{end}", DONE]
        (trace,) = traces_of(place, {"mainlog": mainlog(lines)})
        assert told([trace]) == [(BOB, "expired")]
        assert (trace.reply_code, str(trace.reason)) == (450, "expired")


class TestInTheDialogue:
    """What is decided while the client waits for the answer to its data."""

    def test_cut_through(self, place: Place) -> None:
        """Delivered to the next server first and taken then: `>>` before `<=`."""
        lines = [f'{ID} >> {BOB} {_REMOTE} C="250 2.0.0 Ok: queued as 9Sink"', arrived(BOB), DONE]
        (trace,) = traces_of(place, {"mainlog": mainlog(lines)})
        assert (told([trace]), trace.sender, trace.incomplete) == ([(BOB, "delivered")], ANN, False)

    def test_cut_through_in_a_trial(self, place: Place) -> None:
        """`*>` delivers in a trial only."""
        assert told(traces_of(place, {"mainlog": mainlog([arrived(), f"{ID} *> {BOB} {_REMOTE}", DONE])})) == [(BOB, "discarded")]

    def test_answers_for_each_recipient(self, place: Place) -> None:
        """With PRDR one recipient's copy is refused behind the data, for good or for now, and the other one's is taken."""
        lines = [
            f"{ID} PRDR R=<{BOB}> refusal",
            f"{ID} PRDR R=<dora@example.net> temporary refusal",
            arrived(more=" PRDR"),
            sent(CARL),
            DONE,
        ]
        traces = traces_of(place, {"mainlog": mainlog(lines)})
        assert told(traces) == [(BOB, "rejected"), (CARL, "delivered"), ("dora@example.net", "tempfailed")]
        assert {trace.sender for trace in traces} == {ANN}

    def test_broken_off(self, place: Place) -> None:
        """A client that goes away behind its recipients: what it named is not lost."""
        line = f"{CLIENT} incomplete transaction (connection lost) from <{ANN}> for {BOB} {CARL}"
        assert told(traces_of(place, {"mainlog": mainlog([line])})) == [(BOB, "aborted"), (CARL, "aborted")]

    def test_a_sender_that_is_refused(self, place: Place) -> None:
        """A refusal at MAIL names no recipient; a connection that named nobody makes no trace."""
        lines = [f"{CLIENT} rejected MAIL <{ANN}>: not you", f"{CLIENT} rejected EHLO or HELO x: syntactically invalid argument(s): x"]
        (trace,) = traces_of(place, {"mainlog": mainlog(lines)})
        assert (trace.sender, trace.recipient, str(trace.disposition)) == (ANN, None, "rejected")


def test_a_bounce_and_its_parent(place: Place) -> None:
    """The notice knows the message that it was made for, and that one knows it and says that the sender was told."""
    lines = [
        arrived(),
        f"{ID} ** {BOB} {_REMOTE}: {_said('RCPT TO:<bob@example.net>', '550 5.1.1 no such user')}",
        f"{NOTICE} <= <> R={ID} U=Debian-exim P=local S=1200",
        DONE,
        sent(ANN, NOTICE),
        f"{NOTICE} Completed",
    ]
    notice, mail = sorted(traces_of(place, {"mainlog": mainlog(lines)}), key=lambda t: t.recipient or "")
    assert (told([mail]), mail.sender_notified, notice.sender) == ([(BOB, "bounced")], True, "")
    (there,), (back,) = mail.related, notice.related
    assert (there.how, back.how) == ("notice", "notice_of")
    assert there.key in notice.keys
    assert back.key in mail.keys


class TestRejectlog:
    """Exim writes the headers of a refused message on lines without a stamp behind the refusal."""

    _HEAD = f"{ID} {CLIENT} F=<{ANN}> rejected after DATA: this is spam"
    _RECORD = (
        f"{_HEAD}\nEnvelope-from: <{ANN}>\nEnvelope-to: <{BOB}>\n\t<{CARL}>\nP Received: from mail.sender.example\n\tby mx1\n"
        f"  Subject: Buy\n\tnow\nI Message-ID: <m1@sender.example>\nF From: Ann <{ANN}>"
    )

    def test_with_the_mainlog(self, place: Place) -> None:
        """The line of the mainlog and the record are one event: one trace for each recipient that the record names."""
        files = {"mainlog": mainlog([self._HEAD]), "rejectlog": mainlog([self._RECORD])}
        traces = traces_of(place, files)
        assert told(traces) == [(BOB, "rejected"), (CARL, "rejected")]
        assert {(t.subject, t.message_id, str(t.reason)) for t in traces} == {("Buy now", "m1@sender.example", "spam")}
        assert {len(t.events) for t in traces} == {1}

    def test_without_the_record(self, place: Place) -> None:
        """The line alone names no recipient."""
        assert told(traces_of(place, {"mainlog": mainlog([self._HEAD])})) == [(None, "rejected")]

    @pytest.mark.parametrize("lines", [1, 2, 3, 4, 7, 9])
    def test_read_to_different_ends(self, lines: int, place: Place) -> None:
        """A record that is cut, and read on in a later run, is in the end what it is when read at once."""
        whole = mainlog([self._RECORD, f"{exim_id(9)} {CLIENT} F=<{ANN}> rejected RCPT <dora@example.net>: no"]).encode()
        read(place.beside("plain"), written(place.logs, {"rejectlog": whole}))
        part = b"".join(whole.splitlines(keepends=True)[:lines])
        files = written(place.logs.with_name("grown"), {"rejectlog": part})
        read(place.beside("grown"), files)
        written(place.logs.with_name("grown"), {"rejectlog": whole})
        read(place.beside("grown"), files)
        must_be_same(documents(place.beside("plain").store), documents(place.beside("grown").store))

    def test_the_longest_wins(self, place: Place) -> None:
        """A copy of the log that ends within the record, read after it, takes nothing away."""
        read(place, written(place.logs, {"rejectlog": mainlog([self._RECORD]).encode()}))
        cut = "".join(mainlog([self._RECORD]).splitlines(keepends=True)[:2])
        read(place, written(place.logs, {"rejectlog.1": cut.encode()}))
        assert told(traces_in(place)) == [(BOB, "rejected"), (CARL, "rejected")]


class TestProcess:
    """With `+pid` the process stands in each line, and is no part of its text."""

    def test_same_line_with_and_without_syslog(self, place: Place) -> None:
        """In syslog the transport names a process too; the line's own counts, and the events are the same."""
        lines = [f"[77] {arrived()}", f"[78] {sent(BOB)}", f"[78] {DONE}"]
        read(place.beside("file"), written(place.logs, {"mainlog": mainlog(lines).encode()}), log_host="mx1")
        stamped = [f"exim[{90 + n}]: {line}" for n, line in enumerate(mainlog(lines).splitlines())]
        read(place.beside("syslog"), written(place.logs, {"mail.log": syslog(stamped, pause_s=1).encode()}))
        must_be_same(documents(place.beside("file").store), documents(place.beside("syslog").store))
        assert {event.pid for trace in traces_in(place.beside("syslog")) for event in trace.events} == {77, 78}

    def test_two_processes_write_the_same(self, place: Place) -> None:
        """Equal refusals of two processes in one second are two, those of unknown processes one."""
        refusal = f"{CLIENT} F=<{ANN}> rejected RCPT <{BOB}>: no"
        assert len(traces_of(place.beside("known"), {"mainlog": mainlog([f"[77] {refusal}", f"[78] {refusal}"], pause_s=0)})) == 2
        assert len(traces_of(place.beside("unknown"), {"mainlog": mainlog([refusal, refusal], pause_s=0)})) == 1


@pytest.mark.parametrize("own", [True, False], ids=["own stamp", "no stamp"])
def test_year_turn_in_syslog(own: bool, place: Place) -> None:
    """Exim through traditional syslog over the turn of the year: its own stamp names the year, and without it the lines are in order."""
    moment = datetime(2025, 12, 31, 23, 59, 58, tzinfo=UTC)
    texts = [arrived(), f"{ID} == {BOB} {_REMOTE} defer (111): Connection refused", sent(BOB), DONE]
    lines = []
    for number, text in enumerate(texts):
        at = moment + timedelta(seconds=2 * number)
        lines.append(f"{at:%b %d %H:%M:%S} mx1 exim[5]: {f'{at:%Y-%m-%d %H:%M:%S} ' if own else ''}{text}\n")
    (trace,) = traces_of(place, {"mail.log": "".join(lines)}, year=2025)
    assert told([trace]) == [(BOB, "delivered")]
    years = [datetime.fromtimestamp(event.time_us / 1e6, UTC).year for event in trace.events]
    assert years == [2025, 2026, 2026, 2026]


def test_free_text_is_no_unknown_line(place: Place) -> None:
    """What an administrator's ACL logs in its own words is counted apart from lines that no pattern fits."""
    lines = [arrived(), f"{ID} my own remark about this", "our greylist says hello", sent(BOB), DONE]
    ingest = read(place, written(place.logs, {"mainlog": mainlog(lines).encode()}))
    (tally,) = ingest.summary.tallies.values()
    assert (tally.free.total(), tally.unknown.total()) == (2, 0)
    assert told(traces_in(place)) == [(BOB, "delivered")]


def test_first_sight_is_the_ids(place: Place) -> None:
    """An id of Exim holds its second, so a log that begins in the middle of a message gives the same documents' ids."""
    late = mainlog([sent(BOB), DONE], start=START + timedelta(hours=2))
    (trace,) = traces_of(place, {"mainlog": late})
    assert trace.time_ms == int(START.timestamp() * 1000)
    assert trace.incomplete
    read(place, written(place.logs, {"mainlog.1": mainlog([arrived()]).encode()}))
    (whole,) = traces_in(place)
    assert (whole.id, whole.sender, whole.incomplete) == (trace.id, ANN, False)


class TestFilterBehind:
    """A filter that Exim sends its mail through, and mailboxes that answer at the same address."""

    _HAND = f"{ID} => {BOB} R=amavis T=amavis_smtp H=localhost [127.0.0.1]:10024"

    def _read(self, place: Place, mail: list[str], scan: str) -> list[Trace]:
        """The traces of Exim's lines and the filter's result."""
        return traces_of(
            place, {"mainlog": mainlog(mail), "mail.log": syslog([f"amavis[361]: {scan}"], start=START + timedelta(seconds=1))}
        )

    def test_passed_on(self, place: Place) -> None:
        """The filter names the next queue id in the other server's whole reply."""
        passed = f"(00361-06) Passed CLEAN {{RelayedInbound}}, <{ANN}> -> <{BOB}>, mail_id: yAbCdEfGhIj1, Hits: 0.3, size: 1000"
        mail = [
            arrived(),
            f'{self._HAND} C="250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 OK id={NOTICE}"',
            f"{NOTICE} <= {ANN} H=localhost [127.0.0.1] P=esmtp S=900 id={ID}@sender.example",
            DONE,
            sent(BOB, NOTICE),
            f"{NOTICE} Completed",
        ]
        (trace,) = self._read(place, mail, f"{passed}, queued_as: 250 OK id={NOTICE}, 320 ms")
        assert told([trace]) == [(BOB, "delivered")]
        assert (str(trace.verdict), trace.score, trace.queue_ids, trace.incomplete) == ("clean", 0.3, [ID, NOTICE], False)

    def test_kept(self, place: Place) -> None:
        """Its log id in the reply joins what it kept."""
        blocked = (
            f"(00361-05-7) Blocked SPAM {{DiscardedInbound,Quarantined}}, <{ANN}> -> <{BOB}>, quarantine: x/s.gz, mail_id: yAbCdEfGhIj2"
        )
        (trace,) = self._read(
            place,
            [arrived(), f'{self._HAND} C="250 2.7.0 Ok, discarded, id=00361-05-7 - spam"', DONE],
            f"{blocked}, Hits: 12, size: 9, 320 ms",
        )
        assert (told([trace]), trace.quarantine_id) == ([(BOB, "quarantined")], "x/s.gz")

    def test_mailboxes(self, place: Place) -> None:
        """Who answers that the message is saved is the end of the way, also on this host."""
        hand = f'{ID} => bob <{BOB}> R=dovecot T=dovecot_lmtp H=127.0.0.1 [127.0.0.1]:24 C="250 2.0.0 <{BOB}> gZ1d Saved"'
        (trace,) = traces_of(place, {"mainlog": mainlog([arrived(), hand, DONE])})
        assert (told([trace]), str(trace.verdict), trace.incomplete) == ([(BOB, "delivered")], "not_scanned", False)

    def test_back_through_a_pipe(self, place: Place) -> None:
        """Mail that a filter submits again is nobody's of this host: its sender stays a claim."""
        back = f"{NOTICE} <= {ANN} U=mail P=spam-scanned S=900 id={ID}@sender.example"
        traces = traces_of(
            place,
            {"mainlog": mainlog([back, sent(BOB, NOTICE), f"{NOTICE} Completed"])},
            customers=(Owner("both", frozenset({"sender.example", "example.net"}), ()),),
        )
        assert [(str(t.direction), t.visible_to) for t in traces] == [("inbound", ["example.net"])]


class TestAutomaticAnswer:
    """An answer that a recipient's rule sends by itself."""

    _ANSWER = f"{ID} => >{ANN} <{BOB}> R=vacation T=vacation_reply"

    def test_is_no_delivery(self, place: Place) -> None:
        """What became of the message itself is told by the other lines, and it is no try."""
        waiting = f"{ID} == {BOB} R=local_user T=maildir_home defer (-22): mailbox is full"
        (trace,) = traces_of(place, {"mainlog": mainlog([arrived(), self._ANSWER, waiting])})
        assert (told([trace]), str(trace.reason), trace.attempts) == ([(BOB, "deferred")], "mailbox_full", 1)

    def test_is_no_notice(self, place: Place) -> None:
        """Nobody was told of a bounce because another recipient answered."""
        lines = [
            arrived(f"{BOB} {CARL}"),
            self._ANSWER,
            f"{NOTICE} <= {BOB} R={ID} U=mail P=local S=400",
            f"{ID} ** {CARL}: Unrouteable address",
        ]
        of = {trace.recipient: trace for trace in traces_of(place, {"mainlog": mainlog(lines)})}
        assert (str(of[CARL].disposition), of[CARL].sender_notified) == ("bounced", False)


class TestGivenUp:
    """Administrators."""

    def test_all_marked_delivered(self, place: Place) -> None:
        """`exim -Mmad`: nobody gets it, whatever was done to it before."""
        lines = [arrived(f"{BOB} {CARL}"), f"{ID} frozen by root", f"{ID} all addresses marked delivered by root", DONE]
        assert told(traces_of(place, {"mainlog": mainlog(lines)})) == [(BOB, "discarded"), (CARL, "discarded")]


class TestWordsOfAnAcl:
    """An ACL's refusal has the same code whatever it says; only its words say why, and all of it is in one line."""

    @pytest.mark.parametrize(
        ("refusal", "reason"),
        [
            ("temporarily rejected RCPT <{0}>: please wait five minutes", "policy"),
            ("temporarily rejected RCPT <{0}>: greylisted, try again later", "greylist"),
            ("rejected RCPT <{0}>: Could not complete sender verify callout", "connection"),
            ("rejected RCPT <{0}>: Domain x.example has exceeded the max emails per hour (151/150 (100%)) allowed.", "rate_limit"),
        ],
    )
    def test_reason(self, refusal: str, reason: str, place: Place) -> None:
        """The reason is that of the words."""
        (trace,) = traces_of(place, {"mainlog": mainlog([f"{CLIENT} F=<{ANN}> {refusal.format(BOB)}"])})
        assert str(trace.reason) == reason

    def test_nothing_is_missing(self, place: Place) -> None:
        """A message that was refused at its end has an id, and no other line."""
        (trace,) = traces_of(place, {"mainlog": mainlog([f"{ID} {CLIENT} F=<{ANN}> rejected after DATA: no\nEnvelope-to: <{BOB}>"])})
        assert (told([trace]), trace.incomplete) == ([(BOB, "rejected")], False)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([arrived(), f"{ID} => quarantine <{BOB}> R=local_quarantine T=boxes", DONE], "=> quarantine"),
        ([arrived(BOB), f"{ID} frozen by root", f"{ID} cancelled by root", DONE], "cancelled by root"),
        ([arrived(BOB), f"{ID} all addresses marked delivered by root", DONE], "marked delivered"),
    ],
    ids=["box", "given up", "marked delivered"],
)
def test_the_line_that_decided(lines: list[str], words: str, place: Place) -> None:
    """The report can name the line behind every fate."""
    (trace,) = traces_of(place, {"mainlog": mainlog(lines)})
    decided = deciding(trace)
    assert decided is not None
    assert words in (decided.raw or "")
