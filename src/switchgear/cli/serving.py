"""Owns what runs until it is interrupted: the practice exchanges, the pages, the watch on exchanges."""

from __future__ import annotations

import asyncio
import shlex
import signal
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import asdict, replace
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from switchgear.core.errors import SettingsError
from switchgear.core.event import IntentMoved, Note
from switchgear.gear import Switchgear

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator, Sequence
    from pathlib import Path

    from switchgear.cli.config import Config, HistoryTable
    from switchgear.order.journal import Journal
    from switchgear.practice.sim.fleet import Fleet
    from switchgear.practice.sim.scenario import Scenario
    from switchgear.practice.sim.scenario_player import Moment
    from switchgear.practice.sim.server import Sim
    from switchgear.server import LogSource, Server

HOST, PORT = "127.0.0.1", 8080
_PORT_MAX = 65_535


def until_interrupted(work: Coroutine[Any, Any, None]) -> None:
    """Run something until it ends, or SIGINT or SIGTERM cancels it."""

    async def live() -> None:
        task = asyncio.create_task(work)
        for each in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(each, task.cancel)
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(live())


def list_scenarios() -> None:
    """Print each scenario that is shipped, with its meaning."""
    from switchgear.practice.sim.scenario import load, shipped

    for scenario in map(load, shipped()):
        typer.echo(f"{scenario.name:<18} {scenario.duration_s:3.0f} s  {scenario.meaning}")


class _Chosen(NamedTuple):
    """What is to run, once all that was not given is filled in."""

    scenario: Scenario | None
    venues: Sequence[str]
    seed: int


def print_environment(
    host: str, port: int, seed: int | None, *, scenario: str | None, venues: Sequence[str]
) -> None:
    """
    Print what a shell must know to call the practice exchanges that were started with the same.

    Nothing is started or asked: the keys follow from the seed, the addresses from the port. Each
    line exports one variable; the line ends of a private key are escaped.

    Args:
        host: Where they listen.
        port: Of the first, above 0: one that the system chose is not known here.
        seed: Of prices and faults; that of the scenario, or 1, when not given.
        scenario: A shipped scenario's name or a file.
        venues: Which of them; all when empty.

    Raises:
        SettingsError: One of these cannot be.
    """
    from switchgear.practice.sim.fleet import Fleet

    chosen = _chosen(seed, scenario, venues)
    most = _PORT_MAX + 1 - len(chosen.venues)
    if not 1 <= port <= most:
        raise SettingsError("port", port, f"must be the one they were started with, 1 to {most}")
    for place, sim in enumerate(Fleet(chosen.seed, venues=chosen.venues)):
        name, secret = sim.venue.upper(), sim.secret.replace("\n", "\\n")
        typer.echo(f"export {name}_URL={shlex.quote(_address(host, port + place))}")
        typer.echo(f"export {name}_KEY={shlex.quote(sim.key)}")
        typer.echo(f"export {name}_SECRET={shlex.quote(secret)}")


def _address(host: str, port: int) -> str:
    """As one that runs tells its own; what listens everywhere is called on this machine."""
    called = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  it is called, not bound
    return f"http://[{called}]:{port}" if ":" in called else f"http://{called}:{port}"


def practise(
    host: str,
    port: int,
    seed: int | None,
    *,
    scenario: str | None,
    venues: Sequence[str],
    speed: float,
) -> None:
    """
    Run the practice exchanges, through a scenario if one is named, and calmly on.

    Args:
        host: Where they listen.
        port: Of the first, each next one has the next; 0 for any free ones.
        seed: Of prices and faults; that of the scenario, or 1, when not given.
        scenario: A shipped scenario's name or a file.
        venues: Which to run; all when empty.
        speed: How many seconds of the scenario pass in one of the clock.

    Raises:
        SettingsError: One of these cannot be, or it cannot listen there.
    """
    from switchgear.practice.sim.door import HostError
    from switchgear.practice.sim.fleet import Fleet

    chosen = _chosen(seed, scenario, venues)
    if not 0 < speed < inf:
        raise SettingsError("speed", speed, "must be a number above 0")
    fleet = Fleet(chosen.seed, host=host, port=port, venues=chosen.venues)
    try:
        until_interrupted(_practise(fleet, chosen.scenario, speed))
    except BrokenPipeError:
        raise  # who read the output has gone, and the port is not to blame
    except HostError as error:
        raise SettingsError(
            "host", error.host, "must be an address or a name of this machine"
        ) from None
    except (OSError, OverflowError) as error:
        words = getattr(error, "strerror", None) or str(error)
        more = len(chosen.venues) - 1
        others = f" with the {more} after it" if more else ""
        raise SettingsError("port", port, f"cannot be had on {host}{others}: {words}") from None


