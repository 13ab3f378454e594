"""Messages between a page and a kernel that are larger than Jupyter's own limit of ten megabytes, through the proxy."""

import pytest

from integration.kernel import opened
from support.server_process import Caller, RunningServer

pytestmark = [pytest.mark.slow, pytest.mark.environment]
SIZE = 30 << 20
SHOW = "from IPython.display import display; display({'text/plain': sent}, raw=True); print(len(sent))"


def test_a_large_message_goes_to_a_kernel_and_comes_back(server: RunningServer, ada: Caller) -> None:
    """As the upload widget sends a file, and a plot comes with all of its data."""
    job = ada.launch(ada.make_workspace("large"))
    with opened(server, ada.wait_until(job, "running", ready=True)) as browser, browser.kernel() as kernel:
        assert kernel.run(f"sent = '{'x' * SIZE}'\n{SHOW}") == f"{SIZE}\n"
        shown = [told for told in kernel.heard if told["msg_type"] == "display_data"]
        assert [len(told["content"]["data"]["text/plain"]) for told in shown] == [SIZE]
    ada.call("PUT", f"/jobs/{job}/stop/")
    ada.wait_until(job, "complete")
