"""The commands of `hw1`, by what they are about."""
