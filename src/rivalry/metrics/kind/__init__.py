"""Metrics that ask the kind of the data."""
