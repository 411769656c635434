"""Facial codes to pictures: active appearance model decoder, page, window and image topics."""

from th_face_renderer.decoder import FaceDecoder, load_face
from th_face_renderer.face_model import FaceModel

__all__ = ["FaceDecoder", "FaceModel", "load_face"]
