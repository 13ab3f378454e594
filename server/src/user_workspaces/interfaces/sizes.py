"""Formats numbers of bytes, in steps of 1024 as in JupyterLab's file browser."""

from typing import Final

UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
STEP: Final = 1024


def scaled(number: int) -> tuple[float, int]:
    """Return the number in the largest fitting unit, and the index of that unit in `UNITS`."""
    value, unit = float(number), 0
    while value >= STEP and unit < len(UNITS) - 1:
        value, unit = value / STEP, unit + 1
    return value, unit


def size_text(number: int) -> str:
    """Return the size as text with at most one decimal: `953 B`, `598.1 MiB`, `50 GiB`."""
    value, unit = scaled(number)
    return f"{value:.1f}".removesuffix(".0") + f" {UNITS[unit]}"
