"""Owns one file for each revision, oldest first by name.

A revision that was released never changes.
"""
