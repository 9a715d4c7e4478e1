"""A front door that speaks the API of ATOL Online, v4 (FFD 1.05) and v5 (FFD 1.2): modules change one address."""

from chekpoint.shops.atol_online.routes import routes
from chekpoint.shops.atol_online.settings import KIND, AtolOnlineSettings
from chekpoint.shops.atol_online.telling import connect

__all__ = ["KIND", "AtolOnlineSettings", "connect", "routes"]
