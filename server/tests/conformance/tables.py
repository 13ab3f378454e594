"""All scenarios: the floor, which clients rely on, and what is beyond it."""

from conformance.beyond import files, portal, portal_files, portal_sharing, rest
from conformance.floor import (
    authentication,
    compared,
    deleting,
    jobs,
    launching,
    nonsense,
    origins,
    paging,
    refused_details,
    refused_shares,
    sharing,
    site,
    tokens,
    uploads,
    users,
    workspaces,
)

FLOOR = (
    *site.SCENARIOS,
    *tokens.SCENARIOS,
    *authentication.SCENARIOS,
    *users.SCENARIOS,
    *workspaces.SCENARIOS,
    *refused_details.SCENARIOS,
    *uploads.SCENARIOS,
    *launching.SCENARIOS,
    *jobs.SCENARIOS,
    *deleting.SCENARIOS,
    *sharing.SCENARIOS,
    *refused_shares.SCENARIOS,
    *compared.SCENARIOS,
    *paging.SCENARIOS,
    *nonsense.SCENARIOS,
    *origins.SCENARIOS,
)
BEYOND = (*files.SCENARIOS, *rest.SCENARIOS, *portal.SCENARIOS, *portal_files.SCENARIOS, *portal_sharing.SCENARIOS)
