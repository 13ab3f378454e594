"""Messages above Jupyter's default limit of ten megabytes, through the proxy."""

import pytest

from integration.kernel import opened
from support.server_process import Caller, RunningServer

pytestmark = [pytest.mark.slow, pytest.mark.environment, pytest.mark.soak]
SIZE = 30 << 20
SHOW = "from IPython.display import display; display({'text/plain': sent}, raw=True); print(len(sent))"


def test_large_message_makes_a_round_trip_to_a_kernel(server: RunningServer, ada: Caller) -> None:
    """Like a file of the upload widget, and a plot with all its data."""
    job = ada.launch(ada.make_workspace("large"))
    with opened(server, ada.wait_until(job, "running", ready=True)) as browser, browser.kernel() as kernel:
        assert kernel.run(f"sent = '{'x' * SIZE}'\n{SHOW}") == f"{SIZE}\n"
        shown = [told for told in kernel.heard if told["msg_type"] == "display_data"]
        assert [len(told["content"]["data"]["text/plain"]) for told in shown] == [SIZE]
    ada.call("PUT", f"/jobs/{job}/stop/")
    ada.wait_until(job, "complete")
