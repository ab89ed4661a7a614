"""How a language writes numbers and counts things, and how the places of a text are filled."""

from __future__ import annotations

import re
from functools import lru_cache

_PLACE = re.compile(r"\{([a-z_]+)\}")
_ENGLISH = "en_GB"
#: Below it a number looks the same in all languages.
_THOUSAND = 1_000


def places_in(*texts: str) -> set[str]:
    """The names that stand in braces."""
    return {name for text in texts for name in _PLACE.findall(text)}


def filled(text: str, /, **values: str) -> str:
    """A text with what stands in braces put in; what is put in is not looked at again."""
    return "".join([values.get(one, f"{{{one}}}") if at % 2 else one for at, one in enumerate(pieces_of(text))])


@lru_cache(maxsize=8_192)
def pieces_of(text: str) -> tuple[str, ...]:
    """A text by its places: words, name, words, name, words. There are as many as the languages have texts with places."""
    return tuple(_PLACE.split(text))


def written_number(number: float, locale: str) -> str:
    """A number as a language writes it: `1,234`, `1.234`."""
    if isinstance(number, int) and 0 <= number < _THOUSAND:
        return str(number)
    return (
        f"{number:,.10g}"
        if locale == _ENGLISH and isinstance(number, float)
        else f"{number:,}"
        if locale == _ENGLISH
        else _written(number, locale)
    )


def written_decimal(number: float, decimals: int, locale: str) -> str:
    """A number with so many digits behind the point: `38.0`, `38,0`."""
    return f"{number:,.{decimals}f}" if locale == _ENGLISH else _written_decimal(number, decimals, locale)


def written_share(share: float, digits: int, locale: str) -> str:
    """A share in hundredths as a language writes it: `12.5%`, `12,5 %`."""
    return f"{share:.{digits}%}" if locale == _ENGLISH else _written_share(share, digits, locale)


def plural_form(number: float, locale: str) -> str:
    """By which plural form of CLDR a number of things is told, such as `one` or `other`."""
    if locale == _ENGLISH:
        return "one" if number == 1 else "other"
    return _plural_form(number, locale)


# Who reads English needs no calendars and rules of other languages.


@lru_cache(maxsize=8_192)
def _written(number: float, locale: str) -> str:
    from babel.numbers import format_decimal  # noqa: PLC0415

    return str(format_decimal(number, locale=locale))


@lru_cache(maxsize=8_192)
def _written_decimal(number: float, decimals: int, locale: str) -> str:
    from babel.numbers import format_decimal  # noqa: PLC0415

    return str(format_decimal(number, format=f"#,##0.{'0' * decimals}", locale=locale))


@lru_cache(maxsize=8_192)
def _written_share(share: float, digits: int, locale: str) -> str:
    from babel.numbers import format_percent  # noqa: PLC0415

    return str(format_percent(share, format=f"#,##0.{'0' * digits}\N{NO-BREAK SPACE}%", locale=locale, decimal_quantization=True))


@lru_cache(maxsize=8_192)
def _plural_form(number: float, locale: str) -> str:
    from babel import Locale  # noqa: PLC0415

    return str(Locale.parse(locale).plural_form(number))
