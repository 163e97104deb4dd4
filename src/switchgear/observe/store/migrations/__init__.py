"""Owns the steps from one shape of the file to the next, run by Alembic.

The shape as it is now is schema's.
"""
