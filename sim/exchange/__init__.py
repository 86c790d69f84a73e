"""The market core of one simulated venue: matching engine, accounts, orders and the public book.

It knows no wire format, socket or clock: time is given.
"""
