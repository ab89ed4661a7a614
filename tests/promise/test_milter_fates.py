"""What became of messages that a filter looked at beside the queue: Rspamd, amavis as a milter, SpamAssassin by an ACL of Exim."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain

import pytest
from canonical import documents, must_be_same
from captures import written
from reading import SHORT, SHORTEST, USUAL, Place, Times, read

from promise.fates import START, exim_id, mainlog, syslog, told, traces_in, traces_of

ANN, BOB, CARL = "ann@sender.example", "bob@example.net", "carl@example.net"
ID = "3883718A9F5"
_PEER = "mail.sender.example[203.0.113.5]"


def accepted(queue_id: str = ID, message: str = "m1") -> list[str]:
    """The lines of Postfix up to where a milter sees the whole message."""
    return [
        f"postfix/smtpd[300]: {queue_id}: client={_PEER}",
        f"postfix/cleanup[301]: {queue_id}: message-id=<{message}@sender.example>",
    ]


def queued(queue_id: str = ID, count: int = 1) -> str:
    """The line with which a message is in the queue."""
    return f"postfix/qmgr[99]: {queue_id}: from=<{ANN}>, size=900, nrcpt={count} (queue active)"


def delivered(recipient: str, queue_id: str = ID) -> str:
    """The line of a delivery."""
    return (
        f"postfix/smtp[302]: {queue_id}: to=<{recipient}>, relay=mx.example.net[192.0.2.50]:25, delay=0.3, delays=0.1/0/0.1/0.1,"
        " dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 9)"
    )


def removed(queue_id: str = ID) -> str:
    """The line with which a queue file ends."""
    return f"postfix/qmgr[99]: {queue_id}: removed"


def milter(what: str, queue_id: str = ID, recipient: str = BOB) -> str:
    """What cleanup logs of a milter's decision."""
    action, _, text = what.partition(" ")
    return (
        f"postfix/cleanup[301]: {queue_id}: milter-{action}: END-OF-MESSAGE from {_PEER}: {text}; from=<{ANN}> to=<{recipient}>"
        " proto=ESMTP helo=<mail.sender.example>"
    )


def rspamd(
    action: str, *, queue_id: str = ID, message: str = "m1", score: str = "0.10", to: str = BOB, forced: str = "", tag: str = "aaaaaa"
) -> str:
    """A result of Rspamd as it stands in syslog."""
    flag = {"reject": "T", "add header": "T"}.get(action, "F")
    return (
        f"rspamd[100]: <{tag}>; proxy; rspamd_task_write_log: id: <{message}@sender.example>, qid: <{queue_id}>, ip: 203.0.113.5,"
        f" from: <{ANN}>, (default: {flag} ({action}): [{score}/15.00] [R_TEST({score}){{}}]), len: 378, time: 8.807ms, dns req: 0,"
        f" digest: <d796f574290bbd71b7963cf2f47d0587>, rcpts: <{to}>, mime_rcpts: <{to}>{forced}"
    )


