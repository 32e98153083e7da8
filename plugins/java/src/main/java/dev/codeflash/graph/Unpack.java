// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.graph;

import java.lang.reflect.Array;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Inputs made anew from what Pack wrote, with classes of a given loader. */
public final class Unpack {
	public final String owner, method, descriptor;
	public final boolean hasSelf;
	public Object self;
	public Object[] args;

	private final byte[] data;
	private final ClassLoader loader;
	private final List<Object> objects = new ArrayList<>();
	private final List<Runnable> later = new ArrayList<>();
	private int at;
	private List<Type> types;

	/** A class as it was recorded, and which of its fields are where now; null for those that are gone. */
	private static final class Type {
		Class<?> type;
		char[] letters;
		String[] owners;
		Access.Slot[] slots;
	}

	/** Only which method it is of. */
	public Unpack(byte[] data, ClassLoader loader) {
		this.data = data;
		this.loader = loader;
		owner = text();
		method = text();
		descriptor = text();
		hasSelf = octet() == 1;
	}

	/** Makes receiver and arguments; may run hashCode and equals of the program's, as its maps do. */
	public Unpack make() throws ReflectiveOperationException {
		int start = at;
		pass(false); // makes the objects
		at = start;
		pass(true); // and now there is what they refer to
		for (int i = later.size(); i-- > 0;) later.get(i).run();
		return this;
	}

	private void pass(boolean fill) throws ReflectiveOperationException {
		types = new ArrayList<>();
		self = value(fill);
		args = new Object[(int) number()];
		for (int i = 0; i < args.length; i++) args[i] = value(fill);
		for (int i = 0; (data[at] & 255) != 255; i++) body(i, fill);
	}

	private int octet() {
		return data[at++] & 255;
	}

	private long number() {
		long n = 0;
		for (int shift = 0;; shift += 7) {
			int b = data[at++];
			n |= (long) (b & 127) << shift;
			if (b >= 0) return n;
		}
	}

	private long signed() {
		long n = number();
		return n >>> 1 ^ -(n & 1);
	}

	private String text() {
		long head = number();
		int n = (int) (head >>> 1);
		String s = new String(data, at, n, (head & 1) == 0 ? StandardCharsets.UTF_8 : StandardCharsets.UTF_16LE);
		at += n;
		return s;
	}

	private static Class<?> load(String name, ClassLoader loader) throws ClassNotFoundException {
		switch (name) {
		case "int": return int.class;
		case "long": return long.class;
		case "double": return double.class;
		case "float": return float.class;
		case "boolean": return boolean.class;
		case "char": return char.class;
		case "byte": return byte.class;
		case "short": return short.class;
		case "void": return void.class;
		default: return Class.forName(name, false, loader);
		}
	}

	private Type type() throws ReflectiveOperationException {
		int id = (int) number();
		if (id < types.size()) return types.get(id);
		Type t = new Type();
		t.type = load(text(), loader);
		types.add(t);
		if (t.type.isArray() || t.type.isPrimitive()) return t;
		int n = (int) number();
		t.letters = new char[n];
		t.owners = new String[n];
		t.slots = new Access.Slot[n];
		Access.Slot[] now = Access.slots(t.type);
		for (int i = 0; i < n; i++) {
			String name = text(), declaring = text();
			t.letters[i] = (char) octet();
			t.owners[i] = declaring;
			for (Access.Slot s : now) if (s.name.equals(name) && s.type == t.letters[i] && s.owner.getName().equals(declaring)) t.slots[i] = s;
			if (t.slots[i] == null && !Names.isPlatform(t.type)) throw new NoSuchFieldException(t.type.getName() + "." + name + " is not there");
		}
		return t;
	}

	private Object value(boolean fill) {
		switch (octet()) {
		case Pack.NULL: return null;
		case Pack.REF:
			int id = (int) number();
			return fill ? objects.get(id) : null;
		case Pack.FALSE: return false;
		case Pack.TRUE: return true;
		case Pack.BYTE: return (byte) octet();
		case Pack.SHORT: return (short) signed();
		case Pack.CHAR: return (char) number();
		case Pack.INT: return (int) signed();
		case Pack.LONG: return signed();
		case Pack.FLOAT: return Float.intBitsToFloat((int) signed());
		default:
			long bits = 0;
			for (int i = 0; i < 8; i++) bits |= (data[at++] & 255L) << 8 * i;
			return Double.longBitsToDouble(bits);
		}
	}

