"""Owns the practice Coinbase: its endpoints, keys, limits and words; booking is the ledger's."""
