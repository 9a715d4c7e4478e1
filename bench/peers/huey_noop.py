"""huey on SQLite with ``fsync``: jobs that do nothing, enqueued and completed at the same time.

Four threads enqueue (as a web server's would), a consumer of four worker threads completes.
"""

import threading
import time
from pathlib import Path

from huey import SqliteHuey

ENQUEUERS = 4
WORKERS = 4


def _measure(path: Path, jobs: int) -> dict[str, float]:
    huey = SqliteHuey("bench", filename=str(path), fsync=True)
    done, all_done, lock = [0], threading.Event(), threading.Lock()

    @huey.task()  # type: ignore[untyped-decorator]
    def noop(_number: int) -> None:
        with lock:
            done[0] += 1
            if done[0] == jobs:
                all_done.set()

    consumer = huey.create_consumer(workers=WORKERS, periodic=False, initial_delay=0.01, max_delay=0.05)
    consumer.start()
    begun = time.perf_counter()
    senders = [
        threading.Thread(target=lambda first=first: [noop(n) for n in range(first, jobs, ENQUEUERS)])
        for first in range(ENQUEUERS)
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert all_done.wait(300), f"{done[0]} of {jobs} jobs"
    took = time.perf_counter() - begun
    consumer.stop(graceful=True)
    return {"per_second": jobs / took}


async def measure(path: Path, jobs: int) -> dict[str, float]:
    """Jobs per second. Blocks: huey's consumer wants the main thread, and nothing else runs here."""
    return _measure(path, jobs)
