"""40-D acoustic features at 60 frames per second (12 MFCC, energy, deltas, F0), offline and streaming."""
