# SPDX-License-Identifier: Apache-2.0
"""How arrays and tables of the usual libraries are encoded: numpy, pandas, scipy, torch, jax,
tensorflow, polars, pyarrow, xarray; and what a few others have. A library is only used where the program has it, which a type of
it shows."""

from __future__ import annotations

import sys
from typing import Any, Callable, Dict, List, Tuple

from . import encode

Pairs = List[Tuple[str, Any]]

_OWNERS = 16  # arrays of one piece of memory that a further one is held against


def handler(t: type) -> Any:
    """The handler of a library's class, or of one derived from it; None if t is none."""
    for c in t.__mro__:
        module = c.__module__
        top = module.partition(".")[0] if isinstance(module, str) else ""
        find = _LIBRARIES.get(top)
        made = find and find(t, c)
        if made:
            return made
    return None


class Values:
    """An array that a library has within: whose memory it is, and whether it may be written to, is the
    library's business. dtype: what the library calls it, where that says more."""

    __slots__ = ("array", "dtype")

    def __init__(self, array: Any, dtype: str = "") -> None:
        self.array = array
        self.dtype = dtype


def values(e: Any, v: Values) -> bytes:
    """The handler of Values."""
    return _array(e, encode._start("array", "numpy.ndarray"), v.array,
                  [("dtype", v.dtype)] if v.dtype else [])


# numpy. -----------------------------------------------------------------------------------------


def _numpy(t: type, c: type) -> Any:
    np, ma = sys.modules.get("numpy"), sys.modules.get("numpy.ma")
    if np is None:
        return None
    if issubclass(t, np.ndarray):
        masked = ma is not None and issubclass(t, ma.MaskedArray)
        return _masked_handler(ma, t) if masked else _array_handler(np, t)
    if issubclass(t, np.generic):
        return _scalar_handler(np, t)
    if issubclass(t, np.dtype):
        return encode._payload(t, lambda v: (repr(v),))
    if c.__name__ == "ufunc":
        return lambda e, v: encode._global(v, "numpy." + v.__name__) if (
            getattr(np, v.__name__, None) is v) else encode._opaque(v, "a universal function")
    return None


def _array_handler(np: Any, t: type) -> Any:
    start = encode._start("array", t)
    attributes = encode._attributes(t) if t is not np.ndarray else None

    def handle(e: Any, v: Any) -> bytes:
        pairs = [] if attributes is None else [p for p in attributes(v) if p[0] != "_mmap"]
        plain = np.asarray(v)
        if not v.flags.writeable:
            pairs.append(("writeable", False))
        pairs += _memory(np, e, v)
        return _array(e, start, plain, pairs)

    return handle


def _masked_handler(ma: Any, t: type) -> Any:
    start = encode._start("array", t)

    def handle(e: Any, v: Any) -> bytes:
        pairs = [("mask", Values(ma.getmaskarray(v))), ("fill_value", v.fill_value)]
        if v.hardmask:
            pairs.append(("hardmask", True))
        return _array(e, start, v.filled().view(sys.modules["numpy"].ndarray), pairs)

    return handle


def _memory(np: Any, e: Any, v: Any) -> Pairs:
    """The array met before that this one shares memory with: what is done to one is done to both."""
    owner = v
    while True:
        base = owner.base if isinstance(owner, np.ndarray) else (
            owner.obj if type(owner) is memoryview else None)
        if base is None:
            break
        owner = base
    if type(owner).__name__ in ("bytearray", "array", "mmap"):
        return [("memory", owner)]
    met = e.memory.setdefault(id(owner), [])
    for other in met:
        try:
            shared = np.shares_memory(v, other, max_work=10000)
        except Exception:  # it would take too long to say
            shared = np.may_share_memory(v, other)
        if shared:
            return [("memory", other)]
    if len(met) < _OWNERS:
        met.append(v)
    return []


