"""Shows what happened and why: the pages, and the JSON API behind them, on loopback alone."""

from switchgear.server.app import create_app
from switchgear.server.gear_source import GearSource
from switchgear.server.history_source import HistorySource
from switchgear.server.serving import Server, run, serve
from switchgear.server.source import LogSource

__all__ = ["GearSource", "HistorySource", "LogSource", "Server", "create_app", "run", "serve"]
