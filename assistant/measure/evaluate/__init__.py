"""Measuring how well a model fills in: data, asking, marks, and the tests of what it wrote."""
