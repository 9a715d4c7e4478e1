"""Notices to a shop over HTTP, signed."""

from chekpoint.shops.webhook.shop import WebhookShop
from chekpoint.shops.webhook.signature import sign, verify

__all__ = ["WebhookShop", "sign", "verify"]
