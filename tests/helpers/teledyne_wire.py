"""The bench of the second family with every box of Teledyne's on a wire, and a T700 as its calibrator."""

import tomllib

from rig_commands import ROOT

SPEAKERS = ("T100", "T200", "T300", "T400", "T700")


def wire_bench(hidden=None, **port):
    """Data of the bench ``teledyne-wire``; ``hidden`` per device, and what its serial ports have beside a protocol."""
    data = tomllib.loads((ROOT / "scenarios" / "benches" / "teledyne.toml").read_text())
    for name, device in data["device"].items():
        if name == "calibrator":
            device["model"] = "T700"
            device["serial"] = "SIM-0700"
        if device["model"] in SPEAKERS:
            device["port"] = {"a": {"kind": "serial", "protocol": "teledyne", "baud": 115200, **port}}
    for name, causes in (hidden or {}).items():
        data["device"][name].setdefault("hidden", {}).update(causes)
    return data