class TestRspamd:
    """Rspamd asks, Postfix does, and each logs it."""

    @pytest.mark.parametrize(
        ("action", "score", "verdict"),
        [
            ("no action", "0.10", "clean"),
            ("add header", "7.10", "spam"),
            ("rewrite subject", "7.10", "spam"),
            ("greylist", "4.50", "suspect"),
        ],
    )
    def test_let_through(self, action: str, score: str, verdict: str, place: Place) -> None:
        """What it thought of a message that it let through."""
        lines = [*accepted(), rspamd(action, score=score), queued(), delivered(BOB), removed()]
        (trace,) = traces_of(place, {"mail.log": syslog(lines)})
        assert (told([trace]), str(trace.verdict), trace.score) == ([(BOB, "delivered")], verdict, float(score))
        assert trace.required_score == 15

    def test_refused(self, place: Place) -> None:
        """Refused in the dialogue; the code that Postfix does not log is the usual one."""
        lines = [*accepted(), rspamd("reject", score="20.29"), milter("reject 5.7.1 Spam message rejected")]
        (trace,) = traces_of(place, {"mail.log": syslog(lines)})
        assert (told([trace]), str(trace.verdict), str(trace.reason)) == ([(BOB, "rejected")], "spam", "spam")
        assert (trace.reply_code, trace.enhanced_code, trace.reply_inferred) == (554, "5.7.1", True)

    @pytest.mark.parametrize(("set_by", "reason"), [("greylist", "greylist"), ("ratelimit", "rate_limit"), ("force_actions", "policy")])
    def test_come_back_later(self, set_by: str, reason: str, place: Place) -> None:
        """Whether a soft reject is greylisting, only the module that set it tells: the words are the same."""
        forced = f', forced: soft reject "Try again later"; score=nan (set by {set_by})'
        lines = [*accepted(), rspamd("soft reject", forced=forced), milter("reject 4.7.1 Try again later")]
        (trace,) = traces_of(place, {"mail.log": syslog(lines)})
        assert (told([trace]), str(trace.reason), trace.reply_code) == ([(BOB, "tempfailed")], reason, 451)

    def test_come_back_later_for_no_said_reason(self, place: Place) -> None:
        """Without a module it is no greylisting."""
        lines = [*accepted(), rspamd("soft reject"), milter("reject 4.7.1 Try again later")]
        (trace,) = traces_of(place, {"mail.log": syslog(lines)})
        assert (told([trace]), str(trace.verdict)) == ([(BOB, "tempfailed")], "suspect")
        assert str(trace.reason) != "greylist"

    def test_forced_in_a_line_of_its_own(self, place: Place) -> None:
        """Older releases say what forced a result in another line of the task only."""
        why = "rspamd[100]: <aaaaaa>; proxy; rspamd_add_passthrough_result: <m1@sender.example>: set pre-result to 'soft reject'"
        lines = [*accepted(), f"{why} (no score): 'Try again later' from greylist(1)", rspamd("soft reject"), milter("reject 4.7.1 Later")]
        (trace,) = traces_of(place, {"mail.log": syslog(lines)})
        assert (told([trace]), str(trace.reason)) == ([(BOB, "tempfailed")], "greylist")

    def test_thrown_away_instead_of_refused(self, place: Place) -> None:
        """With `discard_on_reject` the client is told that it was taken: Rspamd asks for a refusal, Postfix discards."""
        lines = [*accepted(), rspamd("reject", score="20.29"), milter("discard milter triggers DISCARD action")]
        (trace,) = traces_of(place, {"mail.log": syslog(lines)})
        assert (told([trace]), str(trace.verdict), str(trace.reason)) == ([(BOB, "discarded")], "spam", "spam")

    @pytest.mark.parametrize("let_go", [False, True], ids=["kept", "let go"])
    def test_kept_instead_of_refused(self, let_go: bool, place: Place) -> None:
        """With `quarantine_on_reject` it stays in the hold queue under its queue id, until an administrator lets it go."""
        lines = [*accepted(), rspamd("reject", score="20.29"), milter("hold milter triggers HOLD action")]
        if let_go:
            lines += [f"postfix/postsuper[7]: {ID}: released from hold", queued(), delivered(BOB), removed()]
        (trace,) = traces_of(place, {"mail.log": syslog(lines)})
        assert (told([trace]), trace.quarantine_id) == ([(BOB, "released" if let_go else "quarantined")], ID)
        assert str(trace.verdict) == "spam"

    @pytest.mark.parametrize(
        ("action", "disposition"),
        [
            ("no action", "unknown"),
            ("reject", "rejected"),
            ("soft reject", "tempfailed"),
            ("discard", "discarded"),
            ("quarantine", "quarantined"),
        ],
    )
    def test_without_the_mail_server(self, action: str, disposition: str, place: Place) -> None:
        """Its lines alone: what it asked for is what became of the message, as far as one can know, and that says so."""
        traces = traces_of(place, {"mail.log": syslog([rspamd(action, to=f"{BOB},{CARL}")])})
        assert told(traces) == [(BOB, disposition), (CARL, disposition)]
        assert all(trace.incomplete and trace.sender == ANN for trace in traces)

    def test_virus(self, place: Place) -> None:
        """What a virus scanner behind Rspamd found."""
        forced = ', forced: reject "clamav: virus found: "Eicar-Test"; score=nan (set by clamav)'
        lines = [*accepted(), rspamd("reject", forced=forced), milter('reject 5.7.1 clamav: virus found: "Eicar-Test"')]
        (trace,) = traces_of(place, {"mail.log": syslog(lines)})
        assert (told([trace]), str(trace.verdict), str(trace.reason)) == ([(BOB, "rejected")], "virus", "virus")


