"""Alerts by e-mail over SMTP."""

from chekpoint.watch.email.channel import KIND, EmailChannel, EmailConfig

__all__ = ["KIND", "EmailChannel", "EmailConfig"]
