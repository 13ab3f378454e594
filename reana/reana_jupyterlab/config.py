"""Settings of the extension for administrators (`c.ReanaJupyterLab.…`)."""

from pathlib import Path

from jupyter_core.paths import jupyter_data_dir
from traitlets import Float, List, Unicode
from traitlets.config import LoggingConfigurable

from .reana.transport import Limits


class ReanaJupyterLab(LoggingConfigurable):
    """Settings of the REANA extension."""

    allowed_servers = List(
        Unicode(),
        help="Patterns of allowed REANA addresses (`https://*.example.org`; `*` matches no slash); empty allows any.",
    ).tag(config=True)
    profiles_file = Unicode(
        help="File of saved servers and tokens (mode 0600); by default in Jupyter's data directory."
    ).tag(config=True)
    connect_timeout = Float(5, help="Seconds to wait for a connection to REANA.").tag(config=True)
    read_timeout = Float(20, help="Seconds to wait for data from REANA.").tag(config=True)
    total_timeout = Float(30, help="Seconds that a request to REANA may take, retries included.").tag(config=True)
    retry_pause = Float(0.3, help="Seconds before the first retry of a failed read; doubled each time.").tag(
        config=True
    )
    follow_interval = Float(2, help="Seconds between two checks of the logs of a followed run.").tag(config=True)

    @property
    def limits(self) -> Limits:
        """Return the time limits for REANA."""
        return Limits(
            connect=self.connect_timeout,
            read=self.read_timeout,
            total=self.total_timeout,
            first_pause=self.retry_pause,
        )

    @property
    def profiles_path(self) -> Path:
        """Return the path of the profiles file."""
        return Path(self.profiles_file or Path(jupyter_data_dir()) / "reana_jupyterlab" / "profiles.json")
