"""Points: (d,) real numbers, float32, of any size."""

from typing import TYPE_CHECKING, Any

import torch
from PIL import Image
from torch import Tensor

from rivalry.kinds.kind import Kind

if TYPE_CHECKING:
    from rivalry.data.source import Column, Dataset, Spec

SHOWN = 2000  # the number of points in a scatter plot


class PointsKind(Kind):
    name, plural, raw = "points", "points", "coordinates"

    def words(self, column: "Column") -> str:
        return f"{column.shape[0]} numbers"

    def picture(self, x: Tensor, spec: "Spec", labels: Tensor | None, **behind: Any) -> Image.Image:
        """All samples in one scatter plot, over real data and their modes if these are given."""
        from rivalry.show.scatter import scatter

        return scatter(x, labels=labels, classes=spec.classes, **behind)

    def background(self, real: "Dataset") -> dict[str, Any]:
        modes = {"modes": real.facts["modes"].centers} if "modes" in real.facts else {}
        return {"real": real.x[:SHOWN], **modes}

    def blank(self, column: "Column") -> Tensor:
        return torch.full(column.shape, float("nan"))

    def shown(self, n: int) -> int:
        return SHOWN

    def toy(self, n: int = 64, classes: int = 3) -> "Dataset":
        """Normally distributed points in the plane."""
        from rivalry.data.source import Dataset, Spec

        x = torch.randn(n, 2, generator=torch.Generator().manual_seed(0))
        names = tuple(f"class {i}" for i in range(classes))
        return Dataset(
            Spec("points", self.name, (2,), names), x, torch.arange(n) % classes if classes else None
        )


POINTS = PointsKind()
