"""Owns the decisions round a call, one policy a file; running the call is left to switchgear.core.call."""
