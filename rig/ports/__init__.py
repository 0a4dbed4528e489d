"""Ports: where the host end of a line meets the rest of the world. A port knows neither instrument nor protocol."""
