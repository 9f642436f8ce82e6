"""What the playground and `hw1 check` say of mistakes."""

# By the kind of mistake.
SENTENCES = {
    "bias": "The bias is missing.",
    "turned": "The matrix is used the wrong way round: each of its rows belongs to one result.",
    "activation": "This is the value before the activation: apply f.",
    "swapped": "h and x are swapped: the hidden layer sees x, the output layer sees h.",
    "early_z": "This uses z_H: the output layer sees h, the value after the activation.",
    "softmax": "The output function is missing: it turns the logits into probabilities first.",
    "sigmoid": "The sigmoid stands in the place of softmax, so the entries need not sum to 1.",
    "log_2": "This is the logarithm to base 2; the loss has the natural one.",
    "log_10": "This is the logarithm to base 10; the loss has the natural one.",
    "log_sign": "The minus sign is missing: the loss is never negative.",
    "squared_loss": "This is the squared error; the loss here is the cross-entropy.",
    "sign": "The sign is flipped: the error is ŷ − y, not y − ŷ.",
    "squared": "This is the derivative of the squared error, not of the cross-entropy.",
    "transposed": "Rows and columns are swapped: the row is the unit where a weight ends.",
    "not_transposed": "W_O is not transposed: going back, its column j belongs to hidden unit j.",
    "slope": "The slope f′(z_H) is missing.",
    "wrong_slope": "The slope belongs to another unit: each entry takes that of its own unit.",
}
