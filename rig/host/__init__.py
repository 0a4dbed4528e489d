"""Host handles: a device as the host sees it, real or emulated, through a PyVISA message resource.

A handle hides the protocol and gives values with unit, time and status. It never knows whether its device is real.
"""
