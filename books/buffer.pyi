# Compiled helpers without a Python face.
