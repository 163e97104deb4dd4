"""Owns the commands and their options; what each does is left to the rooms that it starts."""

# Without `from __future__ import annotations`: typer reads the annotations when it runs.

from pathlib import Path
from typing import Annotated

import typer

from switchgear.cli.orders import app as orders
from switchgear.core.clock import SystemClock
from switchgear.core.errors import SettingsError

app = typer.Typer(
    name="switchgear",
    help="Stands between a trading program and its exchanges.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(orders, name="orders")

Seed = Annotated[int, typer.Option(help="Of prices, faults and plans.")]
Kept = Annotated[
    Path | None,
    typer.Option("--history", envvar="SWITCHGEAR_HISTORY", help="History file of a program."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@app.command()
def demo(
    *,
    seconds: Annotated[
        float | None, typer.Option(help="End after so long, from 20; until Ctrl-C without.")
    ] = None,
    port: Annotated[int, typer.Option(help="Of the pages; 0 for any free one.")] = 8080,
    seed: Seed = 1,
    history: Annotated[
        Path | None, typer.Option(help="Keep the records; thrown away without.")
    ] = None,
) -> None:
    """Trade on the three practice exchanges while they break, and watch."""
    from switchgear.practice.demo.run import run

    raise typer.Exit(run(seconds=seconds, port=port, seed=seed, history=history))


@app.command()
def sim(
    *,
    scenario: Annotated[
        str | None, typer.Option(help="What is to break and when: one of --list, or a TOML file.")
    ] = None,
    venue: Annotated[
        list[str] | None, typer.Option(help="Only this one; may be given again. All without.")
    ] = None,
    port: Annotated[
        int, typer.Option(help="Of the first, the next ones follow; 0 for any free ones.")
    ] = 9100,
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    seed: Annotated[
        int | None, typer.Option(help="Of prices and faults; the scenario's, or 1, without.")
    ] = None,
    speed: Annotated[
        float, typer.Option(help="Seconds of the scenario in one of the clock, above 0.")
    ] = 1.0,
    as_list: Annotated[
        bool, typer.Option("--list", help="Say which scenarios there are, and end.")
    ] = False,
    as_env: Annotated[
        bool, typer.Option("--env", help="Print keys and addresses for a shell, and end.")
    ] = False,
) -> None:
    """Run the practice exchanges alone, calmly or through a scenario."""
    from switchgear.cli.serving import list_scenarios, practise, print_environment

    if as_list:
        return list_scenarios()
    if as_env:
        return print_environment(host, port, seed, scenario=scenario, venues=venue or [])
    return practise(host, port, seed, scenario=scenario, venues=venue or [], speed=speed)


@app.command()
def serve(
    *,
    config: Annotated[
        Path | None, typer.Option(help="switchgear.toml: which exchanges to watch.")
    ] = None,
    history: Kept = None,
    journal: Annotated[
        str | None,
        typer.Option(
            envvar="SWITCHGEAR_JOURNAL", help="Orders to show: SQLite file or postgresql://…"
        ),
    ] = None,
    port: Annotated[int | None, typer.Option(help="Of the pages; 0 for any free one.")] = None,
) -> None:
    """Show the pages: of real exchanges with --config, of another program with --history or --journal."""
    from switchgear.cli.serving import serve_exchanges, serve_kept

    if config is not None:
        from switchgear.cli.config import read

        return serve_exchanges(read(config), history, port, journal=journal)
    if history is None and journal is None:
        allowed = "give --config FILE or --history FILE, or --journal FILE"
        raise SettingsError("config", None, allowed)
    return serve_kept(history, journal, port)


@app.command()
def logs(
    *,
    history: Kept = None,
    exchange: Annotated[str | None, typer.Option(help="Only of this exchange.")] = None,
    method: Annotated[str | None, typer.Option(help="Only of this method.")] = None,
    account: Annotated[str | None, typer.Option(help="Only of this account.")] = None,
    level: Annotated[str | None, typer.Option(help="At least: DEBUG to CRITICAL.")] = None,
    event: Annotated[str | None, typer.Option(help="Only this event.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only errors of this kind.")] = None,
    call_id: Annotated[str | None, typer.Option(help="Only this call.")] = None,
    since: Annotated[str | None, typer.Option(help="From then on: -15m, or ISO 8601.")] = None,
    until: Annotated[str | None, typer.Option(help="Up to then.")] = None,
    text: Annotated[str | None, typer.Option(help="Only messages that contain it.")] = None,
    limit: Annotated[str | None, typer.Option(help="The newest so many, 1 to 10000.")] = None,
    as_json: Json = False,
) -> None:
    """Print records of a history file, the newest last."""
    from switchgear.cli.show import show_logs

    names = ("exchange", "method", "account", "level", "event", "kind", "call_id")
    values = (exchange, method, account, level, event, kind, call_id)
    given = dict(zip(names, values, strict=True))
    given |= {"since": since, "until": until, "text": text, "limit": limit}
    filters = {name: value for name, value in given.items() if value is not None}
    show_logs(_needed(history), filters, SystemClock(), as_json=as_json)


@app.command()
def circuits(*, history: Kept = None, as_json: Json = False) -> None:
    """Print the circuits as a history file has them, and the gates that are closed."""
    from switchgear.cli.show import show_circuits

    show_circuits(_needed(history), SystemClock(), as_json=as_json)


@app.command()
def config(
    *,
    path: Annotated[Path, typer.Option("--config", help="The file to check.")] = Path(
        "switchgear.toml"
    ),
) -> None:
    """Check a settings file, and print what it comes to."""
    from switchgear.cli.config import read
    from switchgear.cli.show import show_config

    show_config(read(path))


def _needed(history: Path | None) -> Path:
    if history is None:
        raise SettingsError("history", None, "give --history FILE, or set SWITCHGEAR_HISTORY")
    return history
