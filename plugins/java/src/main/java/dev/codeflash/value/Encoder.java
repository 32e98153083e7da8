// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.value;

import dev.codeflash.graph.Access;
import dev.codeflash.graph.Hashed;
import dev.codeflash.graph.Names;
import dev.codeflash.graph.Pack;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Date;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.Vector;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * What a call did, as cf-value(5) has it. Objects are what their fields hold, collections of the JDK what is in
 * them; no method of the program's runs. What cannot be looked into is opaque, and equal to nothing.
 */
public final class Encoder {
	private static final int NODES_MAX = 1000000, ARRAY_MAX = 48 << 20;

	/** A value whose type is a primitive one, boxed. */
	public static final class Primitive {
		final Object value;

		public Primitive(Object boxed) {
			value = boxed;
		}
	}

	/** What something lazy gave. */
	public static final class Drained {
		final String type;
		final List<Object> items;
		final Throwable raised;
		final boolean truncated;

		public Drained(String type, List<Object> items, Throwable raised, boolean truncated) {
			this.type = type;
			this.items = items;
			this.raised = raised;
			this.truncated = truncated;
		}
	}

	private enum Kind { SEQ, SET, MAP, ORDERED_MAP }

	private static final Map<Class<?>, Kind> BASES = new LinkedHashMap<>();

	static {
		for (Class<?> c : List.of(ArrayList.class, LinkedList.class, ArrayDeque.class, Vector.class, PriorityQueue.class, CopyOnWriteArrayList.class,
				Arrays.asList(1).getClass(), List.of(1).getClass(), List.of(1, 2, 3).getClass(), LinkedHashSet.class, TreeSet.class, EnumSet.class))
			BASES.put(c, Kind.SEQ);
		BASES.put(HashSet.class, Kind.SET);
		BASES.put(Set.of(1).getClass(), Kind.SET);
		BASES.put(LinkedHashMap.class, Kind.ORDERED_MAP);
		BASES.put(TreeMap.class, Kind.ORDERED_MAP);
		BASES.put(EnumMap.class, Kind.ORDERED_MAP);
		BASES.put(Map.of(1, 1).getClass(), Kind.MAP);
	}

	private static final ClassValue<Class<?>[]> BASE = new ClassValue<>() {
		@Override
		protected Class<?>[] computeValue(Class<?> type) {
			for (Class<?> b : BASES.keySet()) {
				if (!b.isAssignableFrom(type)) continue;
				// what there is of it that can be made without content
				Class<?> c = type;
				while (!Names.isPlatform(c)) c = c.getSuperclass();
				return new Class<?>[] {c, b};
			}
			Class<?> hashed = Hashed.base(type);
			return new Class<?>[] {hashed, hashed};
		}
	};

	private final Names names;
	private final Set<String> newNames;
	private final int most;
	private final IdentityHashMap<Object, Integer> ids = new IdentityHashMap<>();
	private final Map<Object, Object> scalars = new HashMap<>(); // what stands for a boxed value, so that equal ones are one node
	private final List<Object> todo = new ArrayList<>();
	private Cbor out = new Cbor();

	private Encoder(Names names, Set<String> newNames, int most) {
		this.names = names;
		this.newNames = newNames;
		this.most = most;
	}

	/** @param by null for a return */
	public static byte[] outcome(String by, List<Map.Entry<String, Object>> roots, Names names, Set<String> newNames) {
		Encoder e = new Encoder(names, newNames, NODES_MAX);
		e.out.head(5, by == null ? 4 : 5);
		e.out.text("schema");
		e.out.text("cf/outcome/1");
		e.out.text("kind");
		e.out.text(by == null ? "return" : "raise");
		if (by != null) {
			e.out.text("raised_by");
			e.out.text(by);
		}
		return e.graph(roots);
	}

	public static byte[] skipped(String reason) {
		Cbor c = new Cbor();
		c.head(5, 5);
		String text = Cbor.wellFormed(reason);
		for (String s : List.of("schema", "cf/outcome/1", "kind", "skip", "reason", text.substring(0, Math.min(text.length(), 400)))) c.text(s);
		c.text("roots");
		c.head(4, 0);
		c.text("heap");
		c.head(4, 0);
		return c.done();
	}

