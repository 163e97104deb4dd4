"""Owns the commands about orders and their options; what each does is orders_work's."""

# Without `from __future__ import annotations`: typer reads the annotations when it runs.

from typing import Annotated

import typer

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
    as_json: Json = False,
) -> None:
    """Print the orders of a journal, the newest first; or do something about one, or about all."""
    context.obj = journal
    if context.invoked_subcommand is not None:
        return
    from switchgear.cli import orders_work

    given = {"exchange": exchange, "account": account, "state": state, "symbol": symbol}
    given |= {"client_order_id": client_order_id, "limit": limit}
    orders_work.show_orders(journal, given, as_json=as_json)


@app.command()
def show(
    context: typer.Context, intent_id: IntentId, *, journal: Where = None, as_json: Json = False
) -> None:
    """Print one order, with every move that it made."""
    from switchgear.cli import orders_work

    orders_work.show_order(journal or context.obj, intent_id, as_json=as_json)


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

    orders_work.abandon(journal or context.obj, intent_id, by=by, why=why, as_json=as_json)


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

    said = orders_work.Said(by, why, exchange, account)
    orders_work.turn(journal or context.obj, said, on=True, as_json=as_json)


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

    said = orders_work.Said(by, why, exchange, account)
    orders_work.turn(journal or context.obj, said, on=False, as_json=as_json)
