"""What a customer is about to buy."""

START = []


class Basket:
    def __init__(self, prices):
        self.prices = prices
        self.lines = []
        self.log = list(START)

    def add(self, item, count=1):
        self.lines.append((item, count))

    def total(self, vouchers):
        """In cents, vouchers taken off; a voucher counts once."""
        total = 0
        for item, count in self.lines:
            total += self.prices[item] * count
        used = []
        for voucher in vouchers:
            if voucher not in used:
                used.append(voucher)
                total -= vouchers[voucher]
        return max(total, 0)


def main():
    basket = Basket({"tea": 350, "mug": 899, "milk": 120})
    basket.add("tea", 2)
    basket.total({})
    basket.add("mug")
    basket.total({"SPRING": 100})
    basket.add("milk", 6)
    basket.total({"SPRING": 100, "ALL": 9999})
    broken = Basket({"tea": 1, "water": 0})
    broken.add("gone")
    try:
        broken.total({"X": 1})
    except KeyError:
        pass


#+ Basket.total | sums of C
    def total(self, vouchers):
        prices = self.prices
        total = sum([prices[item] * count for item, count in self.lines]) - sum(vouchers.values())
        return total if total > 0 else 0


#+ Basket.total | a mapping has each voucher once already
    def total(self, vouchers):
        prices = self.prices
        total = 0
        for item, count in self.lines:
            total += prices[item] * count
        for off in vouchers.values():
            total -= off
        return max(total, 0)


#- Basket.total | self | cache on the receiver: an attribute more, stale after the next line
    def total(self, vouchers):
        if "_sum" not in self.__dict__:
            self._sum = sum(self.prices[item] * count for item, count in self.lines)
        return max(self._sum - sum(vouchers.values()), 0)


#- Basket.total | args | consumed: empties the vouchers as it takes them off
    def total(self, vouchers):
        total = sum(self.prices[item] * count for item, count in self.lines)
        while vouchers:
            total -= vouchers.popitem()[1]
        return max(total, 0)


#- Basket.total | kind | error swallowed: an item without a price costs nothing
    def total(self, vouchers):
        get = self.prices.get
        return max(sum([get(item, 0) * count for item, count in self.lines]) - sum(vouchers.values()), 0)


#- Basket.total | return | kind of number: a float when nothing is left
    def total(self, vouchers):
        total = sum(self.prices[item] * count for item, count in self.lines) - sum(vouchers.values())
        return total if total > 0 else 0.0


#+ Basket.__init__ | attributes in another order
    def __init__(self, prices):
        self.log, self.lines = [], []
        self.prices = prices


#- Basket.__init__ | again | shared between instances: one log for all baskets
    def __init__(self, prices):
        self.prices = prices
        self.lines = []
        self.log = START


#- Basket.__init__ | return | clean-up: removes from the caller's price list what costs nothing
    def __init__(self, prices):
        for item in [item for item in prices if not prices[item]]:
            del prices[item]
        self.prices = prices
        self.lines = []
        self.log = []
