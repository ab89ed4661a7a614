"""One connection of a client: uvicorn's own, with a bound on what it may send and on how long it may take.

uvicorn has a time limit for idle connections only, and takes heads and pipelines of any length. Here each head is gathered before the
parser sees it (`head`), the next one is looked at when the one before has been answered, and a clock runs whenever it is the client's turn.
The parser is h11, whose state says whose turn it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import CLOSE_HEADER
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from mailtrace.door.guests import Guest, Guests
from mailtrace.door.head import MOST_BYTES, Head, HeadError
from search.http.state import Way, known_way

#: Seconds for a whole head, from the connection or from its first byte; and for a body, which is a small form.
HEAD_S, BODY_S = 10.0, 10.0
#: Seconds in which a client takes what lies ready for it (64 KB, beside what the system holds): a kilobyte a second is enough.
TAKE_S = 60.0
#: Seconds that a client has to take the words with which it is sent away.
_FAREWELL_S = 2.0


class DoorConnection(H11Protocol):
    """A guest's connection."""

    def __init__(self, guest: Guest, guests: Guests, config: Config, server_state: ServerState, app_state: dict[str, Any]) -> None:
        super().__init__(config, server_state, app_state, asyncio.get_running_loop())
        self._guest = guest
        self._guests = guests
        self._head = Head()
        #: A request was taken whose answer has not been given to its end; and its body is still to come.
        self._answering = self._in_body = False
        self._asking: asyncio.TimerHandle | None = None
        self._taking: asyncio.TimerHandle | None = None

    # What the door asks ---------------------------------------------------------------------------------------------------

    @property
    def waits(self) -> bool:
        """Whether it is the client's turn."""
        way = self._way()
        return not self._answering or self._in_body or self.flow.write_paused or (way is not None and way.pausing)

    @property
    def known(self) -> bool:
        """Whether its last question came with a valid token."""
        way = self._way()
        return way is not None and way.caller is not None

    def _way(self) -> Way | None:
        """What is known of the last question."""
        scope: Any = self.scope
        return None if scope is None else known_way(scope)

    def leave(self) -> None:
        """End it at once."""
        self.transport.abort()

    # What the client does -------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """It has come."""
        super().connection_made(transport)
        self._guest.connection = self
        self._ask_within(HEAD_S, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has gone."""
        self._guests.leave(self._guest)
        self._ask_within(None)
        self._take_within(None)
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Something has come: of a body, of the next head, or too early."""
        if self._in_body:
            self._body(data)
            return
        self._head.add(data)
        if not self._answering:
            self._next()
        elif len(self._head) > MOST_BYTES:
            # Nobody asks so much ahead.
            self.leave()

    def pause_writing(self) -> None:
        """The client is behind with reading."""
        super().pause_writing()
        self._take_within(TAKE_S)

    def resume_writing(self) -> None:
        """It has caught up."""
        super().resume_writing()
        self._take_within(None)

    # Asking ---------------------------------------------------------------------------------------------------------------

    def _next(self) -> None:
        """Take the next request, if its head is there."""
        try:
            head = self._head.take()
        except HeadError as error:
            self._send_away(error.status)
            return
        if head is None:
            if len(self._head) and self._asking is None:
                self._unset_keepalive_if_required()
                self._ask_within(HEAD_S, self._head_is_late)
            return
        self._ask_within(None)
        self._answering = True
        super().data_received(head)
        if self.conn.their_state is h11.SEND_BODY:
            self._in_body = True
            # Where a body ends is the parser's to say; so nothing is asked behind one on the same connection.
            self.scope["headers"].append(CLOSE_HEADER)  # type: ignore[attr-defined]  # a list
            self._ask_within(BODY_S, self._body_is_late)
            if rest := self._head.rest():
                self._body(rest)

    def _body(self, data: bytes) -> None:
        """Pass on a part of a body."""
        super().data_received(data)
        if self.conn.their_state is not h11.SEND_BODY:
            self._in_body = False
            self._ask_within(None)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP; where an answer is under way it can only end."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
            self._say_farewell()
        else:
            self.leave()

    def _send_away(self, status: int) -> None:
        """Answer without the parser, and close."""
        phrase = HTTPStatus(status).phrase
        head = f"HTTP/1.1 {status} {phrase}\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: {len(phrase)}\r\n\r\n"
        self.transport.write(f"{head}{phrase}".encode())
        self.transport.close()
        self._say_farewell()

    def _head_is_late(self) -> None:
        """The client has begun a head, or not even that, and does not go on."""
        if len(self._head):
            self._send_away(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self.transport.close()
            self._say_farewell()

    def _body_is_late(self) -> None:
        """The client does not send the body that it told of."""
        if self.cycle.response_started:
            self.leave()
        else:
            self._send_away(HTTPStatus.REQUEST_TIMEOUT)

    # Answering ------------------------------------------------------------------------------------------------------------

    def on_response_complete(self) -> None:
        """The answer has been given, if not yet taken."""
        super().on_response_complete()
        self._answering = False
        if self.transport.is_closing():
            self._take_within(TAKE_S)
        else:
            self._next()

    def timeout_keep_alive_handler(self) -> None:
        """The client has asked nothing more; where it has not even taken its answer, that is given up."""
        if self.transport.get_write_buffer_size():
            self.leave()
        else:
            super().timeout_keep_alive_handler()

    def shutdown(self) -> None:
        """The service ends: when the answer has been given, or at once."""
        try:
            super().shutdown()
        except h11.LocalProtocolError:
            self.leave()

    # Clocks ---------------------------------------------------------------------------------------------------------------

    def _ask_within(self, seconds: float | None, late: Callable[[], None] | None = None) -> None:
        """Set the clock for what the client sends, or stop it."""
        if self._asking is not None:
            self._asking.cancel()
        self._asking = self.loop.call_later(seconds, late) if seconds is not None and late is not None else None

    def _take_within(self, seconds: float | None) -> None:
        """Set the clock for what the client takes, or stop it."""
        if self._taking is not None:
            self._taking.cancel()
        self._taking = self.loop.call_later(seconds, self.leave) if seconds is not None else None

    def _say_farewell(self) -> None:
        """Give the last words a moment; a client that does not take them, or sends on, holds nothing."""
        self._ask_within(None)
        self._take_within(_FAREWELL_S)
