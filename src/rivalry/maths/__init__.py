"""The shared mathematics, as values: divergences, penalties, priors, augmentations, averages, optimizers."""
