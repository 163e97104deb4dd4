"""Owns the commands about orders and their options; what each does is orders_work's."""

# Without `from __future__ import annotations`: typer reads the annotations when it runs.

from typing import TYPE_CHECKING, Annotated

import typer

from switchgear.cli.asked import CaFile, InsecureHttp, TokenFile, Url, Whom
from switchgear.core.clock import SystemClock

if TYPE_CHECKING:
    from switchgear.cli.sources import Orders

app = typer.Typer(invoke_without_command=True)

Where = Annotated[
    str | None,
    typer.Option("--journal", envvar="SWITCHGEAR_JOURNAL", help="SQLite file, or postgresql://…"),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
IntentId = Annotated[str, typer.Argument(help="As --json and the page name it: intent_id.")]
By = Annotated[str, typer.Option("--by", help="Who does it.")]
Why = Annotated[str, typer.Option("--why", help="Why it is done.")]
Exchange = Annotated[str, typer.Option(help="Only of this exchange; with --account.")]
Account = Annotated[str, typer.Option(help="Only of this account; with --exchange.")]


@app.callback()
def listed(
    context: typer.Context,
    *,
    journal: Where = None,
    exchange: Annotated[str, typer.Option(help="Only of this exchange.")] = "",
    account: Annotated[str, typer.Option(help="Only of this account.")] = "",
    state: Annotated[str, typer.Option(help="Only in this state, or in these: new,sent.")] = "",
    symbol: Annotated[str, typer.Option(help="Only of this symbol.")] = "",
    client_order_id: Annotated[str, typer.Option(help="Only this one.")] = "",
    limit: Annotated[str, typer.Option(help="The newest so many, 1 to 1000.")] = "",
    url: Url = None,
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    insecure_http: InsecureHttp = False,
    as_json: Json = False,
) -> None:
    """Print the orders of a journal or a running server, the newest first; or do something about them."""
    secrecy = {"insecure_http": insecure_http}
    whom = context.obj = Whom.given(
        context, "journal", journal, url, token_file, ca_file, **secrecy
    )
    if context.invoked_subcommand is not None:
        return
    from switchgear.cli import orders_work

    given = {"exchange": exchange, "account": account, "state": state, "symbol": symbol}
    given |= {"client_order_id": client_order_id, "limit": limit}
    orders_work.show_orders(_orders(whom), given, as_json=as_json)


@app.command()
def show(
    context: typer.Context,
    intent_id: IntentId,
    *,
    journal: Where = None,
    url: Url = None,
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    insecure_http: InsecureHttp = False,
    as_json: Json = False,
) -> None:
    """Print one order, with every move that it made."""
    from switchgear.cli import orders_work

    secrecy = {"insecure_http": insecure_http}
    whom = Whom.given(context, "journal", journal, url, token_file, ca_file, **secrecy)
    orders_work.show_order(_orders(whom.behind(context.obj)), intent_id, as_json=as_json)


@app.command()
def abandon(
    context: typer.Context,
    intent_id: IntentId,
    *,
    by: By,
    why: Why,
    journal: Where = None,
    as_json: Json = False,
) -> None:
    """Have nobody look after an order any more: you know what became of it."""
    from switchgear.cli import orders_work
    from switchgear.cli.kept_orders import KeptOrders

    life = KeptOrders(_here(context, journal)).abandon(intent_id, by=by, why=why)
    orders_work.print_life(life, as_json=as_json)


@app.command()
def halt(
    context: typer.Context,
    *,
    by: By,
    why: Why,
    exchange: Exchange = "",
    account: Account = "",
    journal: Where = None,
    as_json: Json = False,
) -> None:
    """Have every new order refused unsent, of one account or of all; cancels and lookups go on."""
    from switchgear.cli import orders_work
    from switchgear.cli.kept_orders import KeptOrders, Said

    switches = KeptOrders(_here(context, journal)).turn(Said(by, why, exchange, account), on=True)
    orders_work.print_switches(switches, as_json=as_json)


@app.command()
def resume(
    context: typer.Context,
    *,
    by: By,
    why: Why,
    exchange: Exchange = "",
    account: Account = "",
    journal: Where = None,
    as_json: Json = False,
) -> None:
    """Let new orders go again, of one account or of all."""
    from switchgear.cli import orders_work
    from switchgear.cli.kept_orders import KeptOrders, Said

    switches = KeptOrders(_here(context, journal)).turn(Said(by, why, exchange, account), on=False)
    orders_work.print_switches(switches, as_json=as_json)


def _orders(whom: Whom) -> "Orders":
    remote = whom.remote(SystemClock())
    if remote is None:
        from switchgear.cli.kept_orders import KeptOrders

        return KeptOrders(whom.kept)
    from switchgear.cli.remote_orders import RemoteOrders

    return RemoteOrders(remote)


def _here(context: typer.Context, journal: str | None) -> str | None:
    return Whom.given(context, "journal", journal).behind(context.obj).here()
