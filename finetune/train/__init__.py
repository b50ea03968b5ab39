"""Learning: the model with its adapter, the loss, the loop, checkpoints, and the plan made before it starts."""
