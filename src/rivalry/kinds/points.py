"""Points: (d,) real numbers, float32, of any size."""

from typing import Any

import torch
from PIL import Image
from torch import Tensor

from rivalry.kinds.kind import Example, Kind
from rivalry.kinds.spec import Column, Spec

SHOWN = 2000  # the number of points in a scatter plot


class PointsKind(Kind):
    name, plural, raw = "points", "points", "coordinates"

    def words(self, column: Column) -> str:
        return f"{column.shape[0]} numbers"

    def picture(self, x: Tensor, spec: Spec, labels: Tensor | None, **behind: Any) -> Image.Image:
        """All samples in one scatter plot, over real data and their modes if these are given."""
        from rivalry.show.scatter import scatter

        return scatter(x, labels=labels, classes=spec.classes, **behind)

    def background(self, x: Tensor, facts: dict[str, Any]) -> dict[str, Any]:
        modes = {"modes": facts["modes"].centers} if "modes" in facts else {}
        return {"real": x[:SHOWN], **modes}

    def blank(self, column: Column) -> Tensor:
        return torch.full(column.shape, float("nan"))

    def shown(self, n: int) -> int:
        return SHOWN

    def example(self, n: int, classes: int) -> Example:
        """Normally distributed points in the plane."""
        x = torch.randn(n, 2, generator=torch.Generator().manual_seed(0))
        return Example("points", x, torch.arange(n) % classes)


POINTS = PointsKind()
