"""A box at the far end of a pty that is not ours: it logs what it is asked, answers by a table, and may misbehave."""

import os
import threading
import time
import tty

ANSWERS = {
    "range": "range 3: 5.000E+02 ppb", "mode": "mode remote", "gas unit": "gas unit ppb", "flags": "flags 0C000000",
    "avg time": "avg time 10 sec", "so2 bkg": "so2 bkg 1.0 ppb", "so2 coef": "so2 coef 1.000",
    "temp comp": "temp comp on", "pres comp": "pres comp on", "flow": "flow 0.500 l/m", "gas mode": "gas mode span",
    "so2": "so2 4.000E+02 ppb", "program no": "program no iSeries 43i 01.06.08",
}  # fmt: skip

BENCH = """
[bench]
epoch = "2026-01-05T00:00:00+08:00"
[device.so2]
model = "43i"
resource = "ASRL{port}::INSTR"
protocol = "clink"
{own}
[device.calibrator]
model = "manual"
[cylinder.so2]
value = "50 ppm"
u_pct = 0.5
certificate = "GBW-1"
expires = 2090-12-31
"""


def bench_of(port, own='timeout = "0.3 s"'):
    """A bench file: an analyzer at a port, with lines of its own, and a calibrator that is set by hand."""
    return BENCH.format(port=port, own=own)


class Responder:
    """Serves a pty in a thread. `how`: "well", "silent", "junk". After `lives_for` answers to "so2" it is dead."""

    def __init__(self, how="well", lives_for=None, answers=()):
        self.how = how
        self.lives_for = lives_for
        self.answers = ANSWERS | dict(answers)
        self.asked = []

    def __enter__(self):
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._open = True
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._open = False
        if self._slave is not None:
            os.write(self._slave, b"bye\r")  # wakes the reader up
        self._thread.join(5)
        self._hang_up()

    def _hang_up(self):
        for end in (self._slave, self._master):
            if end is not None:
                os.close(end)
        self._slave = self._master = None

    def _serve(self):
        buffer, counted = b"", 0
        while self._open:
            try:
                buffer += os.read(self._master, 1000)
            except OSError:
                return
            while b"\r" in buffer:
                line, buffer = buffer.split(b"\r", 1)
                if not line or line[0] != 0xAB:
                    continue
                text = line[1:].decode("ascii")
                self.asked.append(text)
                counted += text == "so2"
                if self.lives_for is not None and counted > self.lives_for:
                    self._hang_up()
                    return
                if self.how == "junk":
                    os.write(self._master, b"\x00\xff?" + bytes(range(128, 160)) + b"\r")
                elif self.how == "well":
                    ok = text + " ok" if text.startswith("set ") else text + " bad cmd"
                    reply = self.answers.get(text, ok)
                    os.write(self._master, (reply() if callable(reply) else reply).encode() + b"\r")


def clock(offset_s):
    """Answers to "date" and "time" of a box whose clock is `offset_s` ahead of local time +08:00."""

    def told(form):
        return time.strftime(form, time.gmtime(time.time() + 8 * 3600 + offset_s))

    return {"date": lambda: told("date %m-%d-%y"), "time": lambda: told("time %H:%M:%S")}
