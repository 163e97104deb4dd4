"""Owns the main job: trading agents that trade through switchgear while their exchanges break."""
