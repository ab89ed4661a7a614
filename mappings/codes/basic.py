"""The basic reply codes of SMTP and its extensions (RFC 5321, 7504, 3207, 4954), in our own words."""

from __future__ import annotations

from mappings.vocabulary import Reason

#: Code, what it means, and the reason it stands for where neither an enhanced code nor a text says more.
BASIC: dict[int, tuple[str, Reason | None]] = {
    211: ("Status of the server, or help.", None),
    214: ("Help text.", None),
    220: ("The server is ready.", None),
    221: ("The server closes the connection as agreed.", None),
    235: ("Logged in.", None),
    250: ("Done; behind the message's data it means: accepted.", None),
    251: ("The recipient is elsewhere; the server forwards the message.", None),
    252: ("The server cannot say whether the recipient exists, but takes the message and tries.", None),
    334: ("The server asks for the next step of logging in.", None),
    354: ("The server waits for the message's text.", None),
    421: ("The server is not available at the moment and closes the connection.", Reason.REMOTE_SYSTEM),
    432: ("The password must be changed before logging in.", Reason.AUTH_REQUIRED),
    450: ("The mailbox cannot be reached at the moment: busy, or blocked for now by a rule.", Reason.UNKNOWN),
    451: ("The server could not do it because of a fault of its own; to be tried again.", Reason.REMOTE_SYSTEM),
    452: ("The server has not enough room at the moment.", Reason.REMOTE_SYSTEM),
    454: ("Encryption or logging in is not possible at the moment.", Reason.TLS),
    455: ("The server cannot grant the wished parameters at the moment.", Reason.PROTOCOL),
    500: ("The server does not understand the command.", Reason.PROTOCOL),
    501: ("The server does not understand what stands behind the command, such as an address.", Reason.PROTOCOL),
    502: ("The server does not have this command.", Reason.PROTOCOL),
    503: ("The commands came in the wrong order.", Reason.PROTOCOL),
    504: ("The server does not have this parameter.", Reason.PROTOCOL),
    521: ("This server never takes mail.", Reason.RECIPIENT_DOMAIN),
    530: ("Logging in or encryption is needed first.", Reason.AUTH_REQUIRED),
    534: ("The login method is too weak.", Reason.AUTH_REQUIRED),
    535: ("User name or password is wrong.", Reason.AUTH_REQUIRED),
    538: ("Logging in this way needs an encrypted connection.", Reason.TLS),
    550: ("Refused: the mailbox cannot be used, or a rule does not allow it.", Reason.POLICY),
    551: ("The recipient is not here, and the server does not forward.", Reason.RECIPIENT_UNKNOWN),
    552: ("The mailbox has no room for it, or the message is too large.", Reason.MAILBOX_FULL),
    553: ("The server does not accept this address, for example because it is badly written.", Reason.PROTOCOL),
    554: ("The transaction failed, or the server gives no service.", Reason.POLICY),
    555: ("The server does not know the parameters of the sender or the recipient.", Reason.PROTOCOL),
    556: ("The recipient's domain never takes mail.", Reason.RECIPIENT_DOMAIN),
}

#: What the first digit says.
CLASSES: dict[int, str] = {
    2: "Done.",
    3: "The server waits for more.",
    4: "Refused for now; the same may work later.",
    5: "Refused for good; the same will not work later.",
}