def _array(e: Any, start: bytes, v: Any, pairs: Pairs) -> bytes:
    """A plain array, in C order and little-endian whatever it has in memory."""
    dtype = v.dtype
    shape = encode._list_head(v.ndim) + b"".join(map(encode._int, v.shape))
    if dtype.names is not None:  # field by field: there may be anything between them
        pairs = pairs + [(name, Values(v[name])) for name in dtype.names]
        return encode._node(start, [encode.text(repr(dtype)), shape, encode._bytes(b"")],
                            encode._state(e, pairs))
    if dtype.hasobject:
        if v.size > e.max_nodes:
            raise encode.TooLarge
        return encode._node(start, [encode.text(dtype.str), shape] + e.puts(v.ravel().tolist()),
                            encode._state(e, pairs))
    if v.nbytes > e.max_bytes:
        raise encode.TooLarge
    if dtype.char in "gG":  # with padding that may be anything, and exacter than is compared
        pairs = pairs + [("dtype", dtype.str)]
        v = v.astype("<f8" if dtype.char == "g" else "<c16")
    elif dtype.byteorder == (">" if sys.byteorder == "little" else "<"):
        pairs = pairs + [("dtype", dtype.str)]
    elif dtype.kind == "V":
        pairs = pairs + [("dtype", str(dtype))]
    little = v.dtype.newbyteorder("<")
    return encode._node(start, [encode.text(little.str), shape, encode._bytes(
        v.astype(little, copy=False).tobytes())], encode._state(e, pairs))


def _scalar_handler(np: Any, t: type) -> Any:
    start = encode._start("scalar", t)
    single = b"\x80"
    if issubclass(t, (np.float32, np.complex64)):
        single = b"\x81" + encode.text("single")

    def handle(e: Any, v: Any) -> bytes:
        if isinstance(v, np.void) and v.dtype.names is not None:
            fields = [(name, v[name]) for name in v.dtype.names]
            return encode._node(start, [encode.text(repr(v.dtype))], encode._state(e, fields))
        if isinstance(v, np.complexfloating):
            return encode._node(start, [encode._float(float(v.real)), encode._float(float(v.imag))],
                                encode.NULL, single)
        if isinstance(v, np.floating):
            return encode._node(start, [encode._float(float(v))], encode.NULL, single)
        if isinstance(v, (np.bool_, np.integer, np.str_, np.bytes_)):
            x = v.item()
            if type(x) in encode._INLINE:
                return encode._node(start, [e.put(x)])
        return encode._node(start, [encode.text(v.dtype.str), encode._bytes(v.tobytes())])

    return handle


# pandas. ----------------------------------------------------------------------------------------


def _pandas(t: type, c: type) -> Any:
    pd, np = sys.modules.get("pandas"), sys.modules.get("numpy")
    if np is None or not hasattr(pd, "api"):
        return None

    def plain(v: Any) -> Any:
        """An array's values in numpy's terms, with the dtype that they have in pandas'."""
        if isinstance(v, np.ndarray):
            return Values(v)
        if hasattr(v, "codes") and hasattr(v, "categories"):
            return ["category", Values(v.codes), v.categories, bool(v.ordered)]
        if hasattr(v, "asi8"):
            return Values(v.asi8, str(v.dtype))
        return Values(np.asarray(v, dtype=object), str(v.dtype))

    def column(v: Any) -> Any:
        """Of a series or an index."""
        if encode.DERIVED and not len(v):
            return Values(np.empty(0))
        return plain(v.to_numpy() if isinstance(v.dtype, np.dtype) and v.dtype.kind in "biufc"
                     else v.array)

    def about(v: Any) -> Pairs:
        """What a table or a series has beside its data."""
        pairs = [("attrs", v.attrs)] if v.attrs else []
        if not v.flags.allows_duplicate_labels:
            pairs.append(("allows_duplicate_labels", False))
        own = object.__getattribute__(v, "__dict__")
        names = [n for n in own if n not in _OF_PANDAS] + [n for n in v._metadata if n not in own]
        return pairs + [(n, getattr(v, n, None)) for n in names if n not in ("_name", "name")]

    def axis(index: Any) -> Any:
        """What kind of index there is, and which dtypes, where there is no row, hangs on how a table was
        come by: of an input that nobody gave, that is nobody's business."""
        bare = encode.DERIVED and not len(index) and index.nlevels == 1
        return pd.Index([], dtype=object, name=index.name) if bare else index

    def frame(v: Any) -> Pairs:
        data = [column(v.iloc[:, i]) for i in range(v.shape[1])]
        return [("columns", axis(v.columns)), ("index", axis(v.index))] + about(v) + [
            ("data", dict(zip(v.columns, data)) if v.columns.is_unique else data)]

    def make(pairs: Callable[[Any], Pairs]) -> Any:
        return encode._stated(t, pairs, False)

    if issubclass(t, pd.DataFrame):
        return make(frame)
    if issubclass(t, pd.Series):
        return make(lambda v: [("name", v.name), ("index", axis(v.index))] + about(v) + [
            ("values", column(v))])
    if issubclass(t, pd.MultiIndex):
        return make(lambda v: [("names", list(v.names))] + [
            ("level %d" % i, v.get_level_values(i)) for i in range(v.nlevels)])
    if issubclass(t, pd.RangeIndex):  # as good as one that has the numbers: pandas makes either
        return encode._stated(getattr(pd, "Int64Index", pd.Index), lambda v: [
            ("name", v.name), ("freq", "None"),
            ("values", Values(np.arange(v.start, v.stop, v.step, dtype="i8")))], False)
    if issubclass(t, pd.Index):
        return make(lambda v: [("name", v.name), ("freq", str(getattr(v, "freq", None))),
                               ("values", column(v))])
    if issubclass(t, pd.api.extensions.ExtensionArray):
        return make(lambda v: [("values", plain(v))])
    if c.__name__ == "Timestamp":
        return encode._payload(t, lambda v: (v.value, getattr(v, "unit", "ns"), str(v.tz), v.fold))
    if c.__name__ == "Timedelta":
        return encode._payload(t, lambda v: (v.value, getattr(v, "unit", "ns")))
    if c.__name__ in ("NaTType", "NAType"):
        return encode._by_repr
    return None


