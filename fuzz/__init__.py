"""Fuzz targets: one per parser of what comes from outside. `make fuzz FUZZ_MINUTES=10` runs them all, docs/security.md has the figures.

A target takes any bytes and returns; what it may raise is a TalkingHeadError, the family that callers catch. Everything else, a check of
its result that fails, a crash, a hang or a memory of more than 2 GB, is a finding.
"""
