"""1C-Bitrix: the exchange that its own register program spoke, and the REST cashbox."""

from chekpoint.shops.bitrix.rest_door import bitrix_routes
from chekpoint.shops.bitrix.settings import KIND, BitrixSettings, Cashbox, Exchange, masked, settings_of
from chekpoint.shops.bitrix.sites import BitrixSites

__all__ = [
    "KIND",
    "BitrixSettings",
    "BitrixSites",
    "Cashbox",
    "Exchange",
    "bitrix_routes",
    "masked",
    "settings_of",
]
