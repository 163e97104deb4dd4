"""Owns the gear: settings become policies, policies guard calls, and what they tell goes to metrics, log and page."""

from __future__ import annotations

import atexit
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from switchgear.board import Board
from switchgear.core.clock import SystemClock
from switchgear.core.errors import SettingsError
from switchgear.core.event import CircuitMoved, SettingsRead
from switchgear.core.guarded import Guarded
from switchgear.core.policy.fallback import checked
from switchgear.core.redact import error_text
from switchgear.core.words import Key
from switchgear.observe.alerts import OpeningsAlert
from switchgear.observe.fact import event_of
from switchgear.observe.hub import Hub
from switchgear.observe.logging import LoggingSink
from switchgear.observe.query import LogQuery, matches
from switchgear.observe.ring import Ring
from switchgear.observe.stream import Stream
from switchgear.registry import KEYS_MAX, Registry
from switchgear.settings import SettingsBook, parse_level
from switchgear.settings import checked as checked_settings
from switchgear.settings.given import checked_keys_max, epoch_ms, given_settings
from switchgear.settings.secrets import Secrets
from switchgear.settings.watch import FileWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

    from switchgear.core.clock import Clock
    from switchgear.core.policy.circuit_view import CircuitView
    from switchgear.core.policy.plan import Policy
    from switchgear.core.words import Level
    from switchgear.observe.history import HistoryReader, HistoryWriter, Keeping
    from switchgear.observe.metrics import CallMetrics
    from switchgear.observe.record import LogRecord
    from switchgear.server import Auth, Credentials, Lifespan, Mounted, Server

E = TypeVar("E")
T = TypeVar("T")

_HANDLES_MAX = 4096


