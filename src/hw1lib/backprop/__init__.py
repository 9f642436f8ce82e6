"""Question 1: backpropagation in a two-layer network."""
