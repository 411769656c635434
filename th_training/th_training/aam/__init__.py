"""The active appearance model of one face: build, encode, inspect (Cootes, Edwards and Taylor, 1998)."""
