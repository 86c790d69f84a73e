"""A reading of JSON as lenient as the compiled scanner's, to say what it may accept.

Members that a decoder reads are read strictly; every other value is stepped over by the balance of
its brackets and strings only. A shape says what is read: READ for a scalar, `[shape]` for a list,
a tuple of shapes for the first items of a list, a dictionary for the members of an object.
"""

import re

import orjson

READ = "read"
SPACE = b" \t\n\r"
DEPTH_MAX = 64
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_SCALAR = re.compile(rb"[!-+\-->@-\\^-|~][!-+\--\\^-|~\x7f]*")


class Broken:
    """A value that strict JSON refuses; it must not be used."""


class NoJsonError(ValueError):
    """Not even the lenient reading can take it."""


def space(data, at):
    while data[at : at + 1] and data[at] in SPACE:
        at += 1
    return at


def skip(data, at):
    """Return where the value at `at` ends; only its balance is checked."""
    depth = 0
    while at < len(data):
        c = data[at : at + 1]
        if c == b'"':
            found = _STRING.match(data, at)
            if found is None:
                raise NoJsonError
            at = found.end()
        elif c in b"{[":
            depth += 1
            at += 1
            if depth > DEPTH_MAX:
                raise NoJsonError
            continue
        elif c in b"}]":
            depth -= 1
            at += 1
            if depth < 0:
                raise NoJsonError
        elif c in b",:" or c[0] <= 32 or c[0] >= 128:
            if depth == 0:
                raise NoJsonError
            at += 1
            continue
        else:
            while at < len(data) and 32 < data[at] < 128 and data[at] not in b",}]":
                at += 1
        if depth == 0:
            return at
    raise NoJsonError


def scalar(raw):
    try:
        return orjson.loads(raw.decode("utf-8", "replace").encode())
    except orjson.JSONDecodeError:
        return Broken()


def value(data, at, shape):
    """Return (value, end) of the value at `at`; what its shape does not name is None."""
    opening = data[at : at + 1]
    if isinstance(shape, dict) and opening == b"{":
        return members(data, at, shape)
    if isinstance(shape, list | tuple) and opening == b"[":
        end = skip(data, at)
        try:
            return items(data, at, shape)[0], end
        except NoJsonError:
            return [Broken()], end
    end = skip(data, at)
    return (scalar(data[at:end]) if shape is not None else None), end


def members(data, at, shape):
    out = {}
    at = space(data, at + 1)
    while data[at : at + 1] != b"}":
        found = _STRING.match(data, at)
        if found is None:
            raise NoJsonError
        key = found[0][1:-1].decode("utf-8", "replace")
        at = space(data, found.end())
        if data[at : at + 1] != b":":
            raise NoJsonError
        out[key], at = value(data, space(data, at + 1), shape.get(key))
        at = space(data, at)
        if data[at : at + 1] == b",":
            at = space(data, at + 1)
            if data[at : at + 1] != b'"':
                raise NoJsonError
        elif data[at : at + 1] != b"}":
            raise NoJsonError
    return out, at + 1


def items(data, at, shape):
    out = []
    at = space(data, at + 1)
    while data[at : at + 1] != b"]":
        if isinstance(shape, list):
            inner = shape[0]
        else:
            inner = shape[len(out)] if len(out) < len(shape) else None
        item, at = value(data, at, inner)
        out.append(item)
        at = space(data, at)
        if data[at : at + 1] == b",":
            at = space(data, at + 1)
            if data[at : at + 1] == b"]":
                raise NoJsonError
        elif data[at : at + 1] != b"]":
            raise NoJsonError
    return out, at + 1


def parse(data, shape):
    """Return the whole text by `shape`; raises NoJsonError."""
    at = space(data, 0)
    if data[at : at + 1] != b"{":
        raise NoJsonError
    out, at = members(data, at, shape)
    if space(data, at) != len(data):
        raise NoJsonError
    return out
