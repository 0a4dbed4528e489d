"""Particle monitors and samplers: heads, heating, tape, filters, balance."""
