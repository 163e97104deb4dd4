"""Owns the commands and their options; what each does is left to the rooms that it starts."""

# Without `from __future__ import annotations`: typer reads the annotations when it runs.

from pathlib import Path
from typing import Annotated

import typer

from switchgear.cli.asked import CaFile, InsecureHttp, TokenFile, Url, Whom
from switchgear.cli.logs import Json, needed
from switchgear.cli.logs import Kept as KeptAt
from switchgear.cli.logs import app as logs
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
app.add_typer(logs, name="logs")
app.add_typer(orders, name="orders")

Seed = Annotated[int, typer.Option(help="Of prices, faults and plans.")]


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
    history: KeptAt = None,
    journal: Annotated[
        str | None,
        typer.Option(
            envvar="SWITCHGEAR_JOURNAL", help="Orders to show: SQLite file or postgresql://…"
        ),
    ] = None,
    port: Annotated[int | None, typer.Option(help="Of the pages; 0 for any free one.")] = None,
    host: Annotated[
        str | None, typer.Option(help="Where to listen; other than loopback needs --tokens.")
    ] = None,
    tokens: Annotated[
        Path | None,
        typer.Option(envvar="SWITCHGEAR_TOKENS", help="File: operator NAME TOKEN, viewer NAME …"),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="A name by which browsers ask for it; may be given again."),
    ] = None,
    https: Annotated[
        bool, typer.Option("--https", help="A proxy in front speaks TLS with browsers.")
    ] = False,
) -> None:
    """Show the pages: of real exchanges with --config, of another program with --history or --journal."""
    from switchgear.cli.serving import Door, serve_exchanges, serve_kept

    door = Door(host, port, tokens, tuple(allow_host or ()), https)
    if config is not None:
        from switchgear.cli.config import read

        return serve_exchanges(read(config), history, door, journal=journal)
    if history is None and journal is None:
        allowed = "give --config FILE or --history FILE, or --journal FILE"
        raise SettingsError("config", None, allowed)
    return serve_kept(history, journal, door)


@app.command()
def circuits(
    context: typer.Context,
    *,
    history: KeptAt = None,
    url: Url = None,
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    insecure_http: InsecureHttp = False,
    as_json: Json = False,
) -> None:
    """Print the circuits as a history or a running server has them, and the gates that are closed."""
    from switchgear.cli.kept import kept_board
    from switchgear.cli.show import show_circuits

    clock, secrecy = SystemClock(), {"insecure_http": insecure_http}
    remote = Whom.given(context, "history", history, url, token_file, ca_file, **secrecy).remote(
        clock
    )
    if remote is None:
        return show_circuits(kept_board(needed(history), clock), as_json=as_json)
    from switchgear.cli.remote_circuits import remote_board

    return show_circuits(remote_board(remote), as_json=as_json)


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
