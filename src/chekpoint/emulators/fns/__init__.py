"""The emulated open API of the tax service: SOAP over what the emulated operator has taken. A test double."""

from chekpoint.emulators.fns.conduct import FnsConduct
from chekpoint.emulators.fns.face import Face, server
from chekpoint.emulators.fns.service import FnsService, FnsSetup

__all__ = ["Face", "FnsConduct", "FnsService", "FnsSetup", "server"]
