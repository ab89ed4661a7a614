"""Records: several lines that are one, and the places in files that stay needed while one is open."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.clock import SECOND
from ingest.formats import new_joiner
from ingest.formats.exim.pieces import named
from ingest.framing.line import Line
from ingest.joining.places import Place as PlaceInFile
from ingest.records import Joiner

_AT = 1_772_445_600_000_000


class Reader:
    """Gives lines to a joiner, each with a place of its own, as a reader of files does."""

    def __init__(self) -> None:
        self.joiner: Joiner[PlaceInFile] = new_joiner()
        self.slots: list[PlaceInFile] = []

    def feed(self, line: Line) -> list[str]:
        """The texts of the records that are complete with a line."""
        slot = PlaceInFile(len(self.slots), line.time_us, line.time_us, 2026)
        self.slots.append(slot)
        return [record.text for record, place in self.joiner.feed(line, slot) if place in self.slots]

    def feed_all(self, lines: Iterable[Line]) -> list[str]:
        """The same for several lines."""
        return [text for line in lines for text in self.feed(line)]

    def drain(self, file: str | None = None) -> list[str]:
        """The texts of the records that were open."""
        return [record.text for record, _ in self.joiner.drain(file)]

    @property
    def pins(self) -> list[int]:
        """How often each place is pinned, in the order of reading."""
        return [len(slot.holders) for slot in self.slots]


@pytest.fixture
def reader() -> Reader:
    """A reader at its start."""
    return Reader()


def amavis(text: str, pid: int = 370, file: str = "mail.log", log_id: str = "00370-05") -> Line:
    """A line of amavis."""
    return Line(_AT, True, "mx1", "amavis", "amavis", pid, f"({log_id}) {text}", f"raw ({log_id}) {text}", file)


def syslogged(text: str, pid: int = 90, file: str = "mail.log", at_s: int = 0) -> Line:
    """An entry of Exim in syslog, so many seconds later."""
    return Line(_AT + at_s * SECOND, True, "mx1", "exim", "exim", pid, text, f"raw {text}", file)


def own(text: str, file: str = "rejectlog") -> Line:
    """A line of a file of Exim's own."""
    return Line(_AT, False, "", "exim", "exim", 0, text, f"raw {text}", file)


class TestAmavis:
    """A piece of amavis ends with `...`, and the next one of the process begins with them."""

    def test_one_record(self, reader: Reader) -> None:
        """It is given with its last piece, with its first one's place; what lies between is given at once."""
        assert reader.feed_all([amavis("Passed one..."), amavis("other", log_id="00370-06"), amavis("...two...")]) == ["(00370-06) other"]
        assert reader.pins == [1, 0, 0]
        assert reader.feed(amavis("...three")) == ["(00370-05) Passed onetwothree"]
        assert (reader.pins, reader.drain()) == ([0, 0, 0, 0], [])

    def test_identity_is_the_first_piece(self, reader: Reader) -> None:
        """However far it was read, the record has the text of its first piece as its identity."""
        first = amavis("Passed one...")
        reader.feed(first)
        reader.feed(amavis("...two"))
        assert (first.head, first.raw.count("\n")) == ("(00370-05) Passed one...", 1)

    def test_interleaved(self, reader: Reader) -> None:
        """Pieces of two processes, and of two records of one log in two files, are not mixed."""
        lines = [amavis("a..."), amavis("b...", pid=371), amavis("...c"), amavis("...d", pid=371)]
        assert reader.feed_all(lines) == ["(00370-05) ac", "(00370-05) bd"]
        lines = [amavis("a..."), amavis("a...", file="copy.log"), amavis("...b"), amavis("...b", file="copy.log")]
        assert reader.feed_all(lines) == ["(00370-05) ab", "(00370-05) ab"]
        assert not any(reader.pins)

    def test_lost_pieces(self, reader: Reader) -> None:
        """A rest without its beginning is given as it is, and a beginning without its rest when the next record begins."""
        assert reader.feed(amavis("...rest")) == ["(00370-05) ...rest"]
        assert reader.feed_all([amavis("one..."), amavis("two")]) == ["(00370-05) one...", "(00370-05) two"]
        assert not any(reader.pins)

    def test_over_two_files(self, reader: Reader) -> None:
        """A record may begin in one file and go on in the next."""
        assert reader.feed_all([amavis("one...", file="mail.log.1"), amavis("...two", file="mail.log")]) == ["(00370-05) onetwo"]

    def test_end_of_reading(self, reader: Reader) -> None:
        """What is open at the end is given as it stands."""
        reader.feed(amavis("one..."))
        assert (reader.drain(), reader.pins) == (["(00370-05) one..."], [0])

    def test_end_of_a_file(self, reader: Reader) -> None:
        """The end of one file is not the end of its records: they may go on in the next."""
        reader.feed(amavis("one...", file="mail.log.1"))
        assert (reader.drain("mail.log.1"), reader.pins) == ([], [1])

    def test_no_end(self, reader: Reader) -> None:
        """A record that never ends is cut when it is long beyond reason."""
        reader.feed(amavis("one..."))
        found = reader.feed_all(amavis("..." + "x" * 100_000 + "...") for _ in range(12))
        assert len(found) >= 1
        assert not reader.drain()
        assert not any(reader.pins)


