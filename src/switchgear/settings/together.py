"""Owns which settings of one key do not go together; what each may be by itself is left to checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.core.errors import SettingsError

if TYPE_CHECKING:
    from switchgear.settings.book import Settings


def check_together(settings: Settings) -> None:
    """
    Refuse what could never work.

    Raises:
        SettingsError: Two of the settings contradict each other; names the one that has to change.
    """
    if settings.probes_to_close > settings.probes:
        allowed = f"must not be above probes ({settings.probes})"
        raise SettingsError("probes_to_close", settings.probes_to_close, allowed)
    bound_s = settings.reset_timeout_s_max
    if bound_s is not None and bound_s < settings.reset_timeout_s:
        allowed = f"must not be below reset_timeout_s ({settings.reset_timeout_s:g})"
        raise SettingsError("reset_timeout_s_max", bound_s, allowed)
    _check_window(settings)


def _check_window(settings: Settings) -> None:
    calls, least = settings.window_calls, settings.minimum_calls
    rated = settings.failure_rate is not None or settings.slow_call_rate is not None
    if rated and calls is not None and calls < least:
        allowed = f"must not be below minimum_calls ({least}), or no rate is ever judged"
        raise SettingsError("window_calls", calls, allowed)
    if settings.slow_call_rate is not None and settings.slow_call_s is None:
        allowed = "needs slow_call_s, which says what is slow"
        raise SettingsError("slow_call_rate", settings.slow_call_rate, allowed)
    if settings.throttle_ratio is None:
        return
    if calls is not None:
        allowed = "must be none with throttle_ratio, which counts over window_s"
        raise SettingsError("window_calls", calls, allowed)
    limit_s = settings.timeout_s
    if limit_s is not None and 0.9 * settings.window_s < limit_s:
        # An answer must come back while its request is still counted, which is for nine tenths of it at least.
        allowed = (
            f"must be timeout_s ({limit_s:g}) and a ninth more, or longer, with throttle_ratio"
        )
        raise SettingsError("window_s", settings.window_s, allowed)
