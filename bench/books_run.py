"""The process that writes the book or takes a workbook, and measures itself. Prints JSON."""

import asyncio
import json
import random
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import xlsxwriter

from bench.memory import peak_mib, resident_mib
from chekpoint.core.clock import SystemClock
from chekpoint.hub import book
from chekpoint.hub.importing.keeping import Wish, look_into, take
from chekpoint.hub.importing.plan import Surroundings
from chekpoint.hub.names import Keys
from chekpoint.store.store import open_store

ZONE = ZoneInfo("Europe/Moscow")
ROWS = 100_000
HEAD = (
    "РН ККТ",
    "ФН",
    "ФД",
    "ФПД",
    "Дата и время",
    "Признак расчета",
    "Сумма, руб.",
    "Смена",
    "Кассир",
    "Адрес",
)


async def export(folder: Path) -> dict[str, float]:
    """The book of the whole archive: it lies within the last year."""
    store = open_store(f"sqlite:///{folder / 'month.db'}", node="bench", clock=SystemClock())
    await store.start()
    last = datetime.now(UTC).date()
    before, begun = resident_mib(), time.perf_counter()
    period = book.Period(last - timedelta(days=book.DAYS_MOST - 1), last, ZONE)
    count = await book.write(store, folder / "book.xlsx", period)
    seconds = time.perf_counter() - begun
    await store.stop()
    return {"exported": count, "export_seconds": seconds, "export_mib": peak_mib() - before}


def workbook(path: Path) -> None:
    """As a cabinet exports a month."""
    made = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet, day = made.add_worksheet(), made.add_format({"num_format": "dd.mm.yyyy hh:mm:ss"})
    sheet.write_row(0, 0, HEAD)
    start = datetime(2026, 11, 1)  # noqa: DTZ001 - a register's wall clock
    for n in range(1, ROWS + 1):
        sheet.write_row(n, 0, ("0001234567012345", "9999078900001111", n, f"{n * 48271 % 2**31:010d}"))
        sheet.write_datetime(n, 4, start + timedelta(seconds=25 * n), day)
        sheet.write_row(n, 5, ("Приход", n % 9000 + 0.5, 1 + n // 3000, "Иванова", "Москва, Тверская, 1"))
    made.close()


async def bring(folder: Path) -> dict[str, float]:
    """Read it and keep it."""
    path = folder / "cabinet.xlsx"
    workbook(path)
    clock = SystemClock()
    store = open_store(f"sqlite:///{folder / 'empty.db'}", node="bench", clock=clock)
    await store.start()
    before, begun = resident_mib(), time.perf_counter()
    content = path.read_bytes()
    made = await look_into(store, "ofd", content, Surroundings(ZONE))
    read = time.perf_counter() - begun
    done = await take(store, Keys(clock, random.Random(1)), Wish("ofd", path.name, "bench"), content, made)
    seconds = time.perf_counter() - begun
    await store.stop()
    assert (done.fresh, done.bad) == (ROWS, 0)
    return {
        "imported": done.fresh, "import_read_seconds": read, "import_seconds": seconds,
        "import_mib": peak_mib() - before, "import_file_mib": len(content) / 2**20,
    }  # fmt: skip


if __name__ == "__main__":
    work = {"export": export, "import": bring}[sys.argv[1]]
    print(json.dumps(asyncio.run(work(Path(sys.argv[2])))))
