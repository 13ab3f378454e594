"""Short texts for the options of a launch: `2 CPUs, 4 GiB, 4 hours`. `launch.js` must produce the same texts."""

import math
from collections.abc import Callable, Mapping

from user_workspaces.interfaces.capacity import Capacity
from user_workspaces.interfaces.settings import ServerSettings

MEBIBYTES_A_GIBIBYTE = 1024
MINUTES_AN_HOUR = 60


def quantity(option: str, value: object) -> str:
    """Format the value of a standard option (`num_cpus`, `memory_mb`, `time_limit_min`), if it is a number."""
    try:
        number = float(str(value))
    except ValueError:
        return str(value)
    return WORDS[option](number) if option in WORDS and math.isfinite(number) else str(value)


def meaning_of(variable_name: str, site: ServerSettings) -> str:
    """Return the standard option that a parameter maps to on the first resource that has it; empty if there is none."""
    mappings = (resource.parameter_mapping for resource in site.resources.values())
    return next((mapping[variable_name] for mapping in mappings if variable_name in mapping), "")


def amount_of(*, cpus: int, memory_mb: int | None) -> str:
    """Format the CPUs and the memory of a job."""
    return ", ".join([_cpus(cpus), *([_format_memory(memory_mb)] if memory_mb else [])])


def capacity_text(capacity: Capacity) -> str:
    """Format the capacity of a resource; empty if it is not known."""
    known = (("num_cpus", capacity.cpus), ("memory_mb", capacity.memory_mb))
    return ", ".join(quantity(option, number) for option, number in known if number is not None)


def _cpus(number: float) -> str:
    return _counted(number, "CPU")


def _format_memory(number: float) -> str:
    if number < MEBIBYTES_A_GIBIBYTE:
        return f"{number:g} MiB"
    return f"{round(number / MEBIBYTES_A_GIBIBYTE, 1):g} GiB"


def _time(number: float) -> str:
    hours, minutes = divmod(round(number), MINUTES_AN_HOUR)
    if hours and minutes:
        return f"{hours} h {minutes} min"
    return _counted(hours, "hour") if hours else _counted(minutes, "minute")


def _counted(number: float, word: str) -> str:
    return f"{number:g} {word}{'' if number == 1 else 's'}"


WORDS: Mapping[str, Callable[[float], str]] = {"num_cpus": _cpus, "memory_mb": _format_memory, "time_limit_min": _time}
