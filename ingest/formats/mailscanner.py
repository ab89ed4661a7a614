"""MailScanner: it takes messages out of the queue, and puts what may go on back as new queue files.

Its id of a message is the queue id; of Postfix' queue files with five digits behind a dot, for such ids come back. Lines that name no
message are about its batches. Source: `NoticeLog` and `InfoLog` of MailScanner 4.x and 5.x.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ingest.formats.headers import header_text
from ingest.formats.outcome import IGNORED, UNKNOWN, Outcome
from ingest.framing.line import Line
from ingest.queue_ids import EXIM_ID, MILTERED_ID
from mappings.address import normalise
from mappings.facts import FilterSymbol, Infected, Judged, Received, Ruled
from mappings.log_words import Action, Decider, Stage
from mappings.vocabulary import Reason, Verdict

_QUEUE_ID = rf"({EXIM_ID}|{MILTERED_ID})"
_ID = rf"{_QUEUE_ID}(?:\.[0-9A-F]{{5}})?"
#: A stranger's address that holds blanks or brackets may imitate what follows: then the line is not known.
_ADDRESS = r"([^\s()<>\"]{0,320})"
_NUMBER = r"(-?\d{1,6}(?:\.\d{1,6})?)"

_REQUEUED = re.compile(rf"Requeue: {_ID} to {_QUEUE_ID}$")
_THOUGHT = re.compile(
    rf"Message {_ID} from ([0-9A-Fa-f.:]{{2,45}}) \({_ADDRESS}\) to [^\s()]{{0,2000}} is (?!whitelisted|too big )(.*)", re.DOTALL
)
#: Older releases leave the sender out.
_THOUGHT_OF = re.compile(rf"Message {_ID} is ((?:not )?spam according to .*)", re.DOTALL)
#: Its words for spam are those of its language (`NotSpam` and `Spam` in its `languages.conf`); these are of all that it comes with.
_WORDS = re.compile(
    r"(not |nicht |kein |no (?:es |\S{1,3}s )?|non |n\S{1,3}o |n'est pas un |pas |inte |ej |ikke |geen |niet |nen[i\S] |nie ?je |nid )?"
    r"(?:spam|sbam|polluriel)\b",
    re.IGNORECASE,
)
#: What has no sender, and no mark of having been sent from here, is no answer to anything.
_UNMARKED = re.compile(
    rf"Message {_ID} from ([0-9A-Fa-f.:]{{2,45}}) has no \(or invalid\) watermark or sender address, "
    r"(deleted|marked as (?:high-scoring )?spam)$"
)
#: `SpamAssassin (not cached, score=12.3, required 5, BAYES_99 3.50)`: the words are those of its language.
_SCORE = re.compile(rf"SpamAssassin \((?:[^()=,]{{1,60}}, ){{0,2}}[^\s()=,]{{1,40}}={_NUMBER}, [^\s()=,]{{1,40}} {_NUMBER}(?=[,)])")
_SYMBOL = re.compile(r", ([A-Z][A-Z0-9_]{1,80}) (-?\d{1,4}\.\d{1,4})(?=[,)])", re.ASCII)

_ACTIONS = re.compile(rf"(?:Spam|MCP|Non-?Spam) Actions: message ({_ID}) actions are ([^\n]{{0,1000}})$")
_REJECTED = re.compile(rf"Reject message {_ID} from {_ADDRESS} with report ")
_TOLD = re.compile(
    rf"(Non-d|D)elivery of \S{{1,40}}: message {_ID} from {_ADDRESS} to ([^\s()<>\"]{{1,20000}}) with subject (.*)", re.DOTALL
)
#: A file's name is a stranger's, and the folder ends the line.
_SAVED = re.compile(rf"Saved (?:entire message|infected \".*\") to (/\S{{1,400}}/{_ID})$", re.DOTALL)

#: It gave up on it.
_CRASHED = re.compile(rf"(Dropping|Quarantined) message ({_ID}) as it caused MailScanner to crash several times$")

_INFECTED = re.compile(rf"Infected message {_ID} came from ")
_VIRUS = re.compile(rf"[A-Za-z-]{{1,40}}::INFECTED:: ?(\S{{1,200}}?)(?: FOUND)? ?:: ?\./{_ID}(?:/|$)")
_VIRUS_IN = re.compile(rf"(?:>>> )?Virus '([^'\n]{{1,200}})' found in file \./{_ID}/")
#: In the words of a scanner that is run as a command: the path of the file, whose name is a stranger's, and what is in it.
_VIRUS_AT = re.compile(rf"(?:\.|(?:/[^/\s]{{1,80}}){{1,8}}?(?:/\.)?)/{_ID}/[^\n]{{0,400}}: (\S{{1,200}}) FOUND$")
_FILE = re.compile(rf"(File(?:name|type) Checks: (?!Allowing |Forwarding )[^()\n]{{1,300}}) \({_ID} (.*)\)$", re.DOTALL)
_TOO_BIG = re.compile(rf"Content Checks: Message {_ID} is bigger than ")

#: Whatever else names a message says how it went about it.
_QUIET = (
    "Logging message ",
    "RBL checks: ",
    "Content Checks: ",
    "Filename Checks: ",
    "Filetype Checks: ",
    "Filetype Mime Checks: ",
    "Virus Scanning: ",
    "Viruses marked as silent: ",
    "Valid ",
    "Found ",
    "SpamAssassin ",
    "Custom Spam Scanner ",
    "Making attempt ",
    "Warning: ",
    "Quarantining modified message ",
    "Saved archive copies of",
    "Archived message ",
    "Expanding TNEF archive ",
    "Corrupt TNEF ",
    "Adding zip member ",
    "Zip file ",
    "Unpack",
    "Password-protected archive ",
    "Non-password-protected archive ",
    "Unreadable archive ",
    "Files hidden in ",
    "Too many attachments ",
    "Failed to ",
    "Cannot ",
    "Could not ",
    "Unable to ",
    "Skipping ",
    "Message is external, ",
    "Attachment size check: ",
    "Other Checks: ",
    "Delivery of ",
    "Non-delivery of ",
    "<A> tag found ",
    "HTML-",
    "HTML ",
    "MailWatch: ",
    "Requeue: ",
    "Debug: ",
)
_QUIET_OF = re.compile(
    rf"Message {_ID} (?:from \S{{2,45}} (?:\({_ADDRESS}\) )?)?"
    r"(?:is whitelisted|ignored whitelist|to \S{0,2000} is too big |has |had |produced )"
)
#: What plugins that keep an account of all messages say of each.
_LOGGED = re.compile(rf"{_ID}: Logged to ")
_NAMES = re.compile(rf"(?<![0-9A-Za-z.-]){_QUEUE_ID}\.[0-9A-F]{{5}}(?![0-9A-Za-z])|(?<![0-9A-Za-z.-])({EXIM_ID})(?![0-9A-Za-z-])")


def parse(line: Line) -> Outcome:
    """The fact that a line states."""
    text = line.text
    for read in _READ:
        found = read(text)
        if found is not None:
            return found
    quiet = text.startswith(_QUIET) or _QUIET_OF.match(text) or _LOGGED.match(text) or _NAMES.search(text) is None
    return IGNORED if quiet else UNKNOWN


def _requeued(text: str) -> Outcome | None:
    """It puts a message back; as a milter it keeps the id, and gives the message on by itself: the mail server throws its copy away."""
    match = _REQUEUED.match(text)
    if match is None:
        return None
    old, new = match.groups()
    return _ruled(old, Action.ACCEPT, "given on") if old == new else Received(new, put_back_from=old)


def _thought(text: str) -> Outcome | None:
    """What it thinks of a message: `spam, SpamAssassin (...)`, `not spam (whitelisted)`, `spam (blacklisted)`."""
    match = _THOUGHT.match(text)
    if match is not None and text.count(") to ") > 1:
        # The sender, who is not quoted, wrote one of them.
        return UNKNOWN
    if match is not None:
        queue_id, client_ip, sender, said = match.groups()
        return _judged(queue_id, said, client_ip, normalise(sender))
    match = _THOUGHT_OF.match(text)
    return None if match is None else _judged(match[1], match[2])


def _unmarked(text: str) -> Outcome | None:
    """A notice without a sender that answers nothing sent from here: it is spam, or thrown away."""
    match = _UNMARKED.match(text)
    if match is None:
        return None
    queue_id, client_ip, said = match.groups()
    return _ruled(queue_id, Action.DISCARD, "no watermark") if said == "deleted" else _judged(queue_id, "spam", client_ip, "")


def _crashed(text: str) -> Outcome | None:
    """A message at which it failed again and again."""
    match = _CRASHED.match(text)
    if match is None:
        return None
    done, named, queue_id = match.groups()
    kept = done == "Quarantined"
    return _ruled(
        queue_id, Action.QUARANTINE if kept else Action.DISCARD, "it made the filter crash", quarantine_id=named if kept else None
    )


def _judged(queue_id: str, said: str, client_ip: str | None = None, sender: str | None = None) -> Judged:
    word, score = _WORDS.match(said), _SCORE.search(said)
    spam = None if word is None else not word[1]
    return Judged(
        "mailscanner",
        queue_id,
        spam=spam,
        score=float(score[1]) if score else None,
        required=float(score[2]) if score else None,
        symbols=[FilterSymbol(one[1], float(one[2])) for one in _SYMBOL.finditer(said, score.end())] if score else [],
        sender=sender,
        client_ip=client_ip,
        verdict=Verdict.UNKNOWN if spam is None else Verdict.SPAM if spam else Verdict.CLEAN,
        reason=Reason.SPAM if spam else None,
    )


def _acted(text: str) -> Outcome | None:
    """What it does with spam: those for whom it came get it by `deliver` only; somebody else may be sent it (`forward`)."""
    match = _ACTIONS.match(text)
    if match is None:
        rejected = _REJECTED.match(text)
        return None if rejected is None else _ruled(rejected[1], Action.DISCARD, "reject")
    named, queue_id, said = match.groups()
    actions = said.split(",")
    if any(action.startswith("deliver") for action in actions):
        return _ruled(queue_id, Action.ACCEPT, said)
    if any(action.startswith("store") for action in actions):
        return _ruled(queue_id, Action.QUARANTINE, said, quarantine_id=named)
    return _ruled(queue_id, Action.ACCEPT if any(action.startswith("forward") for action in actions) else Action.DISCARD, said)


def _told(text: str) -> Outcome | None:
    """For whom it lets it go on or not; what it does with it, another line says."""
    match = _TOLD.match(text)
    if match is None or text.count(" with subject ") > 1:
        # The sender, who is not quoted, may have written one of them.
        return None
    done, queue_id, sender, recipients, subject = match.groups()
    action, said = (Action.ACCEPT, "delivered") if done == "D" else (Action.INFO, "not delivered")
    listed = [normalise(one) for one in recipients.split(",") if one]
    return Ruled(
        queue_id, action, Stage.QUEUE, Decider.FILTER, sender=normalise(sender), recipients=listed, text=said, subject=header_text(subject)
    )


def _kept(text: str) -> Outcome | None:
    """Kept whole, or a file of it, in a folder that has the message's id for a name."""
    match = _SAVED.match(text)
    return None if match is None else _ruled(match[2], Action.QUARANTINE, "", quarantine_id=match[1])


