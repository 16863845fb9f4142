"""Metrics computed from a classifier's verdicts or from labels."""
