"""A pair of sockets between two of our processes, and the messages on it."""

from __future__ import annotations

import pickle
import socket
from multiprocessing.connection import Connection
from typing import Any, Generic, TypeVar

import msgspec

_Sent = TypeVar("_Sent")
_Received = TypeVar("_Received")

_MSGPACK, _PICKLE = b"m", b"p"
_encode = msgspec.msgpack.Encoder().encode


def pair() -> tuple[Connection, Connection]:
    """Two ends that are connected."""
    ours, theirs = socket.socketpair()
    return Connection(ours.detach()), Connection(theirs.detach())


class Channel(Generic[_Sent, _Received]):
    """One end; what is received is one of the types of `received`. Only our own processes have the other one."""

    def __init__(self, connection: Connection, received: Any) -> None:
        self.connection = connection
        self._decode = msgspec.msgpack.Decoder(received).decode

    def send(self, message: _Sent) -> None:
        """Send a message; raises `OSError` where nobody is there to receive it."""
        try:
            self.connection.send_bytes(_MSGPACK + _encode(message))
        except (UnicodeEncodeError, OverflowError):
            # Half a character, or a number beyond 64 bits: strangers write such, and the other side is to see just that.
            self.connection.send_bytes(_PICKLE + pickle.dumps(message))

    def receive(self) -> _Received:
        """Wait for a message; raises `EOFError` or `OSError` where none will come."""
        sent = memoryview(self.connection.recv_bytes())
        received: _Received = pickle.loads(sent[1:]) if sent[:1] == _PICKLE else self._decode(sent[1:])  # noqa: S301 - our own process
        return received

    def has_message(self) -> bool:
        """Whether a message, or the end, is there now."""
        return self.connection.poll()

    def close(self) -> None:
        """Let go of this end; the other side sees it."""
        self.connection.close()
