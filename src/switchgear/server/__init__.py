"""Shows what happened and why: the pages, and the JSON API behind them, to those who may see them."""

from switchgear.server.app import create_app
from switchgear.server.credentials import Credentials, new_token
from switchgear.server.gates import Auth
from switchgear.server.gear_source import GearSource
from switchgear.server.history_source import HistorySource
from switchgear.server.mounting import Lifespan, Mounted, lifespan_of, mounted
from switchgear.server.serving import Server, run, serve
from switchgear.server.source import LogSource

__all__ = [
    "Auth",
    "Credentials",
    "GearSource",
    "HistorySource",
    "Lifespan",
    "LogSource",
    "Mounted",
    "Server",
    "create_app",
    "lifespan_of",
    "mounted",
    "new_token",
    "run",
    "serve",
]
