"""Reply texts and the reason that a person would name: those of the captures, and those of large receivers."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
from captures import Capture

from mappings.codes import Move, best_entry, lookup, reason_of, split_reply
from mappings.codes.advice import ADVICE
from mappings.codes.languages import WORDS
from mappings.codes.own_words import DELIVERY, DIALOGUE, own_words_in
from mappings.codes.phrases import PHRASES, fits, phrases_in, simplify
from mappings.codes.receivers import RECEIVERS, Said, said_in
from mappings.codes.receivers.receiver import Receiver
from mappings.codes.side import Side, ours_or_theirs
from mappings.codes.stage import BY_STAGE, stage_in
from mappings.codes.wording import in_order, parts_of
from mappings.locales import Saying, Voice
from mappings.vocabulary import Reason

_REASONS = {reason.value: reason for reason in Reason}
_SIDES = {side.value: side for side in Side}


class Row(NamedTuple):
    """One line of the table."""

    reason: Reason
    stage: str | None
    side: Side | None
    reply: str

    @property
    def said(self) -> tuple[int | None, str | None, str]:
        """Its codes and its text."""
        return split_reply(self.reply)


def _rows() -> list[Row]:
    """The table."""
    written = (Path(__file__).parent / "reply_texts.txt").read_text(encoding="utf-8")
    rows = []
    for line in written.splitlines():
        if line and not line.startswith("#"):
            reason, about, reply = line.split("|", 2)
            words = about.split()
            stage = next((word for word in words if word not in _SIDES), None)
            side = next((_SIDES[word] for word in words if word in _SIDES), None)
            rows.append(Row(_REASONS[reason.strip()], stage, side, reply.strip()))
    return rows


#: Where a log has the words of a refusal: Postfix, then Exim.
_REFUSALS = (
    re.compile(r"status=(?:bounced|deferred|expired)(?: via \S+)? \((.*)\)$"),
    re.compile(r"(?:reject|hold|discard|redirect): [A-Z-]+ from \S+: (.*?); from=<"),
    re.compile(r"(SMTP error from remote mail server after .*)"),
    re.compile(r" (?:\*\*|==) .*?(?: defer \(-?\d+\)(?: H=\S+ \[[^\]]+\]\*?)?| T=\S+|\*\* \S+): (.*)"),
    re.compile(r" rejected (?:EHLO or HELO \S+|RCPT <[^>]*>|MAIL <[^>]*>|after DATA|during MIME ACL checks): (.*)"),
    re.compile(r"(message too big: .*)"),
    re.compile(r' rejected connection in "connect" ACL: (.*)'),
)
_LOGS = (
    ("postfix_amavis", "mail.log"),
    ("postfix_amavis_long", "postfix.log"),
    ("postfix_rspamd", "mail.log"),
    ("exim", "mainlog"),
    ("exim", "rejectlog"),
)


def _words(reply: str) -> str:
    """The plain words of a text: no codes, addresses, names of hosts, numbers and ids."""
    return " ".join(word for word in split_reply(reply)[2].split() if re.fullmatch(r"[A-Za-z']{2,}[.,;:!]?", word))


_ROWS = _rows()
_PLAIN = [(code, enhanced, simplify(text)) for code, enhanced, text in (split_reply(row.reply) for row in _ROWS)]
_ALL_SAID = [(receiver, said) for receiver in RECEIVERS for said in receiver.said]


@pytest.mark.parametrize("row", _ROWS, ids=lambda row: row.reply[:60])
def test_a_reply_has_the_reason_that_a_person_would_name(row: Row) -> None:
    """The reason fits, and meaning, move, next step and sentence are not the general ones."""
    assert reason_of(*row.said, side=row.side, stage=row.stage or stage_in(row.reply)) is row.reason
    entry = best_entry(*row.said, side=row.side, stage=row.stage)
    general = ADVICE[Reason.UNKNOWN]
    assert entry.reason is row.reason
    assert entry.meaning not in ("", Reason.UNKNOWN.sentence)
    assert entry.next_step not in (general.next_step_for(False), general.next_step_for(True))
    assert entry.saying.cause != general.cause


@pytest.mark.parametrize("row", [row for row in _ROWS if row.side is None], ids=lambda row: row.reply[:60])
@pytest.mark.parametrize("side", [Side.CLIENT, Side.SERVER])
def test_a_reply_means_the_same_at_both_ends_of_a_dialogue(row: Row, side: Side) -> None:
    """But that a fault of a system is ours, or theirs; and whoever may act is there on that side."""
    found = reason_of(*row.said, side=side, stage=row.stage or stage_in(row.reply))
    assert found is ours_or_theirs(row.reason, side)
    entry = best_entry(*row.said, side=side, stage=row.stage)
    if side is Side.SERVER and found is Reason.AUTH_REQUIRED:
        assert entry.move is Move.US
        assert "mail program" not in entry.customer_text
    if side is Side.CLIENT and found is Reason.LOCAL_SYSTEM:
        assert entry.move is Move.US


@pytest.mark.parametrize(("capture", "file"), _LOGS)
def test_each_text_of_the_captures_is_in_the_table(capture: str, file: str) -> None:
    """Nothing that the servers of the captures said is left out."""
    known = {_words(row.reply) for row in _ROWS}
    texts = set()
    for line in Capture(capture).content(file).decode("utf-8", "replace").splitlines():
        found = next((match for match in (refusal.search(line) for refusal in _REFUSALS) if match), None)
        if found is not None:
            texts.add(found[1])
    assert len(texts) > 5
    assert {text for text in texts if _words(text) not in known} == set()


def test_each_row_stands_once() -> None:
    """No text is in the table twice."""
    assert [row for row, number in Counter(_ROWS).items() if number > 1] == []


@pytest.mark.parametrize(("receiver", "said"), _ALL_SAID, ids=lambda part: part.name if isinstance(part, Receiver) else part.meaning[:50])
def test_each_wording_of_a_receiver_is_in_the_table(receiver: Receiver, said: Said) -> None:
    """Each of its wordings, and each range of its codes, explains a row."""
    hits = [plain for code, enhanced, plain in _PLAIN if said_in(plain, enhanced, code) is said]
    for words in said.words:
        assert any(in_order(parts_of(words), plain) for plain in hits), f"{receiver.name}: no row for {words!r}"
    for codes, one in zip(said.codes, said.ranges, strict=True):
        bare = [enhanced for _, enhanced, plain in _PLAIN if enhanced is not None and said_in(plain, enhanced, None) is None]
        known = [tuple(map(int, enhanced.split("."))) for enhanced in bare]
        assert any(kind == one[0] and about == one[1] and one[2] <= detail <= one[3] for kind, about, detail in known), (
            f"{receiver.name}: no row without words for {codes}"
        )


def test_each_phrase_is_in_the_table() -> None:
    """Each expression that many servers' texts are read by explains a row."""
    hit = {phrases_in(plain, enhanced, code, sure=sure) for code, enhanced, plain in _PLAIN for sure in (True, False)}
    assert [phrase.pattern for phrase in PHRASES if phrase not in hit] == []


