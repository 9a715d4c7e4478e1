"""A front door that speaks ModulKassa's API of fiscalisation: its modules connect by changing one address."""

from chekpoint.shops.modulkassa.routes import routes
from chekpoint.shops.modulkassa.settings import KIND, ModulKassaSettings
from chekpoint.shops.modulkassa.telling import connect

__all__ = ["KIND", "ModulKassaSettings", "connect", "routes"]
