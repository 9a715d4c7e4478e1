"""Where the register is and how long to wait for it."""

from typing import Literal

import msgspec

Family = Literal["auto", "desktop", "nano"]


class ShtrihConfig(msgspec.Struct, frozen=True, kw_only=True):
    """``host`` for TCP, or ``serial_port`` (8N1) instead of it; times are seconds.

    The waits for an answer follow the maker's driver: opening a shift in FFD 1.2 blocks 20-30 s while the keys of
    marking are fetched without a network.
    """

    host: str = "127.0.0.1"
    port: int = 7778  # 12345 on registers with Android inside
    serial_port: str | None = None  # /dev/ttyACM0, COM3
    baudrate: int = 115200  # old ones: 4800
    protocol: Literal["auto", "v1", "v2"] = (
        "auto"  # v2 repeats an answer exactly once: taken where it is there
    )
    password: int = 30  # of the system administrator: commands of the drive ask for it
    ffd: Literal["1.05", "1.1", "1.2"] | None = None  # when the register cannot tell itself
    vat22: Family = "auto"  # families of models disagree about the code of 22 %
    tags_first: bool = False  # models with a cash core want an item's tags before the item
    paperless: bool = False  # stands without paper on purpose: paper and cover are told, but block nothing
    operator_name: str | None = None  # 1021 of shift documents
    operator_inn: str | None = None  # 1203
    read_back: bool = True  # read each signed receipt from the drive, whole
    connect_timeout: float = 5.0
    probe_timeout: float = 0.7  # how long ``auto`` waits for an answer in v2
    enq_timeout: float = 1.0  # for one control byte; a register may be deaf for 3 s after a receipt
    enq_tries: int = 5
    byte_timeout: float = 1.0  # silence in the middle of a frame
    answer_timeout: float = 10.0
    close_timeout: float = 40.0  # FF45, FF4A
    shift_timeout: float = 100.0  # E0h, 41h
    mark_timeout: float = 65.0  # FF61: over the time-out of the marking server (table 19)
    busy_timeout: float = 30.0  # how long "still printing" is waited for
    busy_pause: float = 0.2