class TestPieces:
    r"""Exim in syslog: `[1\3] ...` behind which a line ends, `[2/3] ...` behind which it goes on."""

    def test_one_entry(self, reader: Reader) -> None:
        """The pieces are one entry, and its identity its first line."""
        first = syslogged("[1\\3] 1vx04G-000001-0A F=<a@b> rejected after DATA: spam")
        assert reader.feed_all([first, syslogged("[2/3] Envelope-to: <bob@exam")]) == []
        assert reader.pins == [1, 0]
        whole = "1vx04G-000001-0A F=<a@b> rejected after DATA: spam\nEnvelope-to: <bob@example.net>"
        assert reader.feed(syslogged("[3\\3] ple.net>")) == [whole]
        assert (first.head, first.text, reader.pins) == (whole.partition("\n")[0], whole, [0, 0, 0])

    def test_long_line(self, reader: Reader) -> None:
        """A line that was only too long is whole again, and no record of several lines."""
        first = syslogged("[1/2] 1vx04G-000001-0A => bob@exam")
        assert reader.feed_all([first, syslogged("[2/2] ple.net R=remote")]) == ["1vx04G-000001-0A => bob@example.net R=remote"]
        assert not first.head

    def test_one_piece(self, reader: Reader) -> None:
        """An entry may be a single piece."""
        assert reader.feed(syslogged("[1\\1] text")) == ["text"]
        assert reader.pins == [0]

    def test_without_its_beginning(self, reader: Reader) -> None:
        """A rest alone bears no id and is nothing."""
        assert reader.feed_all([syslogged("[2/3] b"), syslogged("[3/3] c"), syslogged("next")]) == ["next"]
        assert not any(reader.pins)

    def test_without_its_end(self, reader: Reader) -> None:
        """Where the next entry of the process begins it is given as far as it was read, without the half word at its end."""
        assert reader.feed_all([syslogged("[1/3] a for b@c"), syslogged("[2/3] .d e@f"), syslogged("[1/2] c")]) == ["a for b@c.d"]
        assert reader.pins == [0, 0, 1]

    def test_long_behind(self, reader: Reader) -> None:
        """An entry whose rest would have come long ago is given, and a piece of a later process of that number is none of it."""
        assert reader.feed_all([syslogged("[1\\2] a b"), syslogged("soon", at_s=50), syslogged("other", pid=91, at_s=61)]) == [
            "soon",
            "a b\n",
            "other",
        ]
        assert reader.feed_all([syslogged("[1/2] a b", at_s=70), syslogged("[2/2] c", at_s=3700)]) == ["a"]
        assert not any(reader.pins)

    def test_end_of_reading(self, reader: Reader) -> None:
        """What is open at the end stays needed: its rest comes with the next reading."""
        assert (reader.feed(syslogged("[1/2] a")), reader.drain(), reader.pins) == ([], [], [1])

    def test_over_two_files(self, reader: Reader) -> None:
        """An entry may begin in one file and go on in the next."""
        assert reader.feed_all([syslogged("[1/2] a for b@c", file="mail.log.1"), syslogged("[2/2] .d")]) == ["a for b@c.d"]
        assert not any(reader.pins)

    def test_lost_in_the_middle(self, reader: Reader) -> None:
        """A piece goes on only behind the one before it, of an entry of as many pieces."""
        assert reader.feed_all(syslogged(text) for text in ("[1/3] a b", "[3/3] c", "[2/2] d", "[1/2] e", "[2/2] f")) == ["a", "ef"]

    def test_interleaved(self, reader: Reader) -> None:
        """Processes write at the same time; other entries of a process do not end its pieces."""
        lines = [
            syslogged("[1/2] a"),
            syslogged("[1/2] b", pid=91),
            syslogged("between"),
            syslogged("[2/2] c", pid=91),
            syslogged("[2/2] d"),
        ]
        assert reader.feed_all(lines) == ["between", "bc", "ad"]
        assert not any(reader.pins)

    def test_in_two_files(self, reader: Reader) -> None:
        """The same entry in two files, read side by side, is whole in each."""
        lines = [syslogged(text, file=file) for text in ("[1/2] a", "[2/2] b") for file in ("mail.log", "syslog")]
        assert reader.feed_all(lines) == ["ab", "ab"]
        assert not any(reader.pins)

    def test_process(self) -> None:
        """Syslog's process is no part of an entry, one that the entry names is."""
        line = named(syslogged("[77] 1vx04G-000001-0A Completed"))
        assert (line.pid, line.text) == (77, "1vx04G-000001-0A Completed")
        line = named(syslogged("1vx04G-000001-0A Completed"))
        assert (line.pid, line.text) == (0, "1vx04G-000001-0A Completed")


