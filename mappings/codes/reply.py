"""Taking a reply apart: basic code, enhanced code, text."""

from __future__ import annotations

import re

#: How much of a text is looked at; replies are written by strangers, and a meaning stands at the beginning.
LONGEST = 2000

_PREFIX = re.compile(r"\s*(?:(?:smtp|x-postfix|x-unix|x-exim|x400|dns)\s*;\s*)?", re.IGNORECASE).match
#: How mail servers introduce what the other side said.
_SAID = re.compile(
    r"(?:delivery temporarily suspended: )?(?:host \S{1,400} (?:said|refused to talk to me): "
    r"|SASL (?:\[CACHED\] )?authentication failed; server \S{1,400} said: "
    r"|SMTP error from remote (?:mail server|mailer) after [^:]{1,60}(?::<[^>]{0,400}>)?: )"
).match
_SAID_BEHIND = re.compile(r"\s*\(in reply to [^()]{1,60} command\)\s*\Z")
_CODES = re.compile(r"([2-5][0-9]{2})(?:[ \-/]+#?([245]\.[0-9]{1,3}\.[0-9]{1,3})(?![0-9.]))?(?=[ \-]|\Z)[ \-]*").match
_ENHANCED = re.compile(r"#?([245]\.[0-9]{1,3}\.[0-9]{1,3})(?=[ :\-]|\Z)[ :\-]*").match


def split_reply(text: str) -> tuple[int | None, str | None, str]:
    """Basic code, enhanced code and the rest of a reply; the lines of a longer reply are joined by blanks.

    What a mail server puts around it (`host mx.example.net[192.0.2.1] said: ...`) is taken away. Texts without a code, as servers
    write of their own failures, come back whole.
    """
    text = text[: LONGEST * 2]
    start = _end(_PREFIX(text), 0)
    said = _SAID(text, start)
    body = text[start:] if said is None else _SAID_BEHIND.sub("", text[said.end() :])
    body = " ".join(body.replace("\\n", "\n").split())
    codes = _CODES(body)
    if codes is None:
        enhanced = _ENHANCED(body)
        return (None, None, body) if enhanced is None else (None, enhanced[1], body[enhanced.end() :])
    code, status = int(codes[1]), codes[2]
    rest = body[codes.end() :]
    # Only a longer reply (`550-`) repeats its codes; elsewhere they belong to a reply that the text quotes.
    return code, status, _join(rest, codes[1], status) if body[3:4] == "-" else rest.strip()


def _join(rest: str, code: str, status: str | None) -> str:
    """The text without the codes that every further line of the reply repeats."""
    again = re.escape(code) + (rf"[ \-]#?{re.escape(status)}" if status else "")
    joined = re.sub(rf"(?:(?<=\s)|\A){again}(?:[ \-]+|\Z)", "", rest)
    if status:
        # Some servers repeat the basic code only.
        joined = re.sub(rf"(?:(?<=\s)|\A){code}-(?=\S)", "", joined)
    return joined.strip()


def _end(match: re.Match[str] | None, otherwise: int) -> int:
    """Where a match ends."""
    return otherwise if match is None else match.end()
