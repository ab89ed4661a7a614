"""Mutated lines by the million, and pumped ones: `PYTHONPATH=tests python -m soak.lines --count N [--pumped N] [--seed S] [--workers W]`.

Lines of every format (samples, and the bundled captures' own) are cut, doubled, swapped, and their bytes and digits changed; pumped ones
hold a piece over and over. No line may raise, and none may take more than 5 ms of CPU time; a slow one is tried three times more before
it counts. It prints the seed, what raised or was slow, and the count; the exit code is 1 where there was one.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import time
from collections.abc import Iterator
from functools import cache
from itertools import islice
from zoneinfo import ZoneInfo

from captures import FORMS, YEAR
from formats.format_samples import NEXT_LINE, all_samples, facts_of
from formats.hostile_lines import PIECES
from formats.strangers import SHAPES

from ingest.formats import framer_of, parser_of
from ingest.framing.line import Line
from mappings.facts import fact_of, fields_of, kind_of
from mappings.sentences import words_of

LIMIT_S = 0.005
_TRIES = 4
_PUMPED = (1_000, 4_000, 16_000)
#: Of each file of a capture: enough for all shapes.
_MOST_LINES = 400
#: So often it tells how far it is.
_TELL = 10
_MOST_TOLD = 40
_STAMP = "Nov 24 03:53:14 mx1 "


@cache
def corpus() -> tuple[str, ...]:
    """Whole lines as they stand in a log: each sample and each shape behind a header, and lines of the captures."""
    found = [f"{_STAMP}{sample.tag}[1]: {sample.text.replace(NEXT_LINE, ' ')}" for sample in all_samples()]
    found += [f"{_STAMP}{shape.tag}[1]: {shape.filled({})}" for shape in SHAPES]
    for form in FORMS:
        for content in form.contents().values():
            lines = content.decode("utf-8", "surrogateescape").splitlines()
            found += lines[:: max(1, len(lines) // _MOST_LINES)]
    return tuple(dict.fromkeys(found))


def read(text: str) -> None:
    """A line as the pipeline reads it: framed, parsed, told, and brought back from a document."""
    line = framer_of("mail.log", ZoneInfo("UTC"), YEAR).frame(text)
    if line is not None:
        _parsed(line)


def _parsed(line: Line) -> None:
    """The facts of a framed line, where it states any."""
    parse = parser_of(line.tag, line.program)
    for fact in () if parse is None else facts_of(parse(line)):
        words_of(fact)
        fact.people()
        fact_of(kind_of(fact), fields_of(fact))


def mutated(dice: random.Random) -> str:
    """A line with one to four changes behind its stamp."""
    lines = corpus()
    text = dice.choice(lines)
    for _ in range(dice.choice((1, 1, 2, 3, 4))):
        text = _changed(dice, text, lines)
    return text


def _changed(dice: random.Random, text: str, lines: tuple[str, ...]) -> str:
    """The line with one change."""
    if not text:
        return text
    start = dice.randrange(min(15, len(text) - 1), len(text))
    end = min(len(text), start + dice.choice((1, 1, 2, 5, 20, 80)))
    match dice.randrange(9):
        case 0:
            return text[:start]
        case 1:
            return text[:start] + text[end:]
        case 2:
            return text[:end] + text[start:end] * dice.choice((1, 1, 2, 10)) + text[end:]
        case 3:
            raw = bytearray(text.encode("utf-8", "surrogateescape"))
            raw[dice.randrange(len(raw))] = dice.randrange(256)
            return raw.decode("utf-8", "surrogateescape")
        case 4:
            return text[:start] + dice.choice(PIECES) + text[end:]
        case 5:
            other = dice.choice(lines)
            return text[:start] + other[dice.randrange(len(other) + 1) :]
        case 6:
            return "".join(dice.choice("0123456789.-+e") if one.isdecimal() and dice.random() < 0.3 else one for one in text)
        case 7:
            further = dice.randrange(end, len(text) + 1)
            return text[:start] + text[end:further] + text[start:end] + text[further:]
        case _:
            return (
                text[:start] + "".join(chr(dice.choice((0, 9, 34, 39, 60, 62, 92, 160, 0x2028, 0x1F600))) for _ in range(3)) + text[start:]
            )


def pumped(dice: random.Random) -> str:
    """A line with a piece over and over in it."""
    text = dice.choice(corpus())
    start = dice.randrange(min(15, len(text)), len(text) + 1)
    end = min(len(text), start + dice.choice((1, 2, 3, 6, 12)))
    piece = dice.choice(PIECES) if dice.random() < 0.6 else text[start:end] or " "
    size = dice.choice(_PUMPED)
    return text[:start] + piece * (size // len(piece)) + text[dice.choice((start, end)) :]


def wrong_with(text: str) -> str | None:
    """What is wrong with the reading of a line: it raises, or it takes too long each time."""
    for _ in range(_TRIES):
        before = time.process_time()
        try:
            read(text)
        except Exception as error:  # noqa: BLE001 - any of them is what is looked for
            return f"raises {error!r}: {text[:2000]!r}"
        taken = time.process_time() - before
        if taken <= LIMIT_S:
            return None
    return f"takes {taken * 1000:.1f} ms ({len(text):,} characters): {text[:300]!r} ... {text[-200:]!r}"


def lines_of(seed: int, *, pump: bool) -> Iterator[str]:
    """Lines without end; the same for the same seed."""
    dice = random.Random(seed)
    while True:
        yield pumped(dice) if pump else mutated(dice)


def tried(task: tuple[int, int, bool]) -> list[str]:
    """So many lines of one seed: what was wrong."""
    seed, count, pump = task
    return [wrong for text in islice(lines_of(seed, pump=pump), count) if (wrong := wrong_with(text)) is not None]


def main() -> int:
    """Try them on several cores, in pieces of one seed each."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=10_000_000)
    options.add_argument("--pumped", type=int, default=200_000)
    options.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000_000)
    options.add_argument("--workers", type=int, default=multiprocessing.cpu_count())
    given = options.parse_args()
    print(f"seed {given.seed}", flush=True)
    tasks = []
    for count, piece, pump in ((given.count, 20_000, False), (given.pumped, 1_000, True)):
        tasks += [(given.seed + at, min(piece, count - at), pump) for at in range(0, count, piece)]
    wrong = 0
    with multiprocessing.Pool(given.workers) as pool:
        for number, found in enumerate(pool.imap_unordered(tried, tasks), 1):
            if number % _TELL == 0:
                print(f"{number} of {len(tasks)} pieces, {wrong:,} wrong", file=sys.stderr, flush=True)
            for one in found[: max(0, _MOST_TOLD - wrong)]:
                print(one, flush=True)
            wrong += len(found)
    print(f"{given.count:,} mutated and {given.pumped:,} pumped lines, {wrong:,} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