_OF_PANDAS = {"_mgr", "_item_cache", "_attrs", "_flags", "_cache", "_index", "_cacher", "_is_copy",
              "_indexed_same"}


# The others: what there is to see of an object, by the class that shows that it is one. -----------


def _scipy(t: type, c: type) -> Any:
    if not c.__module__.startswith("scipy.sparse") or not hasattr(t, "tocoo"):
        return None

    def pairs(v: Any) -> Pairs:
        found = [("shape", tuple(v.shape)), ("dtype", str(v.dtype))]
        if v.format == "dok":
            return found + [("items", sorted(v.items()))]
        return found + [(name, getattr(v, name)) for name in _SPARSE[v.format]]

    return encode._stated(t, pairs, False)


_SPARSE: Dict[str, tuple] = {
    "csr": ("indptr", "indices", "data"), "csc": ("indptr", "indices", "data"),
    "bsr": ("indptr", "indices", "data"), "coo": ("coords", "data"), "dia": ("offsets", "data"),
    "lil": ("rows", "data")}


def _torch(v: Any) -> Pairs:
    found = [("dtype", str(v.dtype)), ("device", str(v.device)), ("layout", str(v.layout)),
             ("shape", tuple(v.shape)), ("requires_grad", v.requires_grad)]
    if v.is_leaf and v.grad is not None:
        found.append(("grad", v.grad))
    plain = v.detach().to_dense() if v.is_sparse else v.detach()
    plain = plain.resolve_conj().resolve_neg().cpu()
    if str(v.dtype) == "torch.bfloat16":
        plain = plain.float()  # of which each one is one
    return found + [("values", Values(plain.numpy()))]


def _jax(v: Any) -> Pairs:
    np = sys.modules["numpy"]
    found = [("dtype", str(v.dtype)), ("weak_type", bool(v.weak_type))]
    if str(v.dtype).startswith("key<"):
        return found + [("values", Values(np.asarray(sys.modules["jax"].random.key_data(v))))]
    plain = np.asarray(v)
    return found + [("values", Values(plain.astype("f4") if plain.dtype.kind == "V" else plain))]


def _tensor(v: Any) -> Pairs:
    plain = v.numpy()
    found = [("dtype", v.dtype.name), ("values", Values(plain) if hasattr(plain, "dtype") else plain)]
    return found + [("trainable", v.trainable)] if hasattr(v, "trainable") else found


def _polars_column(v: Any) -> Pairs:
    return [("name", v.name), ("dtype", str(v.dtype)), ("values", v.to_list())]


def _polars_table(v: Any) -> Pairs:
    return [("height", v.height), ("columns", list(v.columns))] + [
        ("column %d" % i, [str(s.dtype), s.to_list()]) for i, s in enumerate(v.get_columns())]


