"""The station around the instruments: shelter, sampling manifold, power, clocks."""
