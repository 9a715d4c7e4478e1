"""What may be posted to the control panel of an emulator: the JSON bodies of ``/control/*``."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from chekpoint.emulators.ofd.conduct import Flc, Spoil

Seconds = Annotated[float, Meta(ge=0, le=2_000_000_000)]
Offset = Annotated[float, Meta(ge=-2_000_000_000, le=2_000_000_000)]  # 63 years either way


class FaultOrder(msgspec.Struct, forbid_unknown_fields=True):
    """Order a fault, or (``spec``) replace what is left to chance, or ``clear`` everything."""

    point: str = ""
    kind: str = ""
    seconds: Offset = 0.0
    after_bytes: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    detail: str = ""
    times: Annotated[int, Meta(ge=-1, le=1_000_000)] = 1
    clear: bool = False
    spec: str | None = None


class Paper(msgspec.Struct, forbid_unknown_fields=True):
    """Is there paper?"""

    present: bool


class Cover(msgspec.Struct, forbid_unknown_fields=True):
    """Is the cover open?"""

    open: bool


class Hardware(msgspec.Struct, forbid_unknown_fields=True):
    """What is broken in the register: names of HARDWARE by commas; empty: all is well."""

    broken: str = ""
    firmware: str | None = None


class DriveOrder(msgspec.Struct, forbid_unknown_fields=True):
    """The fiscal drive's term, room, flags (by commas), phase and registration; what is absent stays as it is."""

    flags: str | None = None
    keys_days: Annotated[int, Meta(ge=-1000, le=5000)] | None = None  # from now
    documents_left: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    registrations_left: Annotated[int, Meta(ge=0, le=100)] | None = None
    close: bool = False
    ofd_inn: str | None = None  # a report on the change of registration parameters is signed


class Switch(msgspec.Struct, forbid_unknown_fields=True):
    """Power and link: ``on``, or off for ``seconds`` (until switched on when 0)."""

    on: bool
    seconds: Seconds = 0.0


class ClockSetting(msgspec.Struct, forbid_unknown_fields=True):
    """The register's wall clock: set it (``local``), move it from the right time (``offset_seconds``)."""

    local: datetime | None = None
    offset_seconds: Offset | None = None


class OfdSetting(msgspec.Struct, forbid_unknown_fields=True):
    """Conduct of the operator; what is absent stays as it is. ``enabled`` is the register's own exchange."""

    down: bool | None = None
    delay_seconds: Seconds | None = None
    answer: int | None = None
    flags: int | None = None
    spoil: Spoil | None = None
    mock: bool | None = None
    silent: bool | None = None
    enabled: bool | None = None


class AccountSetting(msgspec.Struct, forbid_unknown_fields=True):
    """Conduct of the account API; (fn, fd) name one document."""

    delay_seconds: Seconds | None = None
    flc_seconds: Seconds | None = None
    zone_hours: Annotated[int, Meta(ge=-24, le=24)] | None = None
    padded: bool | None = None
    sign_form: str | None = None
    token_seconds: Seconds | None = None
    token_uses: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    page_limit: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    requests_per_second: Annotated[float, Meta(ge=0, le=1_000_000)] | None = None
    failure: str | None = None
    fn: str | None = None
    fd: Annotated[int, Meta(ge=1, lt=1 << 24)] | None = None
    hide: bool = False
    double: bool = False
    sum_delta: Annotated[int, Meta(ge=-(10**12), le=10**12)] = 0
    sign_delta: Annotated[int, Meta(ge=0, lt=1 << 32)] = 0
    fn_instead: str = ""
    flc: Flc | None = None


class Shift(msgspec.Struct, forbid_unknown_fields=True):
    """Open or close the shift by hand, as a cashier does."""

    open: bool
    cashier: str = "Кассир"
