"""Owns errors that are ours and another library's at once, so that what a program catches already catches them."""

from __future__ import annotations

from functools import cache
from typing import Any


def twin_of(error: Exception, theirs: type[Exception], **more: Any) -> Exception:
    """
    The same error, of a class that is its own and theirs.

    Args:
        error: One of ours.
        theirs: The class that programs of the other library catch.
        more: Attributes that those programs may read.
    """
    cls = _class_of(type(error), theirs)  # type: ignore[arg-type]  # mypy looks at the hash of their instances
    twin: Exception = cls.__new__(
        cls
    )  # neither's __init__: one knows nothing of the other's arguments
    twin.args = error.args
    twin.__dict__.update(error.__dict__, **more)
    twin.__cause__, twin.__suppress_context__ = error.__cause__, True
    return twin


@cache
def _class_of(ours: type[Exception], theirs: type[Exception]) -> type[Exception]:
    if issubclass(ours, theirs):
        return ours
    doc = f"{ours.__name__}, caught as {theirs.__module__}.{theirs.__qualname__} too."
    body = {
        "__init__": _nothing,
        "__str__": ours.__str__,
        "__doc__": doc,
        "__module__": ours.__module__,
    }
    return type(ours.__name__, (ours, theirs), body)


def _nothing(_: object, *__: object, **___: object) -> None:
    """An OSError keeps two of its arguments where its class makes no own of them."""
