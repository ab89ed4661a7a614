"""The promise on logs that are made up, where what must be found is known beforehand."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

import pytest
from canonical import documents, must_be_same
from captures import written
from reading import SHORT, SHORTEST, USUAL, Place, Times, read
from written_mail import Mail, expected, found, log, traffic

from promise.conftest import ROUNDS, on_both


class Kind(NamedTuple):
    """Of what kind a log is: whole or fine stamps, short or long queue ids."""

    whole: bool
    long: bool

    def __str__(self) -> str:
        """Name it as a test's parameter."""
        return f"{'whole' if self.whole else 'fine'}-{'long' if self.long else 'short'}-ids"


_TIMES = pytest.mark.parametrize("times", [USUAL, SHORT, SHORTEST], ids=str)
_SEEDS = pytest.mark.parametrize("seed", range(ROUNDS))
_KIND = pytest.mark.parametrize(
    "kind",
    [Kind(whole=False, long=False), Kind(whole=True, long=False), Kind(whole=False, long=True), Kind(whole=True, long=True)],
    ids=str,
)


def one_file_a_message(mails: list[Mail], *, whole: bool) -> dict[str, bytes]:
    """Each message in a file of its own."""
    return {f"message{number:03d}.log": log([mail], whole=whole) for number, mail in enumerate(mails)}


@_TIMES
@_SEEDS
@_KIND
def test_what_was_written_is_found(kind: Kind, seed: int, times: Times, place: Place) -> None:
    """Sessions that run side by side, refusals and filtered mail in one log: each recipient with its fate, and nothing else."""
    mails = traffic(seed, 25, long=kind.long)
    read(place, written(place.logs, {"mail.log": log(mails, whole=kind.whole)}), times)
    assert found(place.store) == expected(mails)


@_TIMES
@_SEEDS
@_KIND
@pytest.mark.parametrize("runs", ["one run", "a run each"])
def test_whole_files_of_one_message_in_any_order(runs: str, kind: Kind, seed: int, times: Times, place: Place) -> None:
    """Files that hold one message each may be read in any order, at once or in a run each."""
    mails = traffic(seed, 8, long=kind.long)
    contents = one_file_a_message(mails, whole=kind.whole)
    read(place.beside("plain"), written(place.logs, {"mail.log": log(mails, whole=kind.whole)}), times)
    files = written(place.logs.with_name("apart"), contents)
    Random(seed).shuffle(files)
    for some in [files] if runs == "one run" else [[file] for file in files]:
        read(place.beside("apart"), some, times)
    assert found(place.beside("apart").store) == expected(mails)
    must_be_same(documents(place.beside("plain").store), documents(place.beside("apart").store))


@on_both
@_TIMES
@_SEEDS
def test_messages_interleaved_anyhow(seed: int, times: Times, place: Place) -> None:
    """The files of several messages merged into one in any interleaving, each message's lines in order."""
    rng = Random(seed)
    mails = traffic(seed, 6)
    rest = [log([mail]).splitlines(keepends=True)[::-1] for mail in mails]
    lines = []
    while any(rest):
        lines.append(rng.choice([one for one in rest if one]).pop())
    read(place, written(place.logs, {"mail.log": b"".join(lines)}), times)
    assert found(place.store) == expected(mails)
