"""Which daemon of Postfix wrote a line whose tag does not say it: `journalctl -o with-unit` has the unit where the tag stands.

Source: the text itself, for each daemon says things of its own. Where two say the same (a delivery to another host by SMTP or by LMTP), the
line is taken for that of the one that claims less.
"""

from __future__ import annotations

import re

from ingest.formats.postfix.parts import split_id

#: What follows the id, and who says so; the first that fits.
_WITH_ID: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"client="), "smtpd"),
    (re.compile(r"(?:resent-)?message-id="), "cleanup"),
    (re.compile(r"uid=\d"), "pickup"),
    (re.compile(r"from=<.*>, (?:size=\d|status=)|removed$|skipped, still being delivered"), "qmgr"),
    (re.compile(r"(?:sender|postmaster) (?:non-delivery|delay|delivery status) notification: "), "bounce"),
    (re.compile(r"to=<.*>, relay=local,"), "local"),
    (re.compile(r"to=<.*>, relay=virtual,"), "virtual"),
    (re.compile(r"to=<.*>, relay=\S*\[/?[a-z][^\]]*\],"), "lmtp"),
    (re.compile(r"to=<.*>, relay=\S+ .*\(delivered via \S+ service"), "pipe"),
    (re.compile(r"to=<.*>, (?:.* )?status="), "smtp"),
    (re.compile(r"[a-z_-]+: (?:[a-z-]*header|body) |milter-[a-z]+: END-OF-MESSAGE from "), "cleanup"),
    (re.compile(r"[a-z_-]+: (?:CONNECT|RCPT|[A-Z]+) from \[[^\]]*\]:\d"), "postscreen"),
    (re.compile(r"[a-z_-]+: [A-Z][A-Z-]* from |proxy-[a-z]+: "), "smtpd"),
)
_WITHOUT: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?:dis)?connect from |(?:lost connection|timeout|too many errors) after |proxy-[a-z]+: |warning: "), "smtpd"),
    (re.compile(r"\w+ TLS connection established from "), "smtpd"),
    (re.compile(r"(?:(?:DIS)?CONNECT|PASS (?:NEW|OLD)|PREGREET|HANGUP|DNSBL|(?:WHITE|ALLOW|BLACK|DENY)LISTED)\b"), "postscreen"),
    (re.compile(r"addr \S+ listed by domain "), "dnsblog"),
)


def speaker(text: str) -> str | None:
    """The tag that the line would have; None where it may be of anybody who runs beside it."""
    split = split_id(text)
    rest, known = (text, _WITHOUT) if split is None else (split[1], _WITH_ID)
    daemon = next((name for said, name in known if said.match(rest) is not None), None)
    return None if daemon is None else f"postfix/{daemon}"
