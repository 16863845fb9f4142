"""Metrics that need the game itself: its codes, its density, its critics."""
