// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.call;

import dev.codeflash.graph.Access;
import dev.codeflash.graph.Hashed;
import dev.codeflash.graph.Names;
import dev.codeflash.graph.Unpack;
import java.lang.reflect.Array;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** Inputs as a person would write them; runs no method of the program's. */
final class Show {
	private static final int DEEP = 4, WIDE = 20, LONG = 200, ALL = 2000;

	private final StringBuilder b = new StringBuilder();

	private Show() {
	}

	static String call(Unpack u) {
		Show s = new Show();
		String simple = u.owner.substring(Math.max(u.owner.lastIndexOf('.'), u.owner.lastIndexOf('$')) + 1);
		if (u.method.equals("<init>")) {
			s.b.append("new ").append(simple);
		} else if (u.hasSelf) {
			s.value(u.self, 1);
			s.b.append('.').append(u.method);
		} else {
			s.b.append(simple).append('.').append(u.method);
		}
		s.b.append('(');
		for (int i = 0; i < u.args.length; i++) {
			if (i > 0) s.b.append(", ");
			s.value(u.args[i], 0);
		}
		return s.b.append(')').toString();
	}

	private void value(Object v, int deep) {
		if (b.length() > ALL || deep > DEEP) {
			b.append("...");
		} else if (v == null || v instanceof Number && Names.isPlatform(v.getClass()) || v instanceof Boolean) {
			b.append(v).append(v instanceof Long ? "L" : "");
		} else if (v instanceof String) {
			String s = (String) v;
			b.append('"').append(s.length() > LONG ? s.substring(0, LONG) + "..." : s).append('"');
		} else if (v instanceof Character) {
			b.append('\'').append(v).append('\'');
		} else if (v instanceof Enum) {
			b.append(((Enum<?>) v).name());
		} else if (v.getClass().isArray()) {
			List<Object> all = new ArrayList<>();
			int n = Array.getLength(v);
			for (int i = 0; i < Math.min(n, WIDE + 1); i++) all.add(Array.get(v, i));
			list("{", all, "}", deep);
		} else {
			object(v, deep);
		}
	}

	private void object(Object v, int deep) {
		Class<?> c = v.getClass(), base = Hashed.base(c);
		if (base != null) {
			list("{", Hashed.contents(v, base), "}", deep);
			return;
		}
		String name = c.getName();
		if (name.equals("java.util.ArrayList") || name.equals("java.util.LinkedList") || name.startsWith("java.util.ImmutableCollections$List")) {
			list("[", new ArrayList<Object>((Collection<?>) v), "]", deep);
			return;
		}
		b.append(name.substring(name.lastIndexOf('.') + 1));
		if (Names.isPlatform(c)) return;
		String comma = "(";
		for (Access.Slot s : Access.slots(c)) {
			b.append(comma).append(s.name).append('=');
			comma = ", ";
			if (s.type == 'L') value(s.ref(v), deep + 1);
			else primitive(s.type, s.bits(v));
			if (b.length() > ALL) break;
		}
		b.append(comma.equals("(") ? "()" : ")");
	}

	private void primitive(char type, long bits) {
		if (type == 'D') b.append(Double.longBitsToDouble(bits));
		else if (type == 'F') b.append(Float.intBitsToFloat((int) bits));
		else if (type == 'Z') b.append(bits != 0);
		else if (type == 'C') b.append('\'').append((char) bits).append('\'');
		else b.append(bits);
	}

	private void list(String open, List<Object> all, String close, int deep) {
		b.append(open);
		for (int i = 0; i < all.size(); i++) {
			if (i > 0) b.append(", ");
			if (i == WIDE) {
				b.append("...");
				break;
			}
			value(all.get(i), deep + 1);
		}
		b.append(close);
	}
}
