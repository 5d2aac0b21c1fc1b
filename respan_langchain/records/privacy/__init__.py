"""What must not leave: secrets by their forms, by their names, by where they stand."""
