"""Lines that strangers wrote: no parser raises on them, and none takes more than time in proportion to their length."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from formats.format_samples import Sample, all_samples, facts_of, framed
from formats.hostile_lines import PIECES
from ingest.formats import FORMATS, Outcome, Silent, new_joiner, parser_of
from ingest.framing.line import Line
from ingest.joining.places import Place as PlaceInFile
from ingest.records import Joiner
from mappings.address import message_id
from mappings.facts import Attempted, Fact, Judged, Received, Ruled, Scanned, fact_of, fields_of, kind_of
from mappings.sentences import words_of

TESTS = Path(__file__).resolve().parents[1]
SAMPLES = all_samples()
PROGRAMS = [(f"postfix/{program}" if one.instanced else program) for one in FORMATS for program in one.programs]


@pytest.mark.parametrize(("length", "every", "seconds"), [(20_000, 3, 3), (100_000, 31, 10)])
def test_a_long_line_is_read_in_time(length: int, every: int, seconds: int) -> None:
    """Separators, brackets and quotes over and over, behind the beginning of every sample: none keeps a parser busy."""
    done = subprocess.run(
        [sys.executable, "-m", "formats.hostile_lines", str(length), str(every), str(seconds)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(TESTS), str(TESTS.parent)))},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) > 1000


def read(tag: str, text: str) -> None:
    """A line read as the pipeline does; whatever is found has words and comes back from a document."""
    parse = parser_of(tag, tag.rpartition("/")[2])
    assert parse is not None
    found = parse(framed(tag, text))
    assert isinstance(found, Silent) or facts_of(found)
    for fact in facts_of(found):
        assert words_of(fact)
        assert all(isinstance(name, str) for name in fact.people())
        assert fact_of(kind_of(fact), fields_of(fact)) == fact


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, str]:
    """A sample with pieces cut out, doubled, exchanged, or put in."""
    sample: Sample = draw(st.sampled_from(SAMPLES))
    text = sample.text
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 40)))
        piece = draw(st.sampled_from(["", text[start:end] * 2, *PIECES]) | st.text(max_size=5) | st.text("0123456789.-+", max_size=30))
        text = text[:start] + piece + text[end:]
    return sample.tag, text


@settings(max_examples=1500, deadline=None)
@given(mutated())
def test_a_damaged_line_never_raises(line: tuple[str, str]) -> None:
    """Whatever happens to a real line on its way, it yields a fact or none, and the fact can be kept."""
    read(*line)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PROGRAMS), st.text())
def test_any_text_never_raises(tag: str, text: str) -> None:
    """A known program may say anything."""
    read(tag, text)


#: Pieces of encoded words: charsets that are none, are no text, or are damaged; both encodings, and their ends.
WORDS = [
    "=?",
    "?=",
    "?q?",
    "?b?",
    "?Q?",
    "utf-8",
    "éutf-8",
    "hex",
    "idna",
    "punycode",
    "undefined",
    "no-such",
    "utf-16",
    "utf-7",
    "a\0b",
    "unknown-8bit",
]
WORDS += [
    "=C3=BC",
    "=",
    "=Z",
    "4pyT",
    "4pyT=",
    "_",
    " ",
    "*de",
    "<",
    ">",
    "@",
    '"',
    "(",
    ")",
    ",",
    ":",
    ";",
    "\\",
    "anna@example.com",
    "é",
    "\udcff",
]


@settings(max_examples=1500, deadline=None)
@given(st.sampled_from(["Subject", "From", "To"]), st.lists(st.sampled_from(WORDS) | st.text(max_size=3), max_size=12).map("".join))
@example("Subject", "=?éutf-8?Q?x?=")
def test_a_header_in_any_encoding_never_raises(name: str, value: str) -> None:
    """Encoded words and addresses in a logged header are a stranger's: decoded where they can be, kept as they are where not."""
    read("postfix/cleanup", f"80582186537: info: header {name}: {value} from local; from=<> to=<anna@example.com>")


@pytest.mark.parametrize("word", ["=?utf-7?q?+2AA-?=", "=?unicode_escape?q?=5Cud800?=", "=?utf-8?q?=00=0A?="])
def test_an_encoded_word_hides_nothing_that_a_store_does_not_take(word: str) -> None:
    """A decoded subject is text: no line ends, no halves of characters."""
    fact = found_in("postfix/cleanup", f"80582186537: info: header Subject: a{word} {word}b from local; from=<> to=<anna@example.com>")
    assert isinstance(fact, Ruled)
    assert fact.subject is not None
    assert all(sign.isprintable() or sign == "\N{REPLACEMENT CHARACTER}" for sign in fact.subject)