	/** Bytes that are equal when the values are, for a value that is not too large; else null. */
	public static byte[] digest(Object value, Names names, int nodes) {
		try {
			return new Encoder(names, Set.of(), nodes).graph(List.of(Map.entry("value", Collections.singletonList(value).toArray())));
		} catch (Cbor.TooLarge e) {
			return null;
		}
	}

	private byte[] graph(List<Map.Entry<String, Object>> roots) {
		Cbor main = out;
		out.text("roots");
		out.head(4, roots.size());
		for (Map.Entry<String, Object> r : roots) {
			out.head(4, 2);
			out.text(r.getKey());
			value(r.getValue() == Void.TYPE ? null : r.getValue());
		}
		out = new Cbor();
		for (int i = 0; i < todo.size(); i++) node(todo.get(i));
		main.text("heap");
		main.head(4, todo.size());
		main.raw(out.data, out.at);
		return main.done();
	}

	private void ref(Object o) {
		Integer id = ids.get(o);
		if (id == null) {
			id = todo.size();
			if (id >= most) throw new Cbor.TooLarge();
			ids.put(o, id);
			todo.add(o);
		}
		out.head(6, 29);
		out.head(0, id);
	}

	/** A node for what has no identity that counts. */
	private static final class Scalar {
		final String type;
		final Object[] items;
		final boolean single;

		Scalar(String type, boolean single, Object... items) {
			this.type = type;
			this.single = single;
			this.items = items;
		}
	}

	private void scalar(Object key, String type, boolean single, Object... items) {
		ref(scalars.computeIfAbsent(List.of(type, key), k -> new Scalar(type, single, items)));
	}

	private void value(Object v) {
		if (v == null) out.simple(0xf6);
		else if (v instanceof Primitive) primitive(((Primitive) v).value);
		else if (v instanceof String) text((String) v);
		else if (v instanceof Integer) out.number((Integer) v);
		else if (v instanceof Boolean) out.simple((Boolean) v ? 0xf5 : 0xf4);
		else if (v instanceof Double) out.real((Double) v);
		else if (v instanceof Long || v instanceof Short || v instanceof Byte) scalar(v, v.getClass().getName(), false, v);
		else if (v instanceof Character) scalar(v, "java.lang.Character", false, (int) (Character) v);
		else if (v instanceof Float) scalar(Float.floatToRawIntBits((Float) v), "java.lang.Float", true, (double) (Float) v);
		else ref(v);
	}

	private void text(String s) {
		if (Cbor.isWellFormed(s)) out.text(s);
		else scalar(s, "java.lang.String", false, s.getBytes(StandardCharsets.UTF_16LE));
	}

	private void primitive(Object v) {
		if (v instanceof Float) scalar(Float.floatToRawIntBits((Float) v), "float", true, (double) (Float) v);
		else if (v instanceof Character) text(String.valueOf(v));
		else if (v instanceof Boolean || v instanceof Double) value(v);
		else out.number(((Number) v).longValue());
	}

	private void begin(String kind, String type, int items) {
		out.head(4, 5);
		out.text(kind);
		out.text(Cbor.wellFormed(type));
		out.head(4, items);
	}

	private void flags(String... flags) {
		out.head(4, flags.length);
		for (String f : flags) out.text(f);
	}

	private void plain(String kind, String type, Object item, String... flags) {
		begin(kind, type, 1);
		value(item);
		out.simple(0xf6);
		flags(flags);
	}

	private static String typeName(Class<?> c) {
		String name = c.getName();
		// which of them it is hangs on how much is in it
		if (name.startsWith("java.util.ImmutableCollections$")) return "java.util.ImmutableCollections." + name.charAt(31);
		if (name.endsWith("EnumSet")) return "java.util.EnumSet";
		return name;
	}

