"""The pure middle: one step per round, values in, values out. Rule: no clock, no chance, no input or output."""
