"""
Owns what many records have in common, by number: which there are, which of them a filter lets through.

A filter by names is answered here and not by the database: what is left to it is a list of numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, insert, select

from switchgear.core.words import Level
from switchgear.observe.overview import FACETS, OUTCOME_OF
from switchgear.observe.store.schema import shape, state
from switchgear.observe.text import name_words, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, ScalarSelect

    from switchgear.observe.query import LogQuery

Names = tuple[str, str, str, int, str, str | None, str | None, str | None, bool]
"""Exchange, method, account, level, event, kind, scope, source, and whether a duration is all that the message says."""
_COLUMNS = ("exchange", "method", "account", "level", "event", "kind", "scope", "source", "plain")


class Shape(NamedTuple):
    """What many records have in common."""

    id: int
    exchange: str
    method: str
    account: str
    level: Level
    event: str
    kind: str | None
    scope: str | None
    source: str | None
    plain: bool
    words: frozenset[str]
    """Every word of its names."""
    facets: tuple[str | None, ...]
    """What it is counted by, as FACETS."""


def shape_of(number: int, names: Names) -> Shape:
    """The shape of these names."""
    exchange, method, account, level, event, kind, scope, source, plain = names
    said = name_words((exchange, method, account, event, kind, scope, source), plain=plain)
    values = {
        "exchange": exchange or None,
        "method": method or None,
        "account": account or None,
        "level": Level(level).name.lower(),
        "outcome": OUTCOME_OF.get(event),
        "kind": kind or None,
        "scope": scope or None,
        "event": event or None,
    }
    facets = tuple(values[name] for name in FACETS)
    key = (exchange, method, account, Level(level), event)
    return Shape(number, *key, kind, scope, source, plain, frozenset(said), facets)


@dataclass(frozen=True, slots=True)
class ShapeBook:
    """The shapes of one store that were seen so far, by number and by name; a new book comes with new ones."""

    by_id: dict[int, Shape] = field(default_factory=dict[int, Shape])
    by_names: dict[Names, Shape] = field(default_factory=dict["Names", Shape])
    born: str = ""
    """Of which store."""
    newest_id: int = 0
    """Of the records that the store ever had, when it was last looked at."""

    def refreshed(self, connection: Connection) -> ShapeBook:
        """With the shapes that came since."""
        last = max(self.by_id, default=0)
        asked = select(state.c.born, state.c.newest, _newest_shape())
        born, newest, most = connection.execute(asked).one()
        if born != self.born or most < last:  # another store, or an older one
            return (
                ShapeBook(born=born).refreshed(connection)
                if last
                else self._with(connection, born, newest)
            )
        if most > last:
            return self._with(connection, born, newest)
        return replace(self, newest_id=newest)

    def _with(self, connection: Connection, born: str, newest: int) -> ShapeBook:
        last = max(self.by_id, default=0)
        rows = connection.execute(select(shape).where(shape.c.id > last).order_by(shape.c.id))
        by_id, by_names = dict(self.by_id), dict(self.by_names)
        for number, *names, plain in rows:
            key: Names = (*names, bool(plain))
            by_id[number] = by_names[key] = shape_of(number, key)
        return ShapeBook(by_id, by_names, born, newest)


def add_shapes(connection: Connection, names: Iterable[Names]) -> None:
    """Shapes that are not in the book, in a transaction of the store's one writer."""
    number = connection.execute(select(_newest_shape())).scalar_one()
    rows = [
        {
            "id": number + place,
            **dict(zip(_COLUMNS, one, strict=True)),
            "level": int(one[3]),
            "plain": int(one[8]),
        }
        for place, one in enumerate(names, 1)
    ]
    connection.execute(insert(shape), rows)


def _newest_shape() -> ScalarSelect[int]:
    return select(func.coalesce(func.max(shape.c.id), 0)).scalar_subquery()


# ---------------------------------------------------------------------------------------- filtering


@dataclass(frozen=True, slots=True)
class Choice:
    """What of a filter is left when its names were looked up."""

    whole: frozenset[int]
    """Shapes all of whose records say every word."""
    rest: dict[tuple[str, ...], frozenset[int]] = field(
        default_factory=dict[tuple[str, ...], frozenset[int]]
    )
    """Shapes by the words that a record of them has yet to say itself."""

    @property
    def all(self) -> frozenset[int]:
        """Every shape that may have records."""
        return self.whole.union(*self.rest.values())


class Saying(NamedTuple):
    """Records that have yet to say some words themselves."""

    tokens: tuple[str, ...]
    """Each must begin one of the record's words."""
    shapes: list[int] | None
    """Of which shapes; None of all that there are."""


def choose(shapes: Iterable[Shape], query: LogQuery) -> Choice:
    """The shapes that a filter lets through, by what is left of its text."""
    wanted = Wanted.of(query)
    return divided([one for one in shapes if not wanted.misses(one)], query.text)


def divided(shapes: Iterable[Shape], text: str | None) -> Choice:
    """The shapes, by the words of a text that their names do not say."""
    tokens = tokens_of(text)
    if not tokens:
        return Choice(frozenset(one.id for one in shapes))
    kept = list(shapes)
    known = frozenset[str]().union(*(one.words for one in kept))
    begun = {token: {word for word in known if word.startswith(token)} for token in tokens}
    groups: dict[tuple[str, ...], set[int]] = {}
    for one in kept:
        left = tuple(token for token in tokens if one.words.isdisjoint(begun[token]))
        groups.setdefault(left, set()).add(one.id)
    whole = frozenset(groups.pop((), ()))
    return Choice(whole, {left: frozenset(numbers) for left, numbers in groups.items()})


def tokens_of(text: str | None) -> list[str]:
    """The words that a record must have, without those that another one of them implies."""
    words = set(words_of(text or ""))
    return sorted(
        one for one in words if not any(other != one and other.startswith(one) for other in words)
    )


class Wanted(NamedTuple):
    """What a filter asks of names."""

    level: int
    values: tuple[tuple[int, str], ...]
    """By the place of a facet, all but the level."""

    @classmethod
    def of(cls, query: LogQuery) -> Wanted:
        """As the filter says."""
        named = ((place, getattr(query, name)) for place, name in enumerate(FACETS))
        values = ((place, value) for place, value in named if value is not None and place != _LEVEL)
        return cls(0 if query.level is None else query.level, tuple(values))

    def misses(self, one: Shape) -> list[str]:
        """The facets by which a shape is held back."""
        facets = one.facets
        found = [FACETS[place] for place, value in self.values if facets[place] != value]
        return [*found, "level"] if one.level < self.level else found


_LEVEL = FACETS.index("level")
