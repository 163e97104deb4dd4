"""What foreign errors mean by class: the real classes of the clients, none of them forgotten."""

from __future__ import annotations

import http.client
import inspect
import urllib.error
from typing import TYPE_CHECKING

import aiohttp
import aiohttp.client_exceptions
import httpcore
import httpx
import pytest
import requests.exceptions
import urllib3.exceptions

from switchgear.core.verdict import clients, stdlib

if TYPE_CHECKING:
    from types import ModuleType

MODULES = {
    "aiohttp.client_exceptions": aiohttp.client_exceptions,
    "httpx": httpx,
    "httpcore": httpcore,
    "requests.exceptions": requests.exceptions,
    "urllib3.exceptions": urllib3.exceptions,
    "http.client": http.client,
    "urllib.error": urllib.error,
}
RULED = {**stdlib.CLASSES, **clients.CLASSES}


def names_in(module: ModuleType) -> set[str]:
    """The qualified names of the errors in a module; a warning is not raised, so needs no rule."""
    every = (each for _, each in inspect.getmembers(module, inspect.isclass))
    errors = (each for each in every if issubclass(each, BaseException))
    return {
        f"{each.__module__}.{each.__qualname__}"
        for each in errors
        if not issubclass(each, Warning) and each.__module__.partition(".")[0] != "email"
    }


@pytest.mark.parametrize("module", MODULES)
def test_every_public_error_of_a_client_is_ruled_on(module: str) -> None:
    """A client that adds a class of error fails here until somebody says what it means."""
    names = names_in(MODULES[module])
    assert len(names) >= 3
    assert sorted(names - RULED.keys()) == []


@pytest.mark.parametrize("package", ["aiohttp", "httpx", "requests", "urllib3", "http.client"])
def test_no_row_is_about_a_class_that_does_not_exist(package: str) -> None:
    """A misspelt name in a table would never fit; httpx2 and httpcore share httpx's rows."""
    known = {name for module in MODULES.values() for name in names_in(module)}
    listed = {name for name in RULED if name.startswith(f"{package}.")}
    assert sorted(listed - known - {"httpx.ConnectionNotAvailable", "httpx.SSEError"}) == []


def test_the_names_of_the_standard_library_exist() -> None:
    """Each class in the table of the standard library can be imported under its name."""
    for name in stdlib.CLASSES:
        module, _, attribute = name.rpartition(".")
        found = getattr(__import__(module, fromlist=[attribute]), attribute)
        assert f"{found.__module__}.{found.__qualname__}" == name


def test_httpx_and_its_successor_mean_the_same() -> None:
    """httpx2 has httpx's classes under its own name, so it has httpx's rulings."""
    assert clients.CLASSES["httpx2.ConnectError"] is clients.CLASSES["httpx.ConnectError"]
    assert clients.CLASSES["httpcore2.ReadError"] is clients.CLASSES["httpcore.ReadError"]
