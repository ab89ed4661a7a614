"""How an entry of a receiver looks: its own fixed words, what they mean there, and what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from mappings.codes.advice import ADVICE, Advice
from mappings.codes.entry import Move
from mappings.codes.side import Side
from mappings.codes.wording import parts_of
from mappings.vocabulary import Reason

_CODES = re.compile(r"([45])\.([0-9]{1,2})\.([0-9]{1,3})(?:-([0-9]{1,3}))?").fullmatch


@dataclass(frozen=True, slots=True)
class Said:
    """What a receiver means by words, or by codes, of its own.

    Words are plain text, not expressions: `…` stands for whatever a reply has there, so that looking for them stays linear
    whatever strangers write. Move and parts of the customer's sentence are those of the reason, unless they are given.
    """

    reason: Reason
    #: Lower case, as they stand in the reply; any of them.
    words: tuple[str, ...]
    meaning: str
    next_step: str
    #: Codes that are no registered ones and mean this whatever the text says: `5.7.606-649`.
    codes: tuple[str, ...] = ()
    #: The words count with these codes only: a class, a basic code or an enhanced one, separated by blanks.
    only: str = ""
    move: Move | None = None
    #: What the customer reads, as in `Advice`, where it is not what the reason says.
    cause: str = ""
    step: str = ""
    step_delayed: str = ""
    #: Where the receiver explains it, if not on its main page.
    page: str = ""
    #: Advice of its own where our server says it, or is told it.
    at: Mapping[Side, Advice] = field(default_factory=dict, compare=False)
    parts: tuple[tuple[str, ...], ...] = field(init=False)
    ranges: tuple[tuple[int, int, int, int], ...] = field(init=False)
    advice: Advice = field(init=False)

    def __post_init__(self) -> None:
        """Take words and codes apart, and fill in what the reason says."""
        base = ADVICE[self.reason]
        advice = Advice(
            self.move or base.move,
            self.next_step,
            self.cause or base.cause,
            self.step or base.step,
            self.step_delayed or base.step_delayed,
            self.move or base.move_delayed,
        )
        object.__setattr__(self, "parts", tuple(map(parts_of, self.words)))
        object.__setattr__(self, "ranges", tuple(map(_range, self.codes)))
        object.__setattr__(self, "advice", advice)

    def has_code(self, enhanced: str) -> bool:
        """Whether an enhanced code is one of its own."""
        kind, subject, detail = (int(part) for part in enhanced.split("."))
        return any((kind, subject) == (one[0], one[1]) and one[2] <= detail <= one[3] for one in self.ranges)


@dataclass(frozen=True, slots=True)
class Receiver:
    """A provider, a filter or a block list, and what its replies mean."""

    name: str
    #: A public page that explains its replies.
    page: str
    said: tuple[Said, ...]


def _range(codes: str) -> tuple[int, int, int, int]:
    """Class, subject, first and last detail of `5.7.606-649`."""
    match = _CODES(codes)
    if match is None:
        raise ValueError(f"{codes!r} is no enhanced code and no range of them")
    return int(match[1]), int(match[2]), int(match[3]), int(match[4] or match[3])
