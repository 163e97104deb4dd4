"""Owns how a user names secrets that switchgear does not see by itself; masking them is redact's."""

from __future__ import annotations

from switchgear.core.errors import SettingsError
from switchgear.core.redact import SECRET_CHARS_MAX, register_secret

GIVEN_CHARS_MIN = 8
"""A shorter text would be found, and masked, in words that hold no secret."""


class Secrets:
    """Secrets that are masked in everything this process keeps and shows, whichever gear wrote it."""

    def add(self, *secrets: str) -> None:
        """
        Mask these from now on wherever they stand: as they are, URL-quoted, escaped, in base64 and in hex.

        What is kept already stays as it is. The clients of `switchgear.exchange`, wrapped exchanges of ccxt and
        the headers of wrapped sessions name their keys by themselves.

        Args:
            secrets: Each 8 to 8192 characters; of the newest 256 all are masked, an older one no more.

        Raises:
            SettingsError: One is no text, or too short or too long; it is not shown, and none is added.
        """
        for each in secrets:
            _check(each)
        for each in secrets:
            register_secret(each)


def _check(given: object) -> None:
    if isinstance(given, str) and GIVEN_CHARS_MIN <= len(given) <= SECRET_CHARS_MAX:
        return
    shown = f"<{len(given)} characters>" if isinstance(given, str) else type(given).__name__
    allowed = f"must be text of {GIVEN_CHARS_MIN} to {SECRET_CHARS_MAX} characters"
    raise SettingsError("secret", shown, allowed)
