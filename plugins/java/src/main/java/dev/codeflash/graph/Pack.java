// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.graph;

import java.lang.reflect.Array;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * The inputs of a call as bytes, codec java-graph-1: which method, the receiver, the arguments, and after them the
 * objects that these lead to, in the order in which they were met; without recursion, so that a list may be long.
 */
public final class Pack {
	public static final String CODEC = "java-graph-1";
	static final int NULL = 0, REF = 1, FALSE = 2, TRUE = 3, BYTE = 4, SHORT = 5, CHAR = 6, INT = 7, LONG = 8, FLOAT = 9, DOUBLE = 10;
	static final int STRING = 0, OBJECT = 1, OBJECTS = 2, PRIMITIVES = 3, ENUM = 4, CLASS = 5, HASHED = 6, TEXT = 7, CONSTANT = 8;

	/** Why a call's inputs are not kept; its words go into the ledger. */
	public static final class Unkept extends Exception {
		private static final long serialVersionUID = 1L;

		public Unkept(String reason) {
			super(reason, null, false, false);
		}
	}

	/** What one capture may take. */
	public static final class Limits {
		final int nodes, bytes;
		final long until;

		public Limits(int nodes, int bytes, long ns) {
			this.nodes = nodes;
			this.bytes = bytes;
			until = System.nanoTime() + ns;
		}
	}

	private final Names names;
	private final Limits limits;
	private final IdentityHashMap<Object, Integer> ids = new IdentityHashMap<>();
	private final List<Object> todo = new ArrayList<>();
	private final Map<Class<?>, Integer> classes = new HashMap<>();
	private byte[] data = new byte[512];
	private int at;

	private Pack(Names names, Limits limits) {
		this.names = names;
		this.limits = limits;
	}

	/** @param self the receiver, or null */
	public static byte[] pack(String owner, String method, String descriptor, boolean hasSelf, Object self, Object[] args, Names names, Limits limits)
			throws Unkept {
		Pack p = new Pack(names, limits);
		p.text(owner);
		p.text(method);
		p.text(descriptor);
		p.octet(hasSelf ? 1 : 0);
		p.value(self);
		p.number(args.length);
		for (Object a : args) p.value(a);
		for (int i = 0; i < p.todo.size(); i++) {
			if ((i & 127) == 127) p.check();
			p.body(p.todo.get(i));
		}
		p.octet(255);
		return java.util.Arrays.copyOf(p.data, p.at);
	}

	private void check() throws Unkept {
		if (todo.size() > limits.nodes || at > limits.bytes) throw new Unkept("its inputs are too large");
		if (System.nanoTime() > limits.until) throw new Unkept("copying its inputs takes too long");
	}

	private void room(int n) throws Unkept {
		if (at + n <= data.length) return;
		if ((long) at + n > limits.bytes + 1024L) throw new Unkept("its inputs are too large");
		data = java.util.Arrays.copyOf(data, Math.max(data.length * 2, at + n));
	}

	private void octet(int b) throws Unkept {
		room(1);
		data[at++] = (byte) b;
	}

	private void number(long n) throws Unkept {
		room(10);
		while ((n & ~127L) != 0) {
			data[at++] = (byte) (n & 127 | 128);
			n >>>= 7;
		}
		data[at++] = (byte) n;
	}

	private void signed(long n) throws Unkept {
		number(n << 1 ^ n >> 63);
	}

	private void text(String s) throws Unkept {
		byte[] bytes = s.getBytes(StandardCharsets.UTF_8);
		// lone surrogates have no UTF-8
		boolean exact = new String(bytes, StandardCharsets.UTF_8).equals(s);
		if (!exact) bytes = s.getBytes(StandardCharsets.UTF_16LE);
		number((long) bytes.length << 1 | (exact ? 0 : 1));
		room(bytes.length);
		System.arraycopy(bytes, 0, data, at, bytes.length);
		at += bytes.length;
	}

	private void type(Class<?> c) throws Unkept {
		Integer known = classes.get(c);
		if (known != null) {
			number(known);
			return;
		}
		number(classes.size());
		classes.put(c, classes.size());
		text(c.getName());
		if (c.isArray() || c.isPrimitive()) return;
		Access.Slot[] slots = Access.slots(c);
		number(slots.length);
		for (Access.Slot s : slots) {
			text(s.name);
			text(s.owner.getName());
			octet(s.type);
		}
	}

