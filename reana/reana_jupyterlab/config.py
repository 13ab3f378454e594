"""What an administrator can set for the extension (`c.ReanaJupyterLab.…`)."""

from pathlib import Path

from jupyter_core.paths import jupyter_data_dir
from traitlets import Float, List, Unicode
from traitlets.config import LoggingConfigurable

from .reana.transport import Limits


class ReanaJupyterLab(LoggingConfigurable):
    """Settings of the REANA extension."""

    allowed_servers = List(
        Unicode(), help="Patterns of REANA addresses that may be used (`https://*.example.org`); empty is any."
    ).tag(config=True)
    profiles_file = Unicode(
        help="Where remembered servers and tokens are kept (0600); by default in Jupyter's data."
    ).tag(config=True)
    connect_timeout = Float(5, help="Seconds to wait for a connection to REANA.").tag(config=True)
    read_timeout = Float(20, help="Seconds of silence from REANA that are waited for.").tag(config=True)
    total_timeout = Float(30, help="Seconds that an answer of REANA may take with all tries.").tag(config=True)
    retry_pause = Float(0.3, help="Seconds until a read that failed is tried again; doubled each time.").tag(
        config=True
    )
    follow_interval = Float(2, help="Seconds between two looks at the logs of a run that is followed.").tag(config=True)

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
        """Return where profiles are kept."""
        return Path(self.profiles_file or Path(jupyter_data_dir()) / "reana_jupyterlab" / "profiles.json")
