"""Instruments that count how often they are read."""


class Sensor:
    def __init__(self, name, raw, unit):
        self.name = name
        self.raw = raw
        self.unit = unit
        self.reads = 0

    @property
    def level(self):
        """The next reading; the last one stays."""
        value = self.raw[min(self.reads, len(self.raw) - 1)]
        self.reads += 1
        return value

    def state(self, low, high):
        if self.level < low:
            return "%s: low, %s %s" % (self.name, self.level, self.unit)
        if self.level > high:
            return "%s: high, %s %s" % (self.name, self.level, self.unit)
        return "%s: %s" % (self.name, "ok")


def report(sensors, limits):
    """A line for each sensor that has limits; without them it is not read."""
    lines = []
    for sensor in sensors:
        if sensor.name in [name for name, low, high in limits]:
            low, high = [(low, high) for name, low, high in limits if name == sensor.name][0]
            lines.append(sensor.state(low, high))
    return lines


def main():
    for raw in ([5, 5, 5], [30, 31, 32], [9, 41, 39], [1, 2]):
        Sensor("tank", raw, "l").state(4, 30)
    report([Sensor("a", [1, 2], "V"), Sensor("b", [9], "A"), Sensor("c", [0], "V")],
           [("a", 0, 5), ("c", 1, 2), ("a", 3, 5)])
    report([Sensor("x", [4], "V")], [])


#+ Sensor.state | the name is looked up once
    def state(self, low, high):
        name = self.name
        if self.level < low:
            return f"{name}: low, {self.level} {self.unit}"
        if self.level > high:
            return f"{name}: high, {self.level} {self.unit}"
        return name + ": ok"


#+ report | a table of limits, the first of each name
def report(sensors, limits):
    table = {}
    for name, low, high in limits:
        table.setdefault(name, (low, high))
    return [sensor.state(*table[sensor.name]) for sensor in sensors if sensor.name in table]


#- Sensor.state | self | property with an effect: read once instead of each time
    def state(self, low, high):
        level = self.level
        if level < low:
            return "%s: low, %s %s" % (self.name, level, self.unit)
        if level > high:
            return "%s: high, %s %s" % (self.name, level, self.unit)
        return "%s: %s" % (self.name, "ok")


#- report | args | evaluation: reads every sensor, with limits or not
def report(sensors, limits):
    table = {}
    for name, low, high in limits:
        table.setdefault(name, (low, high))
    states = {id(sensor): sensor.state(*table.get(sensor.name, (0, 0))) for sensor in sensors}
    return [states[id(sensor)] for sensor in sensors if sensor.name in table]


#- report | return | repeated keys: of two limits the last counts
def report(sensors, limits):
    table = {name: (low, high) for name, low, high in limits}
    return [sensor.state(*table[sensor.name]) for sensor in sensors if sensor.name in table]


#- Sensor.level | scope | descriptor: a property that keeps its first value
    @__import__("functools").cached_property
    def level(self):
        value = self.raw[min(self.reads, len(self.raw) - 1)]
        self.reads += 1
        return value
