"""The report of a run: one page that opens offline, made from the run's directory alone."""

from rivalry.report.page import write_report

__all__ = ["write_report"]
