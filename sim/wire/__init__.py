"""Wire formats of the simulated venues, from the venue's side: integers in, exact bytes out."""
