"""The features of a sound file, to look at and to measure: `th features`."""