def test_each_list_of_own_words_is_in_the_table() -> None:
    """Each entry of our own programs' words explains a row."""
    hit = {own_words_in(plain, row.side) for row, (_, _, plain) in zip(_ROWS, _PLAIN, strict=True)}
    assert [own.words for own in (*DELIVERY, *DIALOGUE) if own not in hit] == []


def test_own_words_in_a_strangers_reply_are_the_strangers() -> None:
    """What our own program would say of its mailbox is a rule of another server in that one's mouth."""
    assert reason_of(550, None, "Permission denied: go away", side=Side.SERVER) is Reason.POLICY
    assert reason_of(None, None, "Permission denied: mailbox has wrong uid", side=Side.OWN) is Reason.LOCAL_SYSTEM


def test_each_word_of_another_language_is_in_the_table() -> None:
    """Each of them decides a row."""
    for reason, several in WORDS.items():
        for words in several:
            parts = parts_of(words)
            fitting = zip(_ROWS, _PLAIN, strict=True)
            assert any(row.reason is reason and in_order(parts, plain) for row, (_, _, plain) in fitting), words


def test_each_stage_is_in_the_table() -> None:
    """Each code at each stage decides a row."""
    seen = {(row.stage, str(code)) for row, (code, _, _) in zip(_ROWS, _PLAIN, strict=True)}
    seen |= {(stage, code[:1]) for stage, code in seen}
    assert set(BY_STAGE) <= seen


