"""Games of agents: imitation and curiosity."""

from rivalry.games.entry import Entry

_CURIOSITY = "rivalry.games.agents.curiosity"

ENTRIES = (
    Entry(
        "bc",
        "rivalry.games.agents.bc:bc",
        "Efficient Training of Artificial Neural Networks for Autonomous Navigation",
        "Pomerleau",
        1991,
        "Neural Computation 3; baseline of arXiv 1606.03476",
        "what the demonstrator did in each state, by maximum likelihood",
        kinds=("episode",),
    ),
    Entry(
        "gail",
        "rivalry.games.agents.gail:gail",
        "Generative Adversarial Imitation Learning",
        "Ho & Ermon",
        2016,
        "arXiv 1606.03476",
        "a policy whose steps a critic cannot tell from the demonstrator's",
        kinds=("episode",),
    ),
    Entry(
        "airl",
        "rivalry.games.agents.gail:airl",
        "Learning Robust Rewards with Adversarial Inverse Reinforcement Learning",
        "Fu et al.",
        2017,
        "arXiv 1710.11248",
        "GAIL with a critic of a form from which the demonstrator's reward is read",
        kinds=("episode",),
    ),
    Entry(
        "icm",
        f"{_CURIOSITY}:icm",
        "Curiosity-driven Exploration by Self-supervised Prediction",
        "Pathak et al.",
        2017,
        "arXiv 1705.05363",
        "a policy that is paid for what a model predicts badly, on features of its own actions",
        kinds=("episode",),
    ),
    Entry(
        "rnd",
        f"{_CURIOSITY}:rnd",
        "Exploration by Random Network Distillation",
        "Burda et al.",
        2018,
        "arXiv 1810.12894",
        "a policy that is paid where the imitation of a random network is bad",
        kinds=("episode",),
    ),
    Entry(
        "pixel-curiosity",
        f"{_CURIOSITY}:pixel_curiosity",
        "Curiosity-driven Exploration by Self-supervised Prediction",
        "Pathak et al.",
        2017,
        "arXiv 1705.05363",
        "the control of icm: what is seen itself is predicted",
        kinds=("episode",),
    ),
    Entry(
        "entropy-only",
        f"{_CURIOSITY}:entropy_only",
        "Curiosity-driven Exploration by Self-supervised Prediction",
        "Pathak et al.",
        2017,
        "arXiv 1705.05363",
        "the control of curiosity: a random policy that is paid nothing",
        kinds=("episode",),
    ),
)
