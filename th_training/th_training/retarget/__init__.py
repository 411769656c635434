"""A real speaker's motion given to another face: landmarks to person-independent measures to codes."""
