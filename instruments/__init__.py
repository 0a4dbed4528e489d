"""What a device is: its physics, its diagnostics and alarms, its wire protocols.

Nothing in here knows of SimPy, sockets, threads, wall time or procedures.
"""
