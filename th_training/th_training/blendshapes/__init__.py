"""From facial codes back to the actor's muscles, which are ARKit's blendshapes: what th_face_renderer.blendshapes applies is learnt here."""
