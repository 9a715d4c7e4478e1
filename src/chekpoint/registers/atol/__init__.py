"""Registers of ATOL through the web server of their driver v10 (JSON tasks over HTTP)."""

from chekpoint.registers.atol.driver import AtolRegister
from chekpoint.registers.atol.web import AtolConfig

__all__ = ["AtolConfig", "AtolRegister"]
