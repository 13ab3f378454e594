"""The limit of transfers that one user has at once."""

import threading

import pytest

from user_workspaces.errors import TooManyAtOnce
from user_workspaces.transfers.slots import MOST_AT_ONCE, TransferSlot, running


def test_slots_are_counted_by_user_and_freed() -> None:
    mine = [TransferSlot(1) for _ in range(MOST_AT_ONCE)]
    with pytest.raises(TooManyAtOnce):
        TransferSlot(1)
    with TransferSlot(2):
        assert running() == {1: MOST_AT_ONCE, 2: 1}
    mine[0].end()
    mine[0].end()
    assert running() == {1: MOST_AT_ONCE - 1}
    with TransferSlot(1):
        pass
    for slot in mine:
        slot.end()
    assert running() == {}


def test_slots_are_counted_across_threads() -> None:
    refused, start = list[bool](), threading.Barrier(16)

    def work() -> None:
        start.wait(timeout=60)
        for _ in range(200):
            try:
                with TransferSlot(3):
                    refused.append(False)
            except TooManyAtOnce:
                refused.append(True)

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 16 * 200
    assert running() == {}
