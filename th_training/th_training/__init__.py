"""Offline tools of the talking face: virtual actor, corpora, landmarks, AAM, training, evaluation, video synthesis."""