class TestShortIdsThatComeBack:
    """A filter's line that names an id which came back belongs to the life in reception at its stamp."""

    @staticmethod
    def _log(apart_s: float) -> list[tuple[float, str]]:
        """Two messages of one id: the first one is spam that is tagged, the second one clean; with the seconds at which they are logged."""
        first = [*accepted(), rspamd("add header", score="8.00"), queued(), delivered(BOB), removed()]
        second = [
            *accepted(message="m2"),
            rspamd("no action", score="0.50", message="m2", to=CARL, tag="bbbbbb"),
            queued(),
            delivered(CARL),
            removed(),
        ]
        return [
            (number * 0.05 + start, line) for start, lines in ((0.1, first), (0.1 + apart_s, second)) for number, line in enumerate(lines)
        ]

    @staticmethod
    def _files(timed: list[tuple[float, str]], *, whole: bool, own: bool) -> dict[str, str]:
        """As one file, or with Rspamd in its own, whose stamps are whole seconds."""
        files: dict[str, list[str]] = {"mail.log": []}
        for second, line in timed:
            at = START + timedelta(seconds=second)
            if own and line.startswith("rspamd"):
                text = f"{at:%Y-%m-%d %H:%M:%S} #100(rspamd_proxy) {line.partition(': ')[2]}\n"
                files.setdefault("rspamd.log", []).append(text)
            else:
                stamp = f"{at:%b} {at.day:2d} {at:%H:%M:%S}" if whole else at.isoformat(timespec="microseconds")
                files["mail.log"].append(f"{stamp} mx1 {line}\n")
        return {name: "".join(lines) for name, lines in files.items()}

    @pytest.mark.parametrize("own", [False, True], ids=["syslog", "rspamd.log"])
    @pytest.mark.parametrize(("whole", "apart_s"), [(False, 4), (True, 4), (False, 1), (True, 1), (False, 0.4)])
    def test_each_has_its_own(self, whole: bool, apart_s: float, own: bool, place: Place) -> None:
        """Each life has the result with its own Message-ID.

        An id comes back at whole seconds only, for it holds the microseconds; so in whole seconds no two lives are nearer.
        """
        files = self._files(self._log(apart_s), whole=whole, own=own)
        traces = traces_of(place, files)
        assert sorted((t.recipient, t.message_id, str(t.verdict), t.score) for t in traces) == [
            (BOB, "m1@sender.example", "spam", 8.0),
            (CARL, "m2@sender.example", "clean", 0.5),
        ]

    @pytest.mark.parametrize("first", ["mail.log", "rspamd.log"])
    @pytest.mark.parametrize("times", [USUAL, SHORTEST], ids=str)
    @pytest.mark.parametrize("apart_s", [4, 0.4], ids=["4 s", "0.4 s"])
    def test_in_a_run_each(self, apart_s: float, times: Times, first: str, place: Place) -> None:
        """The results read in an earlier or a later run than the mail server's lines."""
        files = self._files(self._log(apart_s), whole=False, own=True)
        plain = place.beside("plain")
        read(plain, written(place.logs, {name: text.encode() for name, text in files.items()}), times, log_host="mx1")
        for name in sorted(files, key=lambda one: one != first):
            read(place, [place.logs / name], times, log_host="mx1")
        must_be_same(documents(plain.store), documents(place.store))


