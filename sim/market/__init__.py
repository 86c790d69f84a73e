"""The market behind the simulated venues: integer books that move in virtual time.

Nothing here knows a wire format; `sim.feed` and `sim.wire` turn what happens here into frames.
"""
