"""Who wrote a line of Dovecot: the service, the user whose mailbox it is about, and the session.

lmtp(bob@example.com)<77><sid>: text        2.3 and later
lmtp(77, bob@example.com): sid: text        2.2
lda(bob): text                              2.0 to 2.2; `deliver` before
sid lmtp(bob): text                         `mail_log_prefix`, as some set it
"""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

from ingest.framing.own import Own

_SESSION = r"[0-9A-Za-z+/=_-]{3,64}(?::[A-Z]?\d{1,6})*"
_PREFIX = re.compile(
    rf"(?:(?P<before>{_SESSION}) )?(?P<service>[A-Za-z][A-Za-z0-9-]{{0,40}})"
    r"(?:\((?P<people>[^()\n]{0,600})\))?(?P<angles>(?:<[^<>\n]{0,400}>){0,8}): "
    r"(?:(?:Debug|Info|Warning|Error|Fatal|Panic): )?"
)
#: As control panels have it.
_NAMED = re.compile(
    r"service=(?P<service>[A-Za-z-]{1,40}), user=<?(?P<user>[^<>,\s]{0,320})>?(?:, (?:r?ip|lip|pid)=[^\s,]{0,80})*"
    rf"(?:, session=<?(?P<session>{_SESSION})>?)?[.,:] "
)
_ANGLE = re.compile(r"<([^<>]*)>")
_IS_SESSION = re.compile(_SESSION)
#: Dovecot 2.2 writes the session behind the prefix: it is longer than any word of its own that stands there.
_BEHIND = re.compile(r"(?P<session>(?=[^:\s]{0,63}[A-Z0-9+/])[0-9A-Za-z+/=]{16,64}(?::[A-Z]?\d{1,6})*): ")
#: In a file of its own each line says how grave it is.
_OWN = re.compile(r"[a-z][a-z0-9-]{0,40}(?:\([^()\n]{0,600}\))?(?:<[^<>\n]{0,400}>){0,8}: (?:Debug|Info|Warning|Error|Fatal|Panic): ")


class Prefix(NamedTuple):
    """What stands before the words of a line, and where these begin."""

    service: str
    user: str | None
    session: str | None
    end: int


def prefix_of(text: str) -> Prefix | None:
    """The beginning of a line taken apart."""
    named = _NAMED.match(text)
    if named is not None:
        return Prefix(named["service"].lower(), named["user"] or None, named["session"], named.end())
    match = _PREFIX.match(text)
    if match is None:
        return None
    # A process, a user, an address, a session: in which order is a matter of the configuration.
    inside = [part.strip() for part in (match["people"] or "").split(",")]
    user = next((part for part in inside if part and not part.isdecimal() and not _is_address(part)), None)
    behind = [part for part in _ANGLE.findall(match["angles"]) if not part.isdecimal() and not _is_address(part)]
    found = [part for part in (*(inside if len(inside) > 1 else ()), *behind) if part != user and _is_session(part)]
    session, end = match["before"] or (found[-1] if found else None), match.end()
    if session is None and (said := _BEHIND.match(text, end)) is not None:
        session, end = said["session"], said.end()
    return Prefix(match["service"].lower(), user, session, end)


def in_own_file(text: str) -> Own | None:
    """`lmtp(bob)<77><sid>: Info: text`, behind the stamp in a file that Dovecot writes itself."""
    return Own("dovecot", 0, text) if _OWN.match(text) is not None else None


def _is_session(text: str) -> bool:
    """Whether it has the form of a session's name."""
    return not text.isdecimal() and not _is_address(text) and _IS_SESSION.fullmatch(text) is not None


def _is_address(text: str) -> bool:
    """Whether it is an IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
