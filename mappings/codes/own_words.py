"""What mail servers write of their own work, where no other server said anything: closed lists, tried before the words of strangers.

Sources: the messages of Exim's routers and transports (`addr->message`, `common_error`), behind `defer (N)` and `**` without a host, and of
its ACLs where they cannot be evaluated; Postfix' `dsb_*` and `dsn_*` of its delivery agents, and the texts of sysexits (`sys_exits.c`);
Sendmail's `stat=` (`sysexits.c`, `usersmtp.c`). The same words in a reply of another server are that server's, and are read there.

Words are plain text as in `wording`: `…` stands for whatever is there. They stand at the beginning, unless `…` is first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from mappings.codes.advice import Advice
from mappings.codes.at_side import OWN_LOGIN
from mappings.codes.entry import Move
from mappings.codes.side import Side
from mappings.codes.wording import in_order, parts_of
from mappings.vocabulary import Reason

_R = Reason


def _ours(next_step: str, sentence: str = "") -> Advice:
    """Our own server has to be put right."""
    return Advice(Move.US, next_step, "local_system", "ours", "ours_wait", Move.US, sentence)


_MX_IS_US = _ours(
    "The recipient's domain leads back to this server, which is not set up to take its mail: add the domain to those of this server, or "
    "have its owner correct the MX record.",
    "The way to the recipient's domain leads back to our own server, which is not set up for it.",
)
_SETTINGS = _ours("Correct the settings of our own server that the text names: a file, a table, an expression, or the rights to it.")
_BOX = _ours("Look at the mailbox or folder that the text names on our own server: owner, rights, lock, disk.")
_AGENT = _ours("Look at the program that our server hands this mail to: its own log, its rights, and how it ended.")
_QUEUE_ONLY = _ours(
    "Our own server is set to keep such mail in its queue; it goes on with the next queue run, or when the setting is changed."
)


@dataclass(frozen=True, slots=True)
class OwnWords:
    """What our own program means by some words."""

    reason: Reason
    #: Lower case, as they are logged; any of them.
    words: tuple[str, ...]
    meaning: str
    advice: Advice | None = None
    parts: tuple[tuple[str, ...], ...] = field(init=False)

    def __post_init__(self) -> None:
        """Take the words apart."""
        object.__setattr__(self, "parts", tuple(map(parts_of, self.words)))

    def stand_in(self, text: str) -> bool:
        """Whether a simplified text begins with them."""
        return any(text.startswith(parts[0]) and in_order(parts, text) for parts in self.parts)


#: Of deliveries, in this order.
DELIVERY: tuple[OwnWords, ...] = (
    OwnWords(
        _R.AUTH_REQUIRED,
        (
            "sasl authentication failed",
            "sasl [cached] authentication failed",
            "…sasl authentication failed; server",
            "…cannot authenticate to server",
            "…offered no compatible authentication mechanisms",
            "authentication required but",
            "…authenticator failed h=",
            "…authenticator cancelled h=",
            "temporary auth failure",
        ),
        "Our server could not log in at the next one.",
        OWN_LOGIN,
    ),
    OwnWords(
        _R.ROUTING_LOOP,
        (
            "lowest numbered mx record points to local host",
            "remote host address is the local host",
            "…transport found host …to be local",
            "…loops back to myself",
            "unable to find primary relay for",
            "config error: mail loops back to me",
        ),
        "The way to the recipient's domain leads back to our own server, which is not set up for it.",
        _MX_IS_US,
    ),
    OwnWords(_R.ADMIN, ("delivery cancelled by administrator",), "An administrator had it returned."),
    OwnWords(
        _R.POLICY,
        ("outgoing mail from …has been suspended",),
        "Our own server lets nothing out for this account.",
    ),
    OwnWords(
        _R.EXPIRED,
        ("delivery cancelled; message timed out", "retry timeout exceeded"),
        "Given up after too long a time in the queue.",
    ),
    OwnWords(_R.POLICY, ("delivery cancelled", "frozen by filter"), "The filter of our whole system stopped it."),
    OwnWords(
        _R.MAILBOX_FULL,
        (
            "mailbox is full",
            "…mailbox is full",
            "over quota",
            "disk quota exceeded",
            "…: disk quota exceeded",
            "…command output: …quota exceeded",
            "…command output: …over quota",
            "…overdrawn his diskspace quota",
            "maildir delivery failed: …over quota",
            "…error writing message: file too large",
            "…mailbox for user is full",
        ),
        "The mailbox on our own server is full.",
    ),
    OwnWords(
        _R.TOO_LARGE,
        ("message is too big", "message size …exceeds size limit", "message is too large", "message too large"),
        "The message is larger than our server, or the next one, takes.",
    ),
    OwnWords(
        _R.TLS,
        (
            "failure while setting up tls session",
            "a tls session is required",
            "tls is required, but",
            "sender requested requiretls",
            "tls session: ",
            "cannot start tls",
            "server certificate not",
            "client tls configuration problem",
            "tls handshake failed",
            "tls error on connection",
            "dane error",
            "tlsa lookup error",
            "non dnssec destination",
        ),
        "No encrypted connection could be made between our server and the next one.",
    ),
    OwnWords(
        _R.PROTOCOL,
        ("utf8 support required", "response to …did not include smtputf8", "message requires smtputf8", "message has lines too long"),
        "The next server does not know what this message needs.",
    ),
    OwnWords(
        _R.LOCAL_SYSTEM,
        (
            "domain matches queue_smtp_domains",
            "domain is in queue_domains",
            "domain is held",
            "first-pass only routing due to",
            "remote deliveries suppressed",
            "smtp delivery explicitly queued",
            "delivery bypassed by -n option",
            "concurrency limit reached for transport",
        ),
        "Our own server is set to keep such mail in its queue.",
        _QUEUE_ONLY,
    ),
    OwnWords(
        _R.LOCAL_SYSTEM,
        ("mailing to remote domains not supported", "mua_wrapper forced failure", "routing yielded a "),
        "Our own server is set up to deliver on this host only.",
        _ours("Our server is set up without a way to other hosts: set a smarthost, or allow it to deliver to other domains."),
    ),
    OwnWords(
        _R.LOCAL_SYSTEM,
        (
            "failed to expand ",
            "…failed to expand ",
            "expansion of ",
            "internal expansion of ",
            "error in redirect data",
            "error in forward file",
            "error in filter file",
            "error in router",
            "error in …router",
            "syntax error in redirection data",
            "included file ",
            "failed to stat included file ",
            "error while reading ",
            "bad owner for ",
            "bad mode (",
            "tainted ",
            "attempt to use tainted",
            "attempt to expand tainted",
            "failed to find ",
            "user …set for …transport is on the ",
            "user set without group",
            "no transport set by ",
            "transport …not found in …router",
            "unknown transport name",
            "unable to set gid",
            "unable to chdir",
            "cannot chdir to",
            "failed to chdir to",
            "missing or malformed local part",
            "lookup of host …failed in ",
            "lookup failed for all hosts in ",
            "internal configuration error",
            "mail system configuration error",
            "local configuration error",
            "server configuration error",
            "invalid host or service",
            "all network protocols are disabled",
            "alias database unavailable",
            "alias database loop",
            "cannot find alias database owner",
            "recipient nesting limit exceeded",
            ":include: nesting limit exceeded",
            "error reading forwarding file",
            "table lookup failure",
            "temporary lookup error",
            "address resolver failure",
            "user lookup error",
            "mail to command is restricted",
            "mail to file is restricted",
            "delivery to file forbidden",
            "delivery to pipe forbidden",
            "mail transport unavailable",
            "unknown mail transport error",
            "unable to forward message",
            "cannot mail directly to",
            "local data error while talking to",
            "unreadable mail queue entry",
        ),
        "Our own server is not set up rightly for this recipient.",
        _SETTINGS,
    ),
    OwnWords(_R.RECIPIENT_DOMAIN, ("host unknown", "mail domain …is syntactically invalid"), "The recipient's domain cannot be found."),
    OwnWords(_R.DNS, ("name server: ", "missing mx, or all mxs point to missing", "unable to look up host"), "The DNS did not answer."),
    OwnWords(_R.RECIPIENT_UNKNOWN, ("user unknown", "unknown user", "addressee unknown"), "There is no such mailbox on our server."),
    OwnWords(
        _R.LOCAL_SYSTEM,
        (
            "permission denied. command output",
            "command died",
            "command time limit exceeded",
            "child process of ",
            "…transport process returned",
            "…terminated by signal",
            "transport filter process failed",
            "pipe delivery process timed out",
            "pipe process failed to exec",
            "…command not found for",
            "…command not permitted",
            "failed to create child process",
            "…couldn't create child process",
            "failed to create process",
            "creation of pipe failed",
            "wait() failed",
            "failed to send message from ",
            "…timeout while writing to pipe",
            "service unavailable",
            "temporary failure. command output",
            "command line usage error",
            "data format error",
            "cannot open input",
            "internal software error",
            "system resource problem",
            "operating system error",
            "critical os file missing",
            "remote error in protocol",
            "remote protocol error",
            "local mailer (",
            "unknown mailer error",
            "headers too large",
            "failed to connect to socket",
            "…connect to …[private/",
            "…connect to …[/",
            "…connect to …[127.",
            "…connect to …[::1]",
        ),
        "A program to which our own server hands mail did not do its work.",
        _AGENT,
    ),
    OwnWords(
        _R.LOCAL_SYSTEM,
        (
            "mailbox …has wrong ",
            "mailbox …has the wrong ",
            "mailbox …has too many links",
            "mailbox …is not a regular file",
            "mailbox …does not exist, but ",
            "mailbox …: existence unclear",
            "mailbox file format unrecognized",
            "opened mailbox ",
            "failed to lock mailbox",
            "failed to open ",
            "failed to stat ",
            "failed to create ",
            "failed to write ",
            "error while writing to",
            "attempting to ",
            "while closing ",
            "while creating ",
            "while fstatting ",
            "while opening ",
            "while renaming ",
            "while setting perms ",
            "while setting up temporary file",
            "tried to create file in ",
            "cannot update mailbox",
            "cannot access mailbox",
            "cannot access home directory",
            "cannot open mailbox",
            "cannot append message to",
            "maildir delivery failed",
            "mailbox delivery failed",
            "file delivery failed",
            "delivery failed: ",
            "destination …is not owned by recipient",
            "destination …is not a regular file",
            "local delivery failed",
            "can't create output",
            "can't create user output file",
            "permission denied",
            "no such file or directory",
            "not a directory",
            "is a directory",
            "read-only file system",
            "no space left on device",
            "operation not permitted",
            "input/output error",
            "i/o error",
            "too many open files",
            "file exists",
            "file too large",
            "stale file handle",
            "no locks available",
            "resource temporarily unavailable",
            "cannot allocate memory",
            "exec format error",
            "insufficient permission",
            "insufficient disk space",
            "insufficient system ",
        ),
        "Our own server could not write to the mailbox, or to a file of its own.",
        _BOX,
    ),
)

#: Of refusals in the dialogue: where a rule could not be asked, nobody is to blame but us.
DIALOGUE: tuple[OwnWords, ...] = (
    OwnWords(
        _R.POLICY,
        ("please try again later", "please come back later", "please try later"),
        "A rule of ours asked the sending server to come back later; the reply does not say why.",
    ),
    OwnWords(
        _R.ROUTING_LOOP,
        ("lowest numbered mx record points to local host", "remote host address is the local host"),
        "The way to the recipient's domain leads back to our own server, which is not set up for it.",
        _MX_IS_US,
    ),
    OwnWords(
        _R.LOCAL_SYSTEM,
        (
            "failed to expand ",
            "…failed to expand acl string",
            "expansion of ",
            "error in acl",
            "failed to find acl",
            "condition test deferred",
            "lookup of …gave defer",
            "tainted ",
            "attempt to use tainted",
            "local configuration problem",
            "temporary local problem",
            "…: temporary lookup failure",
            "error: queue file write error",
            "server configuration ",
            "…: server configuration ",
            "service unavailable - try again later",
            "malware acl condition: ",
            "spam acl condition: ",
            "insufficient system ",
            "error: insufficient system ",
            "mail system configuration error",
        ),
        "Our own server could not apply its rules: a setting, a table, or a program that it asks.",
        _ours("Look at the log of our own server around this time: a rule could not be applied (a setting, a table, a program)."),
    ),
)

_BY_SIDE = {Side.OWN: DELIVERY, Side.CLIENT: DIALOGUE}


@lru_cache(maxsize=4096)
def own_words_in(text: str, side: Side | None) -> OwnWords | None:
    """What our own program says in a simplified text; None where it is not in its list, or the words are another server's."""
    return next((own for own in _BY_SIDE.get(side, ()) if own.stand_in(text)), None) if side is not None else None
