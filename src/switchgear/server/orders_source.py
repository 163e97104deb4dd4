"""
Owns what the server and the command line know of orders, and what a person may do about them by hand.

Where intents are kept and which moves there are is the journal's; asking the exchange is the desks'.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from switchgear.core.errors import SettingsError, SwitchgearError
from switchgear.core.event import Note
from switchgear.core.words import Key, Level
from switchgear.observe.store.errors import StoreError
from switchgear.order.intent import OPEN, StaleIntent, State
from switchgear.order.store import NAMES_MAX, IntentQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

    from switchgear.exchange.model import Order
    from switchgear.order.intent import Intent, Move
    from switchgear.order.journal import Journal
    from switchgear.order.store import Switch

T = TypeVar("T")

BY_CHARS_MAX = 100
WHY_CHARS_MAX = 500
_EVERYWHERE = ("", "")
_READ_AGAIN = 5
_MS = 1_000


class NoIntent(SwitchgearError):
    """No journal here has this intent."""


class JournalBroken(SwitchgearError):
    """The journal cannot be read or written now."""


class Asker(Protocol):
    """What is read of a reconciler."""

    @property
    def open_intents(self) -> tuple[Intent, ...]:
        """What is being asked after."""
        ...

    @property
    def strays(self) -> tuple[Order, ...]:
        """Orders of ours at the exchange that are in no journal."""
        ...

    @property
    def last_error(self) -> str:
        """Why the last round did not come to its end."""
        ...


class Desk(Protocol):
    """What is read of a desk."""

    @property
    def journal(self) -> Journal:
        """Where its intents are."""
        ...

    @property
    def reconciler(self) -> Asker:
        """What asks after them."""
        ...

    @property
    def place(self) -> tuple[str, str]:
        """Exchange and account."""
        ...


class Next(NamedTuple):
    """What happens next about an intent whose outcome is open."""

    words: str
    in_s: float | None = None
    """Seconds until then; None where nobody knows it here."""


class Life(NamedTuple):
    """One intent with everything that is known of it here."""

    intent: Intent
    moves: list[Move]
    next: Next | None
    """None once its outcome is known."""
    refusal: str
    """Why it cannot be abandoned; empty when it can."""


class Orders:
    """
    The journals of this process and its desks; every method is for any event loop.

    Args:
        desks: Those of this process, asked for anew each time.
        journals: Those beside the desks' own.

    Methods raise JournalBroken when a journal cannot be read or written.
    """

    def __init__(
        self,
        desks: Callable[[], Iterable[Desk]] = tuple,
        journals: Sequence[Journal] = (),
    ) -> None:
        self._desks = desks
        self._more = tuple(journals)

    @property
    def desks(self) -> list[Desk]:
        """Each desk once."""
        return list({id(desk): desk for desk in self._desks()}.values())

    @property
    def journals(self) -> list[Journal]:
        """Each journal once."""
        found = [desk.journal for desk in self.desks] + list(self._more)
        return list({id(journal.store): journal for journal in found}.values())

    # ---------------------------------------------------------------------------------- looking

    async def query(self, query: IntentQuery) -> list[Intent]:
        """Intents of all journals that match, newest first, at most the query's limit."""
        with _told():
            lists = [await journal.query(query) for journal in self.journals]
        # By id: two journals may be of one store.
        found = list({intent.intent_id: intent for each in lists for intent in each}.values())
        found.sort(key=lambda each: (each.created_ms, each.intent_id), reverse=True)
        return found[: query.limit]

    async def in_doubt(self, now_ms: int) -> list[tuple[Intent, Next]]:
        """What is unknown, and what whoever sent it has let go of, the oldest first."""
        return self._doubts(await self.query(IntentQuery(states=OPEN)), now_ms)

    async def together(
        self, query: IntentQuery, now_ms: int
    ) -> tuple[list[Intent], list[tuple[Intent, Next]]]:
        """What a query finds, and what is in doubt; of no intent do the two say different things."""
        opened = await self.query(IntentQuery(states=OPEN))
        found = await self.query(query)
        # What was read last is what holds.
        known = {each.intent_id: each for each in (*opened, *found)}
        return found, self._doubts(known.values(), now_ms)

    async def life(self, intent_id: str, now_ms: int) -> Life:
        """One intent with its moves; raises NoIntent."""
        journal, intent = await self._found(intent_id)
        with _told():
            moves = await journal.moves(intent_id)
        following = self.next_of(intent, now_ms) if intent.state.is_open else None
        return Life(intent, moves, following, self._refusal(intent, now_ms))

    async def switches(self) -> list[Switch]:
        """Every kill switch that is on: that of everything first, then by exchange and account."""
        with _told():
            lists = [await journal.switches() for journal in self.journals]
        # Two journals may both have one of the same place: the elder one says since when.
        elder = sorted((each for one in lists for each in one), key=lambda each: -each.at_ms)
        by_place = {(each.exchange, each.account): each for each in elder}
        return [by_place[place] for place in sorted(by_place)]

    async def places(self) -> list[tuple[str, str]]:
        """Exchange and account of every desk here, and of the newest intents."""
        newest = await self.query(IntentQuery(limit=NAMES_MAX))
        known = {desk.place for desk in self.desks}
        return sorted(known | {(each.exchange, each.account) for each in newest})

    def strays(self) -> list[tuple[Desk, Order]] | None:
        """Orders of ours that are in no journal, as the desks here last saw them; None without a desk."""
        desks = self.desks
        if not desks:
            return None
        return [(desk, order) for desk in desks for order in desk.reconciler.strays]

    def next_of(self, intent: Intent, now_ms: int) -> Next:
        """What happens next about an intent whose outcome is open."""
        owned = intent.owned_until_ms > now_ms
        desk = self._desk_of(intent)
        if desk is not None and intent.intent_id in asked_after(desk):
            return Next("this process asks the exchange again", _look_in_s(desk, intent))
        if owned and self._is_waited_for(intent):
            return Next("its caller still waits for it, and has it looked for")
        left_s = (intent.owned_until_ms - now_ms) / _MS
        if desk is not None and owned:
            return Next(f"{intent.owner} has it; this process takes over unless it goes on", left_s)
        if desk is not None:
            return Next("this process takes it up in its next round")
        if owned:
            return Next(f"{intent.owner} sees it through")
        where = f"{intent.exchange}, account {intent.account},"
        return Next(f"nobody looks after it: a program with a desk of {where} takes it up")

    # --------------------------------------------------------------------------------- by hand

    async def abandon(self, intent_id: str, *, by: str, why: str, now_ms: int) -> Intent:
        """
        Have nobody look after an intent any more: a person knows what became of it.

        Raises:
            NoIntent: There is none.
            SettingsError: Who or why is not told.
            StaleIntent: What became of it is known, or somebody is sending it at this moment.
        """
        checked_words(by, why)
        journal, intent = await self._found(intent_id)
        if refusal := self._refusal(intent, now_ms):
            raise StaleIntent(f"order {intent.client_order_id} {refusal}")
        with _told():
            return await journal.move(intent, State.ABANDONED, why.strip(), by=by.strip())

    async def halt(self, *, by: str, why: str, exchange: str = "", account: str = "") -> None:
        """
        Have no new order be written down from now on, of one account or of all; cancels and lookups go on.

        Raises:
            SettingsError: Who or why is not told, or nothing is known of such an account.
            StaleIntent: It is halted already.
        """
        checked_words(by, why)
        place = checked_place(exchange, account)
        for each in await self.switches():
            if (each.exchange, each.account) == place:
                raise StaleIntent(
                    f"new orders of {named(*place)} are halted already by {each.by}: {each.why}"
                )
        if place != _EVERYWHERE:
            await self._check_known(place)
        await self._switch(on=True, by=by.strip(), why=why.strip(), place=place)

    async def resume(self, *, by: str, why: str, exchange: str = "", account: str = "") -> None:
        """
        Let new orders go again, of one account or of all; a halt of the other kind stays.

        Raises:
            SettingsError: Who or why is not told.
            StaleIntent: They are not halted.
        """
        checked_words(by, why)
        place = checked_place(exchange, account)
        if place not in {(each.exchange, each.account) for each in await self.switches()}:
            raise StaleIntent(f"new orders of {named(*place)} are not halted")
        await self._switch(on=False, by=by.strip(), why=why.strip(), place=place)

    async def _switch(self, *, on: bool, by: str, why: str, place: tuple[str, str]) -> None:
        exchange, account = place
        broken: list[JournalBroken] = []
        for journal in self._needed():
            try:
                with _told():
                    await journal.switch(on=on, by=by, why=why, exchange=exchange, account=account)
            except JournalBroken as error:
                broken.append(error)  # the others are turned all the same
                continue
            done = "halted" if on else "let go again"
            text = f"new orders of {named(*place)} {done} by {by}: {why}"
            key = Key(exchange, "create_order" if exchange else "", account)
            journal.note(Note(journal.clock.monotonic_s(), key, Level.WARNING, text))
        if broken:
            raise broken[0]

    async def _check_known(self, place: tuple[str, str]) -> None:
        # A switch of a place with a slip in its name would look like a halt, and halt nothing.
        if any(desk.place == place for desk in self.desks):
            return
        if not await self.query(IntentQuery(*place, limit=1)):
            known = ", ".join(named(*each) for each in await self.places()) or "none"
            allowed = f"must have a desk here, or an order in the journal; known: {known}"
            raise SettingsError("account", named(*place), allowed)

    # ---------------------------------------------------------------------------------- helpers

    def _doubts(self, intents: Iterable[Intent], now_ms: int) -> list[tuple[Intent, Next]]:
        found = sorted(intents, key=lambda each: (each.created_ms, each.intent_id))
        return [
            (each, self.next_of(each, now_ms))
            for each in found
            if each.state is State.UNKNOWN or (each.state.is_open and each.owned_until_ms <= now_ms)
        ]

    def _refusal(self, intent: Intent, now_ms: int) -> str:
        if not intent.state.is_open:
            return f"is {intent.state} already: only an order whose outcome is open is abandoned"
        if intent.owned_until_ms <= now_ms:
            return ""
        if self._is_waited_for(intent):
            return "is still waited for by its caller, and may be sent again; abandon it afterwards"
        if intent.state is not State.UNKNOWN:
            return f"is being sent by {intent.owner}; abandon it once its outcome is unknown"
        return ""

    def _is_waited_for(self, intent: Intent) -> bool:
        """Whether somebody in this process has it in hand who is not the reconciler."""
        desk = self._desk_of(intent)
        if desk is None or desk.journal.who != intent.owner:
            return False
        return intent.intent_id not in asked_after(desk)

    def _desk_of(self, intent: Intent) -> Desk | None:
        place = (intent.exchange, intent.account)
        return next((desk for desk in self.desks if desk.place == place), None)

    async def _found(self, intent_id: str) -> tuple[Journal, Intent]:
        for journal in self._needed():
            with _told():
                intent = await journal.get(intent_id)
            if intent is not None:
                return journal, intent
        raise NoIntent(f"intent_id={intent_id!r}: no journal here has it")

    def _needed(self) -> list[Journal]:
        journals = self.journals
        if not journals:
            raise NoIntent("there is no journal here: no desk of this program has one")
        return journals