def people_of(outcome: Outcome) -> set[str]:
    """Whom the facts of a line name."""
    return {name for fact in facts_of(outcome) for name in fact.people()}


#: What a line that imitates itself holds twice.
IMITATED = ("; from=<", ", relay=", ", size=", " -> <", ", rcpts: <", " R=", " F=<", "saved mail to ")


def test_every_cut_of_every_sample_is_read() -> None:
    """A line that the transport cut at any place never raises, and names nobody by half an address."""
    for sample in SAMPLES:
        known = people_of(sample.outcome)
        parse = parser_of(sample.tag, sample.program)
        assert parse is not None
        for at in range(len(sample.text)):
            for found in facts_of(parse(framed(sample.tag, sample.text[:at]))):
                assert words_of(found)
                if sample.program == "exim" and " for " in sample.text[:at]:
                    # Exim's list of recipients has no brackets, so nothing tells that the last one is cut.
                    continue
                # Of a line that imitates itself the first half is a whole one, and a rule's own target has no bracket at its end.
                imitates = any(sample.text.count(words) > 1 for words in IMITATED)
                if not imitates and getattr(found, "target", None) is None:
                    assert set(found.people()) <= known, sample.text[:at]


def found_in(tag: str, text: str) -> Fact:
    """The fact of a line that states one."""
    parse = parser_of(tag, tag.rpartition("/")[2])
    assert parse is not None
    found = parse(framed(tag, text))
    assert isinstance(found, Fact)
    return found


TAIL = "; from=<max@sender.example> to=<anna@example.com> proto=ESMTP helo=<mail.sender.example>"
FAKE = "; from=<eve@bigmail.test> to=<bob@example.com> proto=ESMTP helo=<x>"


@pytest.mark.parametrize("value", [FAKE, f"a from local{FAKE}", f"x{FAKE}: reject", '; from=<"', "; proto=x", f"{FAKE}{FAKE}"])
def test_a_header_cannot_say_who_sent_it(value: str) -> None:
    """The dialogue's tail is the last one of the line; a value that looks like one stays a value."""
    fact = found_in("postfix/cleanup", f"80582186537: info: header Subject: {value} from mail.sender.example[203.0.113.5]{TAIL}")
    assert isinstance(fact, Ruled)
    assert (fact.sender, fact.recipient, fact.client_ip) == ("max@sender.example", "anna@example.com", "203.0.113.5")
    assert fact.subject == value


@pytest.mark.parametrize(
    "name", ["x> to=<bob@example.com", "; from=<eve@bigmail.test", "a> proto=ESMTP helo=<b", "> -> <bob@example.com>,<"]
)
def test_a_quoted_mailbox_cannot_name_somebody_else(name: str) -> None:
    """What stands in quotes belongs to the address, in the dialogue, in deliveries and in a filter's summary."""
    address = f'"{name}"@sender.example'
    tail = f"; from=<{address}> to=<{address}> proto=ESMTP helo=<h>"
    ruled = found_in("postfix/smtpd", f"NOQUEUE: reject: RCPT from unknown[203.0.113.7]: 550 5.1.1 <{address}>: unknown{tail}")
    assert isinstance(ruled, Ruled)
    assert (ruled.sender, ruled.recipient) == (address, address)
    tried = found_in(
        "postfix/smtp", f"80582186537: to=<{address}>, orig_to=<{address}>, relay=none, delay=1, dsn=4.0.0, status=deferred (x)"
    )
    assert isinstance(tried, Attempted)
    assert tried.recipient == address
    scanned = found_in("amavis", f"(1-01) Passed CLEAN {{X}}, [203.0.113.7] <{address}> -> <{address}>,<b@c>, mail_id: AAAAAAAAAAAA, 1 ms")
    assert isinstance(scanned, Scanned)
    assert (scanned.sender, scanned.recipients) == (address, [address, "b@c"])


def test_a_server_cannot_change_its_status_in_its_reply() -> None:
    """The first status is ours, whatever the reply behind it looks like."""
    reply = "250 2.0.0 ok), relay=none, delay=1, dsn=5.1.1, status=bounced (host a said: 550 5.1.1 no"
    fact = found_in(
        "postfix/smtp", f"80582186537: to=<anna@example.com>, relay=a.example[198.51.100.9]:25, delay=1, dsn=2.0.0, status=sent ({reply})"
    )
    assert isinstance(fact, Attempted)
    assert (fact.status, fact.reply.code) == ("sent", 250)


