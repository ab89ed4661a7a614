"""Scripts: what is done to log files and to who reads them, one thing after the other."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

#: Things that are done to files; the more often named, the more often done.
_DEEDS = (
    *("write",) * 6,
    *("part", "rest") * 2,
    *("rotate",) * 3,
    *("rotate_dated", "burst", "copytruncate", "compress", "compress", "cut", "delete", "drop", "lock", "unlock"),
)
_READER = ("stop", "kill", "start", "start", "wait", "wait", "wait")

Step = tuple[str, int]

#: Kinds that have failed before, each as the beginning of a script.
_KINDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "anything": (("start",),),
    "single name rotated while stopped": (
        ("start", "write", "wait", "stop", "write", "rotate", "write", "start"),
        ("start", "write", "wait", "kill", "write", "rotate", "write", "burst", "compress", "write", "start"),
        ("start", "wait", "stop", "write", "rotate_dated", "write", "start"),
    ),
    "no rights at the start": (("write", "lock", "start", "wait", "write", "wait", "unlock", "wait"), ("lock", "start", "wait", "unlock")),
    "gone in flight, and killed": (
        ("start", "write", "part", "wait", "delete", "kill", "write", "start"),
        ("start", "write", "part", "wait", "cut", "wait", "kill", "start"),
        ("start", "write", "part", "wait", "rotate", "drop", "kill", "write", "start"),
    ),
    "more rotated than looked at": (("start", "write", "wait", "burst", "burst", "compress", "wait"),),
    "copied and cut": (("start", "write", "wait", "write", "copytruncate", "write", "compress", "wait", "copytruncate", "write"),),
}


@dataclass(frozen=True, slots=True)
class Script:
    """What is done, and by which names the logs are read."""

    seed: int
    kind: str
    name: str
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        """Tell it, so that it can be done by hand."""
        return f"seed {self.seed} ({self.kind}; reads {self.name}): {' '.join(f'{name}:{count}' for name, count in self.steps)}"


def made(seed: int, length: int = 18) -> Script:
    """The script of a seed, always the same."""
    rng = Random(seed)
    kind = rng.choice(list(_KINDS))
    begin = rng.choice(_KINDS[kind])
    steps = [(name, rng.randrange(1, 6)) for name in begin]
    steps += [(rng.choice(_DEEDS if rng.random() < 0.65 else _READER), rng.randrange(1, 6)) for _ in range(rng.randrange(length))]
    return Script(seed, kind, rng.choice(("mail.log", "mail.log", "mail.log*", "")), tuple(steps))
