"""Our own orders: their life at a venue as far as we can know it, and the door to the venue."""
