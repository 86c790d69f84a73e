"""Binance: spot, Binance.US, USD-M and COIN-M futures share one wire format."""
