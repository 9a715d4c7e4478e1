"""Контур.ОФД: its API, version 2."""

from chekpoint.ofd.kontur.account import KonturConfig
from chekpoint.ofd.kontur.operator import Kontur

__all__ = ["Kontur", "KonturConfig"]
