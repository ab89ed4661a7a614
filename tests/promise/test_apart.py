"""Logs of one run that are kept in several files, each read for itself, in any order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from canonical import Documents, documents, must_be_same
from captures import EXIM_SYSLOG, FORMS, Form, written
from reading import SHORT, SHORTEST, USUAL, Place, Times, read

from ingest.options import SourceSetting
from promise.conftest import MILTER, OWN_FILES
from promise.fates import START, exim_id, mainlog, syslog, told, traces_in

Plain = Callable[[Form, Times], Documents]
_SEVERITY = next(form for form in FORMS if str(form) == "rspamd_severity-traditional+clamav")
_STORE = next(form for form in FORMS if str(form) == "postfix_dovecot_own-rfc3339")
_TIMES = pytest.mark.parametrize("times", [USUAL, SHORTEST], ids=str)
#: Orders of a form's files: each of the two that matter most before the other, and the filters' logs first and last.
_ORDERS = [
    (OWN_FILES, ("mainlog", "rejectlog", "spamd.log", "clamav.log")),
    (OWN_FILES, ("rejectlog", "mainlog", "clamav.log", "spamd.log")),
    (MILTER, ("mail.log", "rspamd.log")),
    (MILTER, ("rspamd.log", "mail.log")),
    (_SEVERITY, ("clamav.log", "rspamd.log", "mail-traditional.log")),
    (_SEVERITY, ("mail-traditional.log", "clamav.log", "rspamd.log")),
    (_STORE, ("mail.log", "dovecot.log", "dovecot-info.log")),
    (_STORE, ("dovecot-info.log", "mail.log", "dovecot.log")),
]


@_TIMES
@pytest.mark.parametrize(("form", "order"), _ORDERS, ids=[f"{form}-{'-'.join(order)}" for form, order in _ORDERS])
def test_a_run_for_each_file(form: Form, order: tuple[str, ...], times: Times, place: Place, plain: Plain) -> None:
    """Whichever file is read first, in the end the documents are those of one reading."""
    assert sorted(order) == sorted(form.files)
    host = None if form is OWN_FILES else "mx1"
    contents = form.contents()
    for name in order:
        read(place, written(place.logs, {name: contents[name]}), times, timezone=form.zone, log_host=host)
    must_be_same(plain(form, times), documents(place.store))


def test_scanners_first(place: Place, plain: Plain) -> None:
    """What a scanner says of a message that is not known yet waits for it as long as lines pin the position."""
    contents = OWN_FILES.contents()
    for name in ("spamd.log", "clamav.log", "rejectlog", "mainlog"):
        read(place, written(place.logs, {name: contents[name]}))
    must_be_same(plain(OWN_FILES, USUAL), documents(place.store))


@_TIMES
@pytest.mark.parametrize("order", list(permutations(("mainlog", "rejectlog"))), ids="-".join)
def test_rejectlog_beside_the_mainlog(order: tuple[str, ...], times: Times, place: Place) -> None:
    """The rejectlog adds to refusals of the mainlog, or the mainlog adds nothing to them: in either order as in one run."""
    files = dict(zip(("mainlog", "rejectlog"), OWN_FILES.unpacked(place.logs), strict=False))
    read(place.beside("plain"), [files["mainlog"], files["rejectlog"]], times)
    for name in order:
        read(place.beside("apart"), [files[name]], times)
    must_be_same(documents(place.beside("plain").store), documents(place.beside("apart").store))


class TestFilesAndSyslog:
    """The same run of Exim in its own files and in syslog, where each entry has Exim's stamp as well."""

    @staticmethod
    def _contents() -> tuple[dict[str, bytes], dict[str, bytes]]:
        """Files of its own beside what else is in syslog, and syslog alone."""
        lines = EXIM_SYSLOG.content("mail.log").splitlines(keepends=True)
        others = b"".join(line for line in lines if b" exim" not in line[:60])
        own = {name: EXIM_SYSLOG.content(name) for name in ("mainlog", "rejectlog")}
        return {**own, "mail.log": others}, {"mail.log": b"".join(lines)}

    @_TIMES
    @pytest.mark.parametrize("way", ["instead", "together", "later"])
    def test_same_documents(self, way: str, times: Times, place: Place) -> None:
        """Read instead of each other, together, or one after the other, they give the same documents."""
        files, log = self._contents()
        settings: dict[str, Any] = {"timezone": EXIM_SYSLOG.zone, "log_host": "mx2"}
        read(place.beside("files"), written(place.logs, files), times, **settings)
        syslog = written(place.logs.with_name("syslog"), log)
        if way == "later":
            read(place.beside("other"), written(place.logs, files), times, **settings)
        read(place.beside("other"), [*(written(place.logs, files) if way == "together" else []), *syslog], times, **settings)
        must_be_same(documents(place.beside("files").store), documents(place.beside("other").store))


