"""One end of a slot: messages on a pair of sockets, each behind its length."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any, Generic, TypeVar

import msgspec

_Sent = TypeVar("_Sent")
_Received = TypeVar("_Received")

_LENGTH = struct.Struct("!I")
_encode = msgspec.msgpack.Encoder().encode


class Slot(Generic[_Sent, _Received]):
    """An end; what is received is of the type `received`. Only our own processes have the other one."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, received: Any) -> None:
        self._reader = reader
        self._writer = writer
        self._decode = msgspec.msgpack.Decoder(received).decode

    @classmethod
    async def of(cls, end: socket.socket, received: Any) -> Slot[_Sent, _Received]:
        """The end that a socket is."""
        return cls(*await asyncio.open_connection(sock=end), received)

    async def send(self, message: _Sent) -> None:
        """Send a message; raises `OSError` where nobody is there to receive it."""
        sent = _encode(message)
        self._writer.writelines((_LENGTH.pack(len(sent)), sent))
        await self._writer.drain()

    async def receive(self) -> _Received:
        """Wait for a message; raises `EOFError` or `OSError` where none will come."""
        (length,) = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
        received: _Received = self._decode(await self._reader.readexactly(length))
        return received

    def close(self) -> None:
        """Let go of it; the other side sees the end."""
        self._writer.close()
