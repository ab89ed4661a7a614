"""Server-sent events, as the service writes them: from the lines of a stream to events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(slots=True)
class ServerEvent:
    """What stood between two empty lines; one without data only says where to go on, or when to come back."""

    kind: str = "message"
    data: bytes = b""
    id: str | None = None
    #: Seconds after which to come back where the stream breaks.
    retry_s: float | None = None


def server_events(lines: Iterable[bytes]) -> Iterator[ServerEvent]:
    """The events of a stream's lines, without their ends; what no empty line ends is none, and comments are passed over."""
    event = ServerEvent()
    for line in lines:
        if not line:
            yield event
            event = ServerEvent()
            continue
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        match name:
            case b"event":
                event.kind = value.decode()
            case b"data":
                event.data += value + b"\n"
            case b"id":
                event.id = value.decode()
            case b"retry" if value.isdigit():
                event.retry_s = int(value) / 1000
            case _:
                pass
