"""What a maker's fill leaves open is traded away elsewhere, and never lost sight of."""
