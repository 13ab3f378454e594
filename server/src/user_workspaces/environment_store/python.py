"""The Python environments of one plug-in: one for each resource that it is set up on."""

from collections.abc import Callable, Mapping

from user_workspaces.environment_store.interpreter import Interpreters
from user_workspaces.environment_store.options import EnvironmentDetails
from user_workspaces.environment_store.recipes import Contents, tar_recipe, virtualenv_recipe
from user_workspaces.environment_store.store import EnvironmentStore, Recipe
from user_workspaces.errors import ConfigurationError, InvalidRequest
from user_workspaces.interfaces.environment import Base
from user_workspaces.interfaces.values import PluginContext, Preparation, PreparationState


class PythonEnvironments:
    """Builds them by their details; `contents` says what each of them holds beside that."""

    def __init__(
        self, context: PluginContext, details: Mapping[str, EnvironmentDetails], contents: Callable[[], Contents]
    ) -> None:
        self.store = EnvironmentStore(context.base_dir / "environments")
        self._context, self._details, self._contents = context, details, contents
        self._interpreters = Interpreters()

    def prepare(self, resource: str) -> Preparation:
        """Say whether the environment is there, and have it built beside the caller where it is not."""
        try:
            recipe = self.recipe(resource)
        except (ConfigurationError, InvalidRequest) as error:
            return Preparation(PreparationState.FAILED, error.message)
        return Preparation(PreparationState.READY) if recipe is None else self.store.prepare(recipe)

    def base(self, resource: str) -> Base:
        """Return where it is, or will be; raises `InvalidRequest` and `ConfigurationError`."""
        recipe, modules = self.recipe(resource), self.details(resource).modules
        return Base(self.store.path_of(recipe.fingerprint) if recipe else None, modules)

    def details(self, resource: str) -> EnvironmentDetails:
        """Return what the operator said; raises `InvalidRequest` for a resource that nothing was said of."""
        try:
            return self._details[resource]
        except KeyError:
            raise InvalidRequest(
                f"{self._context.name} is not set up on {resource}: environment_details has no entry for it."
            ) from None

    def recipe(self, resource: str) -> Recipe | None:
        """Return how to make the environment; None where modules bring it. Raises as `base` does."""
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
        """Return the resources on which the first launch would wait; raises `ConfigurationError`."""
        recipes = {resource: self.recipe(resource) for resource in self._details}
        return [name for name, one in recipes.items() if one and not self.store.is_ready(one.fingerprint)]

    def failed(self) -> list[str]:
        """Return the resources whose environment cannot be had."""
        return [resource for resource in self._details if self._has_failed(resource)]

    def _has_failed(self, resource: str) -> bool:
        try:
            recipe = self.recipe(resource)
        except ConfigurationError:
            return True
        return recipe is not None and bool(self.store.failure(recipe))
