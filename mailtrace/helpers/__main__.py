"""`python -m mailtrace.helpers PARENT END...`: a helper that `mailtrace.helpers.crew` starts."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Sequence

from ingest.processes import child
from mailtrace.helpers.answering import answer
from mailtrace.helpers.crew import Duty


def main(words: Sequence[str]) -> int:
    """Answer what the service hands over, until it lets go of us or is gone."""
    parent, *numbers = words
    if not child.ends_with(int(parent)):
        return 1
    # What asks us to stop asks the service as well, which ends us when what is under way is answered.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    given: Duty = child.given()
    answer(given.settings, [socket.socket(fileno=int(number)) for number in numbers], everybody=given.everybody)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
