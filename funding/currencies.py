"""The currencies of ISO 4217, and with how many decimals each is written.

babel knows their codes and names, but it counts decimals as people use them: none for the Iraqi
dinar, which has three.
"""

from decimal import Decimal

from babel.numbers import list_currencies

# codes that are no money: precious metals, units of account, tests, none at all
NO_MONEY = frozenset(
    [
        "XAG",
        "XAU",
        "XBA",
        "XBB",
        "XBC",
        "XBD",
        "XDR",
        "XFO",
        "XFU",
        "XPD",
        "XPT",
        "XRE",
        "XSU",
        "XTS",
        "XUA",
        "XXX",
    ]
)
WITHOUT_DECIMALS = frozenset(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ]
)
THREE_DECIMALS = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])
FOUR_DECIMALS = frozenset(["CLF", "UYW"])


def is_currency(code: str) -> bool:
    return code in list_currencies() and code not in NO_MONEY


def decimals_of(currency: str) -> int:
    if currency in WITHOUT_DECIMALS:
        return 0
    if currency in THREE_DECIMALS:
        return 3
    if currency in FOUR_DECIMALS:
        return 4
    return 2


def has_its_decimals(amount: Decimal, currency: str) -> bool:
    """Whether the amount has no more decimals than its currency."""
    return amount == round(amount, decimals_of(currency))


def format_plain(amount: Decimal, currency: str) -> str:
    """The amount with the decimals of its currency, as files and JSON have it: 5000000.00."""
    return f"{amount:.{decimals_of(currency)}f}"
