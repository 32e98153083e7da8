// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.value;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Two encoded outcomes compared, for the replay tests: the rules of cf-value(5), and the path of the first
 * difference. What decides about candidates is cf-verify's comparator.
 */
public final class Compare {
	private final List<?> left, right;
	private final Set<String> mask;
	private final Map<Integer, Integer> pairs = new HashMap<>();
	private final Deque<Object[]> todo = new ArrayDeque<>();
	private final boolean runtimeRaised;

	private Compare(Map<?, ?> a, Map<?, ?> b, Set<String> mask) {
		left = (List<?>) a.get("heap");
		right = (List<?>) b.get("heap");
		this.mask = mask;
		runtimeRaised = "runtime".equals(a.get("raised_by"));
	}

	/** @return the first difference; null for none */
	public static String outcomes(byte[] before, byte[] now, Set<String> mask, boolean kindOnly) {
		if (Arrays.equals(before, now)) return null;
		Map<?, ?> a = (Map<?, ?>) Cbor.read(before), b = (Map<?, ?>) Cbor.read(now);
		if (!a.get("kind").equals(b.get("kind"))) return "kind: " + a.get("kind") + " != " + b.get("kind") + (b.containsKey("reason") ? " (" + b.get("reason") + ")" : "");
		return kindOnly ? null : new Compare(a, b, mask).roots(a, b);
	}

	private static Map<String, Object> named(Map<?, ?> outcome) {
		Map<String, Object> found = new LinkedHashMap<>();
		for (Object r : (List<?>) outcome.get("roots")) found.put((String) ((List<?>) r).get(0), ((List<?>) r).get(1));
		return found;
	}

	private String roots(Map<?, ?> a, Map<?, ?> b) {
		Map<String, Object> x = named(a), y = named(b);
		Set<String> all = new LinkedHashSet<>(x.keySet());
		all.addAll(y.keySet());
		for (String name : all) {
			if (mask.contains(name) || name.equals("again")) continue;
			if (!x.containsKey(name) || !y.containsKey(name)) return name + ": only " + (x.containsKey(name) ? "before" : "now");
			todo.add(new Object[] {x.get(name), y.get(name), name});
		}
		while (!todo.isEmpty()) {
			Object[] one = todo.poll();
			String path = (String) one[2], found = mask.contains(path) ? null : values(one[0], one[1], path);
			if (found != null) return found;
		}
		return null;
	}

	private String values(Object x, Object y, String path) {
		if (x instanceof Cbor.Ref && y instanceof Cbor.Ref) return nodes(((Cbor.Ref) x).index, ((Cbor.Ref) y).index, path);
		boolean same;
		if (x instanceof Double && y instanceof Double) {
			double p = (Double) x, q = (Double) y;
			same = x.equals(y) || p != q && Double.isFinite(p) && Double.isFinite(q) && Math.abs(p - q) <= 1e-9 * Math.max(Math.abs(p), Math.abs(q));
		} else {
			same = x instanceof byte[] && y instanceof byte[] ? Arrays.equals((byte[]) x, (byte[]) y) : java.util.Objects.equals(x, y);
		}
		return same ? null : path + ": " + show(x, left) + " != " + show(y, right);
	}

	private static String show(Object v, List<?> heap) {
		if (v instanceof byte[]) return ((byte[]) v).length + " bytes";
		if (v instanceof String) return '"' + (((String) v).length() > 100 ? ((String) v).substring(0, 100) + "..." : (String) v) + '"';
		if (!(v instanceof Cbor.Ref)) return String.valueOf(v);
		List<?> node = (List<?>) heap.get(((Cbor.Ref) v).index);
		return node.get(1) + " " + node.get(2);
	}