class TestHeaders:
    """The headers of a refused message stand on lines without a stamp behind the refusal."""

    _REFUSAL = "1vx04G-000001-0A H=x F=<a@b> rejected after DATA: spam"

    def test_given_at_once_and_again(self, reader: Reader) -> None:
        """A refusal is given at once, again when asked what has grown, and again at its end; each time with the same identity."""
        joiner = reader.joiner
        assert reader.feed(own(self._REFUSAL)) == [self._REFUSAL]
        assert joiner.grown() == []
        assert joiner.more("Envelope-to: <bob@example.net>", "rejectlog")
        ((record, _),) = joiner.grown()
        assert (record.head, record.text) == (self._REFUSAL, f"{self._REFUSAL}\nEnvelope-to: <bob@example.net>")
        assert joiner.grown() == []
        assert joiner.more("I Message-ID: <m1@b>", "rejectlog")
        assert reader.feed(own("next")) == [f"{self._REFUSAL}\nEnvelope-to: <bob@example.net>\nI Message-ID: <m1@b>", "next"]
        assert reader.pins == [0, 0]

    def test_nothing_behind_it(self, reader: Reader) -> None:
        """Without such lines it is given once."""
        assert reader.feed_all([own(self._REFUSAL), own("next")]) == [self._REFUSAL, "next"]
        assert (reader.drain(), reader.pins) == ([], [0, 0])

    def test_place_is_pinned_while_open(self, reader: Reader) -> None:
        """A file that ends within the headers is read again from the refusal on."""
        reader.feed(own(self._REFUSAL))
        reader.joiner.more("Envelope-to: <bob@example.net>", "rejectlog")
        reader.joiner.grown()
        assert reader.pins == [1]
        assert (reader.drain(), reader.pins) == ([], [0])

    def test_end_of_its_file(self, reader: Reader) -> None:
        """The end of another file is not its own."""
        reader.feed(own(self._REFUSAL))
        reader.joiner.more("Envelope-to: <bob@example.net>", "rejectlog")
        assert (reader.drain("mainlog"), reader.pins) == ([], [1])
        assert (reader.drain("rejectlog"), reader.pins) == ([f"{self._REFUSAL}\nEnvelope-to: <bob@example.net>"], [0])

    def test_blank_lines(self, reader: Reader) -> None:
        """A blank line within the headers is one of them."""
        reader.feed(own(self._REFUSAL))
        for text in ("P Received: from x", "", "F From: Ann <a@b>"):
            assert reader.joiner.more(text, "rejectlog")
        assert reader.drain() == [f"{self._REFUSAL}\nP Received: from x\n\nF From: Ann <a@b>"]

    def test_behind_other_lines(self, reader: Reader) -> None:
        """Behind any other line there is nothing to be learned, and before the first one of Exim it is no line of its."""
        assert not reader.joiner.more("text", "rejectlog")
        reader.feed(own("1vx04G-000001-0A Completed"))
        assert reader.joiner.more("text", "rejectlog")
        assert not reader.joiner.more("text", "mail.log")
        assert reader.drain() == []

    def test_two_files(self, reader: Reader) -> None:
        """The mainlog's lines do not end a record of the rejectlog."""
        assert reader.feed_all([own(self._REFUSAL), own("x rejected RCPT <b@c>: no", "mainlog")])
        reader.joiner.more("Envelope-to: <bob@example.net>", "rejectlog")
        assert reader.feed(own("y", "mainlog")) == ["y"]
        assert reader.drain() == [f"{self._REFUSAL}\nEnvelope-to: <bob@example.net>"]
        assert not any(reader.pins)

    def test_a_thousand_lines(self, reader: Reader) -> None:
        """More than a thousand lines are taken and not kept."""
        reader.feed(own(self._REFUSAL))
        assert all(reader.joiner.more(f"  line {number}", "rejectlog") for number in range(1500))
        (text,) = reader.drain()
        assert text.count("\n") == 1000


