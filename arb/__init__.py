"""Decisions: edges between venues and the ledger of opportunities."""
