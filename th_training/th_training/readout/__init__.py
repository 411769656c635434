"""What predicted codes express: what th_face_renderer.readout applies is learnt and judged here."""
