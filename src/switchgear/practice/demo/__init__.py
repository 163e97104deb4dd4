"""Owns the main job: a trading agent that trades through switchgear while its exchange breaks."""
