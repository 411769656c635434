"""The talking face as a whole: every node in one process, and what belongs to no single package."""
