"""Metrics of sentences."""
