"""Owns deciding about a call and running it, with the standard library alone; what is told of it is left to observe."""
