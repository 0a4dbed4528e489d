"""The mark of a device's protocol is that of the requests that procedures really send, no more and no fewer."""

import tomllib
from pathlib import Path

import pytest

from instruments.catalogue import load
from instruments.protocols.clink_table import ClinkTable
from rig.cli.accept import AcceptOptions, accept
from rig.host.kinds import channels_of
from rig.host.link import VisaLink
from rig.host.reliance import relied_on
from rig.wiring import host_protocol

ROOT = Path(__file__).parents[2]
BENCH = (ROOT / "scenarios" / "benches" / "demo.toml").read_text()
PLAN = (ROOT / "scenarios" / "plans" / "gas-check.toml").read_text()


@pytest.mark.parametrize("model", ["43i", "42i", "49i", "48i", "146i"])
def test_the_mark_is_the_weakest_of_what_is_relied_on(model):
    entry = load(model)
    host, mark = host_protocol(entry, "clink", None)
    table = ClinkTable.from_data(entry.protocols["clink"], model)
    requests = relied_on(entry.kind, channels_of(entry), host)
    marks = {table.weakest_mark([request]) for request in requests}
    assert mark == next(m for m in ("recalled", "reported", "read") if m in marks)
    assert len(requests) < len(table.rows)


def test_a_table_whose_weak_rows_no_procedure_uses_is_not_weak():
    # The 49i's serial number request is this project's own, yet nothing rests on it.
    entry = load("49i")
    assert {row.mark for row in ClinkTable.from_data(entry.protocols["clink"], "49i").rows} >= {"recalled"}
    assert host_protocol(entry, "clink", None)[1] == "reported"


def test_a_whole_run_with_adjustments_sends_nothing_else(tmp_path, monkeypatch):
    sent = {}
    ask = VisaLink.ask

    def spy(link, text, understand):
        sent.setdefault(link.device, set()).add(text)
        return ask(link, text, understand)

    monkeypatch.setattr(VisaLink, "ask", spy)
    text = BENCH
    for name in ("so2", "nox", "o3", "co"):
        port = f"[device.{name}.port.a]"
        text = text.replace(port, f"[device.{name}.hidden]\nspan_error_pct = 7.0\nzero_offset = 6.0\n{port}")
    (tmp_path / "bench.toml").write_text(text)
    (tmp_path / "plan.toml").write_text(PLAN.replace('adjust = "never"', 'adjust = "if-needed"'))
    accept(AcceptOptions(str(tmp_path / "bench.toml"), str(tmp_path / "plan.toml"), out=tmp_path / "out",
                         operator="simulated"))  # fmt: skip
    file = tomllib.loads(text)["device"]
    for device, requests in sent.items():
        model = file[device]["model"]
        entry = load(model)
        table = ClinkTable.from_data(entry.protocols["clink"], model)
        foreseen = {
            table.row(r).request
            for r in relied_on(entry.kind, channels_of(entry), host_protocol(entry, "clink", None)[0])
        }
        assert {table.row(request).request for request in requests} <= foreseen
        assert any(request.startswith("set ") for request in requests)