class TestAmavisAsMilter:
    """The filter amavis beside the queue: it names the queue id, refuses in the dialogue, and takes recipients off a message."""

    @staticmethod
    def _scan(category: str, actions: str, people: Sequence[str], more: str = "", mail_id: str = "S900gCmlDdQk") -> str:
        listed = ",".join(f"<{one}>" for one in people)
        return (
            f"amavis[385]: (00385-03) {category} {{{actions}}}, AM.PDP-SOCK [203.0.113.5] [203.0.113.5] <{ANN}> -> {listed},{more}"
            f" Queue-ID: {ID}, Message-ID: <m1@sender.example>, mail_id: {mail_id}, Hits: 9, size: 924, 51 ms"
        )

    def test_refused(self, place: Place) -> None:
        """Refused in the dialogue though a copy was kept: rejected, with the id of the copy."""
        scan = self._scan("Blocked INFECTED (Eicar-Test)", "RejectedInbound,Quarantined", [BOB, CARL], " quarantine: S/virus-S900gCmlDdQk,")
        lines = [*accepted(), scan, milter("reject 5.7.0 Reject, id=00385-03 - INFECTED: Eicar-Test", recipient=CARL)]
        traces = traces_of(place, {"mail.log": syslog(lines)})
        assert told(traces) == [(BOB, "rejected"), (CARL, "rejected")]
        assert {(str(t.verdict), str(t.reason), t.quarantine_id, t.reply_code) for t in traces} == {
            ("virus", "virus", "S/virus-S900gCmlDdQk", 554)
        }

    @pytest.mark.parametrize(("kept", "disposition"), [("", "discarded"), (" quarantine: S/spam-S900gCmlDdQk,", "quarantined")])
    def test_taken_and_not_delivered(self, kept: str, disposition: str, place: Place) -> None:
        """Taken with 250 and thrown away; where a copy was kept, quarantined."""
        scan = self._scan("Blocked SPAM", "AcceptedInbound,DiscardedInbound" + (",Quarantined" if kept else ""), [BOB], kept)
        lines = [*accepted(), scan, milter("discard milter triggers DISCARD action")]
        (trace,) = traces_of(place, {"mail.log": syslog(lines)})
        assert (told([trace]), str(trace.verdict), str(trace.reason)) == ([(BOB, disposition)], "spam", "spam")
        assert trace.quarantine_id == ("S/spam-S900gCmlDdQk" if kept else None)

    def test_recipients_apart(self, place: Place) -> None:
        """One recipient's copy is kept, the other one's goes on: no line of Postfix names the first."""
        kept = " quarantine: S/spam-S900gCmlDdQk,"
        blocked = self._scan("Blocked SPAM", "AcceptedInbound,Quarantined", [BOB], kept)
        passed = self._scan("Passed SPAM", "AcceptedInbound,Quarantined", [CARL], kept)
        lines = [*accepted(), blocked, passed, queued(), delivered(CARL), removed()]
        bob, carl = traces_of(place, {"mail.log": syslog(lines)})
        assert told([bob, carl]) == [(BOB, "quarantined"), (CARL, "delivered")]
        assert (bob.quarantine_id, carl.quarantine_id) == ("S/spam-S900gCmlDdQk", "S/spam-S900gCmlDdQk")
        assert {str(bob.verdict), str(carl.verdict)} == {"spam"}

    def test_an_alias_behind_it(self, place: Place) -> None:
        """It sees the address as the client named it; what it thought holds for those that it becomes."""
        lines = [*accepted(), self._scan("Passed CLEAN", "AcceptedInbound", ["team@example.net"]), queued(count=2)]
        lines += [delivered(one).replace(f"to=<{one}>", f"to=<{one}>, orig_to=<team@example.net>") for one in (BOB, CARL)]
        traces = traces_of(place, {"mail.log": syslog([*lines, removed()])})
        assert [(t.recipient, t.original_recipient, str(t.verdict)) for t in traces] == [
            (BOB, "team@example.net", "clean"),
            (CARL, "team@example.net", "clean"),
        ]

    def test_the_sender_before_it_is_rewritten(self, place: Place) -> None:
        """A milter is told what the client said; what cleanup logs may be rewritten already."""
        rewritten = "shop@example.net"
        info = (
            f"postfix/cleanup[301]: {ID}: info: header Subject: x from localhost[127.0.0.1]; from=<{rewritten}> to=<{BOB}> proto=ESMTP"
            " helo=<app>"
        )
        lines = [accepted()[0], info, accepted()[1], self._scan("Passed CLEAN", "AcceptedInbound", [BOB])]
        lines += [queued().replace(ANN, rewritten), delivered(BOB), removed()]
        (trace,) = traces_of(place, {"mail.log": syslog(lines)})
        assert trace.sender == ANN


