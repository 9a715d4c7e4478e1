"""From which value on a thing is wrong: one Struct, settable, with the values of products that are in use."""

import msgspec


class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Seconds where nothing else is said."""

    register_silent: float = 30.0  # no answer of a register whose lane is not blocked
    site_slow: float = 5.0  # a page that takes longer
