"""Long lines as a stranger would write them, given to every parser: as a program, it ends itself where one takes too long.

`PYTHONPATH=tests python -m formats.hostile_lines LENGTH EVERY SECONDS` prints how many lines were read. A parser needs thousandths of
a second for such a line; one that tries every pair of places needs a hundred times the limit.
"""

from __future__ import annotations

import faulthandler
import re
import sys
from collections.abc import Iterator
from itertools import islice

from formats.format_samples import all_samples, facts_of, framed
from ingest.formats import parser_of
from mappings.sentences import words_of

_WORD = re.compile(r"[^\s<>()\[\]\":;,=]+")
#: What is repeated: each separator of a grammar, each opening without its end, each piece that begins a choice.
PIECES = (
    "; from=<",
    '; from=<"a',
    "; proto=x helo=<",
    "> to=<",
    "> sasl_a=b",
    "<a> ",
    ", relay=",
    ", relay=a, delay=1",
    ", delay=1, status=sent (",
    " (in reply to a ",
    "host a said: ",
    "queued as 1 ",
    "id=1-1",
    "-1",
    " from a[",
    " from a[1]",
    "]: ",
    "(",
    ") {}, ",
    "), [",
    "[",
    '"',
    '\\"',
    "\\",
    "<",
    ">",
    ",<a@b>",
    " -> <a@b>",
    "@a:",
    "a@",
    "AM.PDP ",
    ", mail_id: AAAAAAAA",
    ", Hits: 1",
    ', Subject: "',
    ', Hits: 1, Subject: "',
    ", quarantine: ",
    ", From: ",
    ', From: "',
    ", Message-ID: ",
    "=?utf-8?q?a",
    "=?utf-8?q?a?= ",
    "#012",
    "/a",
    "/amavis-a",
    " /amavis-a/",
    "a",
    "1",
    "1.",
    " ",
    ", a=",
    ": ",
    ' <"',
    ' <"a"@b>',
    " R=a H=a [1] ",
    ' C="',
    "\\303",
    " rejected RCPT <a",
    "RCPT TO:<",
    ", from: <",
    "]), len: 1, time: ",
    ", rcpts: <a,",
    ",A(1.0){",
    ', forced: a "',
    ",mid=",
    "é",
)


def lines(length: int) -> Iterator[tuple[str, str]]:
    """Tag and text: the beginnings of every sample, then one piece over and over, then the sample's end."""
    seen: set[tuple[str, str]] = set()
    for sample in all_samples():
        for begin in _beginnings(sample.text):
            # One of each shape: other names and numbers before it do not change how a parser reads on.
            shape = _WORD.sub("x", begin)
            if (sample.program, shape) not in seen:
                seen.add((sample.program, shape))
                for piece in PIECES:
                    yield sample.tag, begin + piece * ((length - len(begin)) // len(piece)) + sample.text[-12:]


def _beginnings(text: str) -> list[str]:
    """A sample up to where a stranger's text may begin."""
    places = [
        text.find(mark) + len(mark)
        for mark in (": ", "from=<", "to=<", " from ", " (", "Message-ID: <", '"', " <", "helo=<")
        if mark in text
    ]
    return [text[:place] for place in sorted({*places, text.find(": ", text.find(": ") + 2) + 2})]


def main(length: int, every: int, limit_seconds: int) -> int:
    """Read every so many of them; the number is told, so that the test sees that there were some."""
    count = 0
    for tag, text in islice(lines(length), 0, None, every):
        parse = parser_of(tag, tag.rpartition("/")[2])
        if parse is None:
            continue
        faulthandler.dump_traceback_later(limit_seconds, exit=True)
        for fact in facts_of(parse(framed(tag, text))):
            words_of(fact)
            fact.people()
        faulthandler.cancel_dump_traceback_later()
        count += 1
    print(count)
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
