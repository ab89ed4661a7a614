"""Mail filters in front of other people's servers: what they refuse, the recipient's administrator can mostly allow."""

from __future__ import annotations

from mappings.codes.entry import Move
from mappings.codes.receivers.receiver import Receiver, Said
from mappings.vocabulary import Reason

_R = Reason

PROOFPOINT = Receiver(
    "Proofpoint",
    "https://ipcheck.proofpoint.com/",
    (
        Said(
            _R.REPUTATION,
            ("ipcheck.proofpoint.com",),
            "The sending address has a bad reputation at Proofpoint, which many organisations and Apple use.",
            "The owner of the address looks it up on the page that the reply names, stops the cause, and asks there for removal.",
        ),
        Said(
            _R.RECIPIENT_UNKNOWN,
            ("user email address is marked as invalid",),
            "The filter knows no such mailbox.",
            "Check the spelling; if it is right, the recipient's administrator adds the user in the filter.",
            page="https://www.spambrella.com/faq/email-delivery-error-codes/",
        ),
        Said(
            _R.POLICY,
            ("local policy violation",),
            "A rule that the recipient's organisation made in its filter refused it.",
            "Ask the recipient's administrator which rule it was, and give time and addresses.",
        ),
    ),
)

MIMECAST = Receiver(
    "Mimecast",
    "https://mimecastsupport.zendesk.com/hc/en-us/articles/34000709564691-Policies-Mimecast-SMTP-Error-Codes",
    (
        Said(
            _R.GREYLIST,
            ("internal resource temporarily unavailable", "internal resources are temporarily unavailable"),
            "Mimecast asks an unknown sender to come back, or is still looking up its reputation.",
            "Check that the sending server tries again, from the same address and after more than a minute.",
        ),
        Said(
            _R.REMOTE_SYSTEM,
            ("unable to process connection at this time",),
            "Mimecast is under full load.",
            "Nothing for now; it ends by itself.",
        ),
        Said(
            _R.REPUTATION,
            ("poor reputation sender", "csi.mimecast.org"),
            "The sending address has a bad reputation at Mimecast.",
            "Stop the cause; the recipient's administrator can allow the sender, or ask Mimecast's support.",
        ),
        Said(
            _R.POLICY,
            ("anti-spoofing policy",),
            "The sender's address belongs to the recipient's own organisation, and the mail comes from outside.",
            "The recipient's administrator allows the service that sends in its name, by address or by SPF.",
        ),
        Said(
            _R.POLICY,
            ("header based blocked senders", "sender address blocked"),
            "The sender is on a block list of the recipient or of its organisation.",
            "Ask the recipient's administrator to take the sender off the list.",
        ),
        Said(
            _R.CONTENT,
            ("content examination policy",),
            "A rule about words or files, made by the recipient's organisation, refused it.",
            "Ask the recipient's administrator which rule it was, or send the content in another form.",
        ),
        Said(
            _R.POLICY,
            ("email rejected due to security policies",),
            "Mimecast found something that the recipient's organisation does not let in: a link, a file or a signature of spam.",
            "Ask the recipient's administrator to look the message up among the rejected ones.",
        ),
    ),
)

BARRACUDA = Receiver(
    "Barracuda",
    "https://www.barracudacentral.org/rbl/removal-request",
    (
        Said(
            _R.REPUTATION,
            ("barracuda reputation", "barracudacentral", "barracudanetworks.com/reputation"),
            "The sending address is on Barracuda's list.",
            "The owner of the address stops the cause, and asks for removal at Barracuda Central.",
        ),
        Said(
            _R.POLICY,
            ("permanent failure for one or more recipients…:blocked",),
            "The recipient's filter from Barracuda blocked it by a rule, for content or for the sender.",
            "Ask the recipient's administrator to look the message up in the filter's log; a removal request does not help here.",
        ),
    ),
)

CISCO = Receiver(
    "Cisco (IronPort, Talos)",
    "https://www.cisco.com/c/en/us/support/docs/security/email-security-appliance/200436-Identify-and-allow-poor-SenderBase-Reput.html",
    (
        Said(
            _R.REPUTATION,
            (
                "sending mta's poor reputation",
                "poor reputation of a domain used in message transfer",
                "your access to submit messages to this e-mail system has been rejected",
            ),
            "The sending address or domain has a bad reputation at Cisco Talos.",
            "Look it up at talosintelligence.com, stop the cause, and open a ticket there; the recipient's administrator can allow it.",
        ),
        Said(
            _R.AUTH_SPF,
            ("spf unauthorized mail is prohibited",),
            "The sending server is not allowed to send for the sender's domain.",
            "Add the sending server to the SPF record of the sender's domain.",
        ),
        Said(
            _R.RATE_LIMIT,
            ("too many recipients received this hour",),
            "The sending server wrote to more recipients in an hour than that side allows.",
            "Send more slowly; the count begins anew every hour.",
        ),
        Said(
            _R.RECIPIENT_UNKNOWN,
            ("address rejected.",),
            "There is no such mailbox.",
            "Check the spelling of the address; ask the recipient for the right one.",
            only="5.1.0",
        ),
    ),
)

RSPAMD = Receiver(
    "Rspamd",
    "https://docs.rspamd.com/",
    (
        Said(
            _R.SPAM,
            ("gtube pattern",),
            "The message holds the test pattern for spam filters.",
            "Nothing: somebody tested the filter.",
            move=Move.NOBODY,
        ),
        Said(
            _R.RATE_LIMIT,
            ('ratelimit "',),
            "More mail came for this sender, address or network than the filter's limit allows.",
            "Send more slowly; the administrator of the filter can raise the limit that the reply names.",
        ),
        Said(
            _R.POLICY,
            ("matched map:",),
            "A list that the administrator of the filter keeps names the sender, its server or a part of the message.",
            "The administrator of the filter takes the entry off the list that the reply names, if the mail is wanted.",
        ),
    ),
)

CLOUDMARK = Receiver(
    "Cloudmark",
    "https://csi.cloudmark.com/en/reset/",
    (
        Said(
            _R.REPUTATION,
            ("csi.cloudmark.com", "cloudmark csi", "cloudmark sender intelligence"),
            "The sending address has a bad reputation at Cloudmark, which many large providers use.",
            "The owner of the address stops the cause, and asks for a reset on Cloudmark's page; the first is mostly granted within a day.",
        ),
    ),
)
