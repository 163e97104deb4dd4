"""Holds the practice exchanges and the demo that runs on them."""
