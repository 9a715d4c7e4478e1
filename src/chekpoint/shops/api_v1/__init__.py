"""HTTP API v1: a shop hands in receipts, looks at them, takes one back."""

from chekpoint.shops.api_v1.routes import api_routes

__all__ = ["api_routes"]
