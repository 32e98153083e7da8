// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.call;

import dev.codeflash.graph.Access;
import dev.codeflash.graph.Names;
import dev.codeflash.graph.Unpack;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.ListIterator;
import java.util.Set;
import java.util.function.Function;

/** Inputs like the recorded ones: one part changed a little, the same one for the same number. */
final class Vary {
	private static final int LEAVES_MAX = 2000;

	/** Gets and sets one part. */
	private static final class Leaf {
		final Object value;
		final Function<Object, Boolean> set;

		Leaf(Object value, Function<Object, Boolean> set) {
			this.value = value;
			this.set = set;
		}
	}

	private Vary() {
	}

	private static boolean isLeaf(Object v) {
		return v instanceof Integer || v instanceof Long || v instanceof Double || v instanceof String && !((String) v).isEmpty();
	}

	private static List<Leaf> leaves(Object root) {
		List<Leaf> found = new ArrayList<>();
		Deque<Object> todo = new ArrayDeque<>();
		Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
		todo.add(root);
		while (!todo.isEmpty() && found.size() < LEAVES_MAX) {
			Object at = todo.poll();
			if (!seen.add(at)) continue;
			if (at instanceof int[]) {
				int[] a = (int[]) at;
				for (int i = 0; i < a.length && found.size() < LEAVES_MAX; i++) {
					int k = i;
					found.add(new Leaf(a[i], v -> {
						a[k] = (Integer) v;
						return true;
					}));
				}
			} else if (at instanceof long[]) {
				long[] a = (long[]) at;
				for (int i = 0; i < a.length && found.size() < LEAVES_MAX; i++) {
					int k = i;
					found.add(new Leaf(a[i], v -> {
						a[k] = (Long) v;
						return true;
					}));
				}
			} else if (at instanceof double[]) {
				double[] a = (double[]) at;
				for (int i = 0; i < a.length && found.size() < LEAVES_MAX; i++) {
					int k = i;
					found.add(new Leaf(a[i], v -> {
						a[k] = (Double) v;
						return true;
					}));
				}
			} else if (at instanceof Object[]) {
				Object[] a = (Object[]) at;
				for (int i = 0; i < a.length && found.size() < LEAVES_MAX; i++) {
					int k = i;
					consider(a[i], v -> {
						a[k] = v;
						return true;
					}, found, todo);
				}
			} else if (at.getClass() == ArrayList.class || at.getClass() == java.util.LinkedList.class) {
				@SuppressWarnings("unchecked")
				ListIterator<Object> each = ((List<Object>) at).listIterator();
				while (each.hasNext() && found.size() < LEAVES_MAX) {
					int k = each.nextIndex();
					Object list = at;
					consider(each.next(), v -> {
						@SuppressWarnings("unchecked")
						List<Object> l = (List<Object>) list;
						l.set(k, v);
						return true;
					}, found, todo);
				}
			} else if (!Names.isPlatform(at.getClass()) && !at.getClass().isArray() && !(at instanceof Enum)) {
				for (Access.Slot s : Access.slots(at.getClass())) {
					if (s.type == 'L') {
						if (s.ref(at) != null) consider(s.ref(at), v -> {
							s.ref(at, v);
							return true;
						}, found, todo);
					} else if (s.type == 'I' || s.type == 'J') {
						found.add(new Leaf(s.type == 'I' ? (Object) (int) s.bits(at) : (Object) s.bits(at), v -> {
							s.bits(at, ((Number) v).longValue());
							return true;
						}));
					}
				}
			}
		}
		return found;
	}

	private static void consider(Object v, Function<Object, Boolean> set, List<Leaf> found, Deque<Object> todo) {
		if (isLeaf(v)) found.add(new Leaf(v, set));
		else if (v != null && !(v instanceof String)) todo.add(v);
	}

	private static int mix(int n) {
		int x = (n ^ n >>> 16) * 0x45d9f3b;
		x = (x ^ x >>> 16) * 0x45d9f3b;
		return x ^ x >>> 16;
	}

	/** @return whether there was a part to change */
	static boolean vary(int number, Unpack inputs) {
		List<Leaf> found = leaves(inputs.args);
		if (found.isEmpty() && inputs.self != null) found = leaves(inputs.self);
		if (found.isEmpty()) return false;
		int dice = mix(number);
		Leaf leaf = found.get((dice >>> 1) % found.size());
		Object v = leaf.value;
		if (v instanceof Integer) return leaf.set.apply((Integer) v < 0 ? (Integer) v - 1 : (Integer) v + 1);
		if (v instanceof Long) return leaf.set.apply((Long) v < 0 ? (Long) v - 1 : (Long) v + 1);
		if (v instanceof Double) return leaf.set.apply((Double) v * (1 + (1 + (dice >>> 1) % 7) / 1024.0));
		String s = (String) v;
		for (int i = 0; i < s.length(); i++) {
			int at = (i + (dice >>> 3)) % s.length();
			char c = s.charAt(at);
			char other = Character.isDigit(c) && c < 128 ? (char) ('0' + (c - '0' + 1 + (dice >>> 5) % 8) % 10)
					: c >= 'a' && c <= 'z' ? (char) ('a' + (c - 'a' + 1 + (dice >>> 5) % 24) % 26)
					: c >= 'A' && c <= 'Z' ? (char) ('A' + (c - 'A' + 1 + (dice >>> 5) % 24) % 26) : c;
			if (other != c) return leaf.set.apply(s.substring(0, at) + other + s.substring(at + 1));
		}
		return false;
	}
}
