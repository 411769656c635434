"""Other people's features of the same sound, as yardsticks of `benchmarks/features.py`; each is None where it is not installed."""
