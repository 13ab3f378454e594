"""Valid and invalid details of an environment."""

import pytest
from pydantic import ValidationError

from user_workspaces.plugins.job_type.jupyter_lab.options import JupyterLabDetails

GOOD = [
    "{}",
    '{"module_manager": "virtualenv", "python_version": "3.12"}',
    '{"python_packages": ["numpy>=2", "a[b]==1; sys_platform == \'linux\'"]}',
    '{"python_packages": ["./dist/reana_jupyterlab-0.1-py3-none-any.whl", "/srv/x.whl"], "modules": ["gcc/13.2"]}',
    '{"module_manager": "lmod", "modules": ["python/3.12", "jupyterlab/4.6-GCC-13.2.0"]}',
    '{"module_manager": "tar", "tar_file_path": "lab.tar.gz", "environment_name": "Lab of 2026", "time_limit": 5}',
    '{"message_limit_mb": 500}',
]

BAD = [
    ('{"module_manager": "conda"}', "'virtualenv', 'lmod' or 'tar'"),
    ('{"module_manager": "tar"}', "needs tar_file_path"),
    ('{"module_manager": "lmod"}', "needs modules"),
    ('{"tar_file_path": "x.tar"}', "tar_file_path requires module_manager 'tar'"),
    ('{"module_manager": "lmod", "modules": ["a"], "python_version": "3.12"}', "python_version requires"),
    ('{"module_manager": "tar", "tar_file_path": "x", "python_packages": ["numpy"]}', "python_packages require"),
    ('{"python_version": "3.10"}', "python_version"),
    ('{"python_version": "3.12; rm"}', "python_version"),
    ('{"python_packages": ["--index-url=elsewhere"]}', "python_packages"),
    ('{"python_packages": ["a\\n--index-url=elsewhere"]}', "python_packages"),
    ('{"modules": ["gcc; rm -rf ~"]}', "modules"),
    ('{"modules": ["--version"]}', "modules"),
    ('{"modules": "gcc"}', "modules"),
    ('{"environment_name": "<b>"}', "environment_name"),
    ('{"time_limit": 0}', "time_limit"),
    ('{"time_limit": true}', "time_limit"),
    ('{"message_limit_mb": 9}', "message_limit_mb"),
    ('{"startup": 3}', "Extra inputs are not permitted"),
]


@pytest.mark.parametrize("details", GOOD)
def test_details_that_fit_are_accepted(details: str) -> None:
    assert JupyterLabDetails.model_validate_json(details)


@pytest.mark.parametrize(("details", "message"), BAD)
def test_details_with_a_mistake_are_refused_with_its_name(details: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        JupyterLabDetails.model_validate_json(details)
