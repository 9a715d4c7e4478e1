"""The emulated operator (ОФД): a binary TCP server that answers tickets, and its account API."""

from chekpoint.emulators.ofd.account import account_app
from chekpoint.emulators.ofd.archive import OfdArchive, OfdDocument
from chekpoint.emulators.ofd.conduct import AccountConduct, Conduct, Spoil
from chekpoint.emulators.ofd.operator import EmulatedOfd
from chekpoint.emulators.ofd.server import OfdListener, listen

__all__ = [
    "AccountConduct",
    "Conduct",
    "EmulatedOfd",
    "OfdArchive",
    "OfdDocument",
    "OfdListener",
    "Spoil",
    "account_app",
    "listen",
]
