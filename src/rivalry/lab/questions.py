"""The questions of the laboratory: a table of strings, so that listing them imports nothing heavy.

The function of a question is called `answer(quick=..., seeds=..., progress=..., **options) -> Answer`.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Question:
    """One question.

    Attributes:
        target: "module:function" of `rivalry.lab`.
        about: a line for the help.
        takes: further options by name, with their help; the function takes their texts, or None.
        trains: whether it is an experiment, which `--quick` makes smaller.
    """

    target: str
    about: str
    takes: dict[str, str] = field(default_factory=dict)
    trains: bool = True


QUESTIONS = {
    "adversarial": Question(
        "adversarial.question:answer",
        "How far must a fake move for the critic to call it real, and is that what the generator learns?",
    ),
    "asynchronous": Question(
        "asynchronous.question:answer",
        "Does a game bear stale gradients, and processes that do not wait for each other?",
        {"data": "points or tiny images; ring"},
    ),
    "batch": Question(
        "batch.question:answer",
        "What does a large batch gain in a game, and does gradient noise foretell it?",
        {"data": "points or tiny images; ring", "batches": "with commas: 16,64,256"},
    ),
    "convergence": Question(
        "convergence.question:answer",
        "When does a GAN converge, and do the eigenvalues of its Jacobian foretell it?",
    ),
    "evaluation": Question(
        "evaluation.question:answer",
        "Which metric would have misled, and how few questions to people are enough?",
    ),
    "beyond": Question(
        "beyond:answer",
        "What do adversarial games reach on other data than images?  From recorded results.",
        {"results": "a folder of recorded results; benchmarks/results"},
        trains=False,
    ),
    "anomalies": Question(
        "anomalies:answer",
        "Does a GAN of normal images find what is not normal, better than an autoencoder does?",
        {"data": "labeled images with a test split; digits", "normal": "the class that is normal; the first"},
    ),
    "family": Question(
        "family_tree:answer",
        "Which games are there, and what comes from what?  A map, as a page and an SVG.",
        trains=False,
    ),
}
