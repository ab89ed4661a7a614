"""What decides that a file is wrapped, and what is done with its lines one by one."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import pytest
from captures import RSPAMD_SYSLOG, SHORT
from wrapped import WRAPPINGS

from ingest.formats import format_of, framer_of, unwrapper_of
from ingest.framing.line import Line
from ingest.unwrapping import WRAPPERS, Lines, Wrapper
from unwrapping.test_wrappings import lines_of

_BSD = "Jan 25 21:25:22 mx1 postfix/smtpd[558]: connect from unknown[198.51.100.6]"
_SAID = "connect from unknown[198.51.100.6]"


def unwrapped(*texts: str) -> list[str]:
    """What is made of a file of these lines."""
    return [text for _, text in _read(list(enumerate(texts)))]


def _read(lines: Lines) -> Lines:
    unwrapper = unwrapper_of()
    return [*unwrapper.lines(lines), *unwrapper.rest()]


def framed(text: str) -> Line:
    """The line that a wrapped one holds."""
    (line,) = unwrapped(text)
    found = framer_of("f", UTC, 2026).frame(line)
    assert found is not None, line
    return found


@pytest.mark.parametrize("wrapper", WRAPPERS, ids=lambda wrapper: wrapper.name)
def test_each_row_takes_its_example(wrapper: Wrapper) -> None:
    """The example of each row is taken by it, and by none before it."""
    first = next(one for one in WRAPPERS if one.take(wrapper.example) is not None)
    assert first is wrapper


@pytest.mark.parametrize(
    ("text", "host", "tag", "pid"),
    [
        (f"postfix_1  | {_BSD}", "mx1", "postfix/smtpd", 558),
        (f"mail_postfix.1.k3v9@node2    | {_BSD}", "mx1", "postfix/smtpd", 558),
        (f"[mail] | {_BSD}", "mx1", "postfix/smtpd", 558),
        ("\x1b[33mmail-1  | \x1b[0m2026-01-25T21:25:22.5Z WARNING postfix/smtpd[558]: " + _SAID, "", "postfix/smtpd", 558),
        (f"\ufeffmail-1  | {_BSD}\r", "mx1", "postfix/smtpd", 558),
        (f"mail-1  | {_BSD}\x1b[0m", "mx1", "postfix/smtpd", 558),
        (f"mail-0 postfix {_BSD}", "mx1", "postfix/smtpd", 558),
        (f"mail mail-0 postfix 2026-01-25T21:25:22.512345678Z {_BSD}", "mx1", "postfix/smtpd", 558),
        (f"\x1b[92mmail-0\x1b[0m \x1b[32mpostfix\x1b[0m {_BSD}", "mx1", "postfix/smtpd", 558),
        (f"1f0e3dad9990 {_BSD}", "mx1", "postfix/smtpd", 558),
        (f"mail 2026-01-25 21:25:22 mx1 postfix/smtpd[558]: {_SAID}", "mx1", "postfix/smtpd", 558),
        (f"2026-01-25T21:25:22.512345678Z mail_postfix.1.k3v9@node2    | {_BSD}", "mx1", "postfix/smtpd", 558),
        (f"2026-01-25T21:25:22 {_BSD}", "mx1", "postfix/smtpd", 558),
        (f'"{_BSD}\\n"', "mx1", "postfix/smtpd", 558),
        (f"/home/me/old logs/mail.log:12:{_BSD}", "mx1", "postfix/smtpd", 558),
        (f"C:\\logs\\mail.log:{_BSD}", "mx1", "postfix/smtpd", 558),
        (f"(standard input):{_BSD}", "mx1", "postfix/smtpd", 558),
        (f'2026-01-25 21:25:22.512345678 +0000 mail.log: {{"log":"{_BSD}"}}', "mx1", "postfix/smtpd", 558),
        (f'{{"_index":"logs-1","_source":{{"@timestamp":"2026-01-25T21:25:23.9Z","message":"{_BSD}"}}}}', "mx1", "postfix/smtpd", 558),
        ("Jan 25 21:25:22 relay 2026-01-25 21:25:22 mx1 postfix/smtpd[558]: " + _SAID, "mx1", "postfix/smtpd", 558),
        ("Sun 2026-01-25 21:25:22 UTC mx1 postfix@-.service[558]: " + _SAID, "mx1", "postfix/smtpd", 558),
        ("2026-01-25 21:25:22 mx1 dovecot: " + _SAID, "mx1", "dovecot", 0),
        ("2026-01-25 21:25:22,512 INFO dovecot: " + _SAID, "", "dovecot", 0),
        ("2026-01-25 21:25:22+00:00 dovecot: " + _SAID, "", "dovecot", 0),
        ("2026-01-25T21:25:22+00:00 [info] mx1 postfix/smtpd[558]: " + _SAID, "mx1", "postfix/smtpd", 558),
        ("2026-01-25T21:25:22+00:00 mx1 NOTICE postfix/smtpd[558]: " + _SAID, "mx1", "postfix/smtpd", 558),
        ("2026-01-25 21:25:22,512 ERROR    postfix/smtpd[558]: " + _SAID, "", "postfix/smtpd", 558),
        ("2026-01-25 21:25:22.512 +0000 mx1 postfix/smtpd[558]: " + _SAID, "mx1", "postfix/smtpd", 558),
        ("Jan 25 21:25:22 mail.info mx1 postfix/smtpd[558]: " + _SAID, "mx1", "postfix/smtpd", 558),
        ("Jan 25 21:25:22 mx1 mail:info postfix/smtpd[558]: " + _SAID, "mx1", "postfix/smtpd", 558),
        ("Jan 25 21:25:22 mx1 mail.info: postfix/smtpd[558]: " + _SAID, "mx1", "postfix/smtpd", 558),
        ("./mail.log-20260126-Jan 25 21:25:22 mx1 postfix/smtpd[558]: " + _SAID, "mx1", "postfix/smtpd", 558),
        ("12:Jan 25 21:25:22 mx1 postfix/smtpd[558]: " + _SAID, "mx1", "postfix/smtpd", 558),
        (f"mail.log.2.gz:7:compose-1  | {_BSD}", "mx1", "postfix/smtpd", 558),
        ("ene 25 21:25:22 mx1 postfix/smtpd[558]: " + _SAID, "mx1", "postfix/smtpd", 558),
        ("25 janv. 21:25:22 mx1 postfix/smtpd[558]: " + _SAID, "mx1", "postfix/smtpd", 558),
        ("1月 25 21:25:22 mx1 postfix/smtpd[558]: " + _SAID, "mx1", "postfix/smtpd", 558),
        ("So 2026-01-25 22:25:22 CET mx1 postfix/smtpd[558]: " + _SAID, "mx1", "postfix/smtpd", 558),
        ("Sun 2026-01-25 18:25:22 -03 mx1 postfix/smtpd[558]: " + _SAID, "mx1", "postfix/smtpd", 558),
        ("2026-01-25T22:25:22+01:00 [1:mail1:postfix/smtpd[558]] " + _SAID, "", "postfix/smtpd", 558),
        (
            '{"@timestamp":"2026-01-25T21:25:22.5Z","process":{"program":"postfix/smtpd","pid":558},"message":"' + _SAID + '"}',
            "",
            "postfix/smtpd",
            558,
        ),
        (
            '{"__REALTIME_TIMESTAMP":"1769376322000000","host":"mx1","SYSLOG_IDENTIFIER":"postfix/smtpd","_PID":"558","message":"'
            + _SAID
            + '"}',
            "mx1",
            "postfix/smtpd",
            558,
        ),
        (
            '{"time":"Jan 25 21:25:22","host":"mx1","ident":"postfix/smtpd","pid":"558","message":"' + _SAID + '"}',
            "mx1",
            "postfix/smtpd",
            558,
        ),
        ('{"ts":1769376322,"hostname":"mx1","appname":"postfix/smtpd","msg":"' + _SAID + '"}', "mx1", "postfix/smtpd", 0),
        (
            '{"log":"{\\"log\\":\\"' + _BSD + '\\\\n\\",\\"stream\\":\\"stdout\\",\\"time\\":\\"2026-01-25T21:25:23Z\\"}"}',
            "mx1",
            "postfix/smtpd",
            558,
        ),
        ("Jan 25 21:25:22 node1 mail-1[77]: postfix/smtpd[558]: " + _SAID, "node1", "postfix/smtpd", 558),
        ("Jan 25 23:00:00 node1 9f1c0e3dad99[77]: 2026-01-25T21:25:22+00:00 mx1 postfix/smtpd[558]: " + _SAID, "mx1", "postfix/smtpd", 558),
        ("Jan 25 23:00:00 relay Jan 25 21:25:22 mx1 postfix/smtpd[558]: " + _SAID, "mx1", "postfix/smtpd", 558),
        ("Jan 25 21:25:22 mx1 postfix/smtpd[558]: message repeated 3 times: [ " + _SAID + "]", "mx1", "postfix/smtpd", 558),
    ],
)
def test_forms_one_by_one(text: str, host: str, tag: str, pid: int) -> None:
    """A line is the same line in each of them, with what the form carries."""
    line = framed(text)
    assert (line.host, line.tag, line.pid, line.text) == (host, tag, pid, _SAID)
    assert datetime.fromtimestamp(line.time_us // 1_000_000, UTC) == datetime(2026, 1, 25, 21, 25, 22, tzinfo=UTC)


@pytest.mark.parametrize("text", ["Sun 2026-01-25 21:25:22 UTC mx1 postfix@-.service[1]: starting the mail system", f"2026 {_BSD}"])
def test_what_is_not_told_is_not_guessed(text: str) -> None:
    """A unit's line that no daemon says alone is nobody's; a year that stands before the stamp is not taken off."""
    (line,) = unwrapped(text)
    found = framer_of("f", UTC, 2026).frame(line)
    assert found is None or format_of(found.tag, found.program) is None


def test_the_years_of_a_record_are_those_of_its_line() -> None:
    """A stamp without a year is the last such day before the record was made."""
    (old,) = unwrapped('{"log":"Dec 31 23:59:59 mx1 a[1]: x\\n","stream":"stdout","time":"2024-01-01T00:00:01Z"}')
    assert old == "2023-12-31T23:59:59+0000 mx1 a[1]: x"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2026-11-24T10:00:00.5Z Nov 24 11:00:00 mx1 a[1]: x", "2026-11-24T11:00:00+0100 mx1 a[1]: x"),
        ("2026-11-24T10:00:02.5Z stdout F Nov 24 15:30:00 mx1 a[1]: x", "2026-11-24T15:30:00+0530 mx1 a[1]: x"),
        ("mail-1  | 2026-11-24T10:00:00.5+02:00 Nov 24 08:00:00 mx1 a[1]: x", "2026-11-24T08:00:00+0000 mx1 a[1]: x"),
        (
            '{"log":"Dec 31 20:00:00 mx1 a[1]: x\\n","stream":"stdout","time":"2026-01-01T01:00:00Z"}',
            "2025-12-31T20:00:00-0500 mx1 a[1]: x",
        ),
        ("2026-11-24T10:00:00.5Z 2026-11-24 11:00:00 x", "2026-11-24 11:00:00 +0100 x"),
        # Taken later, the line may be of any zone; its own is not touched.
        ("2026-11-24T10:08:00.5Z 2026-11-24 11:00:00 x", "2026-11-24 11:00:00 x"),
        ("2026-11-24T10:00:00.5Z 2026-11-24 11:00:00 +0200 x", "2026-11-24 11:00:00 +0200 x"),
        ('{"message":"Nov 24 11:00:00 mx1 a[1]: x","@timestamp":"2026-11-24T10:00:00Z"}', "2026-11-24T11:00:00 mx1 a[1]: x"),
        ("2026-11-24T10:00:00 Nov 24 11:00:00 mx1 a[1]: x", "2026-11-24T11:00:00 mx1 a[1]: x"),
    ],
)
def test_what_takes_a_line_at_once_tells_its_zone(text: str, told: str) -> None:
    """A stamp without a zone beside one with a zone, of the same moment; what collectors read later tells none."""
    assert unwrapped(text) == [told]


def test_a_line_of_a_header_is_taken_for_none() -> None:
    """Exim keeps the headers of what it refused as they came: a folded line of one begins with a blank."""
    for text in (f"  {_BSD}", f"\t{_BSD}", f"P Received: {_BSD}"):
        assert unwrapped(text) == [text]


def test_a_plain_file_stays_plain() -> None:
    """Nothing is taken off once the first lines have decided that nothing stands around them."""
    begin = [(at, _BSD) for at in range(0, 66_000, 80)]
    late = (66_000, f"mail-1  | {_BSD}")
    assert _read([*begin, late])[-1] == late
    assert _read([*begin[:10], late])[-1] == late
    assert _read([*begin[:10], (900, late[1])])[-1] == (900, _BSD)


@pytest.mark.parametrize("name", ["journal-verbose", "journal-export", "journal-pretty", "cri", "json-file-cut", "compose", "tail"])
def test_reading_may_be_cut_anywhere(name: str) -> None:
    """Whatever pieces a file is read in, its lines are the same; what is open says where reading must go on."""
    wrapping = next(one for one in WRAPPINGS if one.name == name)
    texts = wrapping.of(lines_of(SHORT)[:60]).split("\n")[:-1]
    lines = [(at * 100, text) for at, text in enumerate(texts)]
    whole = _read(lines)
    rng = Random(19)
    for _ in range(30):
        cut = rng.randrange(len(lines))
        first = unwrapper_of()
        before = first.lines(lines[:cut])
        again = lines[cut][0] if first.open_at is None else first.open_at
        resumed = unwrapper_of(wrapped=first.wrapped)
        after = resumed.lines([line for line in lines if line[0] >= again])
        assert [*before, *after, *resumed.rest()] == whole


def test_a_value_of_several_lines_in_an_export() -> None:
    """Its length stands before it, in eight bytes."""
    message = "one\ntwo=2\n\nthree"
    length = len(message).to_bytes(8, "little").decode("latin-1")
    entry = (
        f"__CURSOR=s\n__REALTIME_TIMESTAMP=1769376322000000\n_HOSTNAME=mx1\nMESSAGE\n{length}{message}\nSYSLOG_IDENTIFIER=exim\n_PID=3\n"
    )
    assert unwrapped(*entry.split("\n")) == [f"2026-01-25T21:25:22.000000Z mx1 exim[3]: {message}"]


def test_a_program_s_own_json_is_its_own() -> None:
    """A line of JSON that a format reads is in no wrapper."""
    text = '{"ts":1795493044.5,"pid":100,"severity_level":"info","worker_type":"rspamd_proxy","message":"rspamd_task_write_log: x"}'
    assert unwrapped(text) == [text]


def test_other_programs_dates_are_no_lines_of_a_mail_server() -> None:
    """A program that nobody reads may write a date before its text: that makes it no line of the one that writes no mark."""
    line = framer_of("f", UTC, 2026).frame("Nov 24 10:00:00 mx1 mysqld[5]: 2026-11-24 10:00:00 7 [Note] Aborted connection")
    assert line is not None
    assert (line.program, line.text) == ("mysqld", "2026-11-24 10:00:00 7 [Note] Aborted connection")


@pytest.mark.parametrize(
    ("tag", "program"),
    [
        ("exim_mainlog", "exim"),
        ("exim-in", "exim"),
        ("docker/exim", "exim"),
        ("exim.mainlog", "exim"),
        ("mail-exim-1", "exim"),
        ("cyrus/lmtp", "lmtp"),
    ],
)
def test_tags_that_mean_a_program(tag: str, program: str) -> None:
    """A tag that others made of a file's or a container's name leads to its program."""
    line = framer_of("f", UTC, 2026).frame(f"Nov 24 10:00:00 mx1 {tag}: 2026-11-24 10:00:00 H=x [192.0.2.5] rejected")
    assert line is not None
    assert line.program == program


def test_lines_of_strangers_are_taken_for_none() -> None:
    """What a message says cannot make a plain file a wrapped one: a row looks at the beginning of a line only."""
    begin = "2026-11-24T03:53:14.311264+00:00 mx1 rspamd[9]: <a>; "
    for line in lines_of(RSPAMD_SYSLOG)[:200]:
        for wrapper in WRAPPERS:
            assert unwrapped(begin + wrapper.example + line.text) == [begin + wrapper.example + line.text]


@pytest.mark.parametrize(
    ("text", "program", "pid", "said"),
    [
        # Containers that are called as their programs are.
        ("Nov 24 10:00:00 node1 rspamd[812]: 2026-11-24 09:00:00 #37(rspamd_proxy) <e893af>; proxy; x", "rspamd", 37, "<e893af>; proxy; x"),
        ("Nov 24 10:00:00 node1 amavis[812]: Nov 24 09:00:00 mx1 amavis[12]: (00012-01) x", "amavis", 12, "(00012-01) x"),
        ("Nov 24 10:00:00 node1 spamd[812]: Tue Nov 24 09:00:00 2026 [85] info: spamd: x", "spamd", 85, "info: spamd: x"),
        ("Nov 24 10:00:00 node1 postfix[812]: Nov 24 09:00:00 mx1 postfix/smtpd[5]: connect from x", "smtpd", 5, "connect from x"),
        ("Nov 24 10:00:00 node1 docker/mail/rspamd[812]: 2026-11-24 09:00:00 #37(controller) <a>; x", "rspamd", 37, "<a>; x"),
        ("Nov 24 10:00:00 node1 docker/exim[812]: 2026-11-24 09:00:00 H=x [192.0.2.5] rejected", "exim", 0, "H=x [192.0.2.5] rejected"),
        # Dovecot names no process in its tag.
        ("Nov 24 09:00:00 node1 docker/mail[812]: dovecot: lmtp(bob)<5><x>: msgid=<a>: x", "dovecot", 0, "lmtp(bob)<5><x>: msgid=<a>: x"),
        ("Nov 24 09:00:00 node1 monit[812]: 'dovecot' process is not running", "monit", 812, "'dovecot' process is not running"),
        ("Nov 24 09:00:00 node1 systemd[1]: dovecot.service: Main process exited", "systemd", 1, "dovecot.service: Main process exited"),
        ("Nov 24 09:00:00 node1 docker/app[812]: exim: the mail was sent", "app", 812, "exim: the mail was sent"),
        ("Nov 24 09:00:00 node1 docker/app[812]: see dovecot: no mail", "app", 812, "see dovecot: no mail"),
        ("Nov 24 09:00:00 node1 cpanel-exim: 1xVnJg-00012Z-07 Completed", "exim", 0, "1xVnJg-00012Z-07 Completed"),
        ("Nov 24 09:00:00 node1 mail-exim-main: 2026-11-24 09:00:00 H=x [192.0.2.5] rejected", "exim", 0, "H=x [192.0.2.5] rejected"),
        ("Nov 24 09:00:00 node1 fail2ban-exim[9]: banned 192.0.2.5", "fail2ban-exim", 9, "banned 192.0.2.5"),
    ],
)
def test_lines_within_lines(text: str, program: str, pid: int, said: str) -> None:
    """A log driver names the container, and its program names itself."""
    line = framer_of("f", UTC, 2026).frame(text)
    assert line is not None
    assert (line.program, line.pid, line.text) == (program, pid, said)
    assert datetime.fromtimestamp(line.time_us // 1_000_000, UTC).hour == 9