def _infected(text: str) -> Outcome | None:
    """A virus: each scanner names it in its own way, and MailScanner says which message it was in."""
    match = _VIRUS.match(text) or _VIRUS_IN.match(text)
    if match is not None:
        return Infected(None, match[1], match[2])
    match = _VIRUS_AT.match(text)
    if match is not None:
        return Infected(None, match[2], match[1])
    match = _INFECTED.match(text)
    return None if match is None else Infected(None, "", match[1])


def _forbidden(text: str) -> Outcome | None:
    """A file that may not pass, or a message that is too large."""
    match = _FILE.match(text)
    if match is not None:
        return _ruled(match[2], Action.WARN, match[1], verdict=Verdict.BANNED, detail=match[3])
    match = _TOO_BIG.match(text)
    return None if match is None else _ruled(match[1], Action.WARN, "too big", verdict=Verdict.OVERSIZED)


def _ruled(
    queue_id: str,
    action: Action,
    text: str,
    *,
    quarantine_id: str | None = None,
    verdict: Verdict | None = None,
    detail: str | None = None,
) -> Ruled:
    return Ruled(queue_id, action, Stage.QUEUE, Decider.FILTER, text=text, quarantine_id=quarantine_id, verdict=verdict, detail=detail)


_READ: tuple[Callable[[str], Outcome | None], ...] = (
    _requeued,
    _thought,
    _unmarked,
    _acted,
    _crashed,
    _told,
    _kept,
    _infected,
    _forbidden,
)
