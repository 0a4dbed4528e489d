"""RFC 2217, the server's side, sans-I/O: a serial line behind telnet, with its settings, break, RTS and DTR.

Sources: RFC 2217 (Telnet Com Port Control Option) for codes and meanings, RFC 854/855 for telnet (recalled; the codes
as pyserial 3.5's rfc2217.py has them: reported). A setting that the emulated UART does not have (mark and space
parity, 5 or 6 data bits, 1.5 stop bits) is answered with the one that stands, as the RFC asks.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace

from instruments.protocols.ends import Parity
from rig.lines import Line

_SE, _SB, _WILL, _WONT, _DO, _DONT, _IAC = 240, 250, 251, 252, 253, 254, 255
_BINARY, _SGA, _COM_PORT = 0, 3, 44
_SUPPORTED = (_BINARY, _SGA, _COM_PORT)
_TO_CLIENT = 100
"""A server's answer has the code of the request and this."""

_BAUD, _DATA, _PARITY, _STOP, _CONTROL, _MODEM_STATE = 1, 2, 3, 4, 5, 7
_SUSPEND, _RESUME, _LINE_MASK, _MODEM_MASK, _PURGE = 8, 9, 10, 11, 12
_PARITIES: dict[int, Parity] = {1: "none", 2: "odd", 3: "even"}
_FLOW_OUT, _BREAK, _DTR, _RTS, _FLOW_IN = range(5)
_CONTROL_GROUPS = {
    _FLOW_OUT: (0, 1, 2, 3, 17, 19), _BREAK: (4, 5, 6), _DTR: (7, 8, 9), _RTS: (10, 11, 12),
    _FLOW_IN: (13, 14, 15, 16, 18),
}  # fmt: skip
"""Codes of ``SET-CONTROL`` by what they set; the first of each asks for what stands."""
_DSR_CTS_CD = 0x20 | 0x10 | 0x80
_DELTAS = 0x02 | 0x01 | 0x08
_LONGEST_OPTION = 64
_KEPT_BYTES = 65536


