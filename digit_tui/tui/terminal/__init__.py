"""What the program has to do with the terminal, besides drawing: input, encoding, signals."""
