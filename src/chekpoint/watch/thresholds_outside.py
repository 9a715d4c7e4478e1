"""From which value on what is asked outside is wrong: ``[watch.outside]``. Days and seconds, as each says."""

from typing import Final

import msgspec

_PAIRS: Final = ("certificate_days", "credential_days", "contract_days")


class Outside(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Seconds where nothing else is said. The days are general practice: 30, and the last week or days."""

    site_slow: float = 5.0  # a page that takes longer
    certificate_days_warning: int = 30
    certificate_days_critical: int = 3
    credential_days_warning: int = 30  # keys, client certificates, subscriptions
    credential_days_critical: int = 7
    contract_days_warning: int = 30  # with the operator
    contract_days_critical: int = 7
    operator_unseen: float = 3600.0  # a document of ours that the cabinet does not show
    operator_idle: float = 14 * 86400.0  # the cabinet's last document of a register
    operator_unreachable: float = 900.0  # no answer of the cabinet
    reach: float = 120.0  # a webhook's address, our own, an operator's gateway
    ping: float = 300.0  # the outside watcher has not taken our sign of life

    def __post_init__(self) -> None:
        """Raise ValueError where a value cannot be meant."""
        for name in self.__struct_fields__:
            if not getattr(self, name) > 0:
                raise ValueError(f"[watch.outside] {name}: нужно число больше нуля / must be above zero")
        for name in _PAIRS:
            if getattr(self, f"{name}_critical") > getattr(self, f"{name}_warning"):
                raise ValueError(
                    f"[watch.outside] {name}_warning и _critical противоречат друг другу / contradict each other"
                )
