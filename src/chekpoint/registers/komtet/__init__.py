"""Komtet Kassa as a register: a queue of registers behind a shop's account, API v2 (FFD 1.2)."""

from chekpoint.registers.komtet.config import KomtetConfig
from chekpoint.registers.komtet.driver import KomtetRegister
from chekpoint.registers.komtet.signing import Told, recognised

__all__ = ["KomtetConfig", "KomtetRegister", "Told", "recognised"]