def test_a_filters_log_alone(place: Place) -> None:
    """A result that names nobody, or of which no mail server tells, is no trace; with the message it belongs to it."""
    spamd = (
        b"Mon Mar  2 10:00:01 2026 [85] info: spamd: result: Y 9 - GTUBE scantime=0.1,size=70,required_score=5.0,mid=<m1@sender.example>\n"
    )
    read(place, written(place.logs, {"spamd.log": spamd}))
    assert not documents(place.store)
    mainlog = (
        f"2026-03-02 10:00:01 {exim_id(1)} <= ann@sender.example H=mail.sender.example [203.0.113.5] P=esmtp S=700 id=m1@sender.example\n"
        f"2026-03-02 10:00:02 {exim_id(1)} => bob@example.net R=remote T=remote_smtp H=mx.example.net [192.0.2.50]\n"
    )
    read(place, written(place.logs, {"mainlog": mainlog.encode()}))
    (document,) = documents(place.store).values()
    assert (document["verdict"], document["score"], document["disposition"]) == ("spam", 9.0, "delivered")


def _scan(number: int, recipient: str, at: int) -> list[str]:
    """A scan of amavis that finds a virus: it begins in one second and ends in the next, in the folder that its process uses."""
    log_id, mail_id = f"(00370-{number:02d})", f"9SrCR1wzTF{number:02d}"
    pair = f"<ann@sender.example> -> <{recipient}>"
    begins = f"ESMTP [127.0.0.1]:10024 /var/lib/amavis/tmp/amavis-20260302T095959-00370-Om0QYxb1: {pair} SIZE=900 Received: from x"
    ends = (
        f"Blocked INFECTED (Eicar-Test) {{DiscardedInbound,Quarantined}}, [203.0.113.5]:4 [203.0.113.5] {pair},"
        f" quarantine: virus-{mail_id}, Message-ID: <m{number}@sender.example>, mail_id: {mail_id}, Hits: -, size: 900, 90 ms"
    )
    return [f"Mar  2 10:00:{at + second:02d} mx1 amavis[370]: {log_id} {text}\n" for second, text in enumerate((begins, ends))]


@pytest.mark.parametrize("times", [USUAL, SHORT], ids=str)
def test_a_hit_that_two_scans_may_have_made(times: Times, place: Place) -> None:
    """A process scans one message after the other in one folder: what a document has of it already, the next one may need as well."""
    first, second = _scan(1, "bob@example.net", 1), _scan(2, "carl@example.net", 2)
    hit = b"Mon Mar  2 10:00:02 2026 -> /var/lib/amavis/tmp/amavis-20260302T095959-00370-Om0QYxb1/parts/p002: Eicar-Test(44d8:68) FOUND\n"
    hit += b"Mon Mar  2 10:00:04 2026 -> /tmp/elsewhere: Eicar-Test(44d8:68) FOUND\n"
    mail = "".join([*first, *second])
    read(place.beside("plain"), written(place.logs, {"clamav.log": hit, "mail.log": mail.encode()}), times)
    logs = place.logs.with_name("cut")
    read(place.beside("cut"), written(logs, {"clamav.log": hit, "mail.log": "".join([*first, second[0]]).encode()}), times)
    read(place.beside("cut"), written(logs, {"clamav.log": hit, "mail.log": mail.encode()}), times)
    must_be_same(documents(place.beside("plain").store), documents(place.beside("cut").store))


