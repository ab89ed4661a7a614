"""Templates: the lines that a program writes all day, each declared as a name, an expression and what makes a fact of its parts.

A line that has exactly this form costs one match. All others go to the format's general parser, which holds only what no template reads:

- The expression is of the *whole* line, so that a line which differs from it is not read by it.
- Its named groups are the arguments of `make`, in their order, so that declaring one needs no code that takes a match apart.
- A group stands between words of the program and cannot hold these, so that there is one way to read the line, and no text of a stranger
  in one group can say what another one holds. Where that cannot be had by the expression, the form is not usual.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ingest.formats.outcome import Outcome

#: Makes a fact of the texts of the groups; one that took no part in the match is None.
Maker = Callable[..., Outcome]


@dataclass(frozen=True, slots=True)
class Template:
    """A line as it usually is."""

    name: str
    #: The programs whose line it is, as the registry has them.
    programs: tuple[str, ...]
    #: Of the whole text of a line; it has named groups and no others, and is linear.
    expression: str
    make: Maker


class Templates:
    """The templates of a format: of each program in the order given, so that the most frequent comes first."""

    def __init__(self, *templates: Template) -> None:
        self.all = templates
        self._of: dict[str, tuple[tuple[re.Pattern[str], Maker], ...]] = {}
        for template in templates:
            one = re.compile(template.expression), template.make
            for program in template.programs:
                self._of[program] = (*self._of.get(program, ()), one)

    def read(self, program: str, text: str) -> Outcome | None:
        """What a line states; None where it is not as it usually is."""
        for pattern, make in self._of.get(program, ()):
            found = pattern.fullmatch(text)
            if found is not None:
                return make(*found.groups())
        return None


#: Of a format whose lines are all read by its parser.
NO_TEMPLATES = Templates()
