"""Metrics of points in space."""
