"""Corpora: pairs of acoustic features and facial codes, clip by clip, in one folder format."""
