"""A run on disk: training it, opening it, drawing from it, scoring it, comparing it."""
