"""Owns the practice Binance: its endpoints, parameters, limits and words; booking is the ledger's."""