	private void node(Object o) {
		Class<?> c = o.getClass();
		if (o instanceof Scalar) {
			Scalar s = (Scalar) o;
			begin("scalar", s.type, s.items.length);
			for (Object i : s.items) {
				if (i instanceof byte[]) out.bytes((byte[]) i);
				else if (i instanceof BigInteger) out.number((BigInteger) i);
				else primitiveOrText(i);
			}
			out.simple(0xf6);
			if (s.single) flags("frozen", "single");
			else flags("frozen");
		} else if (o instanceof Drained) {
			drained((Drained) o);
		} else if (c.isArray()) {
			array(o, c);
		} else if (o instanceof Enum) {
			plain("scalar", ((Enum<?>) o).getDeclaringClass().getName(), ((Enum<?>) o).name(), "frozen");
		} else if (o instanceof Class) {
			plain("global", "java.lang.Class", ((Class<?>) o).getName());
		} else if (o instanceof Throwable) {
			error((Throwable) o, c);
		} else if (!exact(o, c)) {
			collectionOrObject(o, c);
		}
	}

	private void primitiveOrText(Object v) {
		if (v instanceof String) value(v);
		else primitive(v);
	}

	/** Immutable types of the JDK, by their exact parts; and what is known by a name. */
	private boolean exact(Object o, Class<?> c) {
		String constant = BASE.get(c)[0] == null ? names.constant(o) : null;
		if (constant != null) {
			plain("global", c.getName().contains("$$Lambda") ? "lambda" : c.getName(), constant);
			return true;
		}
		String text = Names.text(o);
		if (text != null) {
			plain("scalar", c.getName(), text, "frozen");
		} else if (c == BigDecimal.class) {
			begin("scalar", c.getName(), 2);
			out.number(((BigDecimal) o).unscaledValue());
			out.number(((BigDecimal) o).scale());
			out.simple(0xf6);
			flags("frozen");
		} else if (c == BigInteger.class) {
			begin("scalar", c.getName(), 1);
			out.number((BigInteger) o);
			out.simple(0xf6);
			flags("frozen");
		} else if (c == UUID.class || Names.isPlatform(c) && c.getPackageName().equals("java.time") && !c.getName().contains("Clock")) {
			plain("scalar", c.getName(), o.toString(), "frozen");
		} else if (c == StringBuilder.class || c == StringBuffer.class || c == Date.class) {
			begin("object", c.getName(), 0);
			out.head(4, 2);
			out.text(c == Date.class ? "time" : "text");
			value(c == Date.class ? new Primitive(((Date) o).getTime()) : o.toString());
			flags();
		} else {
			String why = Names.refusal(c);
			if (why == null) return false;
			plain("opaque", c.getName().contains("$$Lambda") ? "lambda" : c.getName(), why);
		}
		return true;
	}

	private void drained(Drained d) {
		begin("iter", d.type, d.items.size());
		for (Object x : d.items) value(x);
		if (d.raised == null) {
			out.simple(0xf6);
		} else {
			out.head(4, 2);
			out.text("raised");
			value(d.raised);
		}
		if (d.truncated) flags("truncated");
		else flags();
	}

	private static final Map<String, String> DTYPES = Map.of("int", "<i4", "long", "<i8", "short", "<i2", "byte", "|i1", "boolean", "|b1", "char", "<u2", "float",
			"<f4", "double", "<f8");

	private void array(Object o, Class<?> c) {
		Class<?> of = c.getComponentType();
		if (!of.isPrimitive()) {
			Object[] all = (Object[]) o;
			begin("seq", of.getName() + "[]", all.length);
			for (Object x : all) value(x);
			out.simple(0xf6);
			flags();
			return;
		}
		byte[] raw = Pack.raw(o, ARRAY_MAX);
		if (raw == null) throw new Cbor.TooLarge();
		begin("array", of.getName() + "[]", 3);
		out.text(DTYPES.get(of.getName()));
		out.head(4, 1);
		out.number(java.lang.reflect.Array.getLength(o));
		out.bytes(raw);
		out.simple(0xf6);
		flags();
	}

