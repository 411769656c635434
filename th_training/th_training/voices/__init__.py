"""Other voices: which ones a model knows, and what a new one is like (docs/voices.md)."""
