"""The asynchronous edge: sockets, REST and clocks that turn into inputs for the node.

Nothing here decides anything: frames, closings and replies are stamped, named and handed on, and
the venues' limits on connecting, sending and fetching are kept.
"""
