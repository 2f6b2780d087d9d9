"""One of the processes that use the same tokens at the same moment: a module of its own, which loads in little time."""

from __future__ import annotations

from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier

from cds_service.trust import redis_store, replay
from tests.support.waiting import PATIENCE


def race(
    address: str, tokens: list[bytes], expires: float, start: Barrier, results: Queue[list[bool]]
) -> None:
    """Use each of ``tokens`` once the others begin, too; for which of them this was the first use goes into ``results``."""
    replay.BUSY_SECONDS = redis_store.TIMEOUT_SECONDS = PATIENCE
    store = replay.open_store(address)
    start.wait()
    results.put([store.first_use(token, expires) for token in tokens])