class TestReports:
    """The filter amavis with JSON for a summary: one record, in pieces, with a result for each recipient."""

    @staticmethod
    def _pieces() -> list[str]:
        report = {
            "action": ["DISCARD", "PASS"],
            "actions_performed": "AcceptedInbound Quarantined",
            "client_ip": "203.0.113.5",
            "content_type": "Spam",
            "mail_from": ANN,
            "mail_id": "R9TzLZdnI_GI",
            "message_id": "<m1@sender.example>",
            "protocol": "AM.PDP",
            "quarantine": "R/spam-R9TzLZdnI_GI",
            "queue_id": ID,
            "rcpt_to": [BOB, CARL],
            "recipients": [
                {"action": "DISCARD", "ccat_blocking": "Spam", "rcpt_to": BOB, "spam_score": 12.5},
                {"action": "PASS", "ccat_main": "Spam", "rcpt_to": CARL, "spam_score": 8.5},
            ],
            "size": 924,
        }
        text = json.dumps(report)
        third = len(text) // 3
        parts = [text[:third], text[third : 2 * third], text[2 * third :]]
        head = "amavis[346]: (00346-07) "
        return [head + "..." * (number > 0) + part + "..." * (number < len(parts) - 1) for number, part in enumerate(parts)]

    @classmethod
    def _lines(cls) -> list[str]:
        first, *rest = cls._pieces()
        between = "amavis[346]: (00346-08) Checking: xxTzLZdnI_GI [203.0.113.9] <eve@sender.example> -> <dora@example.net>"
        return [*accepted(), first, between, *rest, queued(), delivered(CARL), removed()]

    def test_recipients_apart(self, place: Place) -> None:
        """One record tells both: who is kept back, and who gets it though a copy was kept."""
        found = [t for t in traces_of(place, {"mail.log": syslog(self._lines())}) if t.sender == ANN]
        assert told(found) == [(BOB, "quarantined"), (CARL, "delivered")]
        assert {t.quarantine_id for t in found} == {"R/spam-R9TzLZdnI_GI"}
        assert {str(t.verdict) for t in found} == {"spam"}

    @pytest.mark.parametrize("times", [USUAL, SHORTEST], ids=str)
    @pytest.mark.parametrize("lines", range(2, 8))
    def test_read_to_different_ends(self, lines: int, times: Times, place: Place) -> None:
        """A record that is cut between its pieces, and read on in a later run, is in the end what it is when read at once."""
        whole = syslog(self._lines())
        read(place.beside("plain"), written(place.logs, {"mail.log": whole.encode()}), times)
        files = written(place.logs.with_name("grown"), {"mail.log": "".join(whole.splitlines(keepends=True)[:lines]).encode()})
        read(place.beside("grown"), files, times)
        written(place.logs.with_name("grown"), {"mail.log": whole.encode()})
        read(place.beside("grown"), files, times)
        must_be_same(documents(place.beside("plain").store), documents(place.beside("grown").store))


