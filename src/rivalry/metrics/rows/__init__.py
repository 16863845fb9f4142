"""Metrics of tables, computed from their columns."""
