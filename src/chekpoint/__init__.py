"""Chekpoint: a self-hosted hub that registers receipts exactly once and proves how far each of them got."""

from typing import Any


def __getattr__(name: str) -> Any:
    """``__version__``, read when asked for: reading packages' metadata would slow down every command."""
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415

        return version("chekpoint")
    raise AttributeError(name)
