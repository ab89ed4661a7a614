"""The shape of a reply: equal causes are equal, and two causes stay two."""

from __future__ import annotations

import pytest

from mappings.reply_shape import LONGEST, shape_of


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("Ok: queued as 4D09318A9FB", "Ok: queued as <id>"),
        ("2.0.0 Ok: queued as 3033D18654F", "2.0.0 Ok: queued as <id>"),
        (
            "<bob@example.net>: Recipient address rejected: User unknown in virtual mailbox table",
            "<address>: Recipient address rejected: User unknown in virtual mailbox table",
        ),
        ("The mailbox of bob@example.net is full (5.2.2)", "The mailbox of <address> is full (5.2.2)"),
        (
            "5.7.1 Service unavailable; client [192.0.2.7] blocked using zen.spamhaus.org; see https://check.spamhaus.org/query/ip/192.0.2.7",
            "5.7.1 Service unavailable; client [<ip>] blocked using <host>; see <link>",
        ),
        ("host 2001:db8::25 said no", "host <ip> said no"),
        ("too many mails: 1,024 in 60 seconds", "too many mails: <number> in <number> seconds"),
        ("try again after 2026-11-24 04:11:29", "try again after <time>"),
        ("a-word-with-hyphens and 4.7.1", "a-word-with-hyphens and 4.7.1"),
        ("ok", "ok"),
        (" \n ", None),
    ],
)
def test_what_differs_from_message_to_message_is_replaced(text: str, shape: str | None) -> None:
    """Words and status codes stay."""
    assert shape_of(text) == shape


def test_a_shape_is_short() -> None:
    """It is read by people; two replies that differ far behind are one."""
    assert len(shape_of("word " * 1000) or "") <= LONGEST