_LINES: list[Callable[[int], Line]] = [
    lambda n: amavis(f"{n}..."),
    lambda n: amavis(f"...{n}"),
    lambda n: amavis(f"...{n}..."),
    lambda n: amavis(f"{n}", pid=371),
    lambda n: amavis(f"{n}...", file="copy.log"),
    lambda n: syslogged(f"[1/3] {n}"),
    lambda n: syslogged(f"[2\\3] {n}"),
    lambda n: syslogged(f"[3/3] {n}"),
    lambda n: syslogged(f"[1/2] {n}", pid=91, file="copy.log"),
    lambda n: syslogged(f"{n} rejected after DATA"),
    lambda n: own(f"{n} rejected after DATA"),
    lambda n: own(f"{n} Completed"),
    lambda n: own(f"{n} rejected after DATA", "mainlog"),
    lambda n: Line(_AT, True, "mx1", "postfix/smtpd", "smtpd", 1, f"{n}...", "raw", "mail.log"),
]


@given(st.lists(st.tuples(st.sampled_from(_LINES), st.integers(0, 2), st.booleans()), max_size=40))
def test_nothing_stays_pinned(steps: list[tuple[Callable[[int], Line], int, bool]]) -> None:
    """Whatever comes in whatever order: after the end no place is pinned, none was pinned less than not at all, and nothing is left."""
    reader = Reader()
    for number, (make, headers, ask) in enumerate(steps):
        reader.feed(make(number))
        for _ in range(headers):
            reader.joiner.more("  header", "rejectlog")
        if ask:
            reader.joiner.grown()
        assert min(reader.pins) >= 0
    reader.feed(syslogged("much later", at_s=100))
    reader.drain("rejectlog")
    reader.drain()
    assert not any(reader.pins)
    assert reader.drain() == []
    assert reader.joiner.grown() == []
