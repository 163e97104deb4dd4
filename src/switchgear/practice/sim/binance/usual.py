"""Owns the code and the words that Binance mostly gives with a status, for faults that name a status alone."""

from __future__ import annotations

BANNED = 418
_TIMED_OUT = (
    "Timeout waiting for response from backend server. "
    "Send status unknown; execution status unknown."
)
_BUSY = "Server is currently overloaded with other requests. Please try again in a few minutes."
USUAL = {
    400: (-1100, "Illegal characters found in a parameter."),
    401: (-2015, "Invalid API-key, IP, or permissions for action."),
    403: (-1002, "You are not authorized to execute this request."),
    429: (-1003, "Too many requests queued."),
    500: (-1000, "An unknown error occurred while processing the request."),
    502: (-1001, "Internal error; unable to process your request. Please try again."),
    503: (-1008, _BUSY),
    504: (-1007, _TIMED_OUT),
}
OTHER = (-1000, "An unknown error occurred while processing the request.")
