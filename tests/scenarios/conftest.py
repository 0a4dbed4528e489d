"""What tests of whole runs share."""

import pytest

import rig.cli.accept
from instruments.device import Command

HOUR_US = 3_600_000_000


@pytest.fixture
def at(monkeypatch):
    """Let somebody at the bench press a key of a device at a bench time, in hours."""
    pressed = []

    def schedule(device, hours, setting, value):
        pressed.append((device, round(hours * HOUR_US), Command(setting, value)))

    opened = rig.cli.accept.open_session

    def open_and_schedule(*arguments, **options):
        session = opened(*arguments, **options)
        for device, t_us, command in pressed:
            session.bench.clock.after(
                t_us, lambda device=device, command=command: session.bench.command(device, command)
            )
        return session

    monkeypatch.setattr(rig.cli.accept, "open_session", open_and_schedule)
    return schedule
