// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.verbs;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** JSON, as much of it as is needed: objects are maps, arrays are lists, numbers Long or Double. */
public final class Json {
	private final String text;
	private int at;

	private Json(String text) {
		this.text = text;
	}

	public static Object read(String text) {
		Json j = new Json(text);
		Object value = j.value();
		j.space();
		if (j.at < text.length()) throw j.wrong();
		return value;
	}

	@SuppressWarnings("unchecked")
	public static Map<String, Object> object(Object value) {
		return (Map<String, Object>) value;
	}

	/** A list that may be missing. */
	@SuppressWarnings("unchecked")
	public static <T> List<T> list(Object value) {
		return value == null ? List.of() : (List<T>) value;
	}

	private IllegalArgumentException wrong() {
		return new IllegalArgumentException("not JSON at " + at);
	}

	private void space() {
		while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at++;
	}

	private boolean take(char c) {
		space();
		if (at < text.length() && text.charAt(at) == c) {
			at++;
			return true;
		}
		return false;
	}

	private void expect(char c) {
		if (!take(c)) throw wrong();
	}

	private Object word(String word, Object value) {
		if (!text.startsWith(word, at)) throw wrong();
		at += word.length();
		return value;
	}

	private Object value() {
		space();
		if (at >= text.length()) throw wrong();
		char c = text.charAt(at);
		switch (c) {
		case '{':
			at++;
			Map<String, Object> object = new LinkedHashMap<>();
			if (take('}')) return object;
			do {
				space();
				String key = string();
				expect(':');
				object.put(key, value());
			} while (take(','));
			expect('}');
			return object;
		case '[':
			at++;
			List<Object> array = new ArrayList<>();
			if (take(']')) return array;
			do array.add(value()); while (take(','));
			expect(']');
			return array;
		case '"': return string();
		case 't': return word("true", true);
		case 'f': return word("false", false);
		case 'n': return word("null", null);
		default:
			int from = at;
			while (at < text.length() && "+-0123456789.eE".indexOf(text.charAt(at)) >= 0) at++;
			String number = text.substring(from, at);
			try {
				if (number.matches("-?\\d+")) return Long.parseLong(number);
				return Double.parseDouble(number);
			} catch (NumberFormatException e) {
				throw wrong();
			}
		}
	}

	private String string() {
		if (at >= text.length() || text.charAt(at) != '"') throw wrong();
		StringBuilder b = new StringBuilder();
		for (at++; at < text.length(); at++) {
			char c = text.charAt(at);
			if (c == '"') {
				at++;
				return b.toString();
			}
			if (c != '\\') {
				b.append(c);
				continue;
			}
			if (++at >= text.length()) break;
			switch (c = text.charAt(at)) {
			case 'n': b.append('\n'); break;
			case 't': b.append('\t'); break;
			case 'r': b.append('\r'); break;
			case 'b': b.append('\b'); break;
			case 'f': b.append('\f'); break;
			case 'u':
				if (at + 4 >= text.length()) throw wrong();
				b.append((char) Integer.parseInt(text.substring(at + 1, at + 5), 16));
				at += 4;
				break;
			default: b.append(c);
			}
		}
		throw wrong();
	}

	public static String write(Object value) {
		StringBuilder b = new StringBuilder();
		write(value, b);
		return b.toString();
	}

	private static void write(Object v, StringBuilder b) {
		if (v == null || v instanceof Boolean || v instanceof Number) {
			b.append(v);
		} else if (v instanceof Map) {
			String comma = "{";
			for (Map.Entry<?, ?> e : ((Map<?, ?>) v).entrySet()) {
				b.append(comma);
				quote(String.valueOf(e.getKey()), b);
				b.append(':');
				write(e.getValue(), b);
				comma = ",";
			}
			b.append(comma.equals("{") ? "{}" : "}");
		} else if (v instanceof Iterable) {
			String comma = "[";
			for (Object x : (Iterable<?>) v) {
				b.append(comma);
				write(x, b);
				comma = ",";
			}
			b.append(comma.equals("[") ? "[]" : "]");
		} else {
			quote(v.toString(), b);
		}
	}

	private static void quote(String s, StringBuilder b) {
		b.append('"');
		for (int i = 0; i < s.length(); i++) {
			char c = s.charAt(i);
			boolean isLone = Character.isSurrogate(c) && !(Character.isHighSurrogate(c) && i + 1 < s.length() && Character.isLowSurrogate(s.charAt(i + 1))
					|| Character.isLowSurrogate(c) && i > 0 && Character.isHighSurrogate(s.charAt(i - 1)));
			if (c == '"' || c == '\\') b.append('\\').append(c);
			else if (c < 32 || c == 127) b.append(String.format("\\u%04x", (int) c));
			else b.append(isLone ? '\ufffd' : c);
		}
		b.append('"');
	}

	/** A map of names and values, in this order. */
	public static Map<String, Object> map(Object... pairs) {
		Map<String, Object> made = new LinkedHashMap<>();
		for (int i = 0; i < pairs.length; i += 2) made.put((String) pairs[i], pairs[i + 1]);
		return made;
	}
}
