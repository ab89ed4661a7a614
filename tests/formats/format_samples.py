"""Golden samples of the formats: a line of log, the fact that it states, and the sentence that is shown for it.

A sample file is one for each format, in `samples/`. Each sample is a line as the program tags it (without time and host), then
indented what comes of it: the kind of each fact with its fields and, below it, its words; or `IGNORED` or `UNKNOWN`. Lines that begin
with `#` say what a reader should look at.

To renew what is expected after a change: `PYTHONPATH=tests python -m formats.format_samples`, then read the difference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.formats import Outcome, Silent, parser_of
from ingest.framing.line import Line
from mappings.facts import Fact, fields_of, kind_of
from mappings.sentences import words_of

#: Stands for the end of a line within a record of several lines.
NEXT_LINE = "⏎"
FOLDER = Path(__file__).parent / "samples"
_BARE = re.compile(r"[^\s\"\[\]{}]+")
#: Plain words that JSON would read as something else.
_JSON = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null")
_INDENT = "    "


@dataclass(frozen=True, slots=True)
class Sample:
    """A line and what is expected of it."""

    format: str
    number: int
    tag: str
    text: str
    expected: tuple[str, ...]

    @property
    def program(self) -> str:
        """The program, as the registry knows it."""
        return self.tag.rpartition("/")[2]

    @property
    def outcome(self) -> Outcome:
        """What the format that the tag names makes of the line."""
        parse = parser_of(self.tag, self.program)
        assert parse is not None, f"no format reads lines of {self.tag}"
        return parse(framed(self.tag, self.text.replace(NEXT_LINE, "\n")))

    def __str__(self) -> str:
        """Where the sample stands."""
        return f"{self.format}.txt:{self.number}"


def framed(tag: str, text: str) -> Line:
    """A line as the transport hands it on."""
    return Line(0, False, "mx1", tag, tag.rpartition("/")[2], 1, text, f"{tag}: {text}", "mail.log")


def rendered(outcome: Outcome) -> tuple[str, ...]:
    """An outcome as a sample file writes it: each fact in one line, its words in another."""
    if isinstance(outcome, Silent):
        return (outcome.name,)
    return tuple(said for fact in facts_of(outcome) for said in (_fact(fact), words_of(fact)))


def facts_of(outcome: Outcome) -> tuple[Fact, ...]:
    """The facts in an outcome."""
    return outcome if isinstance(outcome, tuple) else (outcome,) if isinstance(outcome, Fact) else ()


def _fact(fact: Fact) -> str:
    """A fact in one line: its kind and its fields."""
    return f"{kind_of(fact)} {' '.join(f'{k}={_value(v)}' for k, v in fields_of(fact).items())}".strip()


def _value(value: object) -> str:
    """A field's value: plain where it can be read so, else JSON."""
    if isinstance(value, str) and _BARE.fullmatch(value) and not _JSON.fullmatch(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def fields_in(text: str) -> dict[str, Any]:
    """The fields of a fact as a sample file writes them."""
    found: dict[str, Any] = {}
    at = 0
    while at < len(text):
        name, _, _ = text[at:].partition("=")
        at += len(name) + 1
        word = text[at:].partition(" ")[0]
        if word[:1] in {'"', "[", "{"} or _JSON.fullmatch(word):
            found[name], at = json.JSONDecoder().raw_decode(text, at)
        else:
            found[name] = word
            at += len(word)
        at += 1
    return found


def samples(path: Path) -> Iterator[Sample]:
    """The samples of one file."""
    line, number, expected = "", 0, list[str]()
    for at, text in enumerate([*path.read_text(encoding="utf-8").splitlines(), ""], 1):
        if text.startswith(_INDENT):
            expected.append(text[len(_INDENT) :])
            continue
        if line:
            tag, _, said = line.partition(": ")
            yield Sample(path.stem, number, tag, said, tuple(expected))
        line, number, expected = ("", 0, []) if not text or text.startswith("#") else (text, at, [])


def all_samples() -> list[Sample]:
    """The samples of all formats."""
    return [sample for path in sorted(FOLDER.glob("*.txt")) for sample in samples(path)]


def renew(path: Path) -> None:
    """Write what comes of the lines into a sample file."""
    written: list[str] = []
    known = {sample.number: sample for sample in samples(path)}
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if text.startswith(_INDENT):
            continue
        written.append(text)
        if number in known:
            written += [_INDENT + line for line in rendered(known[number].outcome)]
    path.write_text("\n".join(written) + "\n", encoding="utf-8")


if __name__ == "__main__":
    for one in sorted(FOLDER.glob("*.txt")):
        renew(one)
