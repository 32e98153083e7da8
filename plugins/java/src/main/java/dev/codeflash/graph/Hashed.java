// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Hashtable;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The collections whose insides hang on hash codes, which another process gives otherwise: they are what they hold,
 * and are made anew. All others are the same in every process, field by field.
 */
public final class Hashed {
	private static final Class<?> SET_N = Set.of(1, 2, 3).getClass(), MAP_N = Map.of(1, 1, 2, 2).getClass();
	private static final Class<?>[] BASES = {LinkedHashMap.class, HashMap.class, Hashtable.class, IdentityHashMap.class, WeakHashMap.class,
		ConcurrentHashMap.class, SET_N, MAP_N};

	private Hashed() {
	}

	private static final ClassValue<Class<?>[]> BASE = new ClassValue<>() {
		@Override
		protected Class<?>[] computeValue(Class<?> type) {
			for (Class<?> b : BASES) if (b.isAssignableFrom(type)) return new Class<?>[] {b};
			return new Class<?>[] {null};
		}
	};

	/** The class that such a collection is of or extends; null for all else. */
	public static Class<?> base(Class<?> type) {
		return BASE.get(type)[0];
	}

	public static boolean isSet(Class<?> base) {
		return base == SET_N;
	}

	/** What it holds, in its order; a map key, value, key, value. Runs no method that the program may have overridden. */
	public static List<Object> contents(Object collection, Class<?> base) {
		Object plain = Access.allocate(base);
		Access.copy(base, collection, plain);
		List<Object> found = new ArrayList<>();
		if (base == SET_N) {
			found.addAll((Set<?>) plain);
		} else {
			for (Map.Entry<?, ?> e : ((Map<?, ?>) plain).entrySet()) {
				found.add(e.getKey());
				found.add(e.getValue());
			}
		}
		return found;
	}

	/** Room of the table, where the order of what is in it hangs on that; and the rest of what was set when it was made. */
	public static long shape(Object collection, Class<?> base) {
		if (base != HashMap.class && base != LinkedHashMap.class) return 0;
		long room = 0, load = 0, byAccess = 0;
		for (Access.Slot s : Access.slots(base)) {
			if (s.name.equals("table")) {
				Object[] table = (Object[]) s.ref(collection);
				room = table == null ? 0 : table.length;
			} else if (s.name.equals("loadFactor")) {
				load = s.bits(collection);
			} else if (s.name.equals("accessOrder")) {
				byAccess = s.bits(collection);
			}
		}
		return room << 33 | byAccess << 32 | load & 0xffffffffL;
	}

	/** Gives an instance, so far without content, what it holds. */
	public static void fill(Object collection, Class<?> base, long shape, Object[] contents) {
		Object plain;
		if (base == SET_N) {
			plain = Set.of(contents);
		} else {
			Map<Object, Object> map;
			int room = (int) (shape >>> 33);
			float load = Float.intBitsToFloat((int) shape);
			if (!(load > 0)) load = 0.75f;
			if (base == LinkedHashMap.class) map = new LinkedHashMap<>(room == 0 ? 16 : room, load, (shape >>> 32 & 1) != 0);
			else if (base == HashMap.class) map = new HashMap<>(room == 0 ? 16 : room, load);
			else if (base == Hashtable.class) map = new Hashtable<>();
			else if (base == IdentityHashMap.class) map = new IdentityHashMap<>();
			else if (base == WeakHashMap.class) map = new WeakHashMap<>();
			else if (base == ConcurrentHashMap.class) map = new ConcurrentHashMap<>();
			else map = new HashMap<>();
			for (int i = 0; i < contents.length; i += 2) map.put(contents[i], contents[i + 1]);
			plain = base == MAP_N ? Map.copyOf(map) : map;
		}
		Access.copy(base, plain, collection);
	}
}
