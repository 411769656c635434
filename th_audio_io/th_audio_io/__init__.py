"""Sound in and out of the talking face: sources, the intake of audio topics, and playout in step with the face."""
