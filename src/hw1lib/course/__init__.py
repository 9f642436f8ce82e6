"""For teaching staff: a network of one's own for every student, and answers checked."""
