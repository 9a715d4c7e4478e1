"""procrastinate on PostgreSQL (fsync on): jobs that do nothing, deferred and completed at the same time."""

import asyncio
import time
from collections.abc import Iterator

from procrastinate import App, PsycopgConnector

DEFERRERS = 16
CONCURRENCY = 16


async def measure(url: str, jobs: int) -> dict[str, float]:
    """Jobs per second."""
    app = App(connector=PsycopgConnector(conninfo=url, min_size=4, max_size=DEFERRERS + 8))
    done, all_done = [0], asyncio.Event()

    @app.task(name="noop")
    async def noop(number: int) -> None:  # noqa: ARG001 - a job has an argument, as a receipt has an id
        done[0] += 1
        if done[0] == jobs:
            all_done.set()

    async def defer(numbers: Iterator[int]) -> None:
        for number in numbers:
            await noop.defer_async(number=number)

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        worker = asyncio.create_task(
            app.run_worker_async(
                concurrency=CONCURRENCY,
                wait=True,
                install_signal_handlers=False,
                fetch_job_polling_interval=0.1,
            )
        )
        numbers = iter(range(jobs))
        begun = time.perf_counter()
        await asyncio.gather(*(defer(numbers) for _ in range(DEFERRERS)))
        await asyncio.wait_for(all_done.wait(), 300)
        took = time.perf_counter() - begun
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
    return {"per_second": jobs / took}
