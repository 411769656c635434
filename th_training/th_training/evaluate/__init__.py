"""How good a speaking face is, judged on recordings of real speakers."""
