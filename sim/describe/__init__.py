"""What a market looks like in numbers: the generated one beside real recordings."""
