"""A port whose other end has gone for good is a fault of the rig's own kind, whichever call notices it."""

import termios

import pytest
from pyvisa import constants

from rig.errors import RigFault
from rig.host.link import VisaLink


class HungUp:
    """A serial resource whose tty has been hung up: flushing it says so before anything is sent."""

    interface_type = constants.InterfaceType.asrl
    timeout = 1000.0
    read_termination = write_termination = None

    def flush(self, mask):
        raise termios.error(5, "Input/output error")


class Plain:
    terminator = b"\r"
    anonymous = False
    pause_s = 0.0

    def probe(self, text):
        return None


def test_a_hung_up_tty_is_told_with_its_device():
    link = VisaLink("co", HungUp(), Plain(), 1.0)
    with pytest.raises(RigFault, match=r"co: the port failed at 'co'.*Input/output error") as caught:
        link.ask("co", lambda reply: reply)
    assert caught.value.device == "co"
