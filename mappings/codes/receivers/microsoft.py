"""Microsoft: Outlook.com and Hotmail for private people, Microsoft 365 (Exchange Online) for organisations.

Many codes of Microsoft 365 are no registered ones: they are explained by the code, whatever language or words stand behind it.
"""

from __future__ import annotations

from mappings.codes.entry import Move
from mappings.codes.receivers.receiver import Receiver, Said
from mappings.vocabulary import Reason

_R = Reason

_GROUP = (
    (
        "The message was refused because this recipient takes mail from certain senders only. Please ask the recipient's administrator "
        "to allow the sender."
    ),
    (
        "The message has not been accepted so far because this recipient takes mail from certain senders only. Please ask the "
        "recipient's administrator."
    ),
)
_ORGANISATION = (
    (
        "The message was refused because the sender's organisation may not send at present. The sender's mail administrator has to "
        "look into it."
    ),
    (
        "The message has not been accepted so far because the sender's organisation may not send at present. The sender's mail "
        "administrator has to look into it."
    ),
)
_SEND_AS = (
    (
        "The message was refused because the account may not send with this sender's address. Please check the sender's address in the "
        "mail program."
    ),
    (
        "The message has not been accepted so far because the account may not send with this sender's address. Please check the "
        "sender's address in the mail program."
    ),
)
_BUSY_MAILBOX = (
    "The message could not be delivered because the recipient's mailbox gets too much mail at once. Please send it again later.",
    (
        "The message has been delayed because the recipient's mailbox gets too much mail at once. It is sent again automatically; "
        "nothing needs to be done for now."
    ),
)

OUTLOOK_COM = Receiver(
    "Microsoft (Outlook.com, Hotmail, Live)",
    "https://sendersupport.olc.protection.outlook.com/pm/troubleshooting",
    (
        Said(
            _R.REPUTATION,
            ("unfortunately, messages from…weren't sent", "part of their network is on our block list"),
            "The sending address, or the network around it, is on the block list of Outlook.com.",
            "The owner of the address asks for removal with the form of Outlook.com's sender support, and watches it there (SNDS).",
        ),
        Said(
            _R.REPUTATION,
            ("rate limited due to ip reputation",),
            "Little is let through for now, because Outlook.com does not know the sending address, or thinks badly of it.",
            "Send less, and let it grow slowly; if it lasts, the owner of the address asks the sender support of Outlook.com.",
            codes=("4.7.650",),
        ),
        Said(
            _R.RATE_LIMIT,
            (
                "has exceeded the maximum number of connections",
                "has exceeded maximum number of messages per connection",
                "has exceeded the rate limit allowed",
                "has exceeded the connection limit allowed",
                "due to exceed max concurrent connections",
            ),
            "The sending server opened too many connections, or sent too much over one.",
            "Use fewer connections at a time and fewer messages over each.",
            codes=("4.7.651-652",),
        ),
        Said(
            _R.REPUTATION,
            ("mail rejected by…for policy reasons",),
            "Outlook.com refuses what this address sends: it looks like spam, or comes from a home line or an open relay.",
            "The letters before the text (SC, DY, OU) say which; stop the cause, then the owner of the address asks sender support.",
        ),
        Said(
            _R.RECIPIENT_UNKNOWN,
            ("requested action not taken: mailbox unavailable",),
            "There is no such mailbox at Outlook.com.",
            "Check the spelling of the address; ask the recipient for the right one.",
            only="5.5.0",
        ),
    ),
)

