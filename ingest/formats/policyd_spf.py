"""policyd-spf (spf-engine, pypolicyd-spf, and the one in Perl): SPF as a policy service. A refusal stands in Postfix' own line too.

It names no queue id where it is asked at RCPT for the first recipient, as it is set up as a rule. Where it names one, the line may
name one recipient of several.
"""

from __future__ import annotations

import re

from ingest.formats.outcome import IGNORED, UNKNOWN, Outcome
from ingest.framing.line import Line
from ingest.queue_ids import POSTFIX_ID

_RESULT = r"(?:Pass|Fail|Softfail|Neutral|None|Temperror|Permerror)"
#: Release 3.0 writes the colon also where no queue id stands before it.
_KNOWN = re.compile(
    rf"(?:(?:{POSTFIX_ID})?: )?(?:prepend |Header field not prepended: |result_only |5\d\d |4\d\d |defer_if_permit )|"
    rf"{_RESULT}; identity=|spfcheck: |X-Comment: |Authentication-Results: |Action: |Config: |Read line: |Found the end of entry|"
    r"Starting$|Normal exit$|Cached data for this instance: |_get_resultcodes: |Scope |Pyspf Cached |Per user configuration |"
    r"readConfigFile: |(?:WARNING|ERROR)\b|Configuration |Ouch, caught exc: |Traceback |  ?File |"
    # In Perl.
    rf"Policy action=|(?:(?:{POSTFIX_ID})?: ){{0,2}}SPF (?:pass|(?:soft)?fail|neutral|none|(?:temp|perm)?error|unknown|not applicable)\b|"
    r"(?:HELO|Mail From \(sender\)) check failed - |handler |DUNNO|Attribute: |testing: stripped sender=|warning: ignoring garbage: "
)


def parse(line: Line) -> Outcome:
    """Known, or not."""
    return UNKNOWN if _KNOWN.match(line.text) is None else IGNORED
