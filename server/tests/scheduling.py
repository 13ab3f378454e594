"""The distribution of tests over several processes: which tests run in the same process, and which run first.

The tests of a file run in one process because they share servers and browsers; some files share them with each other.
Long tests start first: they mostly wait for servers and browsers, while tests that need the processor run beside them.
(The groups of pytest-xdist do not help: it adds them to the IDs of tests, which pytest no longer lets plug-ins change.)
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

ROOT = "server/tests/"
SHARED = {
    "a server for conformance": ("conformance/",),
    "a server with JupyterLab": tuple(
        f"integration/test_{name}" for name in ("large_messages", "users", "sharing", "survival")
    ),
    "a server for reana-client": tuple(f"integration/reana/test_{name}" for name in ("files", "running", "service")),
    "two web processes": ("websocket/",),
}
"""What is started once, and the prefixes of the paths of the tests that share it."""
EACH_ALONE = frozenset({"config/test_start.py", "integration/reana/test_survival.py"})
"""Files of long tests that share nothing."""
LONGEST_FIRST = (
    "integration/test_kills.py",
    "a server for reana-client",
    "integration/test_crowd.py",
    "integration/test_isolation.py",
    "a server with JupyterLab",
    "integration/reana/test_survival.py::test_many_runs_end_in_order",
    "integration/test_web_servers.py",
    "integration/test_exhaustion.py",
    "e2e/test_restart_behind_web_servers.py",
    "e2e/test_files.py",
    "e2e/test_folder_uploads.py",
    "e2e/test_previews.py",
    "a server for conformance",
    "e2e/test_clean_clone.py",
    "e2e/test_main_path.py",
    "two web processes",
    "integration/test_web_servers_alone.py",
    "api/test_crowds.py",
    "config/test_memory.py",
    "e2e/test_planted_secrets.py",
    "api/test_live_files.py",
    "plugins/job_type/jupyter_lab/test_sessions.py",
    "e2e/test_oidc.py",
    "e2e/test_live_pages.py",
    "api/test_strangers.py",
    "api/test_fuzz.py",
    "api/test_site.py",
    "api/test_generated_client.py",
    "config/test_run_as_a_service.py",
    "config/test_commands_beside_a_server.py",
    "e2e/test_opened_run.py",
    "e2e/test_runs.py",
    "e2e/test_workflow_in_session.py",
    "controller/test_copy_worker.py",
    "plugins/storage/local_file_system/test_remove.py",
    "transfers/test_zip_stream.py",
)


class LongestFirst(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Distributes files, or the groups above; a worker that runs a long unit gets a short one next."""

    def _split_scope(self, nodeid: str) -> str:
        """Return the name of the unit that a test belongs to."""
        file, _, name = nodeid.removeprefix(ROOT).partition("::")
        for server, beginnings in SHARED.items():
            if file.startswith(beginnings):
                return server
        return f"{file}::{name}" if file in EACH_ALONE else file

    def _assign_work_unit(self, node: WorkerController) -> None:
        """Assign the longest unit that is left, but the shortest to a worker with a long one, as it has to wait."""
        unfinished = {scope for scope, tests in self.assigned_work.get(node, {}).items() if not all(tests.values())}
        choose = min if unfinished & set(LONGEST_FIRST) else max
        self.workqueue.move_to_end(choose(self.workqueue, key=self._length), last=False)
        super()._assign_work_unit(node)

    def _length(self, scope: str) -> tuple[int, int]:
        """Return a key that sorts by length: by the position in the list, then by the number of tests."""
        location = LONGEST_FIRST.index(scope) if scope in LONGEST_FIRST else len(LONGEST_FIRST)
        return -location, len(self.workqueue[scope])


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LongestFirst | None:
    """Return the scheduler that replaces the one of `--dist loadscope`."""
    return LongestFirst(config, log) if config.getoption("dist") == "loadscope" else None
