"""What it took: tokens, cost, and which model it was."""
