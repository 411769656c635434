"""Acoustic features to facial codes: bidirectional LSTM with bounded lookahead."""
