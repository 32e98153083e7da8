// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.graph;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.security.ProtectionDomain;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Objects by their fields, whatever hides them: modules, access, final. Reads and writes run no code of anybody's.
 *
 * sun.misc.Unsafe is the one door that every JDK leaves open without options; it is reached by reflection, as the
 * compiler warns of it otherwise.
 */
public final class Access {
	private static final MethodHandles.Lookup ALL;
	private static final MethodHandle ALLOCATE, OFFSET, DEFINE;
	private static final MethodHandle GET_REF, GET_INT, GET_LONG, GET_BYTE, GET_SHORT, GET_CHAR, GET_BOOLEAN, GET_FLOAT, GET_DOUBLE;
	private static final MethodHandle PUT_REF, PUT_INT, PUT_LONG, PUT_BYTE, PUT_SHORT, PUT_CHAR, PUT_BOOLEAN, PUT_FLOAT, PUT_DOUBLE;

	static {
		try {
			Class<?> type = Class.forName("sun.misc.Unsafe");
			Field the = type.getDeclaredField("theUnsafe");
			the.setAccessible(true);
			Object unsafe = the.get(null);
			MethodHandles.Lookup own = MethodHandles.publicLookup();
			Field trusted = MethodHandles.Lookup.class.getDeclaredField("IMPL_LOOKUP");
			Object base = type.getMethod("staticFieldBase", Field.class).invoke(unsafe, trusted);
			long at = (Long) type.getMethod("staticFieldOffset", Field.class).invoke(unsafe, trusted);
			ALL = (MethodHandles.Lookup) type.getMethod("getObject", Object.class, long.class).invoke(unsafe, base, at);
			ALLOCATE = own.unreflect(type.getMethod("allocateInstance", Class.class)).bindTo(unsafe);
			Class<?> inner = Class.forName("jdk.internal.misc.Unsafe");
			Object innerUnsafe = ALL.findStaticGetter(inner, "theUnsafe", inner).invoke();
			// sun.misc.Unsafe gives none for records and hidden classes
			OFFSET = ALL.findVirtual(inner, "objectFieldOffset", MethodType.methodType(long.class, Field.class)).bindTo(innerUnsafe);
			DEFINE = ALL.findVirtual(inner, "defineClass", MethodType.methodType(Class.class, String.class, byte[].class, int.class, int.class,
					ClassLoader.class, ProtectionDomain.class)).bindTo(innerUnsafe);
			GET_REF = get(own, type, unsafe, "Object", Object.class);
			GET_INT = get(own, type, unsafe, "Int", int.class);
			GET_LONG = get(own, type, unsafe, "Long", long.class);
			GET_BYTE = get(own, type, unsafe, "Byte", byte.class);
			GET_SHORT = get(own, type, unsafe, "Short", short.class);
			GET_CHAR = get(own, type, unsafe, "Char", char.class);
			GET_BOOLEAN = get(own, type, unsafe, "Boolean", boolean.class);
			GET_FLOAT = get(own, type, unsafe, "Float", float.class);
			GET_DOUBLE = get(own, type, unsafe, "Double", double.class);
			PUT_REF = put(own, type, unsafe, "Object", Object.class);
			PUT_INT = put(own, type, unsafe, "Int", int.class);
			PUT_LONG = put(own, type, unsafe, "Long", long.class);
			PUT_BYTE = put(own, type, unsafe, "Byte", byte.class);
			PUT_SHORT = put(own, type, unsafe, "Short", short.class);
			PUT_CHAR = put(own, type, unsafe, "Char", char.class);
			PUT_BOOLEAN = put(own, type, unsafe, "Boolean", boolean.class);
			PUT_FLOAT = put(own, type, unsafe, "Float", float.class);
			PUT_DOUBLE = put(own, type, unsafe, "Double", double.class);
		} catch (Throwable error) {
			throw new ExceptionInInitializerError(error);
		}
	}

	private Access() {
	}

	private static MethodHandle get(MethodHandles.Lookup own, Class<?> type, Object unsafe, String what, Class<?> of) throws ReflectiveOperationException {
		return own.unreflect(type.getMethod("get" + what, Object.class, long.class)).bindTo(unsafe)
				.asType(MethodType.methodType(of, Object.class, long.class));
	}

	private static MethodHandle put(MethodHandles.Lookup own, Class<?> type, Object unsafe, String what, Class<?> of) throws ReflectiveOperationException {
		return own.unreflect(type.getMethod("put" + what, Object.class, long.class, of)).bindTo(unsafe);
	}

	/** May look up anything. */
	public static MethodHandles.Lookup lookup() {
		return ALL;
	}

	/** Defines a class in the loader that every other asks first. */
	public static Class<?> define(String name, byte[] code) {
		try {
			return (Class<?>) DEFINE.invoke(name, code, 0, code.length, (ClassLoader) null, (ProtectionDomain) null);
		} catch (Throwable error) {
			throw new IllegalStateException(error);
		}
	}

