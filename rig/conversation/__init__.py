"""Conversations with real devices: written down, played back, and held against each other by meaning."""
