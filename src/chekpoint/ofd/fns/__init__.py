"""The open API of the tax service (ФНС): asynchronous SOAP, asked about single documents."""

from chekpoint.ofd.fns.client import Fns
from chekpoint.ofd.fns.config import FnsConfig

__all__ = ["Fns", "FnsConfig"]
