"""Postfix: every daemon that says something about a message.

`parse` takes one framed line: what the daemons usually say is declared in `usual.py`, and the parsers of the daemons read the rest.
Sources: the log lines of Postfix 2.x to 3.x; `smtpd_log_access` and `log_whatsup` for the dialogue's tail, `log_adhoc` and
`sent`/`defer_append` for deliveries, `cleanup_act` for header and body checks.
"""

from __future__ import annotations

from collections.abc import Callable

from ingest.formats.outcome import IGNORED, UNKNOWN, Outcome
from ingest.formats.postfix import delivery, dialogue, queue, screen
from ingest.formats.postfix.speaker import speaker
from ingest.formats.postfix.usual import TEMPLATES
from ingest.formats.postfix.verbose import verbose
from ingest.framing.line import Line

__all__ = ["PROGRAMS", "TEMPLATES", "general", "parse", "speaker"]

Parser = Callable[[Line], Outcome]


def _quiet(line: Line) -> Outcome:
    """Daemons that never speak about one message."""
    return IGNORED


#: What any daemon says of its tables and its settings.
_OF_ALL = ("table ", "using backwards-compatible default setting ")
#: Program (last part of the tag) -> parser.
PROGRAMS: dict[str, Parser] = {
    "smtpd": dialogue.smtpd,
    "postscreen": screen.postscreen,
    "cleanup": queue.cleanup,
    "qmgr": queue.qmgr,
    "nqmgr": queue.qmgr,
    "oqmgr": queue.qmgr,
    "pickup": queue.pickup,
    "bounce": queue.bounce,
    "postsuper": queue.postsuper,
    "smtp": delivery.deliver,
    "lmtp": delivery.deliver,
    "local": delivery.deliver,
    "virtual": delivery.deliver,
    "pipe": delivery.deliver,
    "error": delivery.deliver,
    "retry": delivery.deliver,
    "discard": delivery.deliver,
    "anvil": _quiet,
    "dnsblog": screen.dnsblog,
    "flush": _quiet,
    "master": _quiet,
    "nbdb_reindexd": _quiet,
    "post-install": _quiet,
    "postalias": _quiet,
    "postcat": _quiet,
    "postconf": _quiet,
    "postdrop": _quiet,
    "postfix": _quiet,
    "postfix-script": _quiet,
    "postfix-tls-script": _quiet,
    "postkick": _quiet,
    "postlock": _quiet,
    "postlog": _quiet,
    "postlogd": _quiet,
    "postmap": _quiet,
    "postqueue": _quiet,
    "postmulti": _quiet,
    "postmulti-script": _quiet,
    "posttls-finger": _quiet,
    "proxymap": _quiet,
    "proxywrite": _quiet,
    "qmqpd": dialogue.smtpd,
    "scache": _quiet,
    "sendmail": _quiet,
    "showq": _quiet,
    "spawn": _quiet,
    "tlsmgr": _quiet,
    "tlsproxy": _quiet,
    "trace": queue.bounce,
    "defer": queue.bounce,
    "trivial-rewrite": _quiet,
    "verify": _quiet,
}


def parse(line: Line) -> Outcome:
    """The fact that a line of a Postfix daemon states."""
    found = TEMPLATES.read(line.program, line.text)
    return general(line) if found is None else found


def general(line: Line) -> Outcome:
    """The same of a line that is not as usual."""
    parser = PROGRAMS.get(line.program)
    if parser is None:
        return UNKNOWN
    found = parser(line)
    return IGNORED if found is UNKNOWN and (line.text.startswith(_OF_ALL) or verbose(line.text)) else found