class Switchgear(Board):
    """
    Guards calls by exchange, method and account, and knows what happened to them.

    Works from the first call on; nothing has to be started. `close()`, or leaving it as a context manager, hands
    over what is still queued; the end of the program does so too.

    Args:
        settings: Path of a settings file, which is watched and read anew when it changes, or the settings as a
            mapping (the content of its `[settings]` table).
        clock: Time, chance and sleep; the machine's own unless a test plays them.
        history: Path of a file to keep records and circuit snapshots in, or a mapping with `path`, `rows_max` and
            `age_max_s`; None keeps the newest records in memory alone.
        keys_max: How many keys are kept at once, from 1. When there are more, those go that are closed, have nothing
            in flight and were not called lately, with their metrics.
        alert: Raised when a circuit opens again and again; to the logger `switchgear.alerts` unless given.

    Raises:
        SettingsError: A setting is unknown or not allowed, or the history file cannot be used.
    """

    def __init__(
        self,
        *,
        settings: str | Path | Mapping[str, Any] | None = None,
        clock: Clock | None = None,
        history: str | Path | Mapping[str, Any] | None = None,
        alert: OpeningsAlert | None = None,
        keys_max: int = KEYS_MAX,
    ) -> None:
        self.clock: Clock = SystemClock() if clock is None else clock
        self.book = SettingsBook()
        self.secrets = Secrets()
        """What must never be kept; `gear.secrets.add(…)`."""
        self._watch = (
            None if isinstance(settings, Mapping | None) else FileWatch(settings, self.clock)
        )
        given = given_settings(settings)
        self.book.load(given.settings)
        self.order_limits = given.limits
        """What the settings file lets be ordered, by exchange and account; desks look at each order."""
        self.ring = Ring(event_of)
        self.hub = Hub(self.clock, self.ring)
        self.stream = Stream()
        self.registry = Registry(self.clock, self.hub, self.book, checked_keys_max(keys_max))
        self._handles: dict[tuple[str, str], Guarded] = {}
        self.desks: list[Any] = []
        """The desks whose orders the pages show, as JournalDesk in `switchgear.order.desk`; each adds itself."""
        self._served: list[Server | Mounted] = []
        self.history: HistoryWriter | None = None
        self._keeping: Keeping | None = None
        self.hub.attach(LoggingSink())
        self.hub.attach(self.stream, own=True)
        self.hub.on(CircuitMoved, (alert or OpeningsAlert()).moved)
        if self._watch is not None:
            self.hub.ticks.append(self._look_at_settings)
        if history is not None:
            self._keep_history(history)
        # After the history's own: what ends first was registered last, and the queue must reach the history.
        atexit.register(self.close)

    def guarded(
        self,
        exchange: str,
        method: str,
        *,
        account: str = "main",
        fallback: object = None,
        **settings: Any,
    ) -> Guarded:
        """
        The guard of one key: a decorator, or something to hand functions to.

        Args:
            exchange: Any name; case and camelCase fold to snake_case.
            method: As above; its name tells whether it reads, cancels or trades, unless `effect` is set.
            account: Which key of the exchange it acts for.
            fallback: One source or a list, asked in order when the call has no value.
            settings: Settings of this key, as `configure` takes them.

        Raises:
            SettingsError: A setting is unknown or not allowed, or a fallback does not suit.
            KeyNameError: A name is not allowed.
        """
        key = Key.of(exchange, method, account)
        if settings:
            # The fallback first: a refusal must leave nothing behind.
            effect = checked_settings(settings).get("effect") or self.book.of(key).plan(key).effect
            checked(fallback, effect, None)
            self.configure(key.exchange, key.method, account=key.account, **settings)
        return Guarded(self.policy(key), fallback)

    async def call(
        self, exchange: str, method: str, function: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Any:
        """Short for `guarded(exchange, method).call(function, …)`."""
        return await self._handle(exchange, method).call(function, *args, **kwargs)

    def call_sync(
        self, exchange: str, method: str, function: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Any:
        """Short for `guarded(exchange, method).call_sync(function, …)`."""
        return self._handle(exchange, method).call_sync(function, *args, **kwargs)

    def wrap(
        self,
        client: T,
        exchange: str | None = None,
        *,
        account: str = "main",
        routes: Sequence[str] = (),
    ) -> T:
        """
        A client that you have already, guarded from now on: the same object, used as before.

        A session of requests or aiohttp, a client of httpx or httpx2, synchronous or not. Every request is filed
        under its host and route; answers come back as they are, whatever their status. A request that is not made
        raises an error that is both ours (`CircuitOpenError`) and a connection error of the library.

        Args:
            client: The session or client; wrapping it twice changes nothing.
            exchange: What its requests are filed under; by each one's host when not given.
            account: Which key of the exchange it acts for.
            routes: Paths with `{}` where they vary, such as `/v2/orders/{id}`; all others are told apart by their
                first parts, and by no more than 128 names for each exchange.

        Raises:
            SettingsError: It is none of these clients, or a route is no path.
        """
        from switchgear.wrap import wrap  # here: most programs wrap nothing

        return wrap(self, client, exchange, account, routes)  # type: ignore[no-any-return]  # the client itself

    def configure(
        self, exchange: str, method: str = "*", *, account: str = "*", **settings: Any
    ) -> None:
        """
        Set settings for the keys that names or patterns match, at once and for keys that come later.

        A circuit obeys new numbers at its next settlement; a spell that is open keeps its instant.

        Raises:
            SettingsError: A setting is unknown or not allowed; nothing is changed.
        """
        self.registry.configure(exchange, method, account, settings)

    def suggest(
        self,
        exchange: str,
        method: str,
        *,
        account: str = "main",
        weight: float | None = None,
        signed: bool = True,
    ) -> None:
        """
        Say what is known of one key; any setting that somebody gives overrules it.

        For those who put a guard round a client; `wrap` does it for the clients it knows.

        Args:
            exchange: As `guarded` takes it, and so are method and account.
            method: As above.
            account: As above.
            weight: What a call weighs at the exchange's limits, from 0; as their table has it when not given.
            signed: Whether a call carries the account's key.

        Raises:
            SettingsError: The weight cannot be; nothing is changed.
            KeyNameError: A name is not allowed.
        """
        known = {"weight": weight, "signed": signed}
        self.registry.suggest(Key.of(exchange, method, account), known)

    def reload(self) -> None:
        """
        Read the settings file anew, now; what circuits have counted, what is open, held or in flight stays.

        It is done by itself soon after the file changed. Settings made in code stay, over those of the file.

        Raises:
            SettingsError: There is no file, or it cannot be used: nothing is changed.
        """
        if self._watch is None:
            raise SettingsError("settings", None, "must be the path of a file to be read anew")
        mark = self._watch.mark()
        given = given_settings(self._watch.path)
        self.registry.reload(given.settings)
        self.order_limits = given.limits
        self._watch.seen(mark)  # what could not be used the watcher may tell yet
        now_s = self.clock.monotonic_s()
        self.hub.emit(SettingsRead(now_s, str(self._watch.path)))

    def policy(self, key: Key) -> Policy:
        """What stands between callers and a key; made when it is first asked for."""
        return self.registry.policy(key)

    def logs(
        self,
        *,
        exchange: str | None = None,
        method: str | None = None,
        level: Level | str | None = None,
        since: datetime | int | None = None,
        until: datetime | int | None = None,
        text: str | None = None,
        limit: int = 1000,
    ) -> list[LogRecord]:
        """
        Records, newest first: from the history where there is one, else the newest that memory holds.

        Args:
            exchange: Only of this exchange.
            method: Only of this method.
            level: At least this level.
            since: From this instant on, an aware datetime or epoch ms.
            until: Before this instant.
            text: Only records whose message contains it, in any case.
            limit: At most so many, from 1.

        Raises:
            SettingsError: A filter is not allowed.
        """
        return self.query(
            LogQuery(
                exchange=exchange,
                method=method,
                level=None if level is None else parse_level("level", level),
                since_ms=epoch_ms("since", since),
                until_ms=epoch_ms("until", until),
                text=text,
                limit=limit,
            )
        )

    def query(self, query: LogQuery) -> list[LogRecord]:
        """Records that match a query, newest first."""
        self._collect()
        reader = self.reader
        if reader is not None:
            return reader.query(query)
        found = [record for record in self.ring.records() if matches(query, record)]
        return found[: query.limit]

    def clear_logs(self, query: LogQuery | None = None) -> int:
        """Forget the records that match, in memory and in the history; gives how many the log had."""
        query = query or LogQuery()
        self._collect()
        cleared = self.ring.clear(lambda record: matches(query, record))
        reader = self.reader
        if reader is not None:
            cleared = reader.clear(query, reader.count(query))
        return cleared

    def on(self, kind: type[E], callback: Callable[[E], object]) -> Callable[[], None]:
        """Call back for each event of a type, soon after it happened, in order, from a thread; the result ends it."""
        return self.hub.on(kind, callback)

    def flush(self) -> None:
        """Hand everything that waits to metrics, log, listeners and history, now."""
        self.hub.flush()
        if self.history is not None:
            self.history.flush()

    def _collect(self) -> None:
        # Not flush: a listener may wait for the thread that asks, and must not be waited for in turn.
        self.hub.collect()
        if self.history is not None:
            self.history.flush()

    @property
    def reader(self) -> HistoryReader | None:
        """What reads the history of this gear; None without one."""
        return None if self._keeping is None else self._keeping.reader

    def serve(
        self,
        port: int = 8080,
        host: str = "127.0.0.1",
        *,
        credentials: Credentials | None = None,
        allowed_hosts: Collection[str] = (),
        https: bool = False,
    ) -> Server:
        """
        Show `/api-logs`, `/circuits` and `/orders` of this gear from a thread; needs the extra `server`.

        Args:
            port: 0 for any free one.
            host: Where it listens; without credentials, a loopback address.
            credentials: Who may look and who may act; None lets whoever is on this machine do both.
            allowed_hosts: Names by which browsers ask for it, beside `host`.
            https: A proxy in front speaks TLS with browsers, which come by the first of the allowed hosts.

        Raises:
            SettingsError: The port is taken, or others than this machine could ask and there are no credentials.
        """
        # Here: the server is an extra, and stands above the gear.
        from switchgear.server import GearSource, serve

        source = GearSource(self, self.reader)
        server = serve(
            source,
            host,
            port,
            credentials=credentials,
            allowed_hosts=allowed_hosts,
            https=https,
        )
        self._served.append(server)
        return server

    def asgi(self, *, auth: Auth, allowed_hosts: Collection[str] | None = None) -> Mounted:
        """
        The same as an ASGI application, to mount in your own under any prefix; needs the extra `server`.

        It starts at its first request, so it needs no lifespan; see `lifespan`.

        Args:
            auth: Who may ask: `Credentials`; "external" where your application has looked already; or a function of
                the ASGI scope, async or not, that gives None or role and name, as `("viewer", "anna")`.
            allowed_hosts: Names by which browsers ask, without a port; those of loopback when not given, and any
                with `"*"`, where your application has looked already.

        Raises:
            SettingsError: One of these cannot be.
        """
        from switchgear.server import mounted  # here, as above

        app = mounted(self, auth=auth, allowed_hosts=allowed_hosts)
        self._served.append(app)
        return app

    def lifespan(self, existing: Lifespan | None = None) -> Lifespan:
        """
        A lifespan for your own ASGI application that closes this gear when the application ends.

        Args:
            existing: The lifespan that it has already, which runs within this one.
        """
        from switchgear.server import lifespan_of  # here, as above

        return lifespan_of(self, existing)

    def close(self) -> None:
        """End the pages, hand over what is queued, close the history; calls still work, unrecorded, afterwards."""
        atexit.unregister(self.close)
        for served in self._served:
            served.close()
        self._served.clear()
        if self._keeping is not None:
            self._keeping.tick(force=True)
        self.hub.close()
        if self.history is not None:
            from switchgear.observe import ending  # as in _keep_history

            ending.forget(self.close)
            self.history.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _look_at_settings(self) -> None:
        watch = self._watch
        if watch is None or not watch.changed():
            return
        try:
            self.reload()
        except SettingsError as error:
            now_s = self.clock.monotonic_s()
            self.hub.emit(SettingsRead(now_s, str(watch.path), error_text(error)))

    def _handle(self, exchange: str, method: str) -> Guarded:
        handle = self._handles.get((exchange, method))
        if handle is None:
            handle = self.guarded(exchange, method)
            if len(self._handles) < _HANDLES_MAX:
                self._handles[exchange, method] = handle
        return handle

    def _keep_history(self, where: str | Path | Mapping[str, Any]) -> None:
        from switchgear.observe import (
            ending,
            history,
        )  # here: the one is an extra, the other seldom needed

        keeping = history.Keeping(where, self.clock, self.hub.emit, self._stand)
        self.history, self._keeping = keeping.writer, keeping
        self.hub.attach(keeping.writer, own=True)
        self.hub.ticks.append(keeping.tick)
        ending.before_sigterm(self.close)

    def _stand(self) -> list[tuple[CircuitView, CallMetrics]]:
        return [(view, self.registry.metrics(view.key)) for view in self.circuits()]
