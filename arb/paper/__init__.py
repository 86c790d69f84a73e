"""Orders matched in the node against mirrored liquidity, as if they had been at the venue."""
