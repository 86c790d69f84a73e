"""Tests of the documentation and of the command line as it describes itself."""
