"""Ask the product about every message of a capture, in one of its log forms, and count what is right."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from captures import YEAR, Form

from mailtrace import TraceAnswer
from truth.judging import FACTS, judge
from truth.matching import Matches, folded, match
from truth.phantoms import Explanations, doubles
from truth.records import Truth

_MAIN = [sys.executable, "-c", "import sys; from mailtrace.cli import main; sys.exit(main())"]


@dataclass(slots=True)
class Verdict:
    """How the product's answers stand against the truth."""

    form: str
    recipients: int = 0
    right: int = 0
    untold: int = 0
    traces: int = 0
    #: How often each fact was asked for, and how often it was right.
    asked: Counter[str] = field(default_factory=Counter)
    good: Counter[str] = field(default_factory=Counter)
    #: Every disagreement, in words.
    disagreements: list[str] = field(default_factory=list)
    phantoms: list[str] = field(default_factory=list)
    doubles: list[str] = field(default_factory=list)

    @property
    def perfect(self) -> bool:
        """Whether everything that a line tells is right, and nothing else is there."""
        return self.right == self.recipients > 0 and not (self.disagreements or self.phantoms or self.doubles)

    def __str__(self) -> str:
        """Say it in a few lines, every disagreement among them."""
        facts = ", ".join(f"{fact} {self.good[fact]}/{self.asked[fact]}" for fact in FACTS)
        out = io.StringIO()
        print(
            f"{self.form}: {self.right} of {self.recipients} recipients right ({self.untold} more told by no line);"
            f" {self.traces} traces, {len(self.phantoms)} phantoms, {len(self.doubles)} doubles\n    {facts}",
            file=out,
        )
        for title, items in (("wrong", self.disagreements), ("phantom", self.phantoms), ("double", self.doubles)):
            for item in items:
                print(f"    {title}: {item}", file=out)
        return out.getvalue().rstrip()


def ask(form: Form, folder: Path, zone: str) -> list[TraceAnswer]:
    """Read the logs by the command line into a new store, and get every trace by the command line."""
    logs = [str(path) for path in form.unpacked(folder / "logs")]
    data = ["--data", str(folder / "data")]
    _mailtrace([*data, "ingest", "--once", "--year", str(YEAR), *logs], zone)
    found = _mailtrace([*data, "search", "--format", "jsonl", "--limit", "0"], zone)
    return [msgspec.json.decode(line, type=TraceAnswer) for line in found.splitlines()]


def _mailtrace(arguments: list[str], zone: str) -> bytes:
    """Run a command, without settings of the surroundings; what it says on standard output."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAILTRACE_")}
    done = subprocess.run([*_MAIN, *arguments], check=False, capture_output=True, env={**environ, "TZ": zone})
    if done.returncode:
        raise AssertionError(f"mailtrace {' '.join(arguments)} ended with {done.returncode}: {done.stderr.decode()[-2000:]}")
    return done.stdout


def check(form: Form, folder: Path) -> Verdict:
    """Read a capture in one log form and hold the answers against its truth."""
    truth = Truth(form.capture)
    return compare(form, truth, ask(form, folder, truth.zone))


def compare(form: Form, truth: Truth, traces: list[TraceAnswer]) -> Verdict:
    """Hold traces against the truth of a capture."""
    lines = b"\n".join(form.contents().values()).decode("utf-8", "replace")
    verdict = Verdict(str(form), traces=len(traces))
    matches = match(truth, traces)
    for sent in truth.sent:
        for index, result in enumerate(sent.results):
            if not result.expect.told:
                verdict.untold += 1
                continue
            findings = list(judge(sent, result, matches.of_result.get((sent.id, index), []), lines))
            verdict.recipients += 1
            verdict.right += all(one.wrong is None for one in findings)
            for fact, wrong in findings:
                verdict.asked[fact] += 1
                verdict.good[fact] += wrong is None
                if wrong is not None:
                    verdict.disagreements.append(f"{sent.id} {sent.scenario} to {result.rcpt}: {fact}: {wrong}")
    verdict.disagreements += _invented(truth, matches)
    explanations = Explanations(truth, matches)
    verdict.phantoms = [_shown(trace) for trace in traces if not explanations.explain(trace)]
    verdict.doubles = doubles(traces, matches)
    return verdict


def _invented(truth: Truth, matches: Matches) -> list[str]:
    """What is claimed about a recipient of whom no line tells, and is not so."""
    return [
        f"{sent.id} {sent.scenario} to {result.rcpt}: invented {trace.disposition}"
        for sent in truth.sent
        for index, result in enumerate(sent.results)
        if not result.expect.told
        for trace in matches.of_result.get((sent.id, index), [])
        if trace.disposition not in {result.expect.disposition, "unknown", "in_progress"}
    ]


def _shown(trace: TraceAnswer) -> str:
    """A trace in a few words."""
    sender, recipient = folded(trace.sender), folded(trace.recipient)
    return f"{trace.time} <{sender}> -> <{recipient}> {trace.disposition} {' '.join(trace.queue_ids)}"
