"""Pages for what is not there and what went wrong."""

from django.http import HttpRequest, HttpResponse


def not_found(request: HttpRequest) -> HttpResponse:
    """Say that there is nothing here."""
    return HttpResponse("Not found.", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Say that something went wrong."""
    return HttpResponse("Something went wrong inside the server.", status=500)
