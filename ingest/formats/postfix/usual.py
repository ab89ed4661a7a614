"""What the daemons of Postfix say all day, declared as templates: of each program the most frequent line first."""

from __future__ import annotations

from functools import partial

from ingest.formats.postfix import delivery, dialogue, queue
from ingest.formats.template import Template, Templates
from mappings.facts import Removed

_SMTPD = ("smtpd", "qmqpd")
_QMGR = ("qmgr", "nqmgr", "oqmgr")
#: Who hands mail to a server.
_CLIENTS = ("smtp", "lmtp")
#: Of whom a line says more than of others.
_AGENTS = (*_CLIENTS, "local", "discard")
#: Any daemon can log a `to=` line: of a message that it gives up, or for one that cannot.
_OTHERS = ("virtual", "pipe", "error", "retry", *_QMGR, "cleanup", "smtpd")

TEMPLATES = Templates(
    Template("client", _SMTPD, dialogue.CLIENT, dialogue.client),
    Template("connect", _SMTPD, dialogue.CONNECT, dialogue.connect),
    Template("disconnect", _SMTPD, dialogue.DISCONNECT, dialogue.disconnect),
    Template("tls", _SMTPD, dialogue.TLS, dialogue.tls),
    Template("refused recipient", _SMTPD, dialogue.REFUSED, dialogue.refused),
    Template("message-id", ("cleanup",), queue.IDENTIFIED, queue.message_named),
    Template("queued", _QMGR, queue.QUEUED, queue.queued),
    Template("removed", _QMGR, queue.REMOVED, Removed),
    Template("notice", ("bounce", "trace", "defer"), queue.NOTICED, queue.noticed),
    *(Template(f"taken from {name}", (name,), delivery.TAKEN, partial(delivery.taken, name)) for name in _CLIENTS),
    *(Template(f"refused to {name}", (name,), delivery.REFUSED, partial(delivery.refused, name)) for name in _CLIENTS),
    *(Template(f"attempt of {name}", (name,), delivery.ATTEMPTED, partial(delivery.attempted, name)) for name in _AGENTS),
    Template("attempt", _OTHERS, delivery.ATTEMPTED, partial(delivery.attempted, "")),
)
