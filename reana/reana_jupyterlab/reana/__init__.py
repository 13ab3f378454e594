"""A small asynchronous client of REANA's REST API, independent of Jupyter and tornado."""

from .client import ReanaClient
from .values import Credentials, RunName

__all__ = ["Credentials", "ReanaClient", "RunName"]
