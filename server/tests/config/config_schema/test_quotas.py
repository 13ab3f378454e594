"""The quotas in `config.json`: their values, and the errors of invalid ones."""

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from user_workspaces.config import load_config
from user_workspaces.config.load_config import EMBEDDED_DEFAULT
from user_workspaces.errors import ConfigurationError
from user_workspaces.interfaces.settings import QuotaSettings


def read(tmp_path: Path, quotas: object) -> QuotaSettings:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**json.loads(EMBEDDED_DEFAULT.read_text()), "quotas": quotas}))
    return load_config.read(path)[0].quotas


def test_embedded_default_sets_no_limit() -> None:
    assert load_config.read(None)[0].quotas == QuotaSettings()


def test_all_settings_are_read(tmp_path: Path) -> None:
    quotas = {
        "disk_gb": 0.1, "core_hours": 100, "core_hours_period_days": 7, "running_sessions": 3, "contact": "it@x.org",
    }  # fmt: skip
    expected = QuotaSettings(Decimal("0.1"), Decimal(100), timedelta(days=7), 3, "it@x.org")
    assert read(tmp_path, quotas) == expected


def test_null_means_no_limit(tmp_path: Path) -> None:
    assert read(tmp_path, {"disk_gb": None, "core_hours": None, "running_sessions": None}) == QuotaSettings()


def test_zero_is_a_limit(tmp_path: Path) -> None:
    quotas = read(tmp_path, {"disk_gb": 0, "core_hours": 0, "running_sessions": 0})
    assert quotas == QuotaSettings(Decimal(0), Decimal(0), running_sessions=0)


@pytest.mark.parametrize(
    ("quotas", "location"),
    [
        ({"disk_gb": -1}, "quotas.disk_gb"),
        ({"disk_gb": "50"}, "quotas.disk_gb"),
        ({"disk_gb": True}, "quotas.disk_gb"),
        ({"core_hours": 1e30}, "quotas.core_hours"),
        ({"core_hours_period_days": 0}, "quotas.core_hours_period_days"),
        ({"running_sessions": 1.5}, "quotas.running_sessions"),
        ({"contact": None}, "quotas.contact"),
        ({"disk": 1}, "quotas.disk"),
        ([], "quotas"),
        (None, "quotas"),
    ],
)
def test_invalid_value_is_reported_with_its_key(tmp_path: Path, quotas: Any, location: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, quotas)
    assert f"config.json: {location}: " in str(caught.value)