MICROSOFT_365 = Receiver(
    "Microsoft 365 (Exchange Online)",
    "https://learn.microsoft.com/exchange/troubleshoot/email-delivery/ndr/non-delivery-reports-in-exchange-online",
    (
        Said(
            _R.REPUTATION,
            ("access denied, banned sending ip",),
            "Microsoft has banned the sending address.",
            "Stop the cause, then the owner of the address asks for removal on Microsoft's delisting page (sender.office.com).",
            codes=("5.7.606-649",),
            page="https://learn.microsoft.com/defender-office-365/use-the-delist-portal-to-remove-yourself-from-the-office-365-blocked-senders-list",
        ),
        Said(
            _R.REPUTATION,
            ("access denied, banned sender",),
            "Microsoft has banned the sending address, and only its support can lift that.",
            "Forward the whole notice to delist@microsoft.com, as it says.",
            codes=("5.7.511",),
        ),
        Said(
            _R.REPUTATION,
            ("access denied, spam abuse detected", "access denied, bad outbound sender"),
            "Microsoft has stopped this sender, because the account sent spam.",
            "The administrator of the sender's organisation secures the account, then takes it off the list of restricted users.",
            codes=("5.7.501-503",),
            refused=_ORGANISATION[0],
            delayed=_ORGANISATION[1],
        ),
        Said(
            _R.REPUTATION,
            ("traffic not accepted from this ip",),
            "A young or little-used Microsoft tenant sends from an address of bad reputation.",
            "The administrator of the sender's organisation opens a case with Microsoft's support.",
            codes=("5.7.708",),
            refused=_ORGANISATION[0],
            delayed=_ORGANISATION[1],
        ),
        Said(
            _R.POLICY,
            ("blocked by your organization using tenant allow block list",),
            "The sender's own organisation has blocked this recipient.",
            "The administrator of the sender's organisation takes the address off its block list.",
            codes=("5.7.703",),
            move=Move.PROVIDER,
            refused="The message was stopped because the sender's own organisation does not allow mail to this recipient. Please ask the "
            "sender's administrator.",
            delayed="The message was stopped because the sender's own organisation does not allow mail to this recipient. Please ask the "
            "sender's administrator.",
        ),
        Said(
            _R.RATE_LIMIT,
            ("tenant has exceeded threshold",),
            "The sender's organisation sent too much or too much spam, so that Microsoft stopped all of its mail.",
            "The administrator of the sender's organisation looks for hacked accounts and connectors, then opens a case with Microsoft.",
            codes=("5.7.700-702", "5.7.704-707", "5.7.709-749"),
            refused=_ORGANISATION[0],
            delayed=_ORGANISATION[1],
        ),
        Said(
            _R.SENDER_INVALID,
            ("client blocked from sending from unregistered domain",),
            "The sender's organisation sends with a domain that it has not registered at Microsoft.",
            "The administrator of the sender's organisation adds the domain to its accepted domains.",
            codes=("5.7.750",),
            move=Move.PROVIDER,
        ),
        Said(
            _R.RATE_LIMIT,
            ("server busy. please try again later", "access denied, please try again later"),
            "Microsoft does not know how far to trust the sending address, and slows it down.",
            "Nothing for usual mail: it ends after some hours. If it stays, look for a sudden rise of mail or a hacked account.",
            codes=("4.7.500-649", "4.7.653-699", "4.7.850-899"),
        ),
        Said(
            _R.POLICY,
            ("using customer block list",),
            "The recipient's organisation has put the sender or its server on a block list of its own.",
            "Ask the administrator of the recipient's organisation to take it off; Microsoft cannot.",
            codes=("5.7.513",),
        ),
        Said(
            _R.POLICY,
            ("access denied, rejected by recipient",),
            "The recipient has blocked this sender.",
            "Reach the recipient another way, and ask to be taken off the list of blocked senders.",
            codes=("5.7.507",),
        ),
        Said(
            _R.PROTOCOL,
            ("access denied, bad helo",),
            "The sending server greets with the name of the server that it talks to.",
            "Set the greeting name of the sending server to its own name.",
            codes=("5.7.506",),
        ),
        Said(
            _R.RATE_LIMIT,
            ("exceeded limits. please slow down", "sending ip exceeded permitted limit"),
            "The sending address sent more than Microsoft takes from a network of its kind.",
            "Send more slowly, or over IPv4 with a proper reverse name.",
            codes=("5.7.508",),
        ),
        Said(
            _R.AUTH_DMARC,
            ("does not pass dmarc verification",),
            "The sender's domain asks to refuse mail that fails DMARC, and this mail failed.",
            "Make SPF or DKIM pass for the domain in the From header.",
            codes=("5.7.509",),
        ),
        Said(
            _R.AUTH_SPF,
            ("must pass either spf or dkim validation",),
            "Mail over IPv6 must pass SPF or DKIM, and this did not.",
            "Add the IPv6 address to the SPF record, or sign with DKIM; until then, send over IPv4.",
            codes=("5.7.510",),
        ),
        Said(
            _R.CONTENT,
            ("must be rfc 5322 section 3.6.2 compliant",),
            "The From header is missing or has no valid address.",
            "Correct the program that wrote the message: one From with a valid address.",
            codes=("5.7.512", "5.1.20"),
        ),
        Said(
            _R.AUTH_DMARC,
            ("does not meet the required authentication level",),
            "The domain sends much, so SPF, DKIM and DMARC must all be right, and they are not.",
            "Publish SPF, DKIM and DMARC for the domain in the From header, and check that they pass and agree.",
            codes=("5.7.515",),
            page="https://learn.microsoft.com/defender-office-365/email-authentication-about",
        ),
        Said(
            _R.POLICY,
            ("your organization does not allow external forwarding",),
            "The recipient forwards to an address outside, and that organisation does not allow it.",
            "The administrator of the forwarding organisation allows it in the outbound spam rule, or the forwarding is removed.",
            codes=("5.7.520",),
        ),
        Said(
            _R.AUTH_REQUIRED,
            ("client was not authenticated", "client not authenticated to send"),
            "The server is for people who log in, and the sending program or device did not.",
            "Log in with an account of that organisation, or send to the domain's own mail server (MX) instead.",
            codes=("5.7.57",),
        ),
        Said(
            _R.AUTH_REQUIRED,
            ("authentication unsuccessful…is disabled", "authentication unsuccessful…locked"),
            "Logging in was refused: the account is locked, or the simple login method is switched off.",
            "Use modern login (OAuth), or have the administrator allow SMTP login for this mailbox.",
            codes=("5.7.139",),
        ),
        Said(
            _R.RELAY_DENIED,
            ("tenantattribution; relay access denied", "unable to relay recipient in non-accepted domain"),
            "Microsoft does not recognise the sending server as one of its customer's: certificate or address fits no connector.",
            "The administrator of the organisation corrects the inbound connector: certificate name or sending addresses.",
            codes=("5.7.64", "5.7.54"),
            move=Move.PROVIDER,
        ),
        Said(
            _R.POLICY,
            ("sender not in allowed-senders list", "resolver.rst.notauthorized"),
            "The group or mailbox takes mail from certain senders only.",
            "Ask the owner of the group to allow the sender.",
            codes=("5.7.124",),
            refused=_GROUP[0],
            delayed=_GROUP[1],
        ),
        Said(
            _R.POLICY,
            ("resolver.rst.senderrequir", "resolver.rst.authrequired", "sender not authenticated for", "not authenticated by organization"),
            "The group, mailbox or folder takes mail from inside its organisation only.",
            "Ask the administrator of the recipient's organisation to let people outside write to it.",
            codes=("5.7.133-136",),
            refused=_GROUP[0],
            delayed=_GROUP[1],
        ),
        Said(
            _R.SENDER_INVALID,
            ("sendasdenied", "does not have permissions to send as this sender"),
            "The account that logged in may not send with this sender's address.",
            "Use the account's own address, or have the administrator grant the right to send as the other.",
            codes=("5.7.60",),
            refused=_SEND_AS[0],
            delayed=_SEND_AS[1],
        ),
        Said(
            _R.RATE_LIMIT,
            ("daily limit for message recipients",),
            "The account has written to more recipients in a day than Microsoft allows.",
            "Wait a day; use a service for bulk mail; look for a hacked account.",
            codes=("5.1.90",),
            move=Move.SENDER,
        ),
        Said(
            _R.RATE_LIMIT,
            ("recipient thread limit exceeded", "receiving limit…exceeded"),
            "The mailbox gets more mail at a time than Microsoft lets in.",
            "Wait some hours. If it goes on, the recipient's administrator should look for a flood or a loop.",
            codes=("5.2.121-122",),
            move=Move.RECIPIENT_ADMIN,
            refused=_BUSY_MAILBOX[0],
            delayed=_BUSY_MAILBOX[1],
        ),
        Said(
            _R.RECIPIENT_UNKNOWN,
            ("recipient not found by smtp address lookup", "resolver.adr.recip", "resolver.adr.exrecipnotfound"),
            "There is no such mailbox in that organisation.",
            "Check the spelling of the address; if it is right, the administrator of that organisation must look.",
        ),
        Said(
            _R.RECIPIENT_UNKNOWN,
            ("recipient address rejected: access denied",),
            "There is no such mailbox, or the domain is not fully set up at Microsoft.",
            "Check the spelling; if nobody of that domain can be reached, its administrator must look at the accepted domain.",
            only="5.4.1",
        ),
        Said(
            _R.MAILBOX_FULL,
            ("quotaexceededexception", "shutoffquotaexceeded"),
            "The mailbox is full.",
            "The recipient must delete mail or get more space; then send again.",
        ),
        Said(
            _R.MAILBOX_DISABLED,
            ("accountdisabledexception", "aduserdisabled"),
            "The account of the mailbox is switched off.",
            "Ask the administrator of the recipient's organisation whether the mailbox is still in use.",
        ),
        Said(
            _R.PROTOCOL,
            ("smtpsend.barelinefeedsareillegal",),
            "The message has single line feeds, which are not allowed in mail.",
            "Correct the program that wrote the message: lines end with carriage return and line feed.",
            codes=("5.6.11",),
        ),
        Said(
            _R.ROUTING_LOOP,
            ("hop count exceeded - possible mail loop", "agent generated message depth exceeded"),
            "The message goes round in a circle between servers or rules.",
            "The administrator of the recipient's organisation looks at connectors, MX records and forwarding rules.",
            codes=("5.4.11", "5.4.14"),
        ),
        Said(
            _R.DNS,
            ("dns query failed", "dns domain…does not exist"),
            "Microsoft could not look up the recipient's domain.",
            "The owner of the domain checks its MX records and name servers, also DNSSEC where it is used.",
            codes=("4.4.310-312", "5.4.310-312"),
        ),
        Said(
            _R.TLS,
            ("starttls-not-supported", "certificate-expired", "tlsa-invalid", "dnssec-invalid", "sts-policy-fetch-invalid"),
            "The recipient's domain demands encryption that its server does not give.",
            "The administrator of the recipient's domain corrects certificate, TLSA record or MTA-STS policy.",
            codes=("4.7.321-325", "5.7.321-325"),
            move=Move.RECIPIENT_ADMIN,
        ),
        Said(
            _R.CONNECTION,
            ("[message=socket error code", "socket error code 1"),
            "Microsoft could not reach the recipient's server.",
            "The administrator of the recipient's server looks at its firewall and at the address that its MX record names.",
            codes=("4.4.314-318", "5.4.314-318"),
        ),
        Said(
            _R.EXPIRED,
            ("smtp;550 5.4.300 message expired",),
            "Microsoft tried for a day without success, and gave up.",
            "Look for the last answer in the notice: it says why. Send again when the cause is gone.",
            codes=("4.4.300", "5.4.300"),
        ),
        Said(
            _R.REMOTE_SYSTEM,
            ("temporary server error. please try again later",),
            "The receiving system has a passing fault.",
            "Nothing for now. If it lasts for hours, the recipient's administrator asks the provider.",
            only="4",
        ),
    ),
)