	private void value(Object v) throws Unkept {
		if (v == null) {
			octet(NULL);
		} else if (v instanceof Integer) {
			octet(INT);
			signed((Integer) v);
		} else if (v instanceof Boolean) {
			octet((Boolean) v ? TRUE : FALSE);
		} else if (v instanceof Long) {
			octet(LONG);
			signed((Long) v);
		} else if (v instanceof Double) {
			octet(DOUBLE);
			fixed(Double.doubleToRawLongBits((Double) v));
		} else if (v instanceof Float) {
			octet(FLOAT);
			signed(Float.floatToRawIntBits((Float) v));
		} else if (v instanceof Character) {
			octet(CHAR);
			number((Character) v);
		} else if (v instanceof Byte) {
			octet(BYTE);
			octet((Byte) v);
		} else if (v instanceof Short) {
			octet(SHORT);
			signed((Short) v);
		} else {
			Integer id = ids.get(v);
			if (id == null) {
				id = todo.size();
				ids.put(v, id);
				todo.add(v);
			}
			octet(REF);
			number(id);
		}
	}

	private void fixed(long bits) throws Unkept {
		room(8);
		for (int i = 0; i < 8; i++) data[at++] = (byte) (bits >>> 8 * i);
	}

	private void body(Object o) throws Unkept {
		Class<?> c = o.getClass();
		if (o instanceof String) {
			octet(STRING);
			text((String) o);
			return;
		}
		if (c.isArray()) {
			array(o, c);
			return;
		}
		if (o instanceof Enum) {
			octet(ENUM);
			type(((Enum<?>) o).getDeclaringClass());
			text(((Enum<?>) o).name());
			return;
		}
		if (o instanceof Class) {
			octet(CLASS);
			text(((Class<?>) o).getName());
			return;
		}
		String constant = names.constant(o);
		if (constant != null) {
			octet(CONSTANT);
			text(constant);
			return;
		}
		String text = Names.text(o);
		if (text != null) {
			octet(TEXT);
			text(text);
			return;
		}
		String why = Names.refusal(c);
		if (why != null) throw new Unkept(why);
		Class<?> base = Hashed.base(c);
		Access.Slot[] slots = Access.slots(c);
		int first = 0;
		octet(base == null ? OBJECT : HASHED);
		type(c);
		if (base != null) {
			List<Object> contents = Hashed.contents(o, base);
			number(Hashed.shape(o, base));
			number(contents.size());
			for (Object x : contents) value(x);
			first = Access.slots(base).length;
		}
		boolean isThrowable = o instanceof Throwable;
		for (int i = first; i < slots.length; i++) {
			Access.Slot s = slots[i];
			// where it was thrown is nobody's input, and large
			if (isThrowable && s.owner == Throwable.class && s.name.equals("stackTrace")) octet(NULL);
			else if (s.type == 'L') value(s.ref(o));
			else signed(s.bits(o));
		}
	}

	private void array(Object o, Class<?> c) throws Unkept {
		int n = Array.getLength(o);
		if (!c.getComponentType().isPrimitive()) {
			octet(OBJECTS);
			type(c);
			number(n);
			int i = 0;
			for (Object x : (Object[]) o) {
				if ((++i & 4095) == 0) check();
				value(x);
			}
			return;
		}
		octet(PRIMITIVES);
		octet(Access.letter(c.getComponentType()));
		number(n);
		byte[] raw = raw(o, limits.bytes);
		if (raw == null) throw new Unkept("its inputs are too large");
		room(raw.length);
		System.arraycopy(raw, 0, data, at, raw.length);
		at += raw.length;
	}

	/** The bytes of an array of primitives, little-endian; null when there are more than `most`. */
	public static byte[] raw(Object o, long most) {
		int n = Array.getLength(o);
		long size = (long) n * width(Access.letter(o.getClass().getComponentType()));
		if (size > most) return null;
		if (o instanceof byte[]) return ((byte[]) o).clone();
		ByteBuffer b = ByteBuffer.allocate((int) size).order(ByteOrder.LITTLE_ENDIAN);
		if (o instanceof int[]) b.asIntBuffer().put((int[]) o);
		else if (o instanceof long[]) b.asLongBuffer().put((long[]) o);
		else if (o instanceof double[]) b.asDoubleBuffer().put((double[]) o);
		else if (o instanceof char[]) b.asCharBuffer().put((char[]) o);
		else if (o instanceof short[]) b.asShortBuffer().put((short[]) o);
		else if (o instanceof float[]) b.asFloatBuffer().put((float[]) o);
		else for (boolean x : (boolean[]) o) b.put((byte) (x ? 1 : 0));
		return b.array();
	}

	static int width(char type) {
		switch (type) {
		case 'J': case 'D': return 8;
		case 'I': case 'F': return 4;
		case 'S': case 'C': return 2;
		default: return 1;
		}
	}
}
