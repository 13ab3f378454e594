"""The paths of the portal."""

urlpatterns: list[object] = []