@pytest.mark.parametrize(("receiver", "said"), _ALL_SAID, ids=lambda part: part.name if isinstance(part, Receiver) else part.meaning[:50])
def test_each_entry_is_complete(receiver: Receiver, said: Said) -> None:
    """Words as they are looked for, whole English sentences, and a public page."""
    for words in said.words:
        assert words == words.casefold()
        assert len(max(parts_of(words), key=len)) >= 6, f"{words!r} is too short to be somebody's own words"
    sayings = [Saying("bounced", said.advice.cause, said.advice.step), Saying("deferred", said.advice.cause, said.advice.step_delayed)]
    told = [Voice().customer_text(one) for one in sayings]
    for text in (said.meaning, said.next_step, *told):
        assert re.fullmatch(r"[A-Z][ -~]{10,}\.", text), text
    for text in told:
        assert text.startswith("The message ")
        assert not re.search(r"\d|SMTP|MX|relay|queue|DNS|TLS|envelope", text), text
    for page in (receiver.page, said.page):
        assert not page or re.fullmatch(r"https?://[a-z0-9.-]+/[ -~]*", page), page


def test_codes_of_one_receiver_are_looked_up() -> None:
    """A code that is not registered is explained where a receiver says what it means."""
    assert lookup("5.7.606")[0].reason is Reason.REPUTATION
    assert lookup("550 5.7.606")[0].meaning == "Microsoft has banned the sending address."
    assert lookup("5.7.605")[0].meaning.startswith("Not a registered code.")


def test_a_pasted_line_is_read_with_its_stage() -> None:
    """The same bare code is a mailbox or a filter, by what it answers."""
    told = "host mx.host.example[192.0.2.1] said: 550 {} (in reply to {} command)"
    assert lookup(told.format("Эээ", "RCPT TO"))[0].reason is Reason.RECIPIENT_UNKNOWN
    assert lookup(told.format("Эээ", "end of DATA"))[0].reason is Reason.CONTENT
    assert lookup(told.format("Эээ", "MAIL FROM"))[0].reason is Reason.SENDER_INVALID
    assert stage_in("SMTP error from remote mail server after pipelined RCPT TO:<a@host.example>: 550 x") == "RCPT"
    assert stage_in("host mx.host.example[192.0.2.1] refused to talk to me: 554 x") == "CONNECT"
    assert stage_in("550 x") is None


@pytest.mark.parametrize(
    ("only", "enhanced", "code", "fitting"),
    [
        ("", "5.1.1", 550, True),
        ("5", "5.1.1", 550, True),
        ("5", "4.1.1", 450, False),
        ("450 451", "4.7.1", 451, True),
        ("450 451", "4.7.1", 421, False),
        ("5.7.9", "5.7.9", 554, True),
        ("5.7.9", None, None, True),
    ],
)
def test_words_are_meant_with_some_codes_only(only: str, enhanced: str | None, code: int | None, *, fitting: bool) -> None:
    """By class, basic code or enhanced code; a text without a code may mean them too."""
    assert fits(only, enhanced, code) is fitting
