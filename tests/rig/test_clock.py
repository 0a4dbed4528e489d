import asyncio
import threading
import time

import pytest

from rig.clock import PacedClock, VirtualClock
from rig.errors import BenchBusy


def test_actions_of_one_instant_run_in_the_order_of_asking_and_see_that_instant():
    clock = VirtualClock()
    seen = []
    clock.after(5, lambda: seen.append(("a", clock.now_us)))
    clock.after(5, lambda: clock.after(0, lambda: seen.append(("c", clock.now_us))))
    clock.after(5, lambda: seen.append(("b", clock.now_us)))
    clock.wait(5)
    assert seen == [("a", 5), ("b", 5), ("c", 5)]
    assert clock.now_us == 5


def test_waiting_for_something_that_never_comes_ends_at_the_deadline():
    clock = VirtualClock()
    clock.after(1_000, lambda: None)
    assert not clock.run_until(lambda: False, 700)
    assert clock.now_us == 700


def test_waiting_ends_at_the_instant_at_which_it_comes():
    clock = VirtualClock()
    came = []
    clock.after(300, lambda: came.append(1))
    assert clock.run_until(lambda: bool(came), 700)
    assert clock.now_us == 300


def test_a_second_thread_gets_bench_busy():
    clock = VirtualClock()
    caught = []

    def drive():
        try:
            clock.wait(1)
        except BenchBusy as error:
            caught.append(error)

    thread = threading.Thread(target=drive)
    thread.start()
    thread.join()
    assert len(caught) == 1
    clock.wait(1)
    assert clock.now_us == 1


@pytest.mark.parametrize("speed", [0.5, 0.0, -1.0, float("nan")])
def test_a_paced_clock_is_never_slower_than_the_wall(speed):
    with pytest.raises(ValueError, match="1 or more"):
        PacedClock(speed)


def test_time_stands_still_while_a_port_hands_bytes_over():
    clock, loop, seen = PacedClock(1000.0), asyncio.new_event_loop(), []

    def take(data):
        seen.append((data, clock.now_us))
        end = time.monotonic() + 0.002
        while time.monotonic() < end:
            pass
        seen.append((data, clock.now_us))

    clock.start(loop)
    due = []
    clock.after(1, lambda: due.append(clock.now_us))
    time.sleep(0.001)
    clock.hand_over(b"x", take)
    assert len(due) == 1
    assert seen[0] == seen[1]
    assert due[0] <= seen[0][1] < clock.now_us
    clock.stop()
    loop.close()
