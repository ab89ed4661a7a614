"""Well-known phrases in replies: a more precise meaning where the code says little.

Providers use the codes freely, so what a text clearly says beats them. The table is in order: the first that fits wins.
What only one receiver says stands in `receivers`, other languages in `languages`.
Expressions have no nested repetition and bounded gaps, and see lower-case text without addresses: it comes from strangers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from mappings.codes.advice import Advice
from mappings.codes.at_side import CHECKING, GREETING, GREETING_AT, NOT_HIS_ADDRESS, OWN_LOGIN, UNFINISHED
from mappings.codes.reply import LONGEST
from mappings.codes.side import Side
from mappings.vocabulary import Reason

#: An address in a reply may be named as anything (`<mailbox-full@...>`), and is no phrase.
_ADDRESSES = re.compile(r"<[^<>\s]{0,320}>|[^\s<>@\"(),;:]{1,64}@[^\s<>@\"(),;:]{1,255}").sub

_ESCAPES = re.compile(r"(?:\\[0-3][0-7]{2}){1,2000}").sub


@dataclass(frozen=True, slots=True)
class Phrase:
    """What a text says in other words."""

    reason: Reason
    pattern: str
    #: In our own words, where it is more precise than the reason's own sentence.
    meaning: str = ""
    #: False for a vague text: a specific code says more than it.
    sure: bool = True
    #: The codes with which it is meant: a class, a basic or an enhanced code, separated by blanks; empty is any.
    only: str = ""
    #: Where more can be said than about the reason.
    advice: Advice | None = None
    #: The same where it differs by side.
    at: Mapping[Side, Advice] = field(default_factory=dict, compare=False)
    find: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        """Compile the expression."""
        object.__setattr__(self, "find", re.compile(self.pattern))


_R = Reason

PHRASES: tuple[Phrase, ...] = (
    Phrase(
        _R.POLICY,
        r"address verification in progress",
        "The address is still being checked; the sending server is to try again.",
        advice=CHECKING,
    ),
    Phrase(
        _R.DNS,
        r"could not complete sender verify(?! callout)",
        "Whether the sender's domain takes mail could not be found out: the DNS did not answer.",
        advice=UNFINISHED,
    ),
    Phrase(
        _R.CONNECTION,
        r"could not complete (?:sender|recipient) verify|unverified address: (?:connect to|conversation with|lost connection)",
        "Whether the address exists could not be found out: the server of its domain did not answer.",
        advice=UNFINISHED,
    ),
    Phrase(
        _R.ROUTING_LOOP,
        r"loops? back to myself|forwarding loop|too many hops|routing loop|mail loop|loop detected|hop count|too many received",
        "The message goes round in a circle.",
    ),
    Phrase(
        _R.EXPIRED,
        r"retry timeout exceeded|message (?:has )?expired|(?:delivery|queue) time (?:has )?expired|too long in (?:the )?queue|"
        r"could not be delivered for too long",
        "Given up after too long a time in the queue.",
    ),
    Phrase(_R.GREYLIST, r"gr[ea]y ?-?list"),
    Phrase(
        _R.GREYLIST,
        # The last are the words of Proxmox Mail Gateway.
        r"policy rejection[- ,]{1,3}please try (?:again )?later|is not yet authori[sz]ed to deliver mail from|"
        r"\bservice is unavailable \(try later\)",
        only="4",
    ),
    Phrase(_R.POLICY, r"\A(?:error: )?try again later\.?\Z", "Asked to come back later; the reply does not say why.", only="4.7.1"),
    Phrase(
        _R.GREYLIST,
        r"\A(?:error: )?service currently unavailable\Z",
        "A first test of the sending server; it is to come back.",
        only="4.3.2",
    ),
    Phrase(
        _R.REPUTATION,
        r"\A(?:error: )?service currently unavailable\Z",
        "The sending server was turned away before the dialogue began.",
        only="5.3.2",
    ),
    Phrase(
        _R.REMOTE_SYSTEM,
        r"(?:virus|spam|malware|content)[ -]?(?:scanner|filter|checker|scan|check)[^.;]{0,30}(?:unavailable|malfunction|failed|failure|"
        r"error|not available|timed out)|timeout processing message",
        "The filter of the server did not answer.",
    ),
    Phrase(_R.VIRUS, r"\bvirus(?:es)?\b|malware|malicious (?:file|attachment|content)|\binfected\b|\beicar\b|\btrojan\b|\bransomware\b"),
    # Advice about links, reverse names, SPF, DKIM and lists often follows.
    Phrase(_R.SPAM, r"(?:message|e-?mail)[^.;]{0,60}(?:was|is|been) (?:classifi|identifi|detect|flagg|consider)ed as (?:spam|junk)\b"),
    Phrase(_R.TOO_LARGE, r"attachment[^.;]{0,30}(?:too (?:big|large)|size)"),
    Phrase(
        _R.ATTACHMENT,
        r"\bbanned ?:|banned (?:file|attachment|content|name|ext)|\battach(?:ment|ed file)|"
        r"(?:file ?type|file ?name|extension|executable)s?[^.;]{0,40}(?:not (?:allowed|permitted|accepted)|blocked|forbidden|"
        r"prohibited|rejected|banned)|"
        r"(?:forbidden|prohibited|blocked|blacklisted|dangerous) (?:file|extension|executable)|"
        r"file ?name \S{1,100} (?:is )?(?:not allowed|blocked)|"
        r"archives?[^.;]{0,20}not (?:allowed|permitted|accepted)",
    ),
    Phrase(_R.AUTH_DMARC, r"\bdmarc\b"),
    Phrase(_R.AUTH_ARC, r"\barc\b[^.;]{0,30}(?:fail|invalid|broken|not pass)"),
    Phrase(
        _R.AUTH_SPF,
        r"\bspf\b|sender policy framework|openspf|sender id \(pra\)|unauthenticated (?:mail|e-?mail|sender)|sender is unauthenticated|"
        r"(?:not (?:allowed|authori[sz]ed|permitted|designated)) (?:to send|sender|as permitted)[^.;]{0,40}(?:for|domain|behalf|on)",
    ),
    Phrase(_R.AUTH_DKIM, r"\bdkim\b|domainkeys"),
    Phrase(
        _R.REVERSE_DNS,
        r"reverse[ -]?(?:dns|hostname|host name|lookup|name|mapping|ip)|\bptr\b|\brdns\b|cannot find your (?:reverse )?hostname|"
        r"forward[ -]confirmed|\bfcrdns\b|ip name lookup failed|ip name is forged",
    ),
    Phrase(
        _R.PROTOCOL,
        r"helo command rejected|(?:invalid|bad|wrong|forged|unacceptable) (?:helo|ehlo)\b|"
        r"syntactically invalid (?:helo|ehlo|argument)|\bforged (?:host ?name|helo|name)|"
        r"\b(?:helo|ehlo)\b[^.;]{0,30}(?:invalid|forged|rejected|mismatch|must|need|should|is an ip)",
        "The greeting name is not accepted.",
        advice=GREETING,
        at=GREETING_AT,
    ),
    Phrase(_R.RECIPIENT_UNKNOWN, r"(?:account|user|mailbox|address|recipient|domain) may not exist"),
    Phrase(
        _R.POLICY,
        r"outgoing (?:e-?mail|mail) (?:suspension|(?:from|for)[^;]{0,80}suspended)",
        "The account that sent it may not send: its outgoing mail is suspended.",
    ),
    Phrase(
        _R.POLICY,
        r"badmailfrom|blocked (?:by|due to) (?:local |our |your |a |the )?(?:polic|rule|admin|recipient|user|organi)|"
        r"administratively (?:prohibited|denied)|"
        r"(?:rejected|refused|denied|blocked) (?:by|for|due to) (?:local |our |site )?polic|not welcome",
    ),
    Phrase(_R.SPAM, r"\b(?:url|link)\b[^.;]{0,40}\b(?:black|block)?-?listed\b|\b(?:black|block)-?listed (?:url|link)"),
    Phrase(
        _R.REPUTATION,
        r"blocked using|\bdynamic(?:/[^\s;]{1,40})? ip(?:s| address|\b)|block ?-?list|black ?-?list|deny ?-?list|"
        r"\bdns[bw]l\b|\brbls?\b|senderbase|"
        r"(?:is|are|was|been|currently|ip|address) (?:currently )?listed (?:at|in|on|by|as)|(?:bad|poor|low|no|negative) (?:sender |"
        r"ip |web )?reputation|due to (?:its |your |ip |sender )?reputation|"
        r"reputation (?:is )?(?:too low|poor|bad|of)|(?:ip|host|network|server)[^.;]{0,50}(?:is|has been|was|are|been|"
        r"temporarily) (?:banned|blocked|deferred due to user complaints)|"
        r"blocked[^.;]{0,30}(?:abuse|complaints)|sending (?:ip|host|server)[^.;]{0,40}blocked|access from (?:your )?ip",
    ),
    Phrase(
        _R.TOO_MANY_RECIPIENTS,
        r"too many (?:recipients|rcpts?|receivers)(?! from\b)|recipient (?:limit|count)[^.;]{0,20}exceed|maximum[^.;]{0,20}recipients",
    ),
    Phrase(
        _R.RATE_LIMIT,
        r"rate[ -]?limit|limit(?:s|ing)? rate|\brate (?:over ?limit|[\d.]{1,12} ?/ ?\d)|submission rate|too many recipients from|"
        r"(?:e-?mails?|messages?|mails?|quota|limit)(?: per| ?/) ?(?:second|minute|hour|day|month)|limit on the number of|"
        r"(?:maximum|max) number of (?:e-?mails?|messages?|mails?)\b|sent too many|outgoing[^.;]{0,20}(?:limit|quota)|"
        r"sender address rejected: [^.;]{0,30}quota exceeded|"
        r"too many (?:(?:concurrent|simultaneous|open|parallel|smtp|new) ){0,2}(?:connections?|"
        r"messages?|mails?|e-?mails|(?:tls )?sessions?|requests)|"
        r"too (?:much mail|fast|quickly)|slow down|throttl|unexpected volume|mail flood|unusual rate|at a rate|"
        r"(?:sending|hourly|daily|message|messages|connection|send)[^.;]{0,20}(?:limit|quota|rate)[^.;]{0,20}(?:exceeded|reached)|"
        r"(?:exceeded|reached)[^;]{0,40}(?:\bmax(?:imum)? (?:e-?mails?|messages?|defers)|messages per|e-?mails per|"
        r"sending|hourly|daily|\brate\b)|concurrency limit",
    ),
    Phrase(
        _R.MAILBOX_FULL,
        r"(?:mailbox|inbox|box|mail folder|user|account|recipient)[^.;]{0,30}(?:\bfull\b|overfull)|over ?-?quota|"
        r"overdrawn [a-z ]{0,20}quota|"
        r"quota[^.;]{0,20}(?:exceed|full|reached|violat)|"
        r"exceed[^.;]{0,40}(?:quota|storage|mailbox)|(?:mailbox|user|account|storage)[^.;]{0,30}(?:quota|space|storage|over its limit)|"
        r"(?:mailbox|storage)[^.;]{0,20}exceed",
    ),
    Phrase(
        _R.TOO_LARGE,
        r"\Atoo (?:big|large)\b|"
        r"(?:message|mail|e-?mail|file|body|size)[^.;]{0,30}(?:too (?:big|large)|exceeds|larger than|over(?:size|sized)\b)|"
        r"(?:exceeds|exceeded|maximum)[^.;]{0,40}(?:message|mail) size|message size|size limit",
    ),
    Phrase(
        _R.AUTH_REQUIRED,
        r"sasl authentication failed; (?:server|cannot authenticate)|cannot authenticate to (?:server|any server)|"
        r"authenticator failed h=",
        "The next server did not take the login of the server that sent it.",
        advice=OWN_LOGIN,
    ),
    Phrase(
        _R.AUTH_REQUIRED,
        r"not owned by user",
        "The sender's address does not belong to the account that sent it.",
        advice=NOT_HIS_ADDRESS,
    ),
    Phrase(
        _R.AUTH_REQUIRED,
        r"not logged in|(?:user|client) (?:is |was )?not authenticated|turn on smtp auth|"
        r"auth(?:entication)?(?: is)? (?:required|failed|failure|unsuccessful|credentials invalid|first)|"
        r"incorrect authentication|login required|"
        r"must (?:first )?(?:authenticate|log ?in|be authenticated|issue an? auth)|username and password not accepted|"
        r"bad (?:username|credentials)",
    ),
    Phrase(
        _R.SENDER_INVALID,
        r"sender address rejected: (?:domain not found|need fully|malformed|undeliverable|unverified|invalid|null mx|domain)|"
        r"sender verif|verify sender|sender[^.;]{0,20}(?:cannot|could not) be verified|domain name required for sender|"
        r"verification failed for|sender[^.;]{0,40}callout|domain of sender|"
        r"(?:invalid|unknown|bad) (?:sender|from|return|mail from|envelope)|"
        r"(?:sender|envelope from|mail from|return)(?:'s)? (?:domain|address|email|host)[^.;]{0,60}"
        r"(?:not (?:exist|resolve|found|valid|accept)|invalid|unresolv|must (?:exist|resolve)|no mx|unknown|not a valid)",
    ),
    Phrase(
        _R.RECIPIENT_DOMAIN,
        r"nullmx|null mx|does not accept mail|domain does not exist|no such domain|unknown (?:domain|host)|"
        r"name service error for name=[^ ]{1,260} type=[a-z0-9]{1,8}: host not found(?!, try)|"
        r"host or domain name not found(?![^.;]{0,20}\. name service error)",
        only="5",
    ),
    Phrase(
        _R.RECIPIENT_DOMAIN,
        r"nullmx|null mx|recipient address rejected: domain not found|unrouteable mail domain|"
        r"all relevant mx records point to non-existent hosts|"
        r"an mx or srv record indicated no smtp service",
        "The recipient's domain names no server that takes its mail.",
    ),
    Phrase(
        _R.MAILBOX_DISABLED,
        r"(?:mailbox|account|user|recipient|e-?mail address)[^.;]{0,40}"
        r"(?:disabled|inactive|suspended|deactivated|\bclosed\b|\blocked\b|abandoned|frozen|not active|on hold|discontinued)|"
        r"\A<> is (?:disabled|inactive|suspended)|no longer (?:active|in use|available|accept|valid|work|with)|(?:disabled|"
        r"inactive|suspended) (?:mailbox|account|user|recipient)",
    ),
    Phrase(
        _R.RECIPIENT_UNKNOWN,
        r"user unknown|unknown user|\Arcpt \(?<>\)? doe?sn'?t exist|no such (?:user|mailbox|recipient|person|address|account|"
        r"local|mail ?box|e-?mail)|"
        r"(?:user|mailbox|recipient|e-?mail account|account|addressee|e-?mail address|address)[^.;]{0,60}"
        r"(?:does not exist|doe?sn'?t exist|do not exist|not exist|not found|\bunknown\b|not known|isn'?t known|couldn'?t be found|"
        r"could not be found)|"
        r"unknown (?:recipient|address|mailbox|local|account)|invalid (?:recipient|mailbox|user)\b|undeliverable address|"
        r"unrouteable address|unroutable address|"
        r"not a (?:valid|known) (?:mailbox|user|recipient|address)|account that you tried to reach does not exist|"
        r"recipient[^.;]{0,20}(?:cannot|could not) be verified|no mailbox (?:here|by)|"
        r"bad destination mailbox|(?:does not|doesn'?t) have an? (?:[a-z.]{1,20} )?(?:account|mailbox)|not our customer|"
        r"\Aprevious \(cached\) callout verification failure\Z",
    ),
    Phrase(
        _R.RELAY_DENIED,
        r"relay(?:ing)?(?: access)?(?: is)? (?:denied|not (?:permitted|allowed|available)|prohibited|refused|forbidden|disabled)|"
        r"(?:unable|not (?:allowed|permitted)) to relay|"
        r"(?:do not|don'?t|won'?t|cannot) relay|allowed to be relayed|"
        r"no relay(?:ing)?\b|(?:not|n'?t) in (?:my |our |the )?(?:list of allowed )?rcpthosts|"
        r"open relay|not a gateway",
    ),
    Phrase(
        _R.TLS,
        r"starttls|\btls\b[^.;]{0,60}(?:required|needed|fail|error|not available|unavailable|not offered|handshake|not trusted|"
        r"due to|mandatory)|tls handshake|"
        r"(?:encryption|encrypted connection|secure connection)[^.;]{0,20}(?:required|needed)|server certificate|"
        r"certificate (?:verif|has expired|not)|ssl_connect|"
        r"\bdane\b|\bmta-sts\b|\btlsa\b|requiretls",
    ),
    Phrase(
        _R.PROTOCOL,
        r"smtputf8|8bitmime is required|command not recogni[sz]ed|unrecogni[sz]ed command|bad sequence|improper (?:command|"
        r"use)|pipelining|"
        r"bare (?:lf|cr|newline|<lf>)|protocol (?:error|violation)|synchroni[sz]ation error|"
        r"too much junk|too many (?:errors|unknown commands|"
        r"nonmail|syntax)|line (?:is )?too long|"
        r"need fully-?qualified|nested mail|syntax error|unqualified address|(?:command|parameter) (?:is )?(?:not |un)implemented",
    ),
    Phrase(
        _R.DNS,
        r"name service error|host or domain name not found|host not found|name or service not known|"
        r"temporary failure in name resolution|nxdomain|servfail|"
        r"malformed dns|malformed or unexpected name server reply|\bdns\b[^.;]{0,30}(?:error|fail|problem|timeout|timed|lookup|"
        r"not respond)|(?:mx|a) record|"
        r"domain (?:name )?not found|(?:unable to|cannot) (?:look ?up|resolve|route)|lookup[^.;]{0,20}(?:mx|host|domain)|"
        r"no ip address found for host|host lookup did not complete",
        "The DNS did not answer, or has no usable entry.",
    ),
    Phrase(
        _R.LOCAL_SYSTEM,
        r"(?:maildir|mailbox|file|pipe|command) delivery failed|service unavailable\. command output|command output|"
        r"unknown mail transport error|"
        r"mail transport unavailable|mail system configuration error|queue file write error|server configuration (?:error|problem)|"
        r"temporary failure\. command|command (?:died|time|failed)|child process|bad owner|failed to stat|cannot (?:create|update|"
        r"open|append|access) (?:mail|file|dest|dir|lock)|"
        r"(?:create|open|write) (?:maildir )?file|no space left|local configuration error|transport returned|local data error|"
        r"alias database unavailable|"
        r"user lookup error|cannot store|insufficient system (?:storage|resources)|unable to (?:write|open|create)",
        "A mail server has a problem with its settings, its disk or a program of its own.",
    ),
    Phrase(
        _R.CONNECTION,
        r"connection (?:refused|timed out|reset|closed|dropped|lost|rate|broken|aborted|failed)|lost connection|timed out while|"
        r"(?:network|host) is unreachable|"
        r"(?:network|host) unreachable|no route to host|remote host closed|smtp timeout|operation timed out|broken pipe|"
        r"\bconnect to [^\s]{1,300}:|cannot connect|"
        r"retry time not reached|lost while reading message data|unexpected disconnection|disconnection while reading|"
        r"could not connect|no response from|connection establishment",
    ),
    Phrase(
        _R.RECIPIENT_UNKNOWN,
        r"recipient address rejected: un(?:verified|deliverable) address",
        "Whether the recipient exists could not be confirmed at the server that has the mailbox.",
    ),
    Phrase(
        _R.SPAM,
        r"\bspam\b|anti-?spam|(?:by|as) spam ?assassin|\bspammy\b|unsolicited|\bjunk\b|\bgtube\b|phishing|\bube\b|\buce\b|"
        r"bulk mail|suspicious|"
        r"\bspam points\b|\bscored\b|content filter",
    ),
    Phrase(
        _R.CONTENT,
        r"(?:message |due to |its |the )content[^.;]{0,30}(?:reject|not allowed|not accept|block|polic|restrict|prohibit|denied)|"
        r"due to (?:its )?content|headers? fail|"
        r"(?:forbidden|prohibited|objectionable|disallowed) (?:words?|content|offer|text|phrase|subject|header)|bad words?",
        sure=False,
    ),
    Phrase(
        _R.MAILBOX_DISABLED,
        r"mailbox (?:temporarily )?(?:unavailable|disabled)|mailbox not available",
        "The mailbox cannot be used.",
        sure=False,
        only="4",
    ),
    Phrase(
        _R.RECIPIENT_UNKNOWN,
        r"mailbox (?:is )?(?:unavailable|not available)|invalid address|not our user|address rejected: undeliver",
        sure=False,
        only="5",
    ),
    Phrase(
        _R.REMOTE_SYSTEM,
        r"temporary lookup failure|system not accepting|(?:server|system|service|ports?|mta|we)[^.;]{0,20}(?:\bbusy\b|overload|"
        r"too much load|load too high|shutting down)|"
        r"(?:service|system|server|temporarily|currently) (?:is )?(?:currently |temporarily )?(?:unavailable|not available)|"
        r"internal (?:server )?error|"
        r"(?:system|local|server|temporary|backend|database|processing|configuration) (?:system )?(?:error|problem|failure|fault)|"
        r"insufficient (?:system )?(?:storage|resources)|"
        r"system storage|out of (?:disk )?space|resources temporarily|too busy|(?<!blocked, )(?<!blocked, please )try again",
        sure=False,
        only="4",
    ),
    Phrase(
        _R.POLICY,
        r"access denied|\bpolic(?:y|ies)\b|not (?:allowed|permitted|accepted|authori[sz]ed)|\bdenied\b|\bforbidden\b|prohibited|"
        r"blocked|unauthori[sz]ed|"
        r"client host rejected|sender address rejected|recipient address rejected|administrat|"
        r"\btriggers (?:discard|hold|redirect|filter|bcc) ?|dropped by|under review|frozen (?:for|by)",
        sure=False,
    ),
)


def simplify(text: str) -> str:
    """The text as words are looked for: its beginning, lower case, single blanks, without addresses."""
    return _ADDRESSES("<>", " ".join(_ESCAPES(_unescaped, text[:LONGEST]).casefold().split()))


def _unescaped(match: re.Match[str]) -> str:
    """Letters beyond ASCII, as Exim escapes their bytes."""
    return bytes(int(one, 8) & 0xFF for one in match[0].split("\\") if one).decode("utf-8", "replace")


@lru_cache(maxsize=4096)
def phrases_in(text: str, enhanced: str | None, code: int | None, *, sure: bool) -> Phrase | None:
    """The first phrase of the table that stands in a simplified text, among the clear or among the vague ones."""
    for phrase in PHRASES:
        if phrase.sure is sure and fits(phrase.only, enhanced, code) and phrase.find.search(text):
            return phrase
    return None


def fits(only: str, enhanced: str | None, code: int | None) -> bool:
    """Whether a reply has one of the codes with which words are meant; one without a code may mean them too."""
    if not only or (enhanced is None and code is None):
        return True
    basic = "" if code is None else str(code)
    kind = (enhanced or basic)[:1]
    return any(one in (enhanced, basic, kind) for one in only.split())