def test_a_run_for_each_host(place: Place) -> None:
    """What was said about one file does not come over the next, and what was said about it before is not forgotten."""
    for number, host in ((1, "mx1"), (2, "mx2"), (3, "mx3")):
        lines = [f"{exim_id(number)} <= ann@sender.example H=x [203.0.113.5] P=esmtp S=7", f"{exim_id(number)} => bob@example.net R=r T=t"]
        # Equal seconds: nothing but the host and the id tells them apart.
        (file,) = written(place.logs, {f"{host}.log": mainlog(lines).encode()})
        read(place, [file], sources=(SourceSetting(str(file), log_host=host),))
    traces = traces_in(place)
    assert sorted((trace.host, trace.sender, trace.recipient) for trace in traces) == [
        (host, "ann@sender.example", "bob@example.net") for host in ("mx1", "mx2", "mx3")
    ]


def test_what_was_left_is_read_as_it_was_told(place: Place) -> None:
    """A file whose last entry had no end is read on in a run that names another one, with the host that was given for it."""
    head = syslog([f"exim[70]: [1/2] {exim_id(1)} <= ann@sender.example H=x [203.0.113.5] P=esmtp S=7 for bob@exam"])
    one, two = written(place.logs, {"one.log": head.encode(), "two.log": b""})
    read(place, [one], sources=(SourceSetting(str(one), log_host="mx9", format="exim"),))
    assert traces_in(place) == []
    rest = syslog(["exim[70]: [2/2] ple.net"], start=START + timedelta(milliseconds=1))
    with one.open("a") as file:
        file.write(rest)
    read(place, [two])
    assert told(traces_in(place)) == [("bob@example.net", "in_progress")]


@pytest.mark.parametrize("traditional", [False, True], ids=["RFC 3339", "traditional"])
def test_a_filter_of_two_hosts(traditional: bool, place: Place) -> None:
    """Lines that name no host beside those of two: nobody can say whose they are, in whatever form the others are, and that is said."""
    stamp = "%b %d %H:%M:%S" if traditional else "%Y-%m-%dT%H:%M:%S+00:00"
    lines = [f"{START:{stamp}} {host} postfix/smtpd[7]: 4G1x2y3z4k5: client=x[203.0.113.5]" for host in ("mx1", "mx2")]
    ingest = read(
        place, written(place.logs, {"mail.log": "\n".join([*lines, ""]).encode(), "mainlog": mainlog([exim_id(1) + " Completed"]).encode()})
    )
    (warning,) = ingest.summary.warnings
    assert "mainlog: its lines name no host, and other files name several (mx1, mx2)" in warning


def test_one_message_id_in_two_log_domains(place: Place) -> None:
    """A filter's result that names a message by its Message-ID only is about none of another host's, also where the store has that one."""
    lines: dict[str, list[str]] = {"mail.log": [], "spamd.log": []}
    for host, queue_id in (("mx1", "4AAAAAAAAAA1"), ("mx2", "4BBBBBBBBBB1")):
        name = "spamd.log" if host == "mx2" else "mail.log"
        for log, line in (
            ("mail.log", f"postfix/smtpd[100]: {queue_id}: client=mail.sender.example[203.0.113.5]"),
            ("mail.log", f"postfix/cleanup[101]: {queue_id}: message-id=<same@sender.example>"),
            (name, "spamd[102]: spamd: result: . 0 - X scantime=0.1,size=600,required_score=5.0,mid=<same@sender.example>,autolearn=no"),
            ("mail.log", f"postfix/qmgr[99]: {queue_id}: from=<ann@sender.example>, size=600, nrcpt=1 (queue active)"),
            ("mail.log", f"postfix/virtual[103]: {queue_id}: to=<bob@example.net>, relay=virtual, dsn=2.0.0, status=sent (delivered)"),
        ):
            time = START + timedelta(seconds=sum(map(len, lines.values())))
            lines[log] += [syslog([line], start=time, host=host)]
    files = written(place.logs, {name: "".join(text).encode() for name, text in lines.items()})
    read(place.beside("plain"), files)
    for file in files:
        read(place, [file])
    must_be_same(documents(place.beside("plain").store), documents(place.store))
