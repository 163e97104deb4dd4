"""
Owns the settings by exchange, method and account: what is allowed, where they come from, and which one wins.

Settings are layers of patterns. The most specific pattern wins field by field, exchange before method before
account; among equals the later one. Making circuits and plans of them is left to gear.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from switchgear.core.circuit import Rules
from switchgear.core.errors import SettingsError
from switchgear.core.policy.plan import Plan
from switchgear.core.policy.retry import Backoff
from switchgear.core.redact import add_secret_names
from switchgear.core.words import (
    ORDERS,
    SCOPE_NAMES,
    Effect,
    Key,
    Level,
    Scope,
    effect_of,
)
from switchgear.settings.checks import checked, is_wild, pattern
from switchgear.settings.together import check_together

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

T = TypeVar("T")

READ_RETRIES = 3
_FOUND_MAX = 4096
_WILD = "*?"
_NOT_SET = object()
_JUDGED_TOGETHER = frozenset(
    {
        "minimum_calls",
        "probes",
        "probes_to_close",
        "reset_timeout_s",
        "reset_timeout_s_max",
        "slow_call_rate",
        "slow_call_s",
        "throttle_ratio",
        "timeout_s",
        "window_calls",
        "window_s",
    }
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What is set for one key; every field can be given to `configure`, to `guarded` and in the settings file."""

    failure_threshold: int | None = 3
    """Failures in a row that open the circuit, from 1; None leaves it to the rates."""
    failure_rate: float | None = None
    """Share of failures in the window that opens it, above 0 to 1; None does not look."""
    slow_call_rate: float | None = None
    """Share of slow attempts in the window that opens it, above 0 to 1; None does not look."""
    window_calls: int | None = None
    """The window is the newest so many attempts, 1 to 10,000; None takes window_s."""
    window_s: float = 60.0
    """The window is the last so many seconds, 0.001 to 86,400."""
    minimum_calls: int = 10
    """Attempts in the window below which no rate is judged, from 1."""
    throttle_ratio: float | None = None
    """Requests for each accepted one, from 1, above which a growing share is held back; None holds back none."""
    reset_timeout_s: float = 30.0
    """Seconds that an open spell lasts, above 0."""
    reset_timeout_s_max: float | None = None
    """Upper bound of a grown open spell in seconds; None is one day."""
    reset_backoff: float = 1.0
    """Factor on the open time for each further opening in a row, from 1."""
    reset_jitter: float = 0.0
    """Share of the open time, 0 to 1, of which a random part is added, drawn once for each spell."""
    reset_decay_s: float = 60.0
    """Closed for so many seconds, it forgets one of the openings that make its open time grow; from 0.001."""
    probes: int = 1
    """Attempts admitted while half-open, in all and at once, from 1."""
    probes_to_close: int = 1
    """Probes that must succeed to close the circuit, from 1 to probes."""
    probe_lease_s: float = 30.0
    """Seconds after which the place of a probe that never ended is given away, above 0."""
    probe_timeout_s: float | None = None
    """Seconds after which a probe is cut, where that is shorter than timeout_s, above 0."""
    ramp_s: float = 0.0
    """Seconds after the probes in which the share of calls that pass grows from 10 % to all; 0 lets all pass."""
    retries: int | None = None
    """Attempts after the first, from 0. None is 3, and 0 for a trade; a trade is only ever tried again when it is
    proved that nothing was sent."""
    retry_delay_s: float = 0.3
    """Upper bound of the first wait in seconds, from 0; the wait is drawn below it."""
    retry_backoff: float = 2.0
    """Growth of that bound from wait to wait, from 1."""
    retry_delay_s_max: float = 30.0
    """No wait of a call is longer, from 0."""
    retry_tokens: int | None = 500
    """What all retries of an exchange are paid from, from 0, 14 each; a success gives some back. None is no limit."""
    hedge: float | None = None
    """A read that takes longer than this share of its like, 0 to 1, gets a second attempt beside it; None none."""
    coalesce: bool = False
    """Equal reads in flight share one call."""
    max_in_flight: int | None = None
    """Attempts in flight at once, from 1; None is no limit."""
    wait_s_max: float = 5.0
    """Seconds that a call waits at most for room before an attempt: for weight, or a place in flight; from 0."""
    weight: float | None = None
    """What an attempt costs at the exchange's limits, from 0; None takes the exchange's table, else 1."""
    stale_s_max: float | None = None
    """No fallback's value may be older than so many seconds, above 0; None leaves it to the fallbacks."""
    timeout_s: float | None = 10.0
    """Seconds after which an asynchronous attempt is cut, above 0; None never cuts."""
    deadline_s: float | None = None
    """Seconds for the whole call, waits included, above 0; None is no deadline."""
    slow_call_s: float | None = 5.0
    """A success that took longer is recorded at WARNING, above 0; None calls none slow."""
    effect: Effect | None = None
    """What the method does: read, idempotent or trade; None tells it from the method's name."""
    signed: bool = True
    """The call carries the account's key: the account's gate, closed after a bad key, holds it back too."""
    ignore: tuple[type[BaseException] | Callable[[BaseException], bool], ...] = ()
    """Exception types, or functions of the error, that say what proves nothing of the exchange; in code only."""
    failed_result: Callable[[Any], bool] | None = None
    """Says of a result whether it is a failure; in code only."""
    log_level: Level = Level.INFO
    """DEBUG records the start of each attempt too."""
    wire: bool = False
    """Record each request and its answer, without secrets."""
    redact: tuple[str, ...] = ()
    """Names of headers and fields that are secret too, 2 to 60 letters, digits, - or _; of the whole process."""

    def rules(self) -> Rules:
        """The numbers of the circuit."""
        names = {field.name for field in fields(Rules)}
        told = asdict_shallow(self)
        return Rules(**{name: told[name] for name in names})

    def plan(self, key: Key) -> Plan:
        """What else a call of this key obeys."""
        # A pattern may speak of reads and mean them; an order that it happens to match stays a trade.
        told = self.effect is not None and key.method not in ORDERS
        effect = cast("Effect", self.effect) if told else effect_of(key.method)
        unset = 0 if effect is Effect.TRADE else READ_RETRIES
        retries = unset if self.retries is None else self.retries
        return Plan(
            effect=effect,
            backoff=Backoff(
                retries, self.retry_delay_s, self.retry_backoff, self.retry_delay_s_max
            ),
            timeout_s=self.timeout_s,
            deadline_s=self.deadline_s,
            slow_call_s=self.slow_call_s,
            ignore=tuple(one for one in self.ignore if isinstance(one, type)),
            ignored=tuple(one for one in self.ignore if not isinstance(one, type)),
            failed_result=self.failed_result,
            debug=self.log_level <= Level.DEBUG,
            wire=self.wire,
            probe_timeout_s=self.probe_timeout_s,
            wait_s_max=self.wait_s_max,
            stale_s_max=self.stale_s_max,
            hedge=self.hedge,
            coalesce=self.coalesce,
        )


