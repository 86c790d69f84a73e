"""Amounts of money and of assets: exact integers, and their decimal texts."""

from market.grid import plain_decimal, split_decimal

#: An amount is in units of 10**-AMOUNT_DECIMALS: fine enough for ticks times lots times a fee rate
#: of every instrument that is traded, so nothing is rounded.
AMOUNT_DECIMALS = 27


def amount_of(text: str) -> int:
    """Return the amount that a decimal means; BadNumberError for anything else."""
    negative = text.startswith("-")
    digits, decimals = split_decimal(text.removeprefix("-"))
    amount: int = digits * 10 ** (AMOUNT_DECIMALS - decimals)
    return -amount if negative else amount


def text_of(amount: int) -> str:
    """Return the exact decimal text of an amount, without trailing zeros."""
    sign = "-" if amount < 0 else ""
    return sign + plain_decimal(abs(amount), AMOUNT_DECIMALS)