	/** An instance of the class, no constructor run. */
	public static Object allocate(Class<?> type) {
		try {
			return (Object) ALLOCATE.invoke(type);
		} catch (Throwable error) {
			throw new IllegalStateException(error);
		}
	}

	public static Object getRef(Object of, long at) {
		try {
			return (Object) GET_REF.invokeExact(of, at);
		} catch (Throwable error) {
			throw new IllegalStateException(error);
		}
	}

	public static void putRef(Object of, long at, Object value) {
		try {
			PUT_REF.invokeExact(of, at, value);
		} catch (Throwable error) {
			throw new IllegalStateException(error);
		}
	}

	/** An instance field. */
	public static final class Slot {
		public final String name;
		public final Class<?> owner;
		public final char type; // as in descriptors; L for anything that is an object
		public final boolean isTransient;
		final long at;

		Slot(Field f) {
			name = f.getName();
			owner = f.getDeclaringClass();
			isTransient = Modifier.isTransient(f.getModifiers());
			Class<?> t = f.getType();
			type = t.isPrimitive() ? letter(t) : 'L';
			try {
				at = (long) OFFSET.invokeExact(f);
			} catch (Throwable error) {
				throw new IllegalStateException(error);
			}
		}

		public Object ref(Object of) {
			return getRef(of, at);
		}

		public void ref(Object of, Object value) {
			putRef(of, at, value);
		}

		/** Floats as their bits, booleans as 0 and 1. */
		public long bits(Object of) {
			try {
				switch (type) {
				case 'I': return (int) GET_INT.invokeExact(of, at);
				case 'J': return (long) GET_LONG.invokeExact(of, at);
				case 'B': return (byte) GET_BYTE.invokeExact(of, at);
				case 'S': return (short) GET_SHORT.invokeExact(of, at);
				case 'C': return (char) GET_CHAR.invokeExact(of, at);
				case 'Z': return (boolean) GET_BOOLEAN.invokeExact(of, at) ? 1 : 0;
				case 'F': return Float.floatToRawIntBits((float) GET_FLOAT.invokeExact(of, at));
				default: return Double.doubleToRawLongBits((double) GET_DOUBLE.invokeExact(of, at));
				}
			} catch (Throwable error) {
				throw new IllegalStateException(error);
			}
		}

		public void bits(Object of, long value) {
			try {
				switch (type) {
				case 'I': PUT_INT.invokeExact(of, at, (int) value); break;
				case 'J': PUT_LONG.invokeExact(of, at, value); break;
				case 'B': PUT_BYTE.invokeExact(of, at, (byte) value); break;
				case 'S': PUT_SHORT.invokeExact(of, at, (short) value); break;
				case 'C': PUT_CHAR.invokeExact(of, at, (char) value); break;
				case 'Z': PUT_BOOLEAN.invokeExact(of, at, value != 0); break;
				case 'F': PUT_FLOAT.invokeExact(of, at, Float.intBitsToFloat((int) value)); break;
				default: PUT_DOUBLE.invokeExact(of, at, Double.longBitsToDouble(value));
				}
			} catch (Throwable error) {
				throw new IllegalStateException(error);
			}
		}
	}

	public static char letter(Class<?> primitive) {
		return MethodType.methodType(primitive).toMethodDescriptorString().charAt(2);
	}

	private static final ClassValue<Slot[]> SLOTS = new ClassValue<>() {
		@Override
		protected Slot[] computeValue(Class<?> type) {
			List<Slot> found = new ArrayList<>();
			Class<?> up = type.getSuperclass();
			if (up != null) found.addAll(Arrays.asList(slots(up)));
			for (Field f : type.getDeclaredFields()) if (!Modifier.isStatic(f.getModifiers())) found.add(new Slot(f));
			return found.toArray(new Slot[0]);
		}
	};

	/** All instance fields, those of the uppermost class first. */
	public static Slot[] slots(Class<?> type) {
		return SLOTS.get(type);
	}

	/** Makes the fields that `type` and what is above it declare the same in `to` as in `from`. */
	public static void copy(Class<?> type, Object from, Object to) {
		for (Slot s : slots(type)) {
			if (s.type == 'L') s.ref(to, s.ref(from));
			else s.bits(to, s.bits(from));
		}
	}

	/** A static field's value; null for a primitive one, and for what cannot be read. */
	public static Object constant(Field f) {
		try {
			return f.getType().isPrimitive() ? null : ALL.unreflectGetter(f).invoke();
		} catch (Throwable error) {
			return null;
		}
	}

	/** A static field's value, boxed where it is primitive. */
	public static Object variable(Field f) throws IllegalAccessException {
		try {
			return ALL.unreflectGetter(f).invoke();
		} catch (IllegalAccessException error) {
			throw error;
		} catch (Throwable error) {
			throw new IllegalStateException(error);
		}
	}
}
