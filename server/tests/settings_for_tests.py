"""Django's settings for the tests: a separate data folder, and the database of the run.

`UWS_TEST_DATABASE=postgresql://...` runs every test of the data layer on that server; the default is SQLite.
"""

import atexit
import os
import shutil
import tempfile

_folder = tempfile.mkdtemp(prefix="uws-t-")
os.chmod(_folder, 0o755)  # noqa: PTH101, S103  the accounts of users pass through it
_owner = os.getpid()
atexit.register(lambda: shutil.rmtree(_folder, ignore_errors=True) if os.getpid() == _owner else None)
os.environ["UWS_DATA_DIR"] = _folder
os.environ.pop("UWS_CONFIG", None)
os.environ["DATABASE_URL"] = os.environ.get("UWS_TEST_DATABASE", f"sqlite:///{_folder}/database.sqlite3")

from user_workspaces.config.settings import *  # noqa: E402, F403  they depend on the environment above

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ALLOWED_HOSTS = [*ALLOWED_HOSTS, "testserver"]  # noqa: F405  from the settings
DATABASES["default"].setdefault("TEST", {})  # noqa: F405  from the settings
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405  from the settings
    DATABASES["default"]["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF;"  # noqa: F405  it lives for one run
    DATABASES["default"]["TEST"]["NAME"] = f"{_folder}/test.sqlite3"  # noqa: F405  from the settings
