"""ATOL Online as a register: a cloud of registers behind one account, v4 (FFD 1.05) and v5 (FFD 1.2)."""

from chekpoint.registers.atol_online.config import AtolOnlineConfig
from chekpoint.registers.atol_online.driver import AtolOnlineRegister

__all__ = ["AtolOnlineConfig", "AtolOnlineRegister"]
