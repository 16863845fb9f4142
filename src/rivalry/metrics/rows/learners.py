"""What can be learned from samples: the target, and every column from all others.

A classifier trained on samples is tested on held-out data (TSTR; Esteban, Hyland & Rätsch 2017, arXiv 1706.02633),
beside one trained on real data (TRTR).  TSTR rewards the target alone: columns that are independent within each class
reach it.  So `all_columns` predicts each column from all others.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.kinds.spec import Column
from rivalry.kinds.table import places
from rivalry.metrics.features.neighbors import spaced
from rivalry.metrics.rows.columns import parts_of
from rivalry.metrics.score import Score

TREES, LEAF = (
    100,
    2,
)  # of a forest; one of numbers has half of the trees, and looks at a third of the columns (Breiman)
ROWS = 4000  # that a learner is trained on, at most
COLUMNS = 10  # that are predicted, at most
LEARNERS = ("forest", "linear")


def tstr(
    real: Dataset, held_out: Dataset, fake: Tensor, target: int, *, provenance: dict[str, Any] | None = None
) -> list[Score]:
    """How well learners of the target do on held-out data, trained on samples (tstr) and on data (trtr).

    The area under ROC for two classes (the mean of one against the rest for more), R² for a number.  Learners are a
    forest of 100 trees and a linear model.

    Args:
        target: the place that is predicted.

    Raises:
        BadRequest: held-out data or samples hold one class only.
    """
    test, scores = as_numbers(held_out.rows(slice(None)), real.spec.x), list[Score]()
    n = min(len(fake), len(real), ROWS)
    trained = {
        "tstr": as_numbers(fake[:n], real.spec.x),
        "trtr": as_numbers(real.rows(spaced(torch.arange(len(real)), n)), real.spec.x),
    }
    sorts = places(real.spec.x)[target].sorts
    for learner in LEARNERS:
        for name, rows in trained.items():
            value = ability(learner, rows, test, target, sorts)
            facts = {**(provenance or {}), "trained on": len(rows), "tested on": len(test)}
            scores.append(Score(f"{name}[{learner}]", value, n, None, "high", facts))
    return scores


def all_columns(
    real: Dataset, held_out: Dataset, fake: Tensor, *, provenance: dict[str, Any] | None = None
) -> list[Score]:
    """How well forests predict each column from all others on held-out data, trained on samples, and on data.

    R² of numbers, not below -1, and the accuracy for categories; the mean over ten columns at most.
    """
    known, column = places(real.spec.x), real.spec.x
    able = [i for i, place in enumerate(known) if place.type != "missing" and place.sorts != 1]
    if len(able) < 2:
        raise BadRequest("all-columns needs two columns or more that vary")
    chosen = [able[i] for i in np.linspace(0, len(able) - 1, min(COLUMNS, len(able))).round().astype(int)]
    test, scores = as_numbers(held_out.rows(slice(None)), column), list[Score]()
    n = min(len(fake), len(real), ROWS)
    for name, x in (
        ("all-columns", fake[:n]),
        ("all-columns[real]", real.rows(spaced(torch.arange(len(real)), n))),
    ):
        rows = as_numbers(x, column)
        each = {
            known[i].name: max(ability("forest", rows, test, i, known[i].sorts, area=False), -1.0)
            for i in chosen
        }
        mean = sum(each.values()) / len(each)
        scores.append(Score(name, mean, n, None, "high", provenance or {}, {"columns": each}))
    return scores


def as_numbers(x: Tensor, column: Column) -> np.ndarray:
    """Rows as learners take them: (n, p) float64, an empty cell as the mean of the others."""
    each = [
        part.values.nan_to_num(float(part.there.mean()) if len(part.there) else 0.0)
        for part in parts_of(x, column)
    ]
    return torch.stack(each, 1).numpy()


def ability(
    learner: str, train: np.ndarray, test: np.ndarray, target: int, sorts: int, *, area: bool = True
) -> float:
    """How well a learner of one place from the others does: R² of a number, of a category the area or the accuracy."""
    from sklearn.metrics import accuracy_score, r2_score

    x, y = np.delete(train, target, 1), train[:, target]
    at, truth = np.delete(test, target, 1), test[:, target]
    if sorts and len(np.unique(y)) < 2:
        return 0.5 if area else accuracy_score(truth, np.full(len(truth), y[0]))
    model = _model(learner, bool(sorts)).fit(x, y)
    if not sorts:
        return float(r2_score(truth, model.predict(at)))
    if not area:
        return float(accuracy_score(truth, model.predict(at)))
    return _area(truth, model.predict_proba(at), model.classes_)


def _model(learner: str, classes: bool) -> Any:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if learner == "forest":
        if classes:
            return RandomForestClassifier(TREES, min_samples_leaf=LEAF, random_state=0)
        return RandomForestRegressor(TREES // 2, min_samples_leaf=LEAF, max_features=1 / 3, random_state=0)
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000) if classes else Ridge(1.0))


def _area(truth: np.ndarray, chance: np.ndarray, classes: np.ndarray) -> float:
    """The area under ROC, the mean over classes of each against the rest; of the one class where there are two."""
    from sklearn.metrics import roc_auc_score

    if len(np.unique(truth)) < 2:
        raise BadRequest("tstr needs held-out data of two classes or more")
    which = classes[1:] if len(classes) == 2 else classes
    areas = [
        roc_auc_score(truth == one, chance[:, list(classes).index(one)])
        for one in which
        if 0 < (truth == one).sum() < len(truth)
    ]
    return float(np.mean(areas)) if areas else 0.5
