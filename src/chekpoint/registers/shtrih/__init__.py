"""Registers of Shtrih-M over TCP or a serial port, both link protocols."""

from chekpoint.registers.shtrih.config import ShtrihConfig
from chekpoint.registers.shtrih.driver import ShtrihRegister

__all__ = ["ShtrihConfig", "ShtrihRegister"]
