"""The Python environments of one plug-in, one for each configured resource."""

from collections.abc import Callable, Mapping

from user_workspaces.environment_store.interpreter import Interpreters
from user_workspaces.environment_store.options import EnvironmentDetails
from user_workspaces.environment_store.recipes import Contents, tar_recipe, virtualenv_recipe
from user_workspaces.environment_store.store import EnvironmentStore, Recipe
from user_workspaces.errors import ConfigurationError, InvalidRequest
from user_workspaces.interfaces.environment import Base
from user_workspaces.interfaces.values import PluginContext, Preparation, PreparationState


class PythonEnvironments:
    """Builds environments from their options; `contents` returns the packages that all of them have."""

    def __init__(
        self, context: PluginContext, details: Mapping[str, EnvironmentDetails], contents: Callable[[], Contents]
    ) -> None:
        self.store = EnvironmentStore(context.base_dir / "environments")
        self._context, self._details, self._contents = context, details, contents
        self._interpreters = Interpreters()

    def prepare(self, resource: str) -> Preparation:
        """Return the state of the environment, and start its build in the background if necessary."""
        try:
            recipe = self.recipe(resource)
        except (ConfigurationError, InvalidRequest) as error:
            return Preparation(PreparationState.FAILED, error.message)
        return Preparation(PreparationState.READY) if recipe is None else self.store.prepare(recipe)

    def base(self, resource: str) -> Base:
        """Return the location of the environment, which may not be built yet.

        Raises `InvalidRequest` and `ConfigurationError`.
        """
        recipe, modules = self.recipe(resource), self.details(resource).modules
        return Base(self.store.path_of(recipe.fingerprint) if recipe else None, modules)

    def details(self, resource: str) -> EnvironmentDetails:
        """Return the options for a resource; raises `InvalidRequest` if there are none."""
        try:
            return self._details[resource]
        except KeyError:
            raise InvalidRequest(
                f"{self._context.name} is not set up on {resource}: environment_details has no entry for it."
            ) from None

    def recipe(self, resource: str) -> Recipe | None:
        """Return the recipe of the environment; None if modules provide it. Raises as `base` does."""
        details, base_dir, contents = self.details(resource), self._context.base_dir, self._contents()
        match details.module_manager:
            case "lmod":
                return None
            case "tar":
                return tar_recipe(details, base_dir=base_dir, environments=self.store, contents=contents)
            case "virtualenv":
                return virtualenv_recipe(
                    details,
                    interpreter=self._interpreters.find(details.python_version),
                    base_dir=base_dir,
                    environments=self.store,
                    contents=contents,
                )

    def unprepared(self) -> list[str]:
        """Return the resources whose environment is not built yet; raises `ConfigurationError`."""
        recipes = {resource: self.recipe(resource) for resource in self._details}
        return [name for name, one in recipes.items() if one and not self.store.is_ready(one.fingerprint)]

    def failed(self) -> list[str]:
        """Return the resources whose environment cannot be built."""
        return [resource for resource in self._details if self._has_failed(resource)]

    def _has_failed(self, resource: str) -> bool:
        try:
            recipe = self.recipe(resource)
        except ConfigurationError:
            return True
        return recipe is not None and bool(self.store.failure(recipe))
