"""Compositions: benches, plans, and the engine that plays a plan on a bench."""
