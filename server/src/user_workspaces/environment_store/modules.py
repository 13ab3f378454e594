"""The lines of a script that load modules of the site."""

import shlex
from collections.abc import Sequence

# Where `module` is defined, for shells that do not start as log-in shells.
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
    """Return what loads them in this order, and ends the script at the first that is missing; empty for none."""
    if not modules:
        return ""
    return FIND_MODULES + "".join(f"module load {shlex.quote(module)} || exit 1\n" for module in modules)
