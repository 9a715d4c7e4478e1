"""Memory of this process, as the kernel counts it."""

from pathlib import Path


def resident_mib() -> float:
    """VmRSS now."""
    return _status("VmRSS")


def peak_mib() -> float:
    """VmHWM: the most so far."""
    return _status("VmHWM")


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name + ":"))
