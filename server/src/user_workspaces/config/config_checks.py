"""Checks that the parts of `config.json` fit together."""

import re
from typing import Any
from urllib.parse import urlsplit

from user_workspaces.config.config_schema.config_file import NUMBERS, ConfigFile
from user_workspaces.errors import InvalidOptions
from user_workspaces.jobs.resource_options import validate

STANDARD_OPTIONS = ("num_cpus", "memory_mb", "time_limit_min")


def mistakes_in(config: ConfigFile) -> list[str]:
    """Return all errors, each with the path of its key."""
    return [
        *_dangling_names(config),
        *_wrong_mappings(config),
        *_wrong_environments(config),
        *_wrong_parameters(config),
        *_hosts_of_sessions(config),
    ]


def _dangling_names(config: ConfigFile) -> list[str]:
    """Return an error for each reference to a missing entry."""
    authentications = config.available_user_authentication
    wanted: list[tuple[str, str, dict[str, Any]]] = [
        ("api_user_authentication", config.api_user_authentication, authentications),
        ("main_storage", config.main_storage, config.available_storage),
        ("main_resource", config.main_resource, config.available_resources),
    ]
    if config.workflows.resource:
        wanted.append(("workflows.resource", config.workflows.resource, config.available_resources))
    for name, storage in config.available_storage.items():
        wanted.append((f"available_storage.{name}.user_authentication", storage.user_authentication, authentications))
    for name, resource in config.available_resources.items():
        key = f"available_resources.{name}"
        wanted.append((f"{key}.storage", resource.storage, config.available_storage))
        wanted.append((f"{key}.user_authentication", resource.user_authentication, authentications))
        if resource.container_runtime:
            wanted.append((f"{key}.container_runtime", resource.container_runtime, config.container_runtimes))
    return [
        f"{key}: {value!r} is not configured; available: {', '.join(there) or 'none'}"
        for key, value, there in wanted
        if value not in there
    ]


def _hosts_of_sessions(config: ConfigFile) -> list[str]:
    """Return an error for each portal host that is a session host, where no portal page is served."""
    names = [
        ("base_url", urlsplit(config.base_url).hostname or ""),
        *(("allowed_hosts", at) for at in config.allowed_hosts),
    ]
    domains = {resource.passthrough_domain for resource in config.available_resources.values()} - {""}
    return [
        f"{key}: {name!r} is a session host of the domain {domain!r}"
        for key, name in names
        for domain in domains
        if re.search(rf"(^|\.)s[0-9]+\.{re.escape(domain)}$", name.lower())
    ]


def _wrong_mappings(config: ConfigFile) -> list[str]:
    types = {parameter.variable_name: parameter.validation.type for parameter in config.parameters}
    mistakes = []
    for name, resource in config.available_resources.items():
        for variable, option in resource.parameter_mapping.items():
            key = f"available_resources.{name}.parameter_mapping.{variable}"
            if option not in STANDARD_OPTIONS:
                mistakes.append(f"{key}: {option!r} is none of {', '.join(STANDARD_OPTIONS)}")
            elif variable not in types:
                mistakes.append(f"{key}: no parameter has this variable_name")
            elif types[variable] not in NUMBERS:
                mistakes.append(f"{key}: the parameter is of type {types[variable]}, {option} needs a number")
    return mistakes


def _wrong_environments(config: ConfigFile) -> list[str]:
    return [
        f"available_job_types.{name}.environment_details.{resource}: there is no such resource"
        for name, job_type in config.available_job_types.items()
        for resource in job_type.environment_details
        if resource not in config.available_resources
    ] + [
        f"environments.{name}.environment_details.{resource}: there is no such resource"
        for name, environment in config.environments.items()
        for resource in environment.environment_details
        if resource not in config.available_resources
    ]


def _wrong_parameters(config: ConfigFile) -> list[str]:
    """Return an error for each duplicate name and each invalid default."""
    mistakes, taken = [], set[str]()
    for number, parameter in enumerate(config.parameters):
        for name in (parameter.variable_name, *parameter.aliases):
            if name in taken:
                mistakes.append(f"parameters.{number}: the name {name!r} is used by another parameter")
            taken.add(name)
        if parameter.default_value is None:
            continue
        try:
            validate({parameter.variable_name: parameter.default_value}, (parameter.value({}),))
        except InvalidOptions as error:
            mistakes += [f"parameters.{number}.default_value: {problem}" for problem in error.problems]
    return mistakes