	private String nodes(int i, int k, String path) {
		List<?> m = (List<?>) left.get(i), n = (List<?>) right.get(k);
		Integer known = pairs.putIfAbsent(i, k);
		if (known != null) return known == k || ((List<?>) m.get(4)).contains("frozen") ? null : path + ": not the same object as before";
		if (!m.get(0).equals(n.get(0)) || !m.get(1).equals(n.get(1))) return "type(" + path + "): " + m.get(1) + " != " + n.get(1);
		if (m.get(0).equals("opaque")) return path + ": cannot be compared: " + ((List<?>) m.get(2)).get(0);
		if (m.get(0).equals("error") && path.equals("raise") && runtimeRaised) return null;
		List<?> a = (List<?>) m.get(2), b = (List<?>) n.get(2);
		if (a.size() != b.size()) return "len(" + path + "): " + a.size() + " != " + b.size();
		List<?> s = m.get(3) == null ? List.of() : (List<?>) m.get(3), t = n.get(3) == null ? List.of() : (List<?>) n.get(3);
		if (s.size() != t.size()) return path + ": other fields";
		for (int f = 0; f < s.size(); f += 2) {
			int at = t.indexOf(s.get(f));
			if (at < 0) return path + "." + s.get(f) + " is gone";
			todo.add(new Object[] {s.get(f + 1), t.get(at + 1), path + "." + s.get(f)});
		}
		boolean isMap = m.get(0).equals("map");
		if (m.get(0).equals("set") || ((List<?>) m.get(4)).contains("unordered")) return unordered(a, b, isMap ? 2 : 1, path);
		for (int e = 0; e < a.size(); e++) {
			String name = isMap ? path + "[" + show(a.get(e - e % 2), left) + "]" : path + "[" + e + "]";
			if (a.get(e) instanceof List) {
				if (!a.get(e).equals(b.get(e))) return name + ": " + a.get(e) + " != " + b.get(e);
			} else {
				todo.add(new Object[] {a.get(e), b.get(e), name});
			}
		}
		return null;
	}

	/** Each is to find its equal; what is plain by its value, all else in the order in which it comes. */
	private String unordered(List<?> a, List<?> b, int step, String path) {
		boolean[] used = new boolean[b.size()];
		Map<Object, Integer> plain = new HashMap<>();
		for (int k = 0; k < b.size(); k += step) if (!(b.get(k) instanceof Cbor.Ref)) plain.put(b.get(k) == null ? "null" : List.of(b.get(k)), k);
		for (int i = 0; i < a.size(); i += step) {
			Object key = a.get(i);
			Integer k = key instanceof Cbor.Ref ? Integer.valueOf(nodeLike(((Cbor.Ref) key).index, b, used, step)) : plain.get(key == null ? "null" : List.of(key));
			if (k == null || k < 0 || used[k]) return path + ": without " + show(key, left);
			used[k] = true;
			if (key instanceof Cbor.Ref) todo.add(new Object[] {key, b.get(k), path + "[" + show(key, left) + "]"});
			if (step == 2) todo.add(new Object[] {a.get(i + 1), b.get(k + 1), path + "[" + show(key, left) + "]"});
		}
		return null;
	}

	private int nodeLike(int i, List<?> b, boolean[] used, int step) {
		for (int k = 0; k < b.size(); k += step) {
			if (used[k] || !(b.get(k) instanceof Cbor.Ref)) continue;
			if (alike(new Cbor.Ref(i), b.get(k), 0)) return k;
		}
		return -1;
	}

	private boolean alike(Object x, Object y, int deep) {
		if (!(x instanceof Cbor.Ref) || !(y instanceof Cbor.Ref)) return x instanceof byte[] && y instanceof byte[] ? Arrays.equals((byte[]) x, (byte[]) y) : java.util.Objects.equals(x, y);
		if (deep > 6) return true;
		List<?> m = (List<?>) left.get(((Cbor.Ref) x).index), n = (List<?>) right.get(((Cbor.Ref) y).index);
		if (!m.get(0).equals(n.get(0)) || !m.get(1).equals(n.get(1))) return false;
		List<?> a = (List<?>) m.get(2), b = (List<?>) n.get(2), s = m.get(3) == null ? List.of() : (List<?>) m.get(3), t = n.get(3) == null ? List.of() : (List<?>) n.get(3);
		if (a.size() != b.size() || s.size() != t.size()) return false;
		if (!m.get(0).equals("set") && !((List<?>) m.get(4)).contains("unordered"))
			for (int i = 0; i < a.size(); i++) if (!(a.get(i) instanceof List) && !alike(a.get(i), b.get(i), deep + 1)) return false;
		for (int i = 0; i < s.size(); i++) if (!alike(s.get(i), t.get(i), deep + 1)) return false;
		return true;
	}
}
