"""Other bodies: a face's codes as weights of ARKit's blendshapes, as action units, and as packets for avatar programs (VMC protocol)."""
