"""Venue-side feeds: what a venue would publish about its market, encoded once for all clients."""
