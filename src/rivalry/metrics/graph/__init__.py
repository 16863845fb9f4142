"""Metrics of graphs."""
