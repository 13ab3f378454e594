"""Mistakes in `config.json` are reported with file, key path and reason; valid values are read."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from user_workspaces import registry
from user_workspaces.config import env, load_config
from user_workspaces.errors import ConfigurationError
from user_workspaces.interfaces.settings import ServerSettings, UserSearch
from user_workspaces.registry import PluginKind, Surroundings

EXAMPLE = env.PROJECT_DIR / "example_config.json"
Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def mistakes_of(tmp_path: Path) -> Callable[[bytes | Change], list[str]]:
    """Return a function that returns the error messages for a file, without its path at the start of each line."""

    def reported(content: bytes | Change) -> list[str]:
        file = tmp_path / "config.json"
        if not isinstance(content, bytes):
            config = json.loads(EXAMPLE.read_bytes())
            content(config)
            content = json.dumps(config).encode()
        file.write_bytes(content)
        with pytest.raises(ConfigurationError) as caught:
            _build(file, tmp_path)
        return [line.removeprefix(f"{file}: ") for line in str(caught.value).splitlines()]

    return reported


def _build(file: Path, folder: Path) -> None:
    _, declarations = load_config.read(file)
    registry.build(declarations, Surroundings(folder, folder, lambda _: None))


def read(change: Change, tmp_path: Path) -> ServerSettings:
    config = json.loads(EXAMPLE.read_bytes())
    change(config)
    file = tmp_path / "config.json"
    file.write_text(json.dumps(config))
    return load_config.read(file)[0]


def resource(config: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = config["available_resources"]["local"]
    return found


def test_example_is_the_embedded_default_and_builds(tmp_path: Path) -> None:
    assert EXAMPLE.read_bytes() == load_config.EMBEDDED_DEFAULT.read_bytes()
    site, declarations = load_config.read(EXAMPLE)
    built = registry.build(declarations, Surroundings(tmp_path, tmp_path / "run", lambda _: None))
    assert [name for name, _ in built.workflow_engines.items()] == ["serial"]
    kinds = [kind for kind in PluginKind if kind is not PluginKind.ENVIRONMENT]  # the job type provides one
    assert sorted(one.kind for one in built.declarations) == sorted([*kinds, *[PluginKind.JOB_TYPE] * 3])
    assert list(site.job_types) == ["jupyter_lab", "local_test"]
    assert site.source == str(EXAMPLE)


EXTERNAL = {
    "name": "University",
    "user_authentication_type": "OIDCUserAuthentication",
    "connection_details": {"issuer": "https://id.example.org", "client_id": "uws"},
}


@pytest.mark.parametrize("external", [False, True])
@pytest.mark.parametrize("written", [None, *UserSearch])
def test_user_search_is_configured_or_depends_on_the_login(
    tmp_path: Path, written: UserSearch | None, *, external: bool
) -> None:
    def change(config: dict[str, Any]) -> None:
        if external:
            config["available_user_authentication"]["university"] = EXTERNAL
        if written:
            config["user_search"] = written.value

    usual = UserSearch.EXACT if external else UserSearch.ALL
    assert read(change, tmp_path).user_search is (written or usual)


def test_default_workflow_engine_is_serial(tmp_path: Path) -> None:
    config = json.loads(EXAMPLE.read_bytes())
    del config["workflow_engines"]
    file = tmp_path / "config.json"
    file.write_text(json.dumps(config))
    assert [one.type_name for one in load_config.read(file)[1] if one.kind is PluginKind.WORKFLOW_ENGINE] == ["serial"]


MISTAKES: list[tuple[Change, str]] = [
    (lambda c: c.pop("main_storage"), "main_storage: Field required"),
    (lambda c: c.update(main_storage=5), "main_storage: Input should be a valid string"),
    (lambda c: c.update(colour="blue"), "colour: Extra inputs are not permitted"),
    (lambda c: c.update(main_storage="disk"), "main_storage: 'disk' is not configured; available: local"),
    (lambda c: c.update(main_resource="moon"), "main_resource: 'moon' is not configured; available: local"),
    (
        lambda c: c.update(api_user_authentication="x"),
        "api_user_authentication: 'x' is not configured; available: local",
    ),
    (
        lambda c: c.update(trusted_proxies=["localhost"]),
        "trusted_proxies.0: Value error, 'localhost' is not an address like 10.0.0.1 or a network like 10.0.0.0/24",
    ),
    (
        lambda c: c.update(trusted_proxies=["0.0.0.0/0"]),
        "trusted_proxies.0: Value error, '0.0.0.0/0' holds every address: any client could forge its own",
    ),
    (
        lambda c: c.update(connections_per_address=3),
        "connections_per_address: Input should be greater than or equal to 16",
    ),
    (lambda c: resource(c).update(storage="x"), "available_resources.local.storage: 'x' is not configured"),
    (
        lambda c: resource(c).update(user_authentication="x"),
        "available_resources.local.user_authentication: 'x' is not configured; available: local",
    ),
    (
        lambda c: c["available_storage"]["local"].update(user_authentication="x"),
        "available_storage.local.user_authentication: 'x' is not configured; available: local",
    ),
    (lambda c: resource(c).update(name=None), "available_resources.local.name: Input should be a valid string"),
    (
        lambda c: resource(c).update(resource_type="Moon"),
        "available_resources.local: 'Moon' is not installed; installed are LocalResource",
    ),
    (
        lambda c: resource(c)["connection_details"].update(stop_grace_seconds="ten"),
        "available_resources.local.connection_details.stop_grace_seconds: Input should be a valid integer",
    ),
    (
        lambda c: resource(c)["connection_details"].update(stop_grace_second=10),
        "available_resources.local.connection_details.stop_grace_second: Extra inputs are not permitted",
    ),
    (
        lambda c: resource(c)["connection_details"].update(stop_grace_seconds=-(10**30)),
        "available_resources.local.connection_details.stop_grace_seconds: Input should be greater than or equal to 0",
    ),
    (
        lambda c: resource(c)["parameter_mapping"].update(num_cpus="cores"),
        "available_resources.local.parameter_mapping.num_cpus: 'cores' is none of num_cpus, memory_mb, time_limit_min",
    ),
    (
        lambda c: resource(c)["parameter_mapping"].update(cores="num_cpus"),
        "available_resources.local.parameter_mapping.cores: no parameter has this variable_name",
    ),
    (
        lambda c: c["parameters"][0].update(default_value=None, validation={"type": "str"}),
        "available_resources.local.parameter_mapping.num_cpus: the parameter is of type str, num_cpus needs a number",
    ),
    (
        lambda c: resource(c).update(passthrough_domain="http://x"),
        "available_resources.local.passthrough_domain: Value error, 'http://x' is not a host name",
    ),
    (
        lambda c: c["available_job_types"]["local_test"]["environment_details"].update(moon={}),
        "available_job_types.local_test.environment_details.moon: there is no such resource",
    ),
    (
        lambda c: c.update(environments={"ml": {"name": "ML", "environment_details": {"moon": {}}}}),
        "environments.ml.environment_details.moon: there is no such resource",
    ),
    *(
        (
            lambda c, name=name: c.update(environments={name: {"name": "ML"}}),
            f"environments.{name}.[key]: Value error, '{name}' is reserved",
        )
        for name in ("base", "R", "conda", "conda-12", "removed-x")
    ),
    (
        lambda c: c["available_job_types"].update({"../x": c["available_job_types"]["local_test"]}),
        "available_job_types.../x.[key]: String should match pattern",
    ),
    (
        lambda c: c["parameters"][1]["validation"].update(type="number"),
        "parameters.1.validation.type: Input should be 'int', 'float', 'str' or 'bool'",
    ),
    (
        lambda c: c["parameters"][1]["validation"].update(min=10, max=1),
        "parameters.1.validation: Value error, min 10 is above max 1",
    ),
    (
        lambda c: c["parameters"][0].update(validation={"type": "bool", "min": 0}),
        "parameters.0.validation: Value error, min and max are for numbers, not for bool",
    ),
    (
        lambda c: c["parameters"][0].update(default_value=17),
        "parameters.0.default_value: num_cpus: Value '17' above maximum of 16.",
    ),
    (
        lambda c: c["parameters"][0].update(default_value="one"),
        "parameters.0.default_value: num_cpus: Value 'one' of type str does not match required type int.",
    ),
    (
        lambda c: c["parameters"][0].update(variable_name="memory_mb"),
        "parameters.1: the name 'memory_mb' is used by another parameter",
    ),
    (
        lambda c: c["parameters"][0].update(aliases=["time_limit_minutes"]),
        "parameters.2: the name 'time_limit_minutes' is used by another parameter",
    ),
    (lambda c: c.update(parameters={}), "parameters: Input should be a valid array"),
    (lambda c: c.update(base_url="localhost:8000"), "base_url: Value error, 'localhost:8000' is not an address like"),
    (lambda c: c.update(base_url="http://x:99999"), "base_url: Value error, 'http://x:99999' is not an address like"),
    (lambda c: c.update(base_url="http://x/sub"), "base_url: Value error, 'http://x/sub' is not an address like"),
    (
        lambda c: c.update(base_url="http://s1.localhost"),
        "base_url: 's1.localhost' is a session host of the domain",
    ),
    (lambda c: c.update(base_url="http://[::1"), "base_url: Value error, 'http://[::1' is not an address like"),
    (
        lambda c: c.update(cors_allowed_origins=["*"]),
        "cors_allowed_origins.0: Value error, '*' is not an address like",
    ),
    (lambda c: c.update(token_lifetime_days=0), "token_lifetime_days: Input should be greater than or equal to 1"),
    (lambda c: c.update(session_startup_seconds=0.5), "session_startup_seconds: Input should be a valid integer"),
    (lambda c: c.update(available_resources=[]), "available_resources: Input should be an object"),
]


@pytest.mark.parametrize(("change", "message"), MISTAKES)
def test_a_mistake_is_reported_with_its_key(
    mistakes_of: Callable[[Change], list[str]], change: Change, message: str
) -> None:
    reported = mistakes_of(change)
    assert any(line.startswith(message) for line in reported), reported
    assert not any("function-" in line for line in reported)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not JSON: Expecting value"),
        (b"{", "not JSON: Expecting property name"),
        (b"\xff\xfe\x00", "not JSON: "),
        (b'{"main_storage": "\xe9"}', "not JSON: 'utf-8' codec"),
        (b"[]", "Input should be an object"),
        (b"5", "Input should be an object"),
        (b'{"a": 1, "a": 2}', "not JSON: the key 'a' is repeated in one object"),
        (b'{"a": NaN}', "not JSON: NaN is not a number in JSON"),
        (b"[" * 100_000, "not JSON: "),
    ],
)
def test_file_without_a_json_object_is_reported(
    mistakes_of: Callable[[bytes], list[str]], content: bytes, message: str
) -> None:
    assert mistakes_of(content)[0].startswith(message)


def test_all_mistakes_are_reported_at_once(mistakes_of: Callable[[Change], list[str]]) -> None:
    assert len(mistakes_of(lambda c: c.update(main_storage=1, main_resource=2, colour=3))) == 3
    assert len(mistakes_of(lambda c: c.update(main_storage="x", main_resource="y"))) == 2
    types = ("available_storage", "storage_type"), ("available_resources", "resource_type")
    assert len(mistakes_of(lambda c: [c[part]["local"].update({key: "X"}) for part, key in types])) == 2


@pytest.mark.parametrize("path", ["missing.json", "folder"])
def test_unreadable_file_is_reported(tmp_path: Path, path: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigurationError, match=r"(missing\.json|folder): cannot be read: "):
        load_config.read(tmp_path / path)


def test_settings_of_the_site_are_read(tmp_path: Path) -> None:
    site = read(
        lambda c: c.update(
            base_url="https://uws.example.org/",
            token_lifetime_days=1,
            session_startup_seconds=30,
            allowed_hosts=["uws"],
            cors_allowed_origins=["https://portal.example.org/"],
        ),
        tmp_path,
    )
    assert (site.base_url, site.allowed_hosts) == ("https://uws.example.org", ("uws",))
    assert site.cors_allowed_origins == ("https://portal.example.org",)
    assert (site.token_lifetime, site.session_startup) == (timedelta(days=1), timedelta(seconds=30))


def test_resource_without_a_mapping_uses_the_default_names(tmp_path: Path) -> None:
    def change(config: dict[str, Any]) -> None:
        del resource(config)["parameter_mapping"]
        resource(config)["passthrough_domain"] = ".Sessions.Example.ORG."

    found = read(change, tmp_path).resources["local"]
    assert found.parameter_mapping == {name: name for name in ("num_cpus", "memory_mb", "time_limit_min")}
    assert found.passthrough_domain == "sessions.example.org"


def test_parameters_are_kept_as_written(tmp_path: Path) -> None:
    written = json.loads(EXAMPLE.read_bytes())["parameters"]
    assert [parameter.raw for parameter in read(lambda _: None, tmp_path).parameters] == written
