"""Owns telling what happened: events go in, something to see comes out; nothing here decides about a call."""
