"""Public block lists that replies name, and what their owners ask for."""

from __future__ import annotations

from mappings.codes.at_side import LIST_ERROR_AT
from mappings.codes.entry import Move
from mappings.codes.receivers.receiver import Receiver, Said
from mappings.vocabulary import Reason

_R = Reason


LISTS: tuple[Receiver, ...] = (
    Receiver(
        "Spamhaus",
        "https://check.spamhaus.org/",
        (
            Said(
                _R.REMOTE_SYSTEM,
                ("spamhaus.org/returnc", "open resolver", "127.255.255.", "excessive number of queries", "dnsbl query refused"),
                "Not a listing: the receiving server asks the list over a resolver that it refuses, and takes its error for a listing.",
                "The recipient's administrator must ask the list over a resolver of its own; the sender can change nothing.",
                move=Move.RECIPIENT_ADMIN,
                page="https://www.spamhaus.org/returnc/pub/",
                at=LIST_ERROR_AT,
            ),
            Said(
                _R.REPUTATION,
                ("spamhaus.org/pbl", "pbl.spamhaus"),
                "The sending address is on the list of home lines, which should use their provider's outgoing server (PBL).",
                "Send through the provider's outgoing server; the owner of a fixed address can take it off the list.",
                page="https://www.spamhaus.org/blocklists/policy-blocklist/",
            ),
            Said(
                _R.SPAM,
                ("dbl.spamhaus", "spamhaus.org/dbl", "spamhaus.org/query/domain"),
                "A domain of the sender or of a link in the message is on the domain list of Spamhaus.",
                "Look the domains up at check.spamhaus.org; take the link out, or have the owner of the domain ask for removal.",
                cause="link",
                step="take_link_out",
                step_delayed="take_link_out",
                page="https://www.spamhaus.org/blocklists/domain-blocklist/",
            ),
            Said(
                _R.REPUTATION,
                ("spamhaus", "cbl.abuseat.org"),
                "The sending address is on a Spamhaus list: it sent spam, or a computer behind it is infected.",
                "Look the address up at check.spamhaus.org, stop the cause, and ask there for removal.",
            ),
        ),
    ),
    Receiver(
        "SpamCop",
        "https://www.spamcop.net/bl.shtml",
        (
            Said(
                _R.REPUTATION,
                ("spamcop",),
                "People reported spam from the sending address to SpamCop.",
                "Stop the cause; the entry ends by itself about a day after the last report.",
            ),
        ),
    ),
    Receiver(
        "UCEPROTECT",
        "https://www.uceprotect.net/en/rblcheck.php",
        (
            Said(
                _R.REPUTATION,
                ("uceprotect",),
                "The sending address, or with levels 2 and 3 its whole network, is on the UCEPROTECT list.",
                "Level 1 ends by itself after a week without spam; with the others the network's provider must act. "
                "The recipient's administrator can stop using the list.",
            ),
        ),
    ),
    Receiver(
        "Backscatterer",
        "https://www.backscatterer.org/",
        (
            Said(
                _R.REPUTATION,
                ("backscatterer.org",),
                "The sending server sends bounces or address checks to people who never wrote to it.",
                "Refuse unknown recipients in the dialogue instead of bouncing later, and switch off sender callouts.",
            ),
        ),
    ),
    Receiver(
        "SORBS",
        "https://en.wikipedia.org/wiki/Spam_and_Open_Relay_Blocking_System",
        (
            Said(
                _R.REPUTATION,
                ("sorbs.net",),
                "The receiving server asks a list that was closed in June 2024.",
                "The recipient's administrator takes the list out of the settings; nobody can remove an entry any more.",
                move=Move.RECIPIENT_ADMIN,
            ),
        ),
    ),
    Receiver(
        "Abusix",
        "https://lookup.abusix.com/",
        (
            Said(
                _R.REPUTATION,
                ("abusix",),
                "The sending address or domain is on a list of Abusix.",
                "Look it up at lookup.abusix.com, stop the cause, and ask there for removal.",
            ),
        ),
    ),
    Receiver(
        "Invaluement",
        "https://www.invaluement.com/removal/",
        (
            Said(
                _R.REPUTATION,
                ("invaluement", "ivmsip"),
                "The sending address is on the Invaluement list.",
                "Stop the cause, and ask for removal with the form of the list.",
            ),
        ),
    ),
    Receiver(
        "NiX Spam (manitu)",
        "https://www.dnsbl.manitu.net/",
        (
            Said(
                _R.REPUTATION,
                ("ix.dnsbl.manitu", "nixspam"),
                "The receiving server asks NiX Spam, a list that ended in January 2025.",
                "The recipient's administrator takes the list out of the settings.",
                move=Move.RECIPIENT_ADMIN,
            ),
        ),
    ),
    Receiver(
        "PSBL",
        "https://psbl.org/",
        (
            Said(
                _R.REPUTATION,
                ("psbl.surriel", "psbl.org"),
                "The sending address sent mail to a spam trap.",
                "Stop the cause; anybody can take an address off the list on its page, and it ends by itself after some weeks.",
            ),
        ),
    ),
    Receiver(
        "Validity (Sender Score)",
        "https://senderscore.org/",
        (
            Said(
                _R.REPUTATION,
                ("senderscore", "sender score"),
                "The sending address has a bad Sender Score.",
                "Look the address up at senderscore.org, and lower complaints and mail to unknown addresses; it recovers by itself.",
            ),
        ),
    ),
    Receiver(
        "Trend Micro",
        "https://servicecentral.trendmicro.com/ers/",
        (
            Said(
                _R.REPUTATION,
                ("using trend micro", "mail-abuse.com"),
                "The sending address has a bad reputation at Trend Micro.",
                "Look the address up on Trend Micro's reputation page, stop the cause, and ask there for removal.",
            ),
        ),
    ),
    Receiver(
        "SURBL and URIBL",
        "https://surbl.org/surbl-analysis",
        (
            Said(
                _R.SPAM,
                ("surbl.org", "uribl.com"),
                "A link in the message leads to a domain that is on a list of spam's links.",
                "Take the link out, or have the owner of the domain ask the list for removal.",
                cause="link",
                step="take_link_out",
                step_delayed="take_link_out",
            ),
        ),
    ),
)
