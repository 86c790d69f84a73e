"""Binance: spot, Binance.US, USD-M and COIN-M."""
