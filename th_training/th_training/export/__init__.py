"""Code sequences for other programs: landmarks, ARKit's blendshapes, a glTF head that speaks, a BVH jaw."""
