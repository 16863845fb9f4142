"""Modules that lie in rooms now, under the names that authors of games import them by: both names are one module."""

import importlib
from importlib.machinery import ModuleSpec
from types import ModuleType

ROOMS = {
    "maths": ("augment", "averages", "divergences", "memory", "optimizers", "penalties", "priors"),
    "play": ("dynamics", "engine", "goal", "precision", "ranks"),
    "runs": ("callbacks", "comparison", "run", "training"),
    "show": ("sheets",),
}
MOVED = {f"rivalry.{name}": f"rivalry.{room}.{name}" for room, names in ROOMS.items() for name in names}


class Moved:
    """Finds and loads a module of `MOVED` where it lies now.  Nothing is imported before it is asked for.

    `importlib.abc` has classes for this that take longer to import than the rest of the package.
    """

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        return ModuleSpec(name, self) if name in MOVED else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(MOVED[spec.name])
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """It was executed under its own name, and keeps the description that it had."""
        assert module.__spec__ is not None
        module.__spec__ = module.__spec__.loader_state
