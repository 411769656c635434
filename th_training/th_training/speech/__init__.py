"""Speech for the corpus: sentences of our own, voices that speak them, and when which viseme is heard."""
