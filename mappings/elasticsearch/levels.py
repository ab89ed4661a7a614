"""Objects within objects: the shape of a document whose fields' names have dots in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

import msgspec

#: A field's type, and its default: a value, a `msgspec.field`, or `NODEFAULT` for what is always there.
Typed = tuple[Any, Any]
_Values = Sequence[Any]


class Level:
    """One object, with the objects in it."""

    def __init__(self, name: str, typed: Mapping[str, Typed], stored: Mapping[str, str]) -> None:
        """`typed` has all fields of the document in the order of their values, `stored` where each of those stands that are in here."""
        own = {one: path for one, path in stored.items() if "." not in path}
        below: dict[str, dict[str, str]] = {}
        for one, path in stored.items():
            if one not in own:
                outer, _, rest = path.partition(".")
                below.setdefault(outer, {})[one] = rest
        self._own = tuple(own)
        self._inner = {f"in_{outer}": Level(outer, typed, within) for outer, within in below.items()}
        #: Each with its type and default, under which name it stands in JSON, and in which order values are given.
        self.fields = {one: typed[one] for one in own} | {one: (level.type | None, None) for one, level in self._inner.items()}
        self.rename = own | {f"in_{outer}": outer for outer in below}
        self.type: Any = struct_of(name.capitalize(), self.fields, self.rename)
        self._taken = _taking([number for number, one in enumerate(typed) if one in own])
        self._empty = tuple([_empty(default) for _, default in self.fields.values()])

    def made(self, values: _Values) -> Any:
        """The object, of all values of a document; None where it would be empty."""
        taken = self._taken(values)
        if self._inner:
            taken = (*taken, *[level.made(values) for level in self._inner.values()])
        return None if taken == self._empty else self.type(*taken)

    def values(self, made: Any) -> Iterator[tuple[str, Any]]:
        """The values in an object, by their names; those of objects that are not there are not there."""
        for name in self._own:
            yield name, getattr(made, name)
        for name, level in self._inner.items():
            within = getattr(made, name)
            if within is not None:
                yield from level.values(within)


def struct_of(name: str, fields: Mapping[str, Typed], rename: Mapping[str, str]) -> type[msgspec.Struct]:
    """A struct with these fields, which leaves out defaults."""
    typed = [(one, *hint) if hint[1] is not msgspec.NODEFAULT else (one, hint[0]) for one, hint in fields.items()]
    return msgspec.defstruct(name, typed, rename=rename, omit_defaults=True)


def _taking(numbers: Sequence[int]) -> Callable[[_Values], tuple[Any, ...]]:
    """What takes the values at these places."""
    return itemgetter(*numbers) if len(numbers) > 1 else lambda values: tuple([values[number] for number in numbers])


def _empty(default: Any) -> Any:
    """What a field is where it is left out."""
    factory = getattr(default, "default_factory", msgspec.NODEFAULT)
    return default if factory is msgspec.NODEFAULT else factory()
