"""Question 3: a dense net on CIFAR-10."""
