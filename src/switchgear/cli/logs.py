"""Owns the commands about records and their options; what each does is logs_work's."""

# Without `from __future__ import annotations`: typer reads the annotations when it runs.

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from switchgear.cli.asked import CaFile, InsecureHttp, TokenFile, Url, Whom
from switchgear.core.clock import SystemClock
from switchgear.core.errors import SettingsError

if TYPE_CHECKING:
    from switchgear.cli.sources import Logs

app = typer.Typer(invoke_without_command=True)

Kept = Annotated[
    str | None,
    typer.Option(
        "--history",
        envvar="SWITCHGEAR_HISTORY",
        help="History of a program: its file, or postgresql://…",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Form = Annotated[
    str | None,
    typer.Option("--format", help="jsonl, csv or parquet; as the file's name ends without."),
]


Exchange = Annotated[str | None, typer.Option(help="Only of this exchange.")]
Method = Annotated[str | None, typer.Option(help="Only of this method.")]
Account = Annotated[str | None, typer.Option(help="Only of this account.")]
Least = Annotated[str | None, typer.Option(help="At least: DEBUG to CRITICAL.")]
Event = Annotated[str | None, typer.Option(help="Only this event.")]
Outcome = Annotated[
    str | None, typer.Option(help="Only calls that ended so: success, failed, rejected, …")
]
Kind = Annotated[str | None, typer.Option(help="Only errors of this kind.")]
Scope = Annotated[
    str | None, typer.Option(help="Only of this scope: method, account, address, exchange.")
]
OrderId = Annotated[str | None, typer.Option(help="Only of the order with this client order id.")]
CallId = Annotated[str | None, typer.Option(help="Only this call.")]
Run = Annotated[str | None, typer.Option(help="Only of this process's spell.")]
Since = Annotated[str | None, typer.Option(help="From then on: -15m, or ISO 8601.")]
Until = Annotated[str | None, typer.Option(help="Up to then.")]
Text = Annotated[str | None, typer.Option(help="Only records of which a word begins so.")]
BeforeId = Annotated[str | None, typer.Option(help="Only older ones than this record.")]
AfterId = Annotated[str | None, typer.Option(help="Only newer ones than this record.")]
Limit = Annotated[str | None, typer.Option(help="The newest so many, 1 to 10000.")]
Follow = Annotated[
    bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")
]
Export = Annotated[
    Path | None, typer.Option(help="Write all that match to this file, the newest first.")
]

_FILTERS = (
    *("exchange", "method", "account", "level", "event", "outcome", "kind", "scope", "order_id"),
    *("call_id", "run", "since", "until", "text", "before_id", "after_id", "limit"),
)


@app.callback()
def listed(
    context: typer.Context,
    *,
    history: Kept = None,
    exchange: Exchange = None,
    method: Method = None,
    account: Account = None,
    level: Least = None,
    event: Event = None,
    outcome: Outcome = None,
    kind: Kind = None,
    scope: Scope = None,
    order_id: OrderId = None,
    call_id: CallId = None,
    run: Run = None,
    since: Since = None,
    until: Until = None,
    text: Text = None,
    before_id: BeforeId = None,
    after_id: AfterId = None,
    limit: Limit = None,
    follow: Follow = False,
    export: Export = None,
    form: Form = None,
    url: Url = None,
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    insecure_http: InsecureHttp = False,
    as_json: Json = False,
) -> None:
    """Print records of a history or a running server, the newest last; follow them, or write them to a file."""
    secrecy = {"insecure_http": insecure_http}
    whom = context.obj = Whom.given(
        context, "history", history, url, token_file, ca_file, **secrecy
    )
    if context.invoked_subcommand is None:
        names = (exchange, method, account, level, event, outcome, kind, scope, order_id)
        others = (call_id, run, since, until, text, before_id, after_id, limit)
        given = zip(_FILTERS, (*names, *others), strict=True)
        filters = {name: value for name, value in given if value is not None}
        _list(whom, filters, _Way(follow, export, form, as_json))


class _Way(NamedTuple):
    """What becomes of the records."""

    follow: bool
    export: Path | None
    form: str | None
    as_json: bool


def _list(whom: Whom, filters: dict[str, str], way: _Way) -> None:
    from switchgear.cli import logs_work

    clock = SystemClock()
    if way.export is None:
        if way.form is not None:
            raise SettingsError("format", way.form, "must be given with --export FILE")
        logs = _logs(whom, clock)
        logs_work.show_logs(logs, filters, clock, as_json=way.as_json, follow=way.follow)
        return
    if way.follow:
        raise SettingsError("export", str(way.export), "must be given without --follow")
    logs = _logs(whom, clock)
    raise typer.Exit(logs_work.export_logs(logs, filters, clock, way.export, way.form))


def _logs(whom: Whom, clock: SystemClock) -> "Logs":
    remote = whom.remote(clock)
    if remote is None:
        from switchgear.cli.kept import KeptLogs

        return KeptLogs(needed(whom.kept), clock)
    from switchgear.cli.remote_logs import RemoteLogs

    return RemoteLogs(remote)


@app.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="What was exported.")],
    *,
    history: Kept = None,
    form: Form = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Take what there is of a file that is not whole.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Bring an exported file into a history, all of it or nothing."""
    from switchgear.cli import logs_work

    where = needed(Whom.given(context, "history", history).behind(context.obj).here())
    logs_work.import_logs(file, where, SystemClock(), form, partial=partial, as_json=as_json)


def needed(history: str | None) -> str:
    """The history that was named; SettingsError where none was."""
    if history is None:
        allowed = "give --history FILE, or set SWITCHGEAR_HISTORY, or ask a server with --url"
        raise SettingsError("history", None, allowed)
    return history