def asdict_shallow(settings: Settings) -> dict[str, Any]:
    """The settings by name, values as they are."""
    return {field.name: getattr(settings, field.name) for field in fields(settings)}


@dataclass(frozen=True, slots=True)
class Layer:
    """Settings for the keys that three patterns match."""

    exchange: str
    method: str
    account: str
    values: Mapping[str, Any]

    @classmethod
    def of(cls, exchange: str, method: str, account: str, values: Mapping[str, Any]) -> Layer:
        """
        A layer, all of it checked.

        Raises:
            SettingsError: A part is no pattern, a name is unknown, or a value is not allowed.
        """
        layer = cls(
            pattern("exchange", exchange),
            pattern("method", method),
            pattern("account", account),
            checked(values),
        )
        tokens = layer.values.get("retry_tokens", _NOT_SET)
        if tokens is not _NOT_SET and not _fits(SCOPE_NAMES[Scope.EXCHANGE], layer.method):
            allowed = "is shared by all methods of an exchange: set it without a method"
            raise SettingsError("retry_tokens", tokens, allowed)
        names = layer.values.get("redact", ())
        if names and layer.parts != ("*", "*", "*"):
            allowed = "is of the whole process: set it without an exchange and a method"
            raise SettingsError("redact", list(names), allowed)
        return layer

    @property
    def parts(self) -> Key:
        """The three patterns."""
        return Key(self.exchange, self.method, self.account)

    def matches(self, key: Key) -> bool:
        """Whether the layer speaks of a key."""
        return all(map(_fits, key, self.parts))

    def rank(self) -> tuple[tuple[bool, int], ...]:
        """How specific it is: a name before a pattern, more letters before fewer, exchange before method."""
        return tuple(
            (not is_wild(part), sum(char not in _WILD for char in part)) for part in self.parts
        )

    def without(self, later: Layer) -> Layer:
        """The layer without what a later one of the same patterns overrides for good."""
        if self.parts != later.parts:
            return self
        kept = {name: value for name, value in self.values.items() if name not in later.values}
        return replace(self, values=kept)

    def meeting(self, other: Layer) -> Key | None:
        """The narrower of both patterns part by part, for the keys that both speak of; None where neither holds."""
        parts = [
            mine if _fits(mine, theirs) else theirs
            for mine, theirs in zip(self.parts, other.parts, strict=True)
            if _fits(mine, theirs) or _fits(theirs, mine)
        ]
        return Key(*parts) if len(parts) == len(self.parts) else None


