"""Exim's `<=`: a message has arrived, and is complete. One line says what Postfix says in three."""

from __future__ import annotations

from ingest.formats.escapes import plain
from ingest.formats.exim.fields import Fields, address_at, read_fields, recipients_at
from ingest.formats.outcome import UNKNOWN, Outcome
from mappings.address import message_id, normalise, parse_path
from mappings.facts import Received


def arrival(queue_id: str, text: str) -> Outcome:
    """`SENDER [R=PARENT] [H=..] [U=..] P=protocol [X=..] [A=..] S=size [id=..] [T="subject"] [from <sender>] [for recipients]`."""
    sender, at = address_at(text, 0)
    fields = read_fields(text, at, all_fields=True)
    if not fields.values and fields.host is None:
        return UNKNOWN
    rest = text[fields.end :]
    if rest.startswith(" from <"):
        # The sender as the client gave it, before it was rewritten.
        raw, end = parse_path(rest, 6)
        first, rest = normalise(plain(raw)), rest[end:]
    else:
        first = sender
    recipients = recipients_at(rest, 4) if rest.startswith(" for ") else None if rest else []
    values, host = fields.values, fields.host
    if fields.imitated(text) or recipients is None:
        return _beginning(queue_id, sender, fields)
    # With a star it is one that Exim gave it, for it had none.
    parent, named = values.get("R"), values.get("id", values.get("id*"))
    return Received(
        queue_id,
        client_name=host.name if host else None,
        client_ip=host.ip if host else None,
        client_port=host.port if host else None,
        helo=(host.helo or None) if host else None,
        user=fields.user,
        login_method=fields.login_method if fields.user else None,
        # Mail that a filter puts back through a pipe is submitted by nobody: its protocol is the name of the filter.
        login=values.get("U") if host is None and parent is None and values.get("P", "local").startswith("local") else None,
        sender=first,
        message_id=message_id(named) if named is not None else None,
        size=fields.number("S"),
        subject=values.get("T"),
        recipients=recipients,
        tls=values.get("X"),
        took=fields.seconds("RT"),
        made_for=parent,
    )


def _beginning(queue_id: str, sender: str, fields: Fields) -> Received:
    """What is sure where strangers' words stand among the fields: sender and client, unless they may begin in the client's greeting."""
    host = fields.host if fields.host is not None and fields.host.helo is None else None
    return Received(
        queue_id,
        client_name=host.name if host else None,
        client_ip=host.ip if host else None,
        client_port=host.port if host else None,
        sender=sender,
    )
