"""Facial codes to pictures: active appearance model decoder, page, window and image topics."""