class TestByMessageId:
    """SpamAssassin's daemon names a message by its Message-ID alone: that joins only in reception, and only where one message has it."""

    @staticmethod
    def _spamd(at: float, message: str = "m1", flag: str = "Y") -> str:
        moment = START + timedelta(seconds=at)
        return (
            f"{moment:%a %b} {moment.day:2d} {moment:%H:%M:%S} 2026 [85] info: spamd: result: {flag}  9 - GTUBE"
            f" scantime=0.1,size=70,user=spamd,uid=102,required_score=5.0,rhost=localhost,mid=<{message}@sender.example>,autolearn=no\n"
        )

    @staticmethod
    def _mail(number: int, at: float, recipient: str, message: str = "m1") -> list[tuple[float, str]]:
        queue_id = exim_id(number).replace("vx04G", f"vx04{'GHIJKLMNOPQRSTUVWXYZ'[int(at)]}" if at < 20 else "vx0Bw")
        line = f"{queue_id} <= {ANN} H=mail.sender.example [203.0.113.5] P=esmtp S=700 id={message}@sender.example"
        return [(at, line), (at + 1, f"{queue_id} => {recipient} R=remote T=remote_smtp H=mx.example.net [192.0.2.50]")]

    @staticmethod
    def _main(*mails: list[tuple[float, str]]) -> str:
        return "".join(mainlog([line], start=START + timedelta(seconds=at)) for at, line in sorted(chain(*mails)))

    def _verdicts(self, place: Place, main: str, spamd: str, times: Times = USUAL) -> list[tuple[str | None, str, float | None]]:
        return [(t.recipient, str(t.verdict), t.score) for t in traces_of(place, {"mainlog": main, "spamd.log": spamd}, times)]

    def test_in_reception(self, place: Place) -> None:
        """A result while the message comes in is about it."""
        assert self._verdicts(place, self._main(self._mail(1, 3, BOB)), self._spamd(3)) == [(BOB, "spam", 9.0)]

    @pytest.mark.parametrize("at", [0, 8])
    def test_before_or_after(self, at: int, place: Place) -> None:
        """One from before the message began, or from after it was complete, is not."""
        assert self._verdicts(place, self._main(self._mail(1, 4, BOB)), self._spamd(at)) == [(BOB, "not_scanned", None)]

    def test_two_have_it(self, place: Place) -> None:
        """Where two messages with it come in at that moment, it is nobody's: the lines do not say whose."""
        main = self._main(self._mail(1, 3, BOB), self._mail(2, 3, CARL))
        assert self._verdicts(place, main, self._spamd(3)) == [(BOB, "unknown", None), (CARL, "unknown", None)]

    @pytest.mark.parametrize("times", [USUAL, SHORT], ids=str)
    def test_twice_in_ten_minutes(self, times: Times, place: Place) -> None:
        """The same message sent again after minutes: each result belongs to its own reception."""
        main = self._main(self._mail(1, 3, BOB), self._mail(2, 480, CARL))
        found = self._verdicts(place, main, self._spamd(3) + self._spamd(480, flag="."), times)
        assert found == [(BOB, "spam", 9.0), (CARL, "clean", 9.0)]

    def test_another_message(self, place: Place) -> None:
        """A result with another Message-ID is about another message."""
        assert self._verdicts(place, self._main(self._mail(1, 3, BOB)), self._spamd(3, "m2")) == [(BOB, "not_scanned", None)]

    def test_behind_postfix(self, place: Place) -> None:
        """The same with Postfix, whose message is in reception until the queue manager has it."""
        result = self._spamd(0).partition("] ")[2].removeprefix("info: ").strip()
        lines = [*accepted(), f"spamd[85]: {result}", queued(), delivered(BOB), removed()]
        lines += [*accepted("4D09318A9FB", "m2"), queued("4D09318A9FB"), delivered(CARL, "4D09318A9FB"), removed("4D09318A9FB")]
        found = [(t.recipient, str(t.verdict), t.score) for t in traces_of(place, {"mail.log": syslog(lines)})]
        assert found == [(BOB, "spam", 9.0), (CARL, "not_scanned", None)]

    def test_a_refusal(self, place: Place) -> None:
        """The rejectlog's headers name the Message-ID of a message that was refused for what the scanner said."""
        queue_id = exim_id(1)
        record = (
            f"{queue_id} H=mail.sender.example [203.0.113.5] F=<{ANN}> rejected after DATA: no thanks\nEnvelope-from: <{ANN}>\n"
            f"Envelope-to: <{BOB}>\nI Message-ID: <m1@sender.example>"
        )
        (trace,) = traces_of(place, {"rejectlog": mainlog([record]), "spamd.log": self._spamd(0)})
        assert (told([trace]), str(trace.verdict), str(trace.reason), trace.score) == ([(BOB, "rejected")], "spam", "spam", 9.0)


