"""Holds the practice Binance venue; start it through `switchgear.practice.sim.server`."""