class SettingsBook:
    """All layers; replaced whole at every change, so a reader never sees half of one."""

    def __init__(self) -> None:
        self._file: tuple[Layer, ...] = ()
        """Of the settings file; among equals what code has set wins over them."""
        self._code: tuple[Layer, ...] = ()
        self._ones: dict[Any, Any] = {}
        self._hints: dict[Key, Mapping[str, Any]] = {}
        self._state: tuple[tuple[Layer, ...], dict[Key, Settings]] = ((), {})
        # The layers, and what was found in just these: with a thousand keys, looking through all
        # layers for each key at each change took minutes.

    def add(
        self,
        exchange: str,
        method: str,
        account: str,
        values: Mapping[str, Any],
        keys: Iterable[Key] = (),
    ) -> list[Key]:
        """
        Add a layer; gives those of the keys that it speaks of.

        Args:
            exchange: Name or pattern with `*` and `?`; so are method and account.
            method: As above.
            account: As above.
            values: Settings by name.
            keys: Keys in use, for which the whole must hold too.

        Raises:
            SettingsError: A name is unknown, a value is not allowed, or two do not go together; nothing is changed.
        """
        layer = Layer.of(exchange, method, account, values)
        code = _joined(self._code, layer)
        layers, found = (*self._file, *code), self._state[1]
        concerned = [key for key in keys if layer.matches(key)]
        _check_together(layers, layer, concerned)
        kept = {key: known for key, known in list(found.items()) if not layer.matches(key)}
        self._code, self._state = code, (layers, kept)
        add_secret_names(layer.values.get("redact", ()))
        return concerned

    def suggest(self, key: Key, values: Mapping[str, Any]) -> None:
        """
        Settings of one key below all layers, which stand until one of those says otherwise.

        Raises:
            SettingsError: A name is unknown or a value is not allowed; nothing is changed.
        """
        self._hints[key] = {**self._hints.get(key, {}), **checked(values)}
        layers, found = self._state
        self._state = layers, {each: its for each, its in list(found.items()) if each != key}

    def load(self, tree: Mapping[str, Any], keys: Iterable[Key] = ()) -> None:
        """
        Take a settings file, in place of one before: `[settings]`, `[settings.EXCHANGE]`, `[settings.EXCHANGE.METHOD]`.

        Args:
            tree: The content of its table `[settings]`.
            keys: Keys in use, for which the whole must hold too.

        Raises:
            SettingsError: As add; the name of the field says in which table it stands.
        """
        file, placed = tuple[Layer, ...](), list[tuple[str, Layer]]()
        for exchange, method, values in _tables(tree):
            place = ".".join(part for part in (exchange, method) if part != "*")
            with _placed(place):
                layer = Layer.of(exchange, method, "*", values)
            placed.append((place, layer))
            file = _joined(file, layer)
        layers = (*file, *self._code)
        for place, layer in placed:  # now that all are known: a narrower table may mend a wider one
            with _placed(place):
                _check_together(layers, layer)
        for key in keys:
            _resolve(layers, key)
        self._file, self._state = file, (layers, {})
        for layer in file:
            add_secret_names(layer.values.get("redact", ()))

    def one(self, value: T) -> T:
        """The one object for all that equal it, so that a thousand keys with the same settings keep one."""
        if len(self._ones) >= _FOUND_MAX:
            self._ones.clear()
        try:
            found: T = self._ones.setdefault(value, value)
        except TypeError:  # a function of the user's that has no hash
            return value
        return found

    def of(self, key: Key) -> Settings:
        """The settings of a key."""
        layers, found = self._state
        known = found.get(key)
        if known is None:
            known = self.one(_resolve(layers, key, self._hints.get(key, {})))
            if len(found) < _FOUND_MAX:
                found[key] = known
        return known


