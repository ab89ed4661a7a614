"""What any daemon of Postfix says beside its own lines at `-v`, or of a peer in `debug_peer_list`: nothing that those do not say.

Source: `msg_info` calls behind `msg_verbose`: a function and what it found, the attributes that daemons hand each other, the
dialogue, word by word, and the steps of a daemon's life.
"""

from __future__ import annotations

import re

from ingest.queue_ids import POSTFIX_ID

_NAME = r"[a-z][a-z0-9]{0,30}(?:_[a-z0-9]{1,30}){1,6}"
_VERBOSE = re.compile(
    rf"{_NAME}(?:: | = )|(?:send attr|input attribute (?:name|value)|wanted attribute|cleanup flags|initial envelope|extracted envelope|"
    r"connect to subsystem|process generation|(?:start|done|end|begin|before|after) \S{1,64} |wakeup \S{1,32} after|open \S{1,80}$|"
    r"connection (?:established|closed)|idle timeout -- |master disconnect -- |\S{1,64} stream disconnect|request(?: ignored|: \d)|"
    r"host name lookup methods|lookup \S{1,255} type|connecting to|pref +\d|Compiled against|Run-time linked against|"
    r"mynetworks: |fsspace: )|"
    r"[^\s]{1,64} socket: wanted attribute: |[<>] [^\s\[]{0,255}\[[^\]\s]{1,64}\](?::\d{1,5})?: |>>> [^\n]{0,200} <<<|"
    rf"{POSTFIX_ID}: recipient limit \d"
)


def verbose(text: str) -> bool:
    """Whether a line that no daemon's own pattern fits is of this kind."""
    return _VERBOSE.match(text) is not None