	@SuppressWarnings({"unchecked", "rawtypes"})
	private void body(int i, boolean fill) throws ReflectiveOperationException {
		int kind = octet();
		Object known = fill ? objects.get(i) : null;
		switch (kind) {
		case Pack.STRING:
			String s = text();
			if (!fill) objects.add(s);
			return;
		case Pack.ENUM:
			Type e = type();
			String name = text();
			if (!fill) objects.add(Enum.valueOf((Class) e.type, name));
			return;
		case Pack.CLASS:
			String type = text();
			if (!fill) objects.add(load(type, loader));
			return;
		case Pack.TEXT:
			String text = text();
			if (!fill) objects.add(Names.ofText(text));
			return;
		case Pack.CONSTANT:
			String constant = text();
			if (!fill) {
				Object found = Names.constant(constant, loader);
				if (found == null) throw new NoSuchFieldException(constant + " is not there");
				objects.add(found);
			}
			return;
		case Pack.OBJECTS:
			Type t = type();
			int n = (int) number();
			Object[] array = fill ? (Object[]) known : (Object[]) Array.newInstance(t.type.getComponentType(), n);
			for (int k = 0; k < n; k++) {
				Object v = value(fill);
				if (fill) array[k] = v;
			}
			if (!fill) objects.add(array);
			return;
		case Pack.PRIMITIVES:
			Object made = primitives((char) octet(), (int) number());
			if (!fill) objects.add(made);
			return;
		default:
		}
		Type t = type();
		Object o = known;
		if (!fill) objects.add(o = Access.allocate(t.type));
		int first = 0;
		Class<?> base = kind == Pack.HASHED ? Hashed.base(t.type) : null;
		if (kind == Pack.HASHED) {
			long shape = number();
			Object[] contents = new Object[(int) number()];
			for (int k = 0; k < contents.length; k++) contents[k] = value(fill);
			if (base == null) throw new ClassNotFoundException(t.type.getName() + " is no such collection any more");
			Object target = o;
			if (fill) later.add(() -> Hashed.fill(target, base, shape, contents));
			while (first < t.owners.length && isAbove(t.owners[first], base)) first++;
		}
		for (int k = first; k < t.slots.length; k++) {
			Access.Slot slot = t.slots[k];
			if (t.letters[k] == 'L') {
				Object v = value(fill);
				if (fill && slot != null) slot.ref(o, v);
			} else {
				long bits = signed();
				if (fill && slot != null) slot.bits(o, bits);
			}
		}
		if (fill && o instanceof Throwable) ((Throwable) o).setStackTrace(new StackTraceElement[0]);
	}

	private static boolean isAbove(String owner, Class<?> base) {
		for (Class<?> c = base; c != null; c = c.getSuperclass()) if (c.getName().equals(owner)) return true;
		return false;
	}

	private Object primitives(char type, int n) {
		int size = n * Pack.width(type);
		ByteBuffer b = ByteBuffer.wrap(data, at, size).slice().order(ByteOrder.LITTLE_ENDIAN);
		at += size;
		switch (type) {
		case 'I': int[] ints = new int[n]; b.asIntBuffer().get(ints); return ints;
		case 'J': long[] longs = new long[n]; b.asLongBuffer().get(longs); return longs;
		case 'D': double[] doubles = new double[n]; b.asDoubleBuffer().get(doubles); return doubles;
		case 'F': float[] floats = new float[n]; b.asFloatBuffer().get(floats); return floats;
		case 'C': char[] chars = new char[n]; b.asCharBuffer().get(chars); return chars;
		case 'S': short[] shorts = new short[n]; b.asShortBuffer().get(shorts); return shorts;
		case 'B': byte[] bytes = new byte[n]; b.get(bytes); return bytes;
		default:
			boolean[] booleans = new boolean[n];
			for (int i = 0; i < n; i++) booleans[i] = b.get() != 0;
			return booleans;
		}
	}
}
