"""Chekpoint proves that every receipt of an online shop has reached the tax service."""

from importlib.metadata import version

__all__ = ["__version__"]

__version__ = version("chekpoint")
