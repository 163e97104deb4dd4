"""Owns the options that say whom a command asks, what is kept here or a running server, and that it is one of both."""

# Without `from __future__ import annotations`: typer reads the annotations when it runs.

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, Self

import typer

from switchgear.core.errors import SettingsError

if TYPE_CHECKING:
    from switchgear.cli.remote import Remote
    from switchgear.core.clock import Clock

Url = Annotated[
    str | None,
    typer.Option(
        "--url", help="Ask a running switchgear instead: http://host:port, with its prefix."
    ),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--token-file",
        help="With --url: holds the token by which it knows you; or SWITCHGEAR_TOKEN.",
    ),
]
CaFile = Annotated[
    Path | None, typer.Option("--ca-file", help="With https://: trust these certificates alone.")
]
InsecureHttp = Annotated[
    bool, typer.Option("--insecure-http", help="Send the token over http:// for all to read.")
]


class Whom(NamedTuple):
    """Whom a command asks, as it was given."""

    option: str
    """What names what is kept here: `history` or `journal`."""
    kept: str | None
    is_named: bool
    """It stood on the command line, and not in the environment."""
    url: str | None = None
    token_file: Path | None = None
    ca_file: Path | None = None
    insecure_http: bool = False

    @classmethod
    def given(
        cls,
        context: typer.Context,
        option: str,
        kept: str | None,
        url: str | None = None,
        token_file: Path | None = None,
        ca_file: Path | None = None,
        *,
        insecure_http: bool = False,
    ) -> Self:
        """As a command has it, whose parameter `option` names what is kept here."""
        how = context.get_parameter_source(option)
        is_named = how is not None and how.name == "COMMANDLINE"
        return cls(option, kept, is_named, url, token_file, ca_file, insecure_http)

    def behind(self, before: "Whom") -> "Whom":
        """With what was given before the subcommand's name, where nothing else is given behind it."""
        is_kept = self.is_named or (before.kept is None)
        return Whom(
            self.option,
            self.kept if is_kept else before.kept,
            self.is_named or before.is_named,
            self.url or before.url,
            self.token_file or before.token_file,
            self.ca_file or before.ca_file,
            self.insecure_http or before.insecure_http,
        )

    def here(self) -> str | None:
        """What is kept here, for a command that asks no server; raises SettingsError where one is named."""
        if self.url is not None:
            raise SettingsError("url", self._shown(), f"is for looking alone: give --{self.option}")
        self._refuse_spare()
        return self.kept

    def remote(self, clock: "Clock") -> "Remote | None":
        """
        The server that is asked; None where what is kept here is.

        Raises:
            SettingsError: Both were named, or what was given of the server cannot be.
        """
        if self.url is None:
            self._refuse_spare()
            return None
        if self.is_named:
            raise SettingsError("url", self._shown(), f"must be given without --{self.option}")
        from switchgear.cli.remote import Remote
        from switchgear.cli.remote_address import Given, address_of

        given = Given(self.url, self.token_file, self.ca_file, self.insecure_http)
        return Remote(address_of(given), clock)

    def _shown(self) -> str:
        return "<not shown>" if "@" in (self.url or "") else self.url or ""

    def _refuse_spare(self) -> None:
        """What says how a server is asked says nothing without one."""
        spare = {
            "token-file": self.token_file,
            "ca-file": self.ca_file,
            "insecure-http": self.insecure_http,
        }
        for name, value in spare.items():
            if value:
                raise SettingsError(name, str(value), "must be given with --url")
