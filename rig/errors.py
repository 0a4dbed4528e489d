"""What can go wrong on a bench, and the exit code that each kind of trouble has.

Exit codes of every command: 0 pass, 1 fail, 2 a mistake in a file or an argument, 3 undecided or not tested, 4 the rig
or a device broke down. When several apply, 4 goes before 1, 1 before 3, 3 before 0; 2 is said before anything runs.
"""

from __future__ import annotations

from instruments.errors import ConfigurationError, ConfigurationErrors, Refused

__all__ = [
    "BadReply",
    "BenchBusy",
    "ConfigurationError",
    "ConfigurationErrors",
    "DeviceTimeout",
    "Refused",
    "RigError",
    "RigFault",
]

EXIT_PASS = 0
EXIT_FAIL = 1
EXIT_CONFIGURATION = 2
EXIT_UNDECIDED = 3
EXIT_FAULT = 4


class RigError(Exception):
    """Base of everything that ends a procedure for reasons outside the measurement: exit code 4."""


class DeviceTimeout(RigError, TimeoutError):
    """A device did not answer in time."""

    def __init__(self, device: str, request: str, waited_s: float) -> None:
        self.device = device
        super().__init__(f"{device}: no answer to {request!r} within {waited_s:g} s")


class BadReply(RigError, ValueError):
    """A device answered something that its protocol does not allow."""

    def __init__(self, device: str, request: str, reply: bytes, why: str) -> None:
        self.device = device
        shown = reply if len(reply) <= 120 else reply[:120] + b"..."
        super().__init__(f"{device}: {why}: {request!r} was answered {shown!r}")


class RigFault(RigError):
    """The rig itself cannot go on: a port is held by somebody else, a disk is full, a bench died.

    Args:
        message: what happened.
        device: the device whose port it is about, if it is about one.
    """

    def __init__(self, message: str, device: str | None = None) -> None:
        self.device = device
        super().__init__(message)


class BenchBusy(RigError, RuntimeError):
    """A second thread tried to drive a bench on virtual time."""