	private void error(Throwable o, Class<?> c) {
		Object message = null, cause = null, suppressed = null;
		Access.Slot[] slots = Access.slots(c);
		int first = 0;
		for (; first < slots.length && slots[first].owner == Throwable.class; first++) {
			Access.Slot s = slots[first];
			if (s.name.equals("detailMessage")) message = s.ref(o);
			else if (s.name.equals("cause")) cause = s.ref(o);
			else if (s.name.equals("suppressedExceptions")) suppressed = s.ref(o);
		}
		begin("error", c.getName(), 4);
		value(message);
		value(cause == o ? null : cause);
		value(null);
		// the list is the runtime's until there is something in it
		value(suppressed instanceof ArrayList && !((ArrayList<?>) suppressed).isEmpty() ? suppressed : null);
		state(o, slots, first);
		flags();
	}

	private void collectionOrObject(Object o, Class<?> c) {
		Class<?>[] base = BASE.get(c);
		Access.Slot[] slots = Access.slots(c);
		if (base[0] == null) {
			begin("object", typeName(c), 0);
			state(o, slots, 0);
			flags();
			return;
		}
		Kind kind = BASES.getOrDefault(base[1], Kind.MAP);
		List<Object> contents = base[0] == base[1] && Hashed.base(c) != null ? Hashed.contents(o, base[0]) : contents(o, base[0], kind);
		if (Hashed.isSet(base[1])) kind = Kind.SET;
		begin(kind == Kind.SEQ ? "seq" : kind == Kind.SET ? "set" : "map", typeName(c), contents.size());
		for (Object x : contents) value(x);
		state(o, slots, Access.slots(base[0]).length, comparator(o, base[1]));
		if (kind == Kind.MAP) flags("unordered");
		else flags();
	}

	/** What orders it is part of a sorted collection. */
	private static Object comparator(Object o, Class<?> base) {
		if (base == TreeMap.class || base == PriorityQueue.class) {
			for (Access.Slot s : Access.slots(base)) if (s.name.equals("comparator")) return s.ref(o);
		}
		return null;
	}

	private static List<Object> contents(Object o, Class<?> base, Kind kind) {
		Object plain = Access.allocate(base);
		Access.copy(base, o, plain);
		List<Object> found = new ArrayList<>();
		if (kind == Kind.SEQ || kind == Kind.SET) {
			found.addAll((Collection<?>) plain);
		} else {
			for (Map.Entry<?, ?> e : ((Map<?, ?>) plain).entrySet()) {
				found.add(e.getKey());
				found.add(e.getValue());
			}
		}
		return found;
	}

	private void state(Object o, Access.Slot[] slots, int first) {
		state(o, slots, first, null);
	}

	private void state(Object o, Access.Slot[] slots, int first, Object comparator) {
		List<Access.Slot> shown = new ArrayList<>();
		for (int i = first; i < slots.length; i++) if (!newNames.contains(slots[i].name) || Names.isPlatform(slots[i].owner)) shown.add(slots[i]);
		int n = shown.size() + (comparator == null ? 0 : 1);
		if (n == 0) {
			out.simple(0xf6);
			return;
		}
		out.head(4, 2L * n);
		if (comparator != null) {
			out.text("comparator");
			value(comparator);
		}
		for (Access.Slot s : shown) {
			boolean shadowed = false;
			for (Access.Slot t : slots) shadowed |= t != s && t.name.equals(s.name);
			out.text(shadowed ? s.owner.getName() + "." + s.name : s.name);
			if (s.type == 'L') value(s.ref(o));
			else bits(s.type, s.bits(o));
		}
	}

	private void bits(char type, long bits) {
		switch (type) {
		case 'Z': out.simple(bits != 0 ? 0xf5 : 0xf4); break;
		case 'D': out.real(Double.longBitsToDouble(bits)); break;
		case 'F': primitive(Float.intBitsToFloat((int) bits)); break;
		case 'C': text(String.valueOf((char) bits)); break;
		default: out.number(bits);
		}
	}
}
