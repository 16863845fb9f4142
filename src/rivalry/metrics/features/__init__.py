"""Metrics computed from features alone: any kind of data."""
