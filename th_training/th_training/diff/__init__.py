"""What a change did to the face: the codes of two bags side by side."""