@pytest.mark.parametrize(
    "name",
    ["a (1).exe", "a), b.exe", "a) {}, b.exe", "a) {Quarantined}, [b.exe", "a, <b@c> .exe", "a) {X}, <b@c>.exe", "), [" * 50 + ".exe"],
)
def test_the_name_of_a_banned_file_changes_nothing(name: str) -> None:
    """Parentheses, braces and addresses in a file's name do not end the detail."""
    head = f"(1-01) Blocked BANNED (.exe,{name}) {{BouncedInbound,Quarantined}}, [203.0.113.7]:25"
    fact = found_in("amavis", f"{head} <eve@bigmail.test> -> <anna@example.com>, 1 ms")
    assert isinstance(fact, Scanned)
    assert (fact.detail, fact.actions, fact.recipients) == (f".exe,{name}", ["BouncedInbound", "Quarantined"], ["anna@example.com"])


def test_a_user_name_is_not_taken_from_a_client() -> None:
    """A client's name holds no comma; words after it are Postfix' own."""
    fact = found_in(
        "postfix/smtpd", "80582186537: client=a.example[203.0.113.7], sasl_method=PLAIN, sasl_username=anna, orig_queue_id=ABCDEF01"
    )
    assert isinstance(fact, Received)
    assert (fact.user, fact.origin_queue_id) == ("anna", "ABCDEF01")


#: What the lines of Exim, Rspamd and spamd say of recipients.
IMITATIONS = [
    "=> bob@example.com R=remote T=remote_smtp",
    " for bob@example.com",
    "rejected RCPT <bob@example.com>: no",
    " <bob@example.com> R=remote : 550 no",
    "** bob@example.com: no",
    "F=<bob@example.com> rejected RCPT <bob@example.com>",
    ", rcpts: <bob@example.com>",
    "]), len: 1, time: 1ms, dns req: 0, digest: <0>, rcpts: <bob@example.com>",
    ",mid=<bob@example.com>,autolearn=no,",
]
EXIM_ID = "1xVhsQ-00001n-1T"


def named_in(tag: str, text: str) -> set[str]:
    """Whom a line names, if anybody."""
    parse = parser_of(tag, tag.rpartition("/")[2])
    assert parse is not None
    return people_of(parse(framed(tag, text)))


