"""Shell commands that load modules of the system."""

import shlex
from collections.abc import Sequence

# Files that define `module`, for shells that are not login shells.
MODULE_SYSTEMS = (
    "/etc/profile.d/lmod.sh",
    "/etc/profile.d/z00_lmod.sh",
    "/etc/profile.d/modules.sh",
    "/usr/share/lmod/lmod/init/bash",
    "/usr/share/modules/init/bash",
)

FIND_MODULES = f"""\
if ! type module >/dev/null 2>&1; then
  for init in {" ".join(MODULE_SYSTEMS)}; do
    if [ -r "$init" ]; then . "$init"; break; fi
  done
fi
"""


def load_modules(modules: Sequence[str]) -> str:
    """Return commands that load modules in order, and end the script at a missing one; empty without modules."""
    if not modules:
        return ""
    return FIND_MODULES + "".join(f"module load {shlex.quote(module)} || exit 1\n" for module in modules)