def _chosen(seed: int | None, scenario: str | None, venues: Sequence[str]) -> _Chosen:
    from switchgear.practice.sim.fleet import VENUES
    from switchgear.practice.sim.server import SEED

    played = None if scenario is None else _scenario(scenario)
    named = _checked_venues(venues, played) or VENUES
    usual = SEED if played is None else played.seed
    return _Chosen(played, named, usual if seed is None else seed)


def _scenario(name: str) -> Scenario:
    from switchgear.practice.sim.scenario import ScenarioError, load

    try:
        return load(name)
    except ScenarioError as error:
        what = "" if error.field == "scenario" else f"its {error.field} is {error.value!r}; "
        raise SettingsError("scenario", name, f"{what}must be {error.allowed}") from None


def _checked_venues(venues: Sequence[str], scenario: Scenario | None) -> Sequence[str]:
    from switchgear.practice.sim.fleet import VENUES
    from switchgear.practice.sim.scenario import EVERY

    for place, name in enumerate(venues):
        if name not in VENUES or name in venues[:place]:
            raise SettingsError("venue", name, f"must be one of {', '.join(VENUES)}, each once")
    broken = {step.venue for step in scenario.steps} if scenario else {EVERY}
    if venues and broken and not broken & {EVERY, *venues}:
        raise SettingsError("venue", ", ".join(venues), f"must have {' or '.join(sorted(broken))}")
    return venues


async def _practise(fleet: Fleet, scenario: Scenario | None, speed: float) -> None:
    from switchgear.practice.sim.scenario_player import Player

    async with fleet:
        for sim in fleet:
            _introduce(sim)
        _teach(next(iter(fleet)))
        if scenario is not None:
            typer.echo(f"scenario {scenario.name}: {scenario.meaning}")
            await Player(scenario, fleet, on_moment=_tell, speed=speed).play()
            typer.echo(f"{scenario.duration_s:6.1f} s  the end: all is calm until Ctrl-C")
        await asyncio.Event().wait()


def _introduce(sim: Sim) -> None:
    is_short = "\n" not in sim.secret
    secret = sim.secret if is_short else f"a PEM text: curl {sim.control_url}/_sim/credentials"
    typer.echo(f"{sim.venue:<9} {sim.base_url}  exchange and backend")
    typer.echo(f"  wire    {sim.wire_url}  the same, on a wire that can be broken")
    typer.echo(f"  control {sim.control_url}  also while connections are refused")
    typer.echo(f"  key {sim.key}, secret {secret}")


def _teach(sim: Sim) -> None:
    rule = '{"match": "order.create", "action": "reset_after", "count": 1}'
    cut = '{"match": "POST /*", "action": "half_open", "side": "answer"}'
    typer.echo(f"the truth:  curl {sim.control_url}/_sim/state")
    typer.echo(f"break it:   curl -d '{rule}' {sim.control_url}/_sim/faults")
    typer.echo(f"its wire:   curl -d '{cut}' {sim.control_url}/_sim/wire")
    typer.echo(f"mend it:    curl -X DELETE {sim.control_url}/_sim/faults")
    typer.echo(f"and that:   curl -X DELETE {sim.control_url}/_sim/wire")


def _tell(moment: Moment) -> None:
    step, venues = moment.step, ", ".join(moment.rule_ids)
    words = step.meaning
    if not moment.begins:
        words = f"mended, {sum(moment.fired.values())} hit: {words}"
    typer.echo(f"{moment.at_s:6.1f} s  {venues}: {words}")


