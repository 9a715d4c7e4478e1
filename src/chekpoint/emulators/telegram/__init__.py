"""A test double of Telegram's Bot API with one bot and a few chats. No message ever leaves it."""

from chekpoint.emulators.telegram.face import Face, server
from chekpoint.emulators.telegram.service import Refused, Telegram, Trouble

__all__ = ["Face", "Refused", "Telegram", "Trouble", "server"]
