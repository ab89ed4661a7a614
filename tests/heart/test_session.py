"""Sessions: to which journey a line without an id is given. In whatever order the lines come, the same.

A script has a word for each line of a process, a second apart; `...` is a long pause. `>A` begins the journey A; `tls` is given to all that
begin behind it, `hold` to the next, `lost` to the last. Where several are in one script, they have numbers.
"""

from __future__ import annotations

from itertools import islice, permutations
from random import Random

import pytest
from heart_cases import At, event

from ingest.clock import SECOND
from ingest.joining.session import Session, SessionStep
from ingest.joining.way import SessionRole
from mappings.facts import Connected
from mappings.links import REACH_S
from mappings.log_words import Contact

ROLES = {
    "open": SessionRole.OPEN,
    "close": SessionRole.CLOSE,
    "gap": SessionRole.GAP,
    "tls": SessionRole.COMMON,
    "hold": SessionRole.AHEAD,
    "lost": SessionRole.BEHIND,
}
PAUSE_S = REACH_S + 1

SCRIPTS = [
    ("TLS is of each journey of the session", "open tls >A >B close", "tls>A tls>B"),
    ("a decision before the queue file is of the next one", "open hold >A >B close", "hold>A"),
    ("all decisions since the last", "open hold1 >A hold2 hold3 >B", "hold1>A hold2>B hold3>B"),
    ("a lost connection is of the last journey", "open >A >B lost close", "lost>B"),
    ("of none before it", "open lost >A", ""),
    ("TLS is of none before it", ">A tls >B", "tls>B"),
    ("nothing goes into the next session", "open tls hold close open >A", ""),
    ("nor comes out of the last", "open >A close open lost", ""),
    ("nor where the end was not logged", "open tls >A open >B lost", "tls>A lost>B"),
    ("the beginning may not be logged", "tls hold >A lost", "tls>A hold>A lost>A"),
    ("over missing lines nothing is known", "open tls hold gap >A", ""),
    ("nor behind them", "open >A gap lost", ""),
    ("too long before", "open tls hold ... >A", ""),
    ("too long behind", "open >A ... lost", ""),
    ("what came meanwhile counts", "open tls1 ... tls2 >A", "tls2>A"),
    ("nobody gets it", "open tls hold lost close", ""),
    ("only the last ten of what is of all", " ".join(f"tls{i}" for i in range(11)) + " >A", " ".join(f"tls{i}>A" for i in range(1, 11))),
]


def steps(script: str) -> list[SessionStep]:
    """The lines of a script."""
    found: list[SessionStep] = []
    second = 0
    for word in script.split():
        second += PAUSE_S if word == "..." else 1
        order = (second, 0, second * SECOND)
        if word.startswith(">"):
            found.append(SessionStep(order, SessionRole.BEGIN, f"{second}{word}", None, word[1:]))
        elif word != "...":
            role = ROLES[word.rstrip("0123456789")]
            told = (
                event(At(second, Connected(Contact.TLS, detail=word)))
                if role in {SessionRole.COMMON, SessionRole.AHEAD, SessionRole.BEHIND}
                else None
            )
            found.append(SessionStep(order, role, f"{second}{word}", told))
    return found


def given(lines: list[SessionStep]) -> set[str]:
    """What journeys have in the end."""
    session = Session(REACH_S)
    held: list[tuple[str, str]] = []
    for step in lines:
        more, less = session.add(step, None)
        for one, node in less:
            held.remove((one.digest, node))
        held += [(one.digest, node) for one, node in more]
    assert len(held) == len(set(held)), "given twice"
    names = {step.event.digest: step.digest.lstrip("0123456789") for step in lines if step.event is not None}
    return {f"{names[digest]}>{node}" for digest, node in held}


@pytest.mark.parametrize(("says", "script", "gifts"), SCRIPTS, ids=[says for says, _, _ in SCRIPTS])
def test_what_a_session_gives(says: str, script: str, gifts: str) -> None:
    """In order, and in every other order (of many, in some)."""
    wanted = set(gifts.split())
    lines = steps(script)
    assert given(lines) == wanted
    if len(lines) <= 5:
        orders = [list(order) for order in islice(permutations(lines), 1, None)]
    else:
        orders = [Random(seed).sample(lines, len(lines)) for seed in range(100)]
    for order in orders:
        assert given([SessionStep(s.order, s.role, s.digest, s.event, s.node) for s in order]) == wanted, [s.digest for s in order]


def test_a_line_is_known_again() -> None:
    """Read twice, it is the same step."""
    session = Session(REACH_S)
    (step,) = steps("open")
    session.add(step, None)
    assert session.known(step.digest) is step
    assert session.known("another") is None
