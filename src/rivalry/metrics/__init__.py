"""How good are samples?  One file a metric; every score with its spread and its provenance."""
