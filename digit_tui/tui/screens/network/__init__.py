"""The view of what is inside the network: its pages, and the thread that computes them."""
