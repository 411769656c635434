"""Training a predictor on a corpus: data, recipes, the loop, figures."""
