"""ModulKassa as a register: the registers of one retail point behind the service's queue ("API фискализации", v2)."""

from chekpoint.registers.modulkassa.config import ModulKassaConfig
from chekpoint.registers.modulkassa.driver import ModulKassaRegister

__all__ = ["ModulKassaConfig", "ModulKassaRegister"]
