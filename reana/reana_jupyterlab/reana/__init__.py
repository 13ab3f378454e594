"""A small asynchronous client of REANA's REST API; it knows neither Jupyter nor tornado."""

from .client import ReanaClient
from .values import Credentials, RunName

__all__ = ["Credentials", "ReanaClient", "RunName"]
