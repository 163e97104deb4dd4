"""Owns the fixtures that pytest gives to tests of users; nothing is imported before a test asks for it."""