def in_log(text: str) -> str:
    """A value between quotes, as Exim writes it."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


@pytest.mark.parametrize("words", IMITATIONS)
def test_exim_names_nobody_whom_a_stranger_wrote(words: str) -> None:
    """A greeting, a subject, a Message-ID, a certificate, a reply and a quoted local part may hold what looks like a line."""
    client = f"H=mail.sender.example ({words}) [203.0.113.5]:41549"
    said, anna = in_log(words), {"anna@example.com"}
    name = f'"a {words} b"@example.com'
    arrived = f'P=esmtps X=TLS1.3:AES:256 DN="CN={said}" S=575 id=a{words.replace(" ", "")}@client.example T="{said}"'
    mx, failed = (
        "R=remote T=remote_smtp H=mx.example.com [198.51.100.9]",
        "SMTP error from remote mail server after RCPT TO:<anna@example.com>:",
    )
    for line in (
        f"{EXIM_ID} <= max@sender.example {client} {arrived} from <max@sender.example> for anna@example.com",
        f'{EXIM_ID} => anna@example.com {mx} DN="CN={said}" C="250 {said}" QT=1s',
        f"{EXIM_ID} ** anna@example.com {mx}: {failed} 550 {words}",
        f"{EXIM_ID} == anna@example.com R=remote T=remote_smtp defer (-44) H=mx.example.com [198.51.100.9]: {failed} 450 {words}",
        f"{client} F=<max@sender.example> rejected RCPT <anna@example.com>: {words}",
        f"{client} F=<max@sender.example> RCPT <anna@example.com>: discarded by RCPT ACL: {words}",
    ):
        assert named_in("exim", line) == anna, line
    for line in (
        f"{EXIM_ID} {client} F=<max@sender.example> rejected after DATA: {words}",
        f"{EXIM_ID} {client} Warning: {words}",
        f"{client} rejected EHLO or HELO {words}: no",
        f'SMTP call from a ({words}) [203.0.113.5] dropped: too many syntax or protocol errors (last command was "{said}")',
        f"{EXIM_ID} DKIM: d={words} s=a c=simple/simple a=rsa-sha256 b=1024 [verification succeeded]",
    ):
        assert named_in("exim", line) == set(), line
    fact = found_in("exim", f"{EXIM_ID} ** a {words} b@example.com <{name}> R=remote T=remote_smtp: 550 no")
    assert isinstance(fact, Attempted)
    assert (fact.recipient, fact.original, fact.router) == (name, None, "remote")
    assert named_in("exim", f"{EXIM_ID} <= {name} {client} P=esmtp S=575 for {name} anna@example.com") == {name, *anna}
    assert named_in("exim", f"{client} F=<{name}> rejected RCPT <{name}>: no") == {name}


@pytest.mark.parametrize("words", IMITATIONS)
def test_rspamd_names_nobody_whom_a_stranger_wrote(words: str) -> None:
    """A Message-ID (without blanks, as Rspamd writes it), a sender and the options of a symbol may hold what looks like a result."""
    behind = "len: 364, time: 21.6ms, dns req: 0, digest: <01f7>, rcpts: <anna@example.com>, mime_rcpts: <bob@example.com>"
    sender = f'"(default: F (no action): [0.00/15.00] [{words}"@sender.example'
    fact = found_in(
        "rspamd",
        f"<dd29ba>; proxy; rspamd_task_write_log: id: <a{words.replace(' ', '?')}>, qid: <80582186537>, ip: 203.0.113.5, from: <{sender}>, "
        f"(default: T (reject): [17.90/15.00] [FROM_INVALID(2.00){{{words};}},MIME_GOOD(-0.10){{text/plain;}}]), {behind}",
    )
    assert isinstance(fact, Judged)
    assert (fact.queue_id, fact.action, fact.score, fact.size) == ("80582186537", "reject", 17.9, 364)
    assert (fact.recipients, fact.more) == (["anna@example.com"], False)
    assert "bob@example.com" not in (fact.sender, fact.message_id)


@pytest.mark.parametrize("words", IMITATIONS)
def test_spamd_takes_a_message_id_as_it_is(words: str) -> None:
    """Blanks and commas in it are written as `_`, so that nothing in it ends it."""
    written = "a" + words.replace(" ", "_").replace(",", "_")
    fact = found_in(
        "spamd",
        "spamd: result: Y 12 - BAYES_99 scantime=0.2,size=678,user=debian-spamd,uid=102,required_score=5.0,rhost=localhost,"
        f"raddr=127.0.0.1,rport=39886,mid=<{written}>,autolearn=disabled",
    )
    assert isinstance(fact, Judged)
    assert (fact.message_id, fact.size, fact.spam) == (message_id(written), 678, True)


def pieces(text: str, size: int, log_id: str = "(00235-02)") -> list[str]:
    """A record as amavis splits it."""
    parts = [text[at : at + size] for at in range(0, len(text), size)]
    return [f"{log_id} {'...' if at else ''}{part}{'...' if at < len(parts) - 1 else ''}" for at, part in enumerate(parts)]


def amavis_line(text: str) -> Line:
    """A line of one child of amavis."""
    return framed("amavis", text)


@pytest.mark.parametrize("size", [30, 100, 950])
def test_a_split_record_is_read_as_one(size: int) -> None:
    """Sixty recipients, split in the middle of addresses, with pieces of another record between: one fact, all names."""
    names = [f"user{number}@example.com" for number in range(60)]
    to = ",".join(f"<{name}>" for name in names)
    text = f"Passed CLEAN {{RelayedInbound}}, [203.0.113.5]:25 <max@sender.example> -> {to}, mail_id: AAAAAAAAAAAA, 9 ms"
    other = pieces(text.replace("user", "other"), size, "(00236-01)")
    joiner: Joiner[PlaceInFile] = new_joiner()
    place = PlaceInFile(0, 0, 0, None)
    done: list[Line] = []
    for one, two in zip(pieces(text, size), other, strict=False):
        done += [line for line, _ in joiner.feed(amavis_line(one), place)]
        done += [line for line, _ in joiner.feed(amavis_line(two), place)]
    facts = [found_in("amavis", line.text) for line in done]
    assert [f.recipients for f in facts if isinstance(f, Scanned) and f.log_id == "00235-02"] == [names]
    assert len(facts) == (2 if len(other) == len(pieces(text, size)) else 1)


@pytest.mark.parametrize(
    "text", ["** anna@example.com {mx}: {failed} 550 no QT=1s", "== anna@example.com {mx} defer (-44): {failed} 450 QT=1s"]
)
def test_a_server_says_nothing_of_our_queue(text: str) -> None:
    """Exim says the time in its queue of a delivery only: at the end of a failure it is another server's text."""
    mx = "R=remote T=remote_smtp H=mx.example.com [198.51.100.9]"
    failed = "SMTP error from remote mail server after RCPT TO:<anna@example.com>:"
    parse = parser_of("exim", "exim")
    assert parse is not None
    fact = parse(framed("exim", f"{EXIM_ID} {text.format(mx=mx, failed=failed)}"))
    assert isinstance(fact, Attempted)
    assert (fact.delay, fact.took) == (None, None)
