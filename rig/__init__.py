"""Time, wires and the bench: the part of the rig that procedures and reports stand on."""

__version__ = "0.1.0"