def load_file(path: str | Path) -> dict[str, Any]:
    """
    The tree of a TOML file.

    Raises:
        SettingsError: It cannot be read, or is no TOML.
    """
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            "settings file", str(path), f"must be a readable TOML file: {error}"
        ) from None
    except (tomllib.TOMLDecodeError, ValueError, RecursionError) as error:
        raise SettingsError("settings file", str(path), f"is not TOML: {error}") from None


def _fits(name: str, part: str) -> bool:
    # Names are by far the most parts, and fnmatch makes a regular expression of each.
    return part in ("*", name) or (is_wild(part) and fnmatchcase(name, part))


def _joined(layers: tuple[Layer, ...], layer: Layer) -> tuple[Layer, ...]:
    """The layers with a further one on top, and without what can never win again."""
    pruned = (one.without(layer) for one in layers)
    return (*(one for one in pruned if one.values), layer)


def _check_together(layers: tuple[Layer, ...], layer: Layer, keys: Iterable[Key] = ()) -> None:
    """Refuse two values that do not go together for any key: here, and not when such a key is first called."""
    effect: Effect | None = layer.values.get("effect")
    if layer.method in ORDERS and effect is not None and effect is not Effect.TRADE:
        raise SettingsError("effect", effect.value, f"{layer.method} places orders: it is a trade")
    _resolve(layers, layer.parts)
    for key in keys:
        _resolve(layers, key)
    for other in layers if _JUDGED_TOGETHER & layer.values.keys() else ():
        if _JUDGED_TOGETHER & other.values.keys() and (both := layer.meeting(other)):
            _resolve(layers, both)


@contextmanager
def _placed(place: str) -> Generator[None]:
    """An error in here names the table in which its field stands."""
    try:
        yield
    except SettingsError as error:
        field = f"{place}.{error.field}" if place else error.field
        raise SettingsError(field, error.value, error.allowed) from None


def _resolve(
    layers: tuple[Layer, ...], key: Key, hints: Mapping[str, Any] = MappingProxyType({})
) -> Settings:
    values = dict(hints)
    for layer in sorted((layer for layer in layers if layer.matches(key)), key=Layer.rank):
        values.update(layer.values)
    settings = replace(Settings(), **values)
    check_together(settings)
    return settings


def _tables(tree: Mapping[str, Any]) -> Iterable[tuple[str, str, dict[str, Any]]]:
    if not isinstance(tree, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  a file may hold anything
        raise SettingsError("settings", tree, "must be a table")
    yield "*", "*", _plain(tree)
    for exchange, table in tree.items():
        if isinstance(table, dict):
            tables = cast("dict[str, Any]", table)
            yield exchange, "*", _plain(tables)
            for method, values in tables.items():
                if isinstance(values, dict):
                    yield exchange, method, cast("dict[str, Any]", values)


def _plain(table: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in table.items() if not isinstance(value, dict)}
