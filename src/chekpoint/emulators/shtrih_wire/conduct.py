"""How the emulated device behaves where real ones differ, and what a person may make it do."""

from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class MarkConduct(StrEnum):
    """What checking a marking code comes to."""

    ONLINE = "online"  # checked by the drive and by the state's system, both well
    OFFLINE = "offline"  # the answer has no second half: the state's system is out of reach
    FORGED = "forged"  # the drive says the code's signature is wrong
    TIMEOUT = "timeout"  # FN answer FF: the server did not answer in time
    TABLE_FULL = "table_full"  # error A3


class Conduct(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Set by ``POST /control/shtrih``. The defaults are a desktop device over TCP."""

    stray_ff: bool = True  # one FF after the host's ACK of an answer, over TCP only
    silent_while_busy: bool = False  # no answer to ENQ while a command is executed
    keeps_answer: bool = True  # an answer that nobody took outlives the connection
    answers_after_print: bool = False  # paper that ends makes FF45 fail although the document is in the drive
    tags_first: bool = False  # FF4D and FF67 come before their FF46 (cash core)
    rejected_tags: tuple[int, ...] = ()  # FF0C and FF4D with one of these end with 33
    shift_seconds: Annotated[float, Meta(ge=0, le=86_400)] = (
        0.0  # opening a shift takes so long (FFD 1.2 keys)
    )
    marking: MarkConduct = MarkConduct.ONLINE
    protocol: Literal["auto", "1", "2"] = "auto"
    byte_timeout: Annotated[float, Meta(ge=0, le=3600)] = 1.0  # a pause as long inside a frame drops it
