"""Metrics of levels."""
