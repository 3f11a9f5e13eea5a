"""How the mini was made: text, print and damage to train on, training, and measuring. Not in the wheel."""