def asked_after(desk: Desk) -> frozenset[str]:
    """The intents that a desk asks after in the background."""
    asker = desk.reconciler
    return _calmly(lambda: frozenset(each.intent_id for each in asker.open_intents))


def named(exchange: str, account: str) -> str:
    """Whose orders, in words."""
    return f"{exchange}, account {account}" if exchange else "all exchanges and accounts"


def checked_words(by: str, why: str) -> None:
    """SettingsError unless both say something that can be shown in one line."""
    for field, value, most in (("by", by, BY_CHARS_MAX), ("why", why, WHY_CHARS_MAX)):
        if not 1 <= len(value.strip()) <= most or not value.isprintable():
            raise SettingsError(field, value, f"must be 1 to {most} printable characters")


def checked_place(exchange: str, account: str) -> tuple[str, str]:
    """Exchange and account, folded; SettingsError when only one of them is given, or one is no name."""
    if not exchange and not account:
        return _EVERYWHERE
    if not exchange or not account:
        field, value = ("account", account) if exchange else ("exchange", exchange)
        raise SettingsError(field, value, "exchange and account go together; neither means all")
    try:
        key = Key.of(exchange, "create_order", account)
    except ValueError as error:
        raise SettingsError("exchange, account", (exchange, account), str(error)) from None
    return key.exchange, key.account


def _look_in_s(desk: Desk, intent: Intent) -> float | None:
    """Seconds until a desk looks at an intent again, where its reconciler tells."""
    tell: Callable[[str], float | None] | None = getattr(desk.reconciler, "look_in_s", None)
    return None if tell is None else _calmly(lambda: tell(intent.intent_id))


def _calmly(read: Callable[[], T]) -> T:
    """Read what an event loop in another thread may be changing meanwhile."""
    for _ in range(_READ_AGAIN):
        try:
            return read()
        except RuntimeError:  # a dict changed its size under the reader
            continue
    return read()


@contextmanager
def _told() -> Generator[None]:
    """Have a store's failure told as the journal's."""
    try:
        yield
    except StoreError as error:
        raise JournalBroken(f"the journal cannot be used now: {error}") from error
