"""
Owns a TCP proxy before a practice venue: its port, its rules, its connections, and what it saw.

It breaks the wire below HTTP, where the venue cannot know of it. Each connection is a proxy_link's.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any, Self

from switchgear.practice.sim.proxy_link import Ground, Link, Tally
from switchgear.practice.sim.refusals import Refusals
from switchgear.practice.sim.wire_rules import Refuse, Side, WireScript, parse_wire_rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchgear.core.clock import Clock
    from switchgear.practice.sim.wire_rules import WireRule

_BACKLOG = 128
HOST = "127.0.0.1"


class Proxy:
    """
    Stands before one venue, forwards what comes, and breaks what its rules say.

    An async context manager, started once. Everything is called from its event loop. Without a rule
    that fires, bytes go through as they come, with both sides' ends and resets; when the venue
    cannot be reached, the client is reset.
    """

    def __init__(
        self,
        target_host: str,
        target_port: int,
        *,
        clock: Clock,
        seed: int,
        host: str = HOST,
        port: int = 0,
    ) -> None:
        """Nothing is bound before start; port 0 is one that the system chooses."""
        self._script = WireScript(seed)
        self._refusals = Refusals(clock, self._shut, self._listen)
        self._tally = Tally()
        self._ground = Ground(
            (target_host, target_port), clock, self._script, self._tally, self._refusals.begin
        )
        self._port = _Port(host, port, self._welcome)
        self._links: set[Link] = set()

    @property
    def port(self) -> int:
        """The port it listens on; the one asked for before it started."""
        return self._port.number

    @property
    def url(self) -> str:
        """The address to call, without a slash at its end."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._port.host, self._port.host)  # noqa: S104  what was asked for
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    async def start(self) -> Self:
        """Take the port and listen; raises OSError when it is taken."""
        self._port.take()
        self._port.open()
        return self

    async def stop(self) -> None:
        """Reset what is connected and give the port back. The state can still be read."""
        self._refusals.stop()  # or clear() would open the port again
        self._shut()
        self._port.release()
        if self._links:
            await asyncio.wait([link.task for link in self._links])

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def add(self, rules: object) -> list[int]:
        """
        Put a rule or a list of them in force, as JSON-like dict or WireRule; their ids.

        A refusal without a match begins at once. Raises RuleError (a ValueError) naming the field,
        and then adds none.
        """
        return [self._add(rule) for rule in parse_wire_rules(rules)]

    def _add(self, rule: WireRule) -> int:
        rule_id = self._script.add(rule)
        if rule.match is None and isinstance(rule.action, Refuse):
            self._refusals.begin(rule_id, rule.action.duration_s)
        return rule_id

    def remove(self, rule_id: int) -> bool:
        """Take one rule away, with the refusal that it began if any; False when unknown."""
        self._refusals.end(rule_id)
        return self._script.rules.pop(rule_id, None) is not None

    def clear(self) -> None:
        """Take all rules away, and listen again; what was drawn for a request stays."""
        self._script.rules.clear()
        self._refusals.clear()

    def state(self) -> dict[str, Any]:
        """What went through, and the rules in force: a dict that JSON can hold."""
        return {
            "connections": self._tally.connections,
            "open": len(self._links),
            "requests": self._tally.requests,
            "bytes": {str(side): self._tally.forwarded[side] for side in Side},
            "refusing": self._refusals.is_refusing,
            "faults": dict(self._script.fired),
            "rules": self._script.show(),
        }

    def _welcome(self, sock: socket.socket) -> None:
        self._tally.connections += 1
        link = Link(sock, self._ground)
        self._links.add(link)
        link.task.add_done_callback(lambda _: self._links.discard(link))

    def _shut(self) -> None:
        self._port.shut()
        for link in self._links:
            link.reset()

    def _listen(self) -> None:
        self._port.open()


class _Port:
    """A port that can be shut and opened again; it stays ours while it is shut."""

    def __init__(self, host: str, port: int, welcome: Callable[[socket.socket], None]) -> None:
        self.host = host
        self.number = port
        self._welcome = welcome
        self._family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._place: socket.socket | None = None
        self._listener: socket.socket | None = None

    def take(self) -> None:
        """Bind it; raises OSError when another has it."""
        if self.number:
            # The option that lets us listen twice would also let a second program in unseen.
            self._bind(share=False).close()
        self._place = self._bind(share=True)
        self.number = self._place.getsockname()[1]

    def open(self) -> None:
        """Listen; does nothing when it is open."""
        if self._listener is not None:
            return
        self._listener = self._bind(share=True)
        self._listener.listen(_BACKLOG)
        self._listener.setblocking(False)
        asyncio.get_running_loop().add_reader(self._listener, self._accept)

    def shut(self) -> None:
        """Stop listening: who comes is refused, and who waits to be accepted is reset."""
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None

    def release(self) -> None:
        """Shut it and give it back."""
        self.shut()
        if self._place is not None:
            self._place.close()
            self._place = None

    def _accept(self) -> None:
        if self._listener is None:
            return
        try:
            sock, _ = self._listener.accept()
        except OSError:  # it has left again; or no descriptor is free, and the loop asks again
            return
        sock.setblocking(False)
        self._welcome(sock)

    def _bind(self, *, share: bool) -> socket.socket:
        sock = socket.socket(self._family, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(share))
            sock.bind((self.host, self.number))
        except BaseException:
            sock.close()
            raise
        return sock