class Door(NamedTuple):
    """Where the pages are, and for whom."""

    host: str | None
    """As the settings file has it, or loopback, when not given."""
    port: int | None
    """The same."""
    tokens: Path | None
    allowed_hosts: tuple[str, ...]
    https: bool

    def opened(self, source: LogSource, host: str = HOST, port: int = PORT) -> Server:
        """A server that answers already, by what the settings file says where nothing else is given."""
        from switchgear.server import Credentials, serve

        return serve(
            source,
            host if self.host is None else self.host,
            port if self.port is None else self.port,
            credentials=None if self.tokens is None else Credentials.read(self.tokens),
            allowed_hosts=self.allowed_hosts,
            https=self.https,
        )


def serve_kept(history: str | None, journal: str | None, door: Door) -> None:
    """Show what other programs write, at least one of both; raises SettingsError when one cannot be used."""
    from switchgear.server import GearSource, HistorySource

    with Switchgear() as gear, _journals(gear, journal) as journals:
        if journal is None:
            gear.on(Note, _tell_note)  # who signed in: there is no log here that would hold it
        # Without a history the log is this process's own: what was done here by hand.
        source: LogSource = (
            GearSource(gear, journals=journals)
            if history is None
            else HistorySource(history, journals=journals, note=gear.hub.emit)
        )
        until_interrupted(_show(source, door))


@contextmanager
def _journals(gear: Switchgear, where: str | None) -> Generator[list[Journal]]:
    """The journal, if one is named; what is done by hand about its orders is printed."""
    if where is None:
        yield []
        return
    from switchgear.cli.kept_orders import opened

    gear.on(Note, _tell_note)
    gear.on(IntentMoved, _tell_move)
    journal = opened(gear, where)
    try:
        yield [journal]
    finally:
        journal.close()


def _tell_note(note: Note) -> None:
    from switchgear.cli.show import harmless

    typer.echo(f"switchgear: {harmless(note.message)}")


def _tell_move(move: IntentMoved) -> None:
    from switchgear.cli.show import harmless

    line = f"order {move.client_order_id}: {move.old} -> {move.new} by {move.by}: {move.why}"
    typer.echo(f"switchgear: {harmless(line)}")


async def _show(source: LogSource, door: Door) -> None:
    with door.opened(source) as server:
        _announce(server, door)
        await asyncio.Event().wait()


def _announce(server: Server, door: Door) -> None:
    url = server.url
    typer.echo(f"switchgear: {url}/api-logs and {url}/circuits and {url}/orders")
    if door.tokens is not None:
        typer.echo(f"switchgear: sign in with {server.login_link()} (once, within 10 minutes)")
        if not door.https and not server.is_local:
            warning = "what passes can be read on the way: have a proxy speak TLS, and give --https"
            typer.echo(f"switchgear: {warning}")


def serve_exchanges(
    config: Config, history: str | None, door: Door, *, journal: str | None = None
) -> None:
    """
    Watch the exchanges of a settings file through switchgear, and show it.

    Args:
        config: The file.
        history: Where to keep records, before what the file says.
        door: Where the pages are and for whom, before what the file says.
        journal: Of orders to show; none when not given.

    Raises:
        SettingsError: Port, history, journal or an address cannot be used.
    """
    from switchgear.server import GearSource

    kept = _history_of(config, history)
    table = None if kept is None else asdict(kept)
    with (
        Switchgear(settings=config.settings, history=table) as gear,
        _journals(gear, journal) as journals,
    ):
        page = GearSource(gear, gear.reader, journals)
        until_interrupted(_watch_and_show(gear, config, page, door))


def _history_of(config: Config, path: str | None) -> HistoryTable | None:
    from switchgear.cli.config import HistoryTable

    if path is None:
        return config.history
    return replace(config.history or HistoryTable(""), path=path)


async def _watch_and_show(gear: Switchgear, config: Config, source: LogSource, door: Door) -> None:
    from switchgear.cli.watching import open_api, watch

    async with AsyncExitStack() as stack:
        apis = [
            (await stack.enter_async_context(open_api(gear, table)), table)
            for table in config.exchanges
        ]
        served = door.opened(source, config.server.host, config.server.port)
        _announce(stack.enter_context(served), door)
        async with asyncio.TaskGroup() as group:
            for api, table in apis:
                group.create_task(watch(gear.clock, api, table))
            await asyncio.Event().wait()
