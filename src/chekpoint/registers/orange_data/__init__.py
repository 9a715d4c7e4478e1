"""OrangeData as a register: a group of registers behind a client certificate and a signing key (FFD 1.05 and 1.2)."""

from chekpoint.registers.orange_data.answers import recognised
from chekpoint.registers.orange_data.config import OrangeDataConfig
from chekpoint.registers.orange_data.driver import OrangeDataRegister

__all__ = ["OrangeDataConfig", "OrangeDataRegister", "recognised"]
