"""Games of agents: they act in an environment, and learn from demonstrations or from curiosity."""
