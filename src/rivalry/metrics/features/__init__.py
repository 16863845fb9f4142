"""Metrics computed only from features, of any kind of data."""
