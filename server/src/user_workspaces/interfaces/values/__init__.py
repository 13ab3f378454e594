"""The frozen values that pass between the server and its plug-ins.

Import them from here: `from user_workspaces.interfaces.values import JobScript`. This path is a stable part of the
interface for plug-in authors (`__all__` lists it); the modules below it may be divided in another way at any time.
"""

from user_workspaces.interfaces.endpoint import Endpoint
from user_workspaces.interfaces.values.identity import Client, Identity, SystemAccount
from user_workspaces.interfaces.values.job import (
    JobContext,
    JobFile,
    JobScript,
    Limits,
    Preparation,
    PreparationState,
    ReanaAccess,
)
from user_workspaces.interfaces.values.plugin import Health, PluginContext
from user_workspaces.interfaces.values.resource import EndedBy, JobSpec, Observation, ResourceState
from user_workspaces.interfaces.values.storage import Entry, EntryKind, Listing, Upload, WorkspaceLocation

__all__ = [
    "Client",
    "EndedBy",
    "Endpoint",
    "Entry",
    "EntryKind",
    "Health",
    "Identity",
    "JobContext",
    "JobFile",
    "JobScript",
    "JobSpec",
    "Limits",
    "Listing",
    "Observation",
    "PluginContext",
    "Preparation",
    "PreparationState",
    "ReanaAccess",
    "ResourceState",
    "SystemAccount",
    "Upload",
    "WorkspaceLocation",
]
