"""What large receivers, filters and block lists mean where the code says nothing: one module per group."""

from __future__ import annotations

import re
from functools import lru_cache

from mappings.codes.phrases import fits
from mappings.codes.receivers.access import COMCAST, CPANEL, FREE, IONOS_CUSTOMERS, LA_POSTE
from mappings.codes.receivers.asia import NETEASE, QQ
from mappings.codes.receivers.europe import MAIL_RU, ORANGE, T_ONLINE, UNITED_INTERNET, YANDEX
from mappings.codes.receivers.filters import BARRACUDA, CISCO, CLOUDMARK, MIMECAST, PROOFPOINT, RSPAMD
from mappings.codes.receivers.google import GOOGLE
from mappings.codes.receivers.lists import LISTS
from mappings.codes.receivers.microsoft import MICROSOFT_365, OUTLOOK_COM
from mappings.codes.receivers.receiver import Receiver, Said
from mappings.codes.receivers.yahoo_apple import APPLE, YAHOO
from mappings.codes.wording import in_order

#: In the order in which they are asked; lists come last, because others quote them.
RECEIVERS: tuple[Receiver, ...] = (
    GOOGLE,
    OUTLOOK_COM,
    MICROSOFT_365,
    YAHOO,
    APPLE,
    UNITED_INTERNET,
    T_ONLINE,
    ORANGE,
    FREE,
    LA_POSTE,
    COMCAST,
    IONOS_CUSTOMERS,
    CPANEL,
    MAIL_RU,
    YANDEX,
    QQ,
    NETEASE,
    PROOFPOINT,
    MIMECAST,
    BARRACUDA,
    CISCO,
    RSPAMD,
    CLOUDMARK,
    *LISTS,
)

_ENHANCED = re.compile(r"[45]\.[0-9]{1,3}\.[0-9]{1,3}").fullmatch
_SAID: tuple[Said, ...] = tuple(said for receiver in RECEIVERS for said in receiver.said)
#: Each wording with its first piece in front: a text is asked for that alone, hundreds of times.
_WORDINGS = tuple((parts[0], parts, said) for said in _SAID for parts in said.parts)
_WITH_CODES: tuple[Said, ...] = tuple(said for said in _SAID if said.codes)


@lru_cache(maxsize=4096)
def said_in(text: str, enhanced: str | None, code: int | None) -> Said | None:
    """The first entry whose words stand in a simplified text; remembered, because the same replies come again and again."""
    for first, parts, said in _WORDINGS:
        if first in text and in_order(parts, text) and fits(said.only, enhanced, code):
            return said
    return None


def said_by_code(enhanced: str | None) -> Said | None:
    """The entry of a code that only one receiver uses."""
    if enhanced is None or not _ENHANCED(enhanced):
        return None
    return next((said for said in _WITH_CODES if said.has_code(enhanced)), None)


__all__ = ["RECEIVERS", "Receiver", "Said", "said_by_code", "said_in"]
