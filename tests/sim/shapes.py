"""The shape of a JSON value: its keys in order and the kinds of its values."""


def shape(value):
    """Return a value that is equal for values spelled alike; only the first of a list counts."""
    if isinstance(value, dict):
        return tuple((key, shape(inner)) for key, inner in value.items())
    if isinstance(value, list):
        return (shape(value[0]),) if value else ()
    return type(value).__name__
