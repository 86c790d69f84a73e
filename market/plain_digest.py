"""The plain twin of market.digest.Digest."""

_MASK = (1 << 64) - 1


class PlainDigest:
    """Rolling hash over 64-bit words and byte strings."""

    def __init__(self) -> None:
        self._value = 0

    def add(self, word: int) -> None:
        """Mix in one signed 64-bit word by the finaliser of splitmix64."""
        z = ((self._value + 0x9E3779B97F4A7C15) & _MASK) ^ (word & _MASK)
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        self._value = z ^ (z >> 31)

    def add_bytes(self, data: bytes) -> None:
        """Mix in a byte string: its length, then eight bytes at a time, zero-padded."""
        self.add(len(data))
        for at in range(0, len(data), 8):
            self.add(int.from_bytes(data[at : at + 8], "little"))

    @property
    def hex(self) -> str:
        """The digest as 16 hexadecimal digits."""
        return f"{self._value:016x}"

    def __int__(self) -> int:
        return self._value

    def load(self, value: int) -> None:
        """Go on from a value that `int` gave; OverflowError beyond 64 bits."""
        if not 0 <= value <= _MASK:
            raise OverflowError(value)
        self._value = value
