"""Такском: the account API v2 of its cabinet."""

from chekpoint.ofd.taxcom.account import TaxcomConfig
from chekpoint.ofd.taxcom.operator import Taxcom

__all__ = ["Taxcom", "TaxcomConfig"]
