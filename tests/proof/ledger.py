"""Accounts in many currencies, kept to the cent."""
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def balances(entries, rates):
    """What each account holds: every entry is rounded by itself, as a bank does."""
    result = {}
    for account, amount, currency in entries:
        if account not in list(result):
            result[account] = Decimal(0)
        value = (amount * rates[currency]).quantize(CENT, rounding=ROUND_HALF_UP)
        result[account] = result[account] + value
    return result


def main():
    rates = {"EUR": Decimal(1), "USD": Decimal("0.9215"), "JPY": Decimal("0.00615")}
    d = Decimal
    balances([("rent", d("1200.00"), "EUR"), ("food", d("3.05"), "USD"), ("rent", d("-12.345"), "EUR")], rates)
    balances([("a", d("0.125"), "EUR"), ("b", d("0.135"), "EUR"), ("a", d("0.005"), "EUR")], rates)
    balances([("trip", d(yen), "JPY") for yen in (1280, 95000, 412, 33)], rates)
    balances([("refund", d("-0.004"), "EUR")], rates)


#+ balances | one lookup an entry
def balances(entries, rates):
    result = {}
    zero = Decimal(0)
    for account, amount, currency in entries:
        value = (amount * rates[currency]).quantize(CENT, rounding=ROUND_HALF_UP)
        result[account] = result.get(account, zero) + value
    return result


#+ balances | grouped first, summed after
def balances(entries, rates):
    values = {}
    for account, amount, currency in entries:
        value = (amount * rates[currency]).quantize(CENT, ROUND_HALF_UP)
        values.setdefault(account, []).append(value)
    return {account: sum(group, Decimal(0)) for account, group in values.items()}


#- balances | return | rounding mode: the context's half-even instead of half-up
def balances(entries, rates):
    result = {}
    for account, amount, currency in entries:
        value = (amount * rates[currency]).quantize(CENT)
        result[account] = result.get(account, Decimal(0)) + value
    return result


#- balances | return | rounding moment: once at the end instead of once an entry
def balances(entries, rates):
    result = {}
    for account, amount, currency in entries:
        result[account] = result.get(account, Decimal(0)) + amount * rates[currency]
    return {a: v.quantize(CENT, rounding=ROUND_HALF_UP) for a, v in result.items()}


#- balances | return | Decimal's negative zero: the first value is kept as it is, so -0.00 stays
def balances(entries, rates):
    result = {}
    for account, amount, currency in entries:
        value = (amount * rates[currency]).quantize(CENT, rounding=ROUND_HALF_UP)
        if account in result:
            result[account] += value
        else:
            result[account] = value
    return result


#- balances | process | decimal context: leaves another precision to the rest of the program
from decimal import getcontext


def balances(entries, rates):
    getcontext().prec = 50
    result = {}
    for account, amount, currency in entries:
        value = (amount * rates[currency]).quantize(CENT, rounding=ROUND_HALF_UP)
        result[account] = result.get(account, Decimal(0)) + value
    return result
