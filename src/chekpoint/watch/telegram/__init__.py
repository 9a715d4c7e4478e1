"""Telegram: alerts into a chat, and commands out of it. Two HTTP calls of the Bot API; no framework."""

from chekpoint.watch.telegram.channel import KIND, TelegramChannel, TelegramConfig
from chekpoint.watch.telegram.listening import TelegramCommands

__all__ = ["KIND", "TelegramChannel", "TelegramCommands", "TelegramConfig"]