@pytest.mark.parametrize("times", [USUAL, SHORTEST], ids=str)
def test_results_of_rspamd_over_many_runs(times: Times, place: Place) -> None:
    """One line a run: the documents are those of one reading."""
    lines = [*accepted(), rspamd("add header", score="8.00"), queued(), delivered(BOB), removed()]
    content = syslog(lines).splitlines(keepends=True)
    read(place.beside("plain"), written(place.logs, {"whole.log": "".join(content).encode()}), times)
    for number, line in enumerate(content):
        read(place, written(place.logs, {f"{number}.log": line.encode()}), times)
    must_be_same(documents(place.beside("plain").store), documents(place.store))
    (trace,) = traces_in(place)
    assert datetime.fromtimestamp(trace.time_ms / 1000, UTC) == START


class TestSeveralResults:
    """A message that a filter looked at more than once."""

    def test_order_of_reading_decides_nothing(self, place: Place) -> None:
        """Two results of one second, of two processes, in either order of the file."""
        mail = mainlog([f"{exim_id(1)} <= {ANN} H=x [203.0.113.5] P=esmtp S=7 id=m1@sender.example", f"{exim_id(1)} => {BOB} R=r T=t"])
        results = [
            f"{START + timedelta(seconds=0):%a %b %d %H:%M:%S %Y} [{pid}] info: spamd: result: {flag} {score} - ALL_TRUSTED"
            f" scantime=0.1,size=6,user=u,uid=1,required_score=5.0,rhost=localhost,raddr=127.0.0.1,rport=5,mid=<m1@sender.example>\n"
            for pid, flag, score in ((86, ".", 1), (87, "Y", 12))
        ]
        for name, lines in (("one", results), ("two", results[::-1])):
            spamd = "".join(lines).encode()
            read(place.beside(name), written(place.logs.with_name(name), {"mainlog": mail.encode(), "spamd.log": spamd}))
        must_be_same(documents(place.beside("one").store), documents(place.beside("two").store))

    def test_the_one_that_was_followed(self, place: Place) -> None:
        """A mirror or a later scan by hand says nothing about why a message was refused."""
        lines = [*accepted(), rspamd("reject", score="26"), milter("reject 5.7.1 Spam message rejected"), rspamd("no action", tag="bbbbbb")]
        (trace,) = traces_of(place, {"mail.log": syslog(lines)})
        assert (told([trace]), str(trace.verdict), trace.score) == ([(BOB, "rejected")], "spam", 26)
