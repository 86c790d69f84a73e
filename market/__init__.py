"""The vocabulary: instruments, ticks and lots, market events, inputs. Imports nothing of ours."""
