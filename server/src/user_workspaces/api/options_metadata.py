"""The response to OPTIONS: the methods of a path, as in the header `Allow`."""

from typing import TYPE_CHECKING

from rest_framework.metadata import BaseMetadata
from rest_framework.request import Request

if TYPE_CHECKING:
    from rest_framework.views import APIView  # imports this module, by a setting


class Methods(BaseMetadata):
    """Returns the methods only; the schema describes their requests and responses."""

    def determine_metadata(self, request: Request, view: "APIView") -> dict[str, object]:
        """Return the body of the response."""
        return {"success": True, "message": "", "data": {"methods": view.allowed_methods}}
