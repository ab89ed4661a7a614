"""Providers of access and of hosting: Free, La Poste, Comcast, IONOS' mail for customers; and cPanel, whose words many hosts use."""

from __future__ import annotations

from mappings.codes.receivers.receiver import Receiver, Said
from mappings.vocabulary import Reason

_R = Reason

FREE = Receiver(
    "Free",
    "http://postmaster.free.fr/",
    (
        Said(
            _R.REPUTATION,
            ("too many spams from your ip", "too many errors from your ip"),
            "Free had spam, or many unknown addresses, from the sending address.",
            "Stop the cause, clean the lists of addresses, and send less for some hours; it ends by itself.",
        ),
    ),
)

LA_POSTE = Receiver(
    "La Poste",
    "https://postmaster.laposte.net/",
    (
        Said(
            _R.REPUTATION,
            ("lpn007_510", "lpn007_405"),
            "La Poste blocks the sending address for spam.",
            "Stop the cause, and write to La Poste's postmaster with the LPN number.",
        ),
    ),
)

COMCAST = Receiver(
    "Comcast",
    "https://postmaster.comcast.net/smtp-error-codes.php",
    (
        Said(
            _R.REPUTATION,
            ("comcast block for spam", "smtp-error-codes.php#bl0"),
            "Comcast blocks the sending address because of spam.",
            "Look for a hacked account or forwarded spam, then ask for removal with Comcast's form.",
        ),
        Said(
            _R.RATE_LIMIT,
            ("smtp-error-codes.php#rl0",),
            "Comcast takes less mail at a time from this address, by its reputation.",
            "Send more slowly; the limit rises by itself with good mail.",
        ),
    ),
)

IONOS_CUSTOMERS = Receiver(
    "IONOS, mail of customers",
    "https://postmaster.kundenserver.de/",
    (
        Said(
            _R.REPUTATION,
            ("blocked by ldap:ou=rblmx",),
            "The sending address is on the block list of IONOS.",
            "Stop the cause, and ask IONOS' postmaster for removal.",
        ),
    ),
)

CPANEL = Receiver(
    "cPanel",
    "https://docs.cpanel.net/whm/email/",
    (
        Said(
            _R.SENDER_INVALID,
            ("verification failed for …the account or domain may not exist, they may be blacklisted",),
            "The server that the sender's domain names does not have the sender's address: it is its standard text for such addresses.",
            "Check the sender's address; if it is right, its mailbox or domain is not set up on the server that the MX record names.",
        ),
        Said(
            _R.RECIPIENT_UNKNOWN,
            ("the account or domain may not exist, they may be blacklisted",),
            "The server does not have this mailbox or domain: it is its standard text for addresses that it does not know.",
            "Check the spelling of the address; if it is right, the domain is not set up on the server that its MX record names.",
        ),
        Said(
            _R.AUTH_REQUIRED,
            ("please turn on smtp authentication in your mail client",),
            "The mail program did not log in at its outgoing server.",
            "Switch on logging in for the outgoing server in the mail program.",
        ),
    ),
)
