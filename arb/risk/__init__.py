"""What may be sent, and when everything has to stop."""
