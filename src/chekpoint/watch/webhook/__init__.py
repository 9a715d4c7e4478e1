"""Alerts to any address over HTTP, signed as a shop's notices are."""

from chekpoint.watch.webhook.channel import KIND, WebhookChannel, WebhookConfig

__all__ = ["KIND", "WebhookChannel", "WebhookConfig"]
