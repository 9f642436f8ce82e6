"""Backpropagation by hand, Adam's expectations and a dense net on CIFAR-10, for the hw1 book."""
