"""Owns the practice Alpaca: its endpoints, hours, limits and words; booking is the ledger's."""
