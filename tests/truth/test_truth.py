"""The captures' traces against the truth; the same check as `make truth`."""

from __future__ import annotations

from pathlib import Path
from random import Random

import msgspec
import pytest
from captures import FORMS, SHORT, Form
from stores import Cluster

from mailtrace import Disposition, Reason, TraceAnswer
from truth.check import ask, check, compare
from truth.records import Truth


@pytest.fixture(scope="module")
def truth() -> Truth:
    """What is known about a capture."""
    return Truth(SHORT)


@pytest.fixture(scope="module")
def traces(truth: Truth, tmp_path_factory: pytest.TempPathFactory) -> list[TraceAnswer]:
    """The product's answers about it."""
    return ask(FORMS[0], tmp_path_factory.mktemp("truth"), truth.zone)


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_all_that_the_lines_tell_is_right(form: Form, tmp_path: Path) -> None:
    """For each recipient sender, disposition, reason, verdict, code and quarantine id are right; no phantom, no double."""
    verdict = check(form, tmp_path)
    assert verdict.perfect, str(verdict)


@pytest.mark.parametrize("killed", [False, True], ids=["undisturbed", "killed on the way"])
@pytest.mark.parametrize("form", [FORMS[0], FORMS[5]], ids=str)
def test_the_same_on_elasticsearch(form: Form, killed: bool, tmp_path: Path, es_url: str, es_prefix: str) -> None:
    """A cluster gives the same figures, also where the ingester is killed and started again."""
    verdict = check(form, tmp_path, Cluster(es_url, es_prefix), Random(1) if killed else None)
    assert verdict.perfect, str(verdict)
    print(verdict)


class TestTheCheckItself:
    """A check that cannot fail proves nothing: each kind of mistake is seen."""

    @pytest.mark.parametrize(
        ("disposition", "fact", "fields"),
        [
            ("delivered", "disposition", {"disposition": Disposition.DEFERRED}),
            ("delivered", "reason", {"reason": Reason.SPAM}),
            ("quarantined", "quarantine id", {"quarantine_id": "x"}),
            ("quarantined", "verdict", {"verdict": "clean"}),
            ("rejected", "code", {"return_code": None}),
            ("bounced", "code", {"return_code": None}),
            ("delivered", "sender", {"sender": "somebody@else.example"}),
        ],
    )
    def test_a_wrong_fact_is_seen(
        self, truth: Truth, traces: list[TraceAnswer], disposition: str, fact: str, fields: dict[str, object]
    ) -> None:
        """One fact of one trace changed is one recipient less that is right, named with the fact."""
        changed = next(trace for trace in traces if trace.disposition == disposition and trace.sender)
        verdict = compare(FORMS[0], truth, [msgspec.structs.replace(t, **fields) if t is changed else t for t in traces])
        assert not verdict.perfect
        assert any(f": {fact}: " in one for one in verdict.disagreements), str(verdict)

    def test_a_missing_trace_is_seen(self, truth: Truth, traces: list[TraceAnswer]) -> None:
        """A trace that is left out is missed."""
        missing = next(trace for trace in traces if trace.recipient == "carol@partner.example" and trace.disposition == "delivered")
        verdict = compare(FORMS[0], truth, [trace for trace in traces if trace is not missing])
        assert verdict.right == verdict.recipients - 1, str(verdict)

    def test_a_phantom_is_seen(self, truth: Truth, traces: list[TraceAnswer]) -> None:
        """A trace of a message to somebody who never got it is a phantom."""
        phantom = msgspec.structs.replace(traces[0], id="0" * 26, recipient="nobody@nowhere.example", original_recipient=None)
        assert len(compare(FORMS[0], truth, [*traces, phantom]).phantoms) == 1

    def test_a_double_is_seen(self, truth: Truth, traces: list[TraceAnswer]) -> None:
        """A second trace of the same copy under another id is a double."""
        double = msgspec.structs.replace(next(trace for trace in traces if trace.queue_ids), id="0" * 26)
        assert len(compare(FORMS[0], truth, [*traces, double]).doubles) == 1
