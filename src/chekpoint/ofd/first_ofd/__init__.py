"""Первый ОФД (1-ofd.ru): the "API for reconciliation" (universal-api)."""

from chekpoint.ofd.first_ofd.account import FirstOfdConfig
from chekpoint.ofd.first_ofd.operator import FirstOfd

__all__ = ["FirstOfd", "FirstOfdConfig"]
