"""OPTIONS: which methods a path takes, as the header `Allow` of every answer says, too."""

from typing import TYPE_CHECKING

from rest_framework.metadata import BaseMetadata
from rest_framework.request import Request

if TYPE_CHECKING:
    from rest_framework.views import APIView  # it imports this module, as its setting says, itself


class Methods(BaseMetadata):
    """Says no more than that: what the methods take and answer is in the API's description."""

    def determine_metadata(self, request: Request, view: "APIView") -> dict[str, object]:
        """Return the body."""
        return {"success": True, "message": "", "data": {"methods": view.allowed_methods}}
