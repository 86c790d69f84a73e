"""Long and instrumented tests of the compiled core: sanitizers and fuzzing."""
