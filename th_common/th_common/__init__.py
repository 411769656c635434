"""What every node and model reader of the talking face shares, once."""
