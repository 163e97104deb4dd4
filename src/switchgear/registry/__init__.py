"""Owns the policies by key, what keys of one exchange share, and which keys are forgotten when there are too many."""

from switchgear.registry.table import KEYS_MAX, Registry

__all__ = ["KEYS_MAX", "Registry"]
