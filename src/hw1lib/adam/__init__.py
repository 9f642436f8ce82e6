"""Question 2: Adam's bias correction."""
