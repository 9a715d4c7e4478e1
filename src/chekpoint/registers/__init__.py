"""Drivers of registers, one folder per maker. Each implements ``core.ports.Register``."""
