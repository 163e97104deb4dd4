"""
Owns the settings by exchange, method and account: what is allowed, where they come from, and which one wins.

Settings are layers of patterns. The most specific pattern wins field by field, exchange before method before
account; among equals the later one. Making circuits and plans of them is left to gear.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from switchgear.core.circuit import Rules
from switchgear.core.errors import SettingsError
from switchgear.core.policy.plan import Plan
from switchgear.core.policy.retry import Backoff
from switchgear.core.words import Effect, Key, Level, effect_of, fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

READ_RETRIES = 3


@dataclass(frozen=True, slots=True)
class Settings:
    """What is set for one key; every field can be given to `configure`, to `guarded` and in the settings file."""

    failure_threshold: int = 3
    """Failures in a row that open the circuit, from 1."""
    reset_timeout_s: float = 30.0
    """Seconds that an open spell lasts, above 0."""
    reset_timeout_s_max: float | None = None
    """Upper bound of a grown open spell in seconds; None is one day."""
    reset_backoff: float = 1.0
    """Factor on the open time for each further opening in a row, from 1."""
    reset_jitter: float = 0.0
    """Share of the open time, 0 to 1, of which a random part is added, drawn once for each spell."""
    probes: int = 1
    """Attempts admitted while half-open, in all and at once, from 1."""
    probes_to_close: int = 1
    """Probes that must succeed to close the circuit, from 1 to probes."""
    probe_lease_s: float = 30.0
    """Seconds after which the place of a probe that never ended is given away, above 0."""
    retries: int | None = None
    """Attempts after the first, from 0. None is 3, and 0 for a trade; a trade is only ever tried again when it is
    proved that nothing was sent."""
    retry_delay_s: float = 0.3
    """Upper bound of the first wait in seconds, from 0; the wait is drawn below it."""
    retry_backoff: float = 2.0
    """Growth of that bound from wait to wait, from 1."""
    retry_delay_s_max: float = 30.0
    """No wait of a call is longer, from 0."""
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
    ignore: tuple[type[BaseException], ...] = ()
    """Exception types that say nothing about the exchange; in code only."""
    failed_result: Callable[[Any], bool] | None = None
    """Says of a result whether it is a failure; in code only."""
    log_level: Level = Level.INFO
    """DEBUG records the start of each attempt too."""

    def rules(self) -> Rules:
        """The numbers of the circuit."""
        names = {field.name for field in fields(Rules)}
        return Rules(
            **{name: value for name, value in asdict_shallow(self).items() if name in names}
        )

    def plan(self, key: Key) -> Plan:
        """What else a call of this key obeys."""
        effect = effect_of(key.method) if self.effect is None else self.effect
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
            ignore=self.ignore,
            failed_result=self.failed_result,
            debug=self.log_level <= Level.DEBUG,
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

    def matches(self, key: Key) -> bool:
        """Whether the layer speaks of a key."""
        return all(map(fnmatchcase, key, (self.exchange, self.method, self.account)))

    def rank(self) -> tuple[tuple[bool, int], ...]:
        """How specific it is: a name before a pattern, more letters before fewer, exchange before method."""
        return tuple(
            ("*" not in part and "?" not in part and "[" not in part, len(part.strip("*?")))
            for part in (self.exchange, self.method, self.account)
        )


class SettingsBook:
    """All layers; replaced whole at every change, so a reader never sees half of one."""

    def __init__(self) -> None:
        self._layers: tuple[Layer, ...] = ()

    def add(
        self,
        exchange: str,
        method: str,
        account: str,
        values: Mapping[str, Any],
        keys: Iterable[Key] = (),
    ) -> None:
        """
        Add a layer.

        Args:
            exchange: Name or pattern with `*` and `?`; so are method and account.
            method: As above.
            account: As above.
            values: Settings by name.
            keys: Keys in use, for which the whole must hold too.

        Raises:
            SettingsError: A name is unknown, a value is not allowed, or two do not go together; nothing is changed.
        """
        layer = Layer(
            pattern("exchange", exchange),
            pattern("method", method),
            pattern("account", account),
            checked(values),
        )
        layers = (*_without(self._layers, layer), layer)
        for key in [Key(layer.exchange, layer.method, layer.account), *keys]:
            _resolve(layers, key)
        self._layers = layers

    def load(self, tree: Mapping[str, Any]) -> None:
        """
        Add the layers of a settings file: `[settings]` for all, `[settings.EXCHANGE]`, `[settings.EXCHANGE.METHOD]`.

        Raises:
            SettingsError: As add; the name of the field says in which table it stands.
        """
        for exchange, method, values in _tables(tree):
            place = ".".join(part for part in (exchange, method) if part != "*")
            try:
                self.add(exchange, method, "*", values)
            except SettingsError as error:
                field = f"{place}.{error.field}" if place else error.field
                raise SettingsError(field, error.value, error.allowed) from None

    def of(self, key: Key) -> Settings:
        """The settings of a key."""
        return _resolve(self._layers, key)


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
    except tomllib.TOMLDecodeError as error:
        raise SettingsError("settings file", str(path), f"is not TOML: {error}") from None


def checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """
    Settings by name, each parsed and within its bounds.

    Raises:
        SettingsError: A name is unknown, or a value is not allowed.
    """
    return {name: _check(name, value) for name, value in values.items()}


def _check(name: str, value: Any) -> Any:
    check = _CHECKS.get(name)
    if check is None:
        near = get_close_matches(name, _CHECKS, n=1)
        hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(sorted(_CHECKS))}"
        raise SettingsError(name, value, f"is not a setting{hint}")
    return check(name, value)


def _without(layers: tuple[Layer, ...], newer: Layer) -> tuple[Layer, ...]:
    """The layers less what a newer one of the same patterns sets again, so that setting anew does not pile up."""
    kept: list[Layer] = []
    for layer in layers:
        if (layer.exchange, layer.method, layer.account) != (
            newer.exchange,
            newer.method,
            newer.account,
        ):
            kept.append(layer)
        elif rest := {
            name: value for name, value in layer.values.items() if name not in newer.values
        }:
            kept.append(replace(layer, values=rest))
    return tuple(kept)


def _resolve(layers: tuple[Layer, ...], key: Key) -> Settings:
    values: dict[str, Any] = {}
    for layer in sorted((layer for layer in layers if layer.matches(key)), key=Layer.rank):
        values.update(layer.values)
    settings = replace(Settings(), **values)
    if settings.probes_to_close > settings.probes:
        raise SettingsError(
            "probes_to_close",
            settings.probes_to_close,
            f"must not be above probes ({settings.probes})",
        )
    bound_s = settings.reset_timeout_s_max
    if bound_s is not None and bound_s < settings.reset_timeout_s:
        allowed = f"must not be below reset_timeout_s ({settings.reset_timeout_s:g})"
        raise SettingsError("reset_timeout_s_max", bound_s, allowed)
    return settings


def _tables(tree: Mapping[str, Any]) -> Iterable[tuple[str, str, dict[str, Any]]]:
    yield "*", "*", {name: value for name, value in tree.items() if not isinstance(value, dict)}
    tables: dict[str, dict[str, Any]] = {
        name: table for name, table in tree.items() if isinstance(table, dict)
    }
    for exchange, table in tables.items():
        yield (
            exchange,
            "*",
            {name: value for name, value in table.items() if not isinstance(value, dict)},
        )
        for method, values in table.items():
            if isinstance(values, dict):
                yield exchange, method, values


def pattern(field: str, text: str) -> str:
    """A name folded, or a pattern of name characters and `*`, `?`."""
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]  callers are not all typed
        raise SettingsError(field, text, "must be a name or a pattern")
    if "*" not in text and "?" not in text:
        return fold(field, text)
    if not text.replace("*", "x").replace("?", "x").replace("_", "").isalnum() or len(text) > 64:
        raise SettingsError(
            field, text, "must be a name, or a pattern of letters, digits, _, * and ?"
        )
    return text.lower()


def _whole(least: int) -> Callable[[str, Any], int]:
    def check(name: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise SettingsError(name, value, f"must be a whole number from {least}")
        return value

    return check


def _number(
    least: float, *, above: bool = False, most: float | None = None
) -> Callable[[str, Any], float]:
    bound = f"above {least:g}" if above else f"from {least:g}"
    upper = "" if most is None else f" to {most:g}"

    def check(name: str, value: Any) -> float:
        fits = isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)
        if (
            not fits
            or value < least
            or (above and value == least)
            or (most is not None and value > most)
        ):
            raise SettingsError(name, value, f"must be a number {bound}{upper}")
        return float(value)

    return check


def _or_none(check: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    return lambda name, value: None if value is None or value == "none" else check(name, value)


def _effect(name: str, value: Any) -> Effect:
    try:
        return value if isinstance(value, Effect) else Effect(value)
    except ValueError:
        raise SettingsError(name, value, "must be read, idempotent or trade") from None


def parse_level(name: str, value: object) -> Level:
    """
    A level by its name in any case, its number, or itself.

    Raises:
        SettingsError: It is none of the five.
    """
    try:
        return Level[value.upper()] if isinstance(value, str) else Level(value)  # type: ignore[arg-type]  # Level refuses what is no number
    except (KeyError, ValueError, TypeError):
        raise SettingsError(name, value, f"must be one of {', '.join(Level.__members__)}") from None


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise SettingsError(name, value, "must be true or false")
    return value


def _types(name: str, value: Any) -> tuple[type[BaseException], ...]:
    several = isinstance(value, (tuple, list))
    found: tuple[Any, ...] = tuple(cast("list[Any]", value)) if several else (value,)
    if not all(isinstance(one, type) and issubclass(one, BaseException) for one in found):
        raise SettingsError(name, value, "must be exception types, and set in code")
    return found


def _predicate(name: str, value: Any) -> Callable[[Any], bool]:
    if not callable(value):
        raise SettingsError(name, value, "must be a function of the result, and set in code")
    return value  # type: ignore[no-any-return]  # whether it gives a bool shows when it is called


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "failure_threshold": _whole(1),
    "reset_timeout_s": _number(0, above=True),
    "reset_timeout_s_max": _or_none(_number(0, above=True)),
    "reset_backoff": _number(1),
    "reset_jitter": _number(0, most=1),
    "probes": _whole(1),
    "probes_to_close": _whole(1),
    "probe_lease_s": _number(0, above=True),
    "retries": _or_none(_whole(0)),
    "retry_delay_s": _number(0),
    "retry_backoff": _number(1),
    "retry_delay_s_max": _number(0),
    "timeout_s": _or_none(_number(0, above=True)),
    "deadline_s": _or_none(_number(0, above=True)),
    "slow_call_s": _or_none(_number(0, above=True)),
    "effect": _or_none(_effect),
    "signed": _flag,
    "ignore": _types,
    "failed_result": _or_none(_predicate),
    "log_level": parse_level,
}
