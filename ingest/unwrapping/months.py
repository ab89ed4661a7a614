"""Names of months as systems in other languages write them in a stamp.

They are those of CLDR, and of the C library's locales where these differ. A word that is one month in one language and another in the next
(`lis`, `srp` and `lip` of Croatian) has the meaning that more systems give it.
"""

from __future__ import annotations

import re

_ENGLISH = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
#: By month; German and French, Spanish and Portuguese, Italian, Dutch, the Nordic ones, Polish, Czech, Hungarian, Turkish, and others.
_NAMES = (
    (
        "jan january januar januari janv janvier jän jänner ene enero gen gennaio sty stycznia led leden ledna tammi tammikuu oca"
        " ocak ian ianuarie sausio sau jaan янв января січ яну ιαν"
    ),
    (
        "feb february februar februari févr fév février febrero fev fevereiro febbraio lut lutego úno únor února febr helmi"
        " helmikuu şub şubat veebr vas фев февр февраля лют φεβ"
    ),
    (
        "mar march mär märz mrz mars marzo março març mrt maart marca mart bře březen března márc maalis maaliskuu märts kov мар"
        " марта бер μαρ"
    ),
    ("apr april avr avril abr abril aprile kwi kwietnia dub duben dubna ápr huhti huhtikuu nis nisan aprill бал bal апр апреля кві απρ"),
    "may mai mayo maio mag maggio mei maj maja kvě květen května máj touko toukokuu mayıs maig геж geg май мая тра μαΐ μαϊ",
    (
        "jun june juni juin junio junho giu giugno cze czerwca čen čer červen června jún kesä kesäkuu haz haziran iun iunie juuni"
        " juny bir июн июня чер юни ιουν ιούν"
    ),
    (
        "jul july juli juil juillet julio julho lug luglio lipca lip čec červenec července júl heinä heinäkuu tem temmuz iul"
        " iulie juuli lie июл июля лип юли ιουλ ιούλ"
    ),
    ("aug august augusti août aoû ago agosto sie sierpnia srp srpen srpna elo elokuu ağu ağustos avg rgp авг августа сер αυγ αύγ"),
    (
        "sep sept september septembre septiembre set setembro settembre wrz września zář září szept syys syyskuu eyl eylül setem"
        " сен сент сентября вер σεπ"
    ),
    (
        "oct october okt oktober octobre octubre out outubro ott ottobre paź października říj říjen října loka lokakuu eki ekim"
        " spa окт октября жов οκτ"
    ),
    ("nov november novembre noviembre novembro lis listopada listopad marras marraskuu kas kasım lap ноя нояб ноября лис ное νοε νοέ"),
    (
        "dec december dez dezember déc décembre dic diciembre dezembro dicembre des desember gru grudnia pro prosinec prosince"
        " joulu joulukuu ara aralık dets grd дек декабря гру δεκ"
    ),
)
_MONTH_OF = {name: english for names, english in zip(_NAMES, _ENGLISH, strict=True) for name in names.split()}

#: `Okt 15 21:25:22`, `févr. 15`, `15. Okt`, `10月 15`, with what may stand before it.
_STAMP = re.compile(
    r"(<\d{1,3}>)?(?:([^\W\d_]{3,12})\.?|(\d{1,2}) ?[月월]) {1,2}(\d{1,2})\.? (?=\d\d:\d\d:\d\d)"
    r"|(<\d{1,3}>)?(\d{1,2})\.? ([^\W\d_]{3,12})\.? (?=\d\d:\d\d:\d\d)"
)


def in_english(text: str) -> str | None:
    """A line that begins with a stamp of another language, in the form that syslog has in English; None where it has no such stamp."""
    found = _STAMP.match(text)
    if found is None:
        return None
    priority, named, number, day, priority_2, day_2, named_2 = found.groups()
    name = named or named_2
    if number is not None:
        month = _ENGLISH[int(number) - 1] if 1 <= int(number) <= len(_ENGLISH) else None
    else:
        month = _MONTH_OF.get(name.lower()) if name else None
    if month is None or (name == month and named is not None):
        return None
    return f"{priority or priority_2 or ''}{month} {int(day or day_2):2} {text[found.end() :]}"
