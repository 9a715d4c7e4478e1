"""Notices to a shop over HTTP, signed."""

from chekpoint.hub.signature import sign, verify
from chekpoint.shops.webhook.shop import WebhookShop

__all__ = ["WebhookShop", "sign", "verify"]
