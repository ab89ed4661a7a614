"""Ask the product about every message of a capture, in one of its log forms, and count what is right."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import msgspec
from captures import YEAR, Form
from stores import Store

from mailtrace import TraceAnswer
from truth.judging import FACTS, judge
from truth.matching import Matches, folded, match
from truth.phantoms import Explanations, doubles
from truth.records import Truth

#: How often an ingester is killed, and when it would have ended at the latest.
_KILLS, _LIFE_S = 3, 1.4
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


def ask(form: Form, folder: Path, zone: str, store: Store | None = None, kills: Random | None = None) -> list[TraceAnswer]:
    """Read the logs by the command line into a new store, and get every trace by the command line.

    The store is an embedded one in the folder, where none is given. With `kills` the ingester is killed on the way a few times, at
    random moments, and started again.
    """
    logs = [str(path) for path in form.unpacked(folder / "logs")]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAILTRACE_")}
    environ |= {"TZ": zone, "MAILTRACE_DATA": str(folder / "data"), **(store.settings if store is not None else {})}
    ingest = ["ingest", "--once", "--year", str(YEAR), *logs]
    for _ in range(_KILLS if kills is not None else 0):
        assert kills is not None
        with subprocess.Popen([*_MAIN, *ingest], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environ) as program:
            with suppress(subprocess.TimeoutExpired):
                program.wait(kills.uniform(0.4, _LIFE_S))
            program.kill()
    _mailtrace(ingest, environ)
    found = _mailtrace(["search", "--format", "jsonl", "--limit", "0"], environ)
    return [msgspec.json.decode(line, type=TraceAnswer) for line in found.splitlines()]


def _mailtrace(arguments: list[str], environ: dict[str, str]) -> bytes:
    """Run a command; what it says on standard output."""
    done = subprocess.run([*_MAIN, *arguments], check=False, capture_output=True, env=environ)
    if done.returncode:
        raise AssertionError(f"mailtrace {' '.join(arguments)} ended with {done.returncode}: {done.stderr.decode()[-2000:]}")
    return done.stdout


def check(form: Form, folder: Path, store: Store | None = None, kills: Random | None = None) -> Verdict:
    """Read a capture in one log form and hold the answers against its truth."""
    truth = Truth(form.capture)
    return compare(form, truth, ask(form, folder, truth.zone, store, kills))


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
