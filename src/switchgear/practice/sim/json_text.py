"""Owns reading JSON that anybody may have sent: whatever it is, it is read or refused, never broken off."""

from __future__ import annotations

from typing import TypeVar, cast

import msgspec

_T = TypeVar("_T")
DEPTH_MAX = 64
"""How many lists and objects may stand within each other."""
_TOO_DEEP = f"it has more than {DEPTH_MAX} lists and objects within each other"


class NotJsonError(ValueError):
    """The bytes are not JSON of the form asked for; the message says why."""


def read_json(body: bytes, kind: type[_T]) -> _T:
    """
    The value in these bytes, in the form of kind; Any takes all.

    Raises:
        NotJsonError: They are no JSON, of another form, or nested deeper than DEPTH_MAX.
    """
    try:
        value: object = msgspec.json.decode(body)
        if _is_deep(value):
            raise NotJsonError(_TOO_DEEP)
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise NotJsonError(str(error)) from None
    except RecursionError:
        raise NotJsonError(_TOO_DEEP) from None


def _is_deep(value: object) -> bool:
    level = [value]
    for _ in range(DEPTH_MAX):
        level = [part for each in level for part in _parts(each) if isinstance(part, list | dict)]
        if not level:
            return False
    return True


def _parts(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(cast("dict[str, object]", value).values())  # it comes from JSON
    return cast("list[object]", value) if isinstance(value, list) else []