class ComPort:
    """One client's telnet stream over one line. The null-modem cable gives the client DSR, CTS and CD with power.

    Args:
        line: the line behind the port; its host settings begin as the device's own.
        write: sends bytes to the client as they are.
    """

    def __init__(self, line: Line, write: Callable[[bytes], None]) -> None:
        self._line = line
        self._write = write
        self._settings = line.settings
        self._control = {_FLOW_OUT: 1, _BREAK: 6, _DTR: 9, _RTS: 12, _FLOW_IN: 14}
        self._modem_mask = 0xFF
        self._suspended = False
        self._kept = bytearray()
        self._state = "data"
        self._verb = 0
        self._option = bytearray()
        self._will: set[int] = {_BINARY, _SGA}
        self._do: set[int] = {_BINARY, _SGA}
        line.set_host(line.settings)
        line.set_ready(ready=False)
        line.on_power = self._powered
        for verb, option in ((_WILL, _BINARY), (_DO, _BINARY), (_WILL, _SGA), (_DO, _SGA)):
            write(bytes([_IAC, verb, option]))

    def encode(self, data: bytes) -> bytes:
        """Bytes for the client; held back while it has suspended the flow."""
        doubled = data.replace(b"\xff", b"\xff\xff")
        if not self._suspended:
            return doubled
        self._kept += doubled[: max(0, _KEPT_BYTES - len(self._kept))]
        return b""

    def receive(self, data: bytes) -> bytes:
        """Take what the client has sent; return what of it goes on the line."""
        out = bytearray()
        for byte in data:
            self._take(byte, out)
        return bytes(out)

    def _take(self, byte: int, out: bytearray) -> None:
        if self._state == "data":
            if byte == _IAC:
                self._state = "command"
            else:
                out.append(byte)
        elif self._state == "command":
            self._command(byte, out)
        elif self._state == "verb":
            self._state = "data"
            self._negotiate(self._verb, byte)
        elif self._state == "option":
            if byte == _IAC:
                self._state = "option command"
            elif len(self._option) < _LONGEST_OPTION:
                self._option.append(byte)
        elif byte == _IAC:
            self._option.append(byte)
            self._state = "option"
        else:
            self._state = "data"
            if byte == _SE:
                self._subnegotiate(bytes(self._option), out)

    def _command(self, byte: int, out: bytearray) -> None:
        self._state = "data"
        if byte == _IAC:
            out.append(byte)
        elif byte == _SB:
            self._option.clear()
            self._state = "option"
        elif byte in (_WILL, _WONT, _DO, _DONT):
            self._verb, self._state = byte, "verb"

    def _negotiate(self, verb: int, option: int) -> None:
        # Only a change is answered: else two parties that agree would thank each other for ever.
        theirs = verb in (_WILL, _WONT)
        agreed = self._do if theirs else self._will
        if verb in (_WILL, _DO):
            if option in agreed:
                return
            if option in _SUPPORTED:
                agreed.add(option)
                self._write(bytes([_IAC, _DO if theirs else _WILL, option]))
                if theirs and option == _COM_PORT:
                    self._tell_modem(0)
            else:
                self._write(bytes([_IAC, _DONT if theirs else _WONT, option]))
        elif option in agreed:
            agreed.remove(option)
            self._write(bytes([_IAC, _DONT if theirs else _WONT, option]))

    def _subnegotiate(self, data: bytes, out: bytearray) -> None:
        if len(data) < 2 or data[0] != _COM_PORT:
            return
        code, value = data[1], data[2:]
        if code == _BAUD and len(value) == 4:
            self._set_baud(struct.unpack("!I", value)[0])
        elif code in (_DATA, _PARITY, _STOP) and len(value) == 1:
            self._set_frame(code, value[0])
        elif code == _CONTROL and len(value) == 1:
            self._set_control(value[0], out)
        elif code == _MODEM_STATE:
            self._tell_modem(0)
        elif code == _SUSPEND:
            self._suspended = True
        elif code == _RESUME:
            self._suspended = False
            kept, self._kept = bytes(self._kept), bytearray()
            self._write(kept)
        elif code in (_LINE_MASK, _MODEM_MASK) and len(value) == 1:
            if code == _MODEM_MASK:
                self._modem_mask = value[0]
            self._answer(code, value)
        elif code == _PURGE and len(value) == 1:
            if value[0] in (1, 3):
                self._kept.clear()
                self._line.discard_to_host()
            if value[0] in (2, 3):
                out.clear()
                self._line.discard_to_device()
            self._answer(code, value)

    def _set_baud(self, baud: int) -> None:
        if 50 <= baud <= 4_000_000:
            self._settings = replace(self._settings, baud=baud)
            self._line.set_host(self._settings)
        self._answer(_BAUD, struct.pack("!I", self._settings.baud))

    def _set_frame(self, code: int, value: int) -> None:
        old = self._settings
        if code == _DATA and value in (7, 8):
            self._settings = replace(old, data_bits=value)
        elif code == _PARITY and value in _PARITIES:
            self._settings = replace(old, parity=_PARITIES[value])
        elif code == _STOP and value in (1, 2):
            self._settings = replace(old, stop_bits=value)
        self._line.set_host(self._settings)
        new = self._settings
        parity = next(key for key, name in _PARITIES.items() if name == new.parity)
        stands = {_DATA: new.data_bits, _PARITY: parity, _STOP: new.stop_bits}
        self._answer(code, bytes([stands[code]]))

    def _set_control(self, value: int, out: bytearray) -> None:
        group = next((group for group, codes in _CONTROL_GROUPS.items() if value in codes), None)
        if group is None:
            return
        if value != _CONTROL_GROUPS[group][0]:
            if group == _BREAK and value == 5 and self._control[_BREAK] == 6:
                out.append(0)  # a receiver sees a break as a character of zeros without a stop bit
            self._control[group] = value
            if group == _RTS:
                self._line.set_ready(ready=value == 11)
        self._answer(_CONTROL, bytes([self._control[group]]))

    def _powered(self, powered: bool) -> None:
        self._tell_modem(_DELTAS)

    def _tell_modem(self, changed: int) -> None:
        state = (_DSR_CTS_CD if self._line.powered else 0) | changed
        self._answer(_MODEM_STATE, bytes([state & self._modem_mask]))

    def _answer(self, code: int, value: bytes) -> None:
        doubled = value.replace(b"\xff", b"\xff\xff")
        self._write(bytes([_IAC, _SB, _COM_PORT, _TO_CLIENT + code]) + doubled + bytes([_IAC, _SE]))
