"""What is learned: files chosen with reasons, the split by time, and samples in the format of serving."""
