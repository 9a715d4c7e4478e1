"""The hub's own times, checked once at start."""

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """All in seconds."""

    io_timeout: float = 60.0  # the hardest wait for one answer of a register
    lease: float = 90.0  # must be longer, or a lane could change hands under a command
    status_every: float = 10.0
    reading_every: float = 300.0  # one status in that time is kept for the register's page
    exchange_every: float = 1.0  # while documents are on their way
    exchange_calm: float = 10.0  # while nothing changes
    backoff_first: float = 1.0
    backoff_most: float = 30.0
    reserve_look: float = 2.0  # how often a reserve register looks for receipts that would be late
    retry_receipt: float = 1.0  # a receipt that was NotSent is not tried again at once
    retry_most: float = 30.0
    proof_expected: float = 900.0  # a document not at the operator by then is worth an incident
    operator_every: float = 5.0
    operator_calm: float = 60.0
    cabinet_every: float = 900.0  # what the operator's cabinet says of registers and contracts
    cabinet_failing: float = 60.0
    reconcile_every: float = 600.0  # the last two days are compared with the operator that often
    reconcile_days: int = 35  # days that are made up for after a pause
    shown_expected: float = 3600.0  # a document not in the operator's cabinet by then is a mismatch
    tax_expected: float = 3 * 86400.0  # one not handed to the tax service by then is, too
    payments_every: float = 30.0
    payment_expected: float = 300.0  # 54-FZ: the receipt is due at settlement; by then it is worth a mismatch
    unpaid_expected: float = 86400.0  # a receipt whose payment nobody has told of by then
    sweep_every: float = 1.0
    pulse_every: float = 2.0  # how often a node says that it lives
    keep_exchanges: float = 30 * 86400.0  # raw exchanges with registers
    keep_buyers: float | None = None  # buyers of receipts that are over (152-FZ); None: until told otherwise
    webhook_timeout: float = 10.0
    webhook_give_up: float = 7 * 86400.0
    shift_hours: float = 24.0
    shift_margin: float = 300.0  # close the shift that long before its 24 hours

    def __post_init__(self) -> None:
        """Raise ValueError where the times contradict each other (invariant 7)."""
        if self.lease <= self.io_timeout:
            raise ValueError(f"lease ({self.lease} s) must be longer than io_timeout ({self.io_timeout} s)")

    @property
    def lease_ms(self) -> int:
        """The lease in milliseconds."""
        return int(self.lease * 1000)

    @property
    def enough_ms(self) -> int:
        """What must be left of a lease for a command to be sent under it: more than any command takes."""
        return int((self.lease + self.io_timeout) / 2 * 1000)
