"""Orders at the venues' test networks, through a ccxt process of their own."""
