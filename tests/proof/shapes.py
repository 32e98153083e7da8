"""Plots of land by their shapes."""


class Plot:
    def __init__(self, name):
        self.name = name


class Rectangle(Plot):
    def __init__(self, name, width, depth):
        super().__init__(name)
        self.width = width
        self.depth = depth


class Square(Rectangle):
    def __init__(self, name, side):
        super().__init__(name, side, side)


class Triangle(Plot):
    def __init__(self, name, base, height):
        super().__init__(name)
        self.base = base
        self.height = height


class Garden(Triangle, Rectangle):
    """Half a rectangle."""

    def __init__(self, name, side):
        Rectangle.__init__(self, name, side, side)
        self.base = self.height = side


def areas(plots):
    """{name: twice the area}; a plot that is of no known shape is an error."""
    out = {}
    for plot in plots:
        if isinstance(plot, Triangle):
            out[plot.name] = plot.base * plot.height
        elif isinstance(plot, Rectangle):
            out[plot.name] = 2 * plot.width * plot.depth
        else:
            raise TypeError("%s: what shape is a %s?" % (plot.name, type(plot).__name__))
    return out


def neighbour(plot, name):
    """A plot like this one, but for its name."""
    other = type(plot).__new__(type(plot))
    for attribute in list(plot.__dict__):
        setattr(other, attribute, plot.__dict__[attribute])
    other.name = name
    return other


def main():
    areas([Rectangle("r", 3, 4), Triangle("t", 5, 6), Square("s", 7)])
    areas([Garden("g", 4), Square("s", 2), Square("s", 3)])
    areas([])
    try:
        areas([Rectangle("r", 1, 1), Plot("heap")])
    except TypeError:
        pass
    neighbour(Square("s", 2), "s2")
    neighbour(Triangle("t", 1, 2), "t2")


#+ areas | the shape of each class is found once
def areas(plots):
    shapes = {}
    out = {}
    for plot in plots:
        cls = type(plot)
        shape = shapes.get(cls)
        if shape is None:
            shape = 1 if issubclass(cls, Triangle) else 2 if issubclass(cls, Rectangle) else 3
            shapes[cls] = shape
        if shape == 1:
            out[plot.name] = plot.base * plot.height
        elif shape == 2:
            out[plot.name] = 2 * plot.width * plot.depth
        else:
            raise TypeError("%s: what shape is a %s?" % (plot.name, cls.__name__))
    return out


#+ neighbour | attributes in another order
def neighbour(plot, name):
    other = object.__new__(type(plot))
    vars(other)["name"] = name
    vars(other).update({k: v for k, v in vars(plot).items() if k != "name"})
    return other


#- areas | kind | exact class: a square is a rectangle only to isinstance
def areas(plots):
    out = {}
    for plot in plots:
        if type(plot) is Triangle:
            out[plot.name] = plot.base * plot.height
        elif type(plot) is Rectangle:
            out[plot.name] = 2 * plot.width * plot.depth
        else:
            raise TypeError("%s: what shape is a %s?" % (plot.name, type(plot).__name__))
    return out


#- areas | return | order of bases: what is both is taken for the other
def areas(plots):
    out = {}
    for plot in plots:
        if isinstance(plot, Rectangle):
            out[plot.name] = 2 * plot.width * plot.depth
        elif isinstance(plot, Triangle):
            out[plot.name] = plot.base * plot.height
        else:
            raise TypeError("%s: what shape is a %s?" % (plot.name, type(plot).__name__))
    return out


#- areas | raise | error type: AttributeError for what has no width
def areas(plots):
    out = {}
    for plot in plots:
        if isinstance(plot, Triangle):
            out[plot.name] = plot.base * plot.height
        else:
            out[plot.name] = 2 * plot.width * plot.depth
    return out


#- neighbour | args | shared state: both plots have one and the same attributes
def neighbour(plot, name):
    other = type(plot).__new__(type(plot))
    other.__dict__ = plot.__dict__
    other.name = name
    return other


#- neighbour | return | class of the result: the one that defines the attributes
def neighbour(plot, name):
    if isinstance(plot, Rectangle):
        return Rectangle(name, plot.width, plot.depth)
    return Triangle(name, plot.base, plot.height)