def _arrow_table(v: Any) -> Pairs:
    return [("schema", v.schema), ("rows", v.num_rows)] + [
        ("column %d" % i, c.to_pylist()) for i, c in enumerate(v.columns)]


def _arrow_schema(v: Any) -> Pairs:
    return [("fields", [v.field(i) for i in range(len(v))]), ("metadata", v.metadata)]


def _arrow_field(v: Any) -> Pairs:
    return [("name", v.name), ("type", str(v.type)), ("nullable", v.nullable),
            ("metadata", v.metadata)]


def _xarray_variable(v: Any) -> Pairs:
    np = sys.modules["numpy"]
    return [("dims", tuple(v.dims)), ("attrs", dict(v.attrs)),
            ("values", Values(np.asarray(v.values)))]


def _xarray_array(v: Any) -> Pairs:
    return [("name", v.name)] + _xarray_variable(v) + [("coords", _coordinates(v))]


def _xarray_set(v: Any) -> Pairs:
    return [("attrs", dict(v.attrs)), ("coords", _coordinates(v)),
            ("data", {name: x.variable for name, x in v.data_vars.items()})]


def _coordinates(v: Any) -> dict:
    return {name: x.variable for name, x in v.coords.items()}


# Not arrays, but of libraries that keep one content in various ways. -------------------------------


def _sorted(v: Any) -> Pairs:
    """How a sorted list is cut into pieces hangs on how it grew."""
    return [p for p in vars(v).items() if p[0] not in _OF_SORTED] + [("items", list(v))]


_OF_SORTED = {"_len", "_load", "_lists", "_keys", "_maxes", "_index", "_offset"}


def _mapped(v: Any) -> Pairs:
    """What is known of a mapped object beside its attributes; through it all of the mapping is reached."""
    return [("key", v.key), ("session", v.session_id is not None),
            ("expired", sorted(v.expired_attributes)),
            ("changed", dict(sorted(v.committed_state.items())))]


_SEEN: Dict[Tuple[str, str], Callable[[Any], Pairs]] = {
    ("torch", "Tensor"): _torch,
    ("jaxlib", "ArrayImpl"): _jax,
    ("jax", "ArrayImpl"): _jax,
    ("tensorflow", "EagerTensor"): _tensor,
    ("tensorflow", "ResourceVariable"): _tensor,
    ("polars", "Series"): _polars_column,
    ("polars", "DataFrame"): _polars_table,
    ("polars", "LazyFrame"): lambda v: [("collected", v.collect())],
    ("pyarrow", "Table"): _arrow_table,
    ("pyarrow", "RecordBatch"): _arrow_table,
    ("pyarrow", "Array"): lambda v: [("type", str(v.type)), ("values", v.to_pylist())],
    ("pyarrow", "ChunkedArray"): lambda v: [("type", str(v.type)), ("values", v.to_pylist())],
    ("pyarrow", "Scalar"): lambda v: [("type", str(v.type)), ("value", v.as_py())],
    ("pyarrow", "Schema"): _arrow_schema,
    ("pyarrow", "Field"): _arrow_field,
    ("pyarrow", "DataType"): lambda v: [("type", str(v))],
    ("pyarrow", "Buffer"): lambda v: [("bytes", v.to_pybytes())],
    ("xarray", "Variable"): _xarray_variable,
    ("xarray", "DataArray"): _xarray_array,
    ("xarray", "Dataset"): _xarray_set,
    ("sortedcontainers", "SortedList"): _sorted,
    ("sqlalchemy", "InstanceState"): _mapped,
    ("sqlalchemy", "CollectionAdapter"): lambda v: [("key", v._key)],
}


def _seen(t: type, c: type) -> Any:
    pairs = _SEEN.get((c.__module__.partition(".")[0], c.__name__))
    return pairs and encode._stated(t, pairs, False)


_LIBRARIES: Dict[str, Callable[[type, type], Any]] = {
    "numpy": _numpy, "pandas": _pandas, "scipy": _scipy}
_LIBRARIES.update(dict.fromkeys((
    "torch", "jax", "jaxlib", "tensorflow", "polars", "pyarrow", "xarray", "sortedcontainers",
    "sqlalchemy"), _seen))
