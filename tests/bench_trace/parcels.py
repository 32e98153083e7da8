# SPDX-License-Identifier: Apache-2.0
"""Small objects that call each other: parcels through a ring of hubs, with queues of their own.

Everybody keeps the books on what reached them, so that the true number of calls is known.
"""


class Dice:
    """The same numbers on every Python."""

    def __init__(self, seed):
        self.state = seed
        self.thrown = 0

    def throw(self, sides):
        self.thrown += 1
        self.state = (self.state * 1103515245 + 12345) & 0x7FFFFFFF
        return (self.state >> 8) % sides


class Parcel:
    made = 0

    def __init__(self, goal, weight):
        Parcel.made += 1
        self.goal = goal
        self.weight = weight
        self.hops = 0
        self.next = None

    def hop(self):
        self.hops += 1

    def is_for(self, place):
        return self.goal == place.number


class Queue:
    def __init__(self):
        self.head = self.tail = None
        self.put_in = self.taken = 0

    def put(self, parcel):
        self.put_in += 1
        parcel.next = None
        if self.head is None:
            self.head = parcel
        else:
            self.tail.next = parcel
        self.tail = parcel

    def take(self):
        self.taken += 1
        parcel = self.head
        self.head = parcel.next
        return parcel

    def empty(self):
        return self.head is None


class Place:
    def __init__(self, number):
        self.number = number
        self.ticks = 0

    def tick(self):
        raise NotImplementedError


class Hub(Place):
    def __init__(self, number):
        super().__init__(number)
        self.queue = Queue()
        self.left = self.right = None
        self.accepted = self.passed = self.delivered = self.load = 0

    def accept(self, parcel):
        self.accepted += 1
        if parcel.is_for(self):
            self.deliver(parcel)
        else:
            self.queue.put(parcel)

    def deliver(self, parcel):
        self.delivered += 1
        self.load += parcel.weight

    def tick(self):
        self.ticks += 1
        for _ in range(3):
            if self.queue.empty():
                break
            self.forward(self.queue.take())

    def forward(self, parcel):
        self.passed += 1
        parcel.hop()
        self.towards(parcel.goal).accept(parcel)

    def towards(self, goal):
        return self.left if goal < self.number else self.right


class Office(Place):
    """Where parcels come from."""

    def __init__(self, number, hub, hubs):
        super().__init__(number)
        self.hub = hub
        self.hubs = hubs
        self.dice = Dice(number + 1)

    def tick(self):
        self.ticks += 1
        self.hub.accept(Parcel(self.dice.throw(self.hubs), 1 + self.dice.throw(9)))


def main(ticks):
    Parcel.made = 0
    hubs = [Hub(n) for n in range(12)]
    for a, b in zip(hubs, hubs[1:]):
        a.right, b.left = b, a
    offices = [Office(n, hub, len(hubs)) for n, hub in enumerate(hubs[::3])]
    places = hubs + offices
    for _ in range(ticks):
        for place in places:
            place.tick()

    def over(what, attribute):
        return sum(getattr(x, attribute) for x in what)

    passed, accepted, delivered = (over(hubs, x) for x in ("passed", "accepted", "delivered"))
    queues = [hub.queue for hub in hubs]
    assert Parcel.made == over(offices, "ticks") == accepted - passed
    return {
        "Dice.throw": over((o.dice for o in offices), "thrown"),
        "Parcel.__init__": Parcel.made,
        "Parcel.hop": passed,
        "Parcel.is_for": accepted,
        "Queue.put": over(queues, "put_in"),
        "Queue.take": over(queues, "taken"),
        "Hub.accept": accepted,
        "Hub.deliver": delivered,
        "Hub.forward": passed,
        "Hub.towards": passed,
        "Hub.tick": over(hubs, "ticks"),
        "Office.tick": over(offices, "ticks"),
    }
