// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.source;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The types of a source file and their members, with the places where they begin and end. Not a parser: it follows
 * comments, literals and brackets, and reads what stands in a type's body member by member. That is cheap enough
 * for the program that is recorded.
 */
public final class JavaSource {
	/** A method or a constructor. */
	public static final class Method {
		public final Type type;
		public final String name, parameters; // the text in the brackets, white space evened out
		public final int start, end, body; // offsets; body of its bracket, -1 without
		public final int line, endLine; // from 1
		public final boolean isConstructor;
		public final String head; // what stands before the parameters: modifiers, type, name

		Method(Type type, String name, String parameters, String head, int start, int end, int body, int line, int endLine, boolean isConstructor) {
			this.type = type;
			this.name = name;
			this.parameters = parameters;
			this.head = head;
			this.start = start;
			this.end = end;
			this.body = body;
			this.line = line;
			this.endLine = endLine;
			this.isConstructor = isConstructor;
		}

		/** As codeflash qualifies it: Outer.Inner.method. */
		public String qualname() {
			return type.qualname() + "." + name;
		}
	}

	/** A class, interface, enum or record. */
	public static final class Type {
		public final Type outer;
		public final String name, kind;
		public final List<String> others = new ArrayList<>(); // members that are no methods: text, white space evened out
		public final List<String> names = new ArrayList<>(); // of what each of these declares, "" for an initialiser

		Type(Type outer, String name, String kind) {
			this.outer = outer;
			this.name = name;
			this.kind = kind;
		}

		public String qualname() {
			return outer == null ? name : outer.qualname() + "." + name;
		}

		/** As the JVM has it, less the package. */
		public String binary() {
			return outer == null ? name : outer.binary() + "$" + name;
		}
	}

	private static final Set<String> KINDS = Set.of("class", "interface", "enum", "record");

	public final String text;
	public final List<Type> types = new ArrayList<>();
	public final List<Method> methods = new ArrayList<>();
	public final List<String> imports = new ArrayList<>();
	private final List<Integer> lines = new ArrayList<>();
	private int at;

	// of the token that next() found
	private int start;
	private String token;

	public JavaSource(String text) {
		this.text = text;
		lines.add(0);
		for (int i = 0; i < text.length(); i++) if (text.charAt(i) == '\n') lines.add(i + 1);
		members(null);
	}

	/** The line that an offset is in, from 1. */
	public int lineOf(int offset) {
		int low = 0, high = lines.size() - 1;
		while (low < high) {
			int middle = (low + high + 1) >>> 1;
			if (lines.get(middle) <= offset) low = middle;
			else high = middle - 1;
		}
		return low + 1;
	}

	/** Whole lines, from and to counted from 1. */
	public String linesText(int from, int to) {
		int end = to < lines.size() ? lines.get(to) : text.length();
		return text.substring(lines.get(from - 1), end);
	}

	/** The innermost method that a line is in; null for none. */
	public Method at(int line) {
		Method best = null;
		for (Method m : methods) if (m.line <= line && line <= m.endLine && (best == null || m.start >= best.start)) best = m;
		return best;
	}

	/** The method that has this name in that class and this line in it; null for none. */
	public Method find(String binaryClass, String name, int line) {
		for (Method m : methods) if (m.name.equals(name) && m.line <= line && line <= m.endLine && m.type.binary().equals(binaryClass)) return m;
		return null;
	}

	/** A name, a number, a literal, or one character; false at the end. */
	private boolean next() {
		int n = text.length();
		for (;;) {
			while (at < n && Character.isWhitespace(text.charAt(at))) at++;
			if (text.startsWith("//", at)) {
				int end = text.indexOf('\n', at);
				at = end < 0 ? n : end;
			} else if (text.startsWith("/*", at)) {
				int end = text.indexOf("*/", at + 2);
				at = end < 0 ? n : end + 2;
			} else {
				break;
			}
		}
		if (at >= n) return false;
		start = at;
		char c = text.charAt(at);
		if (Character.isJavaIdentifierStart(c)) {
			while (at < n && Character.isJavaIdentifierPart(text.charAt(at))) at++;
		} else if (text.startsWith("\"\"\"", at)) {
			at += 3;
			while (at < n && !text.startsWith("\"\"\"", at)) at += text.charAt(at) == '\\' ? 2 : 1;
			at = Math.min(n, at + 3);
		} else if (c == '"' || c == '\'') {
			at++;
			while (at < n && text.charAt(at) != c && text.charAt(at) != '\n') at += text.charAt(at) == '\\' ? 2 : 1;
			at = Math.min(n, at + 1);
		} else {
			at++;
		}
		token = text.substring(start, at);
		return true;
	}

	/** Goes behind the bracket that closes the one just read. */
	private void close() {
		for (int depth = 1; depth > 0 && next();) {
			if (token.equals("{") || token.equals("(") || token.equals("[")) depth++;
			else if (token.equals("}") || token.equals(")") || token.equals("]")) depth--;
		}
	}

	/** Reads members up to the bracket that closes the type, or the end of the file. */
	private void members(Type type) {
		boolean constants = type != null && type.kind.equals("enum");
		while (next()) {
			if (token.equals("}")) {
				if (type != null) return;
			} else if (token.equals(";")) {
				constants = false;
			} else if (constants) {
				constants = constant(type);
			} else {
				member(type);
			}
		}
	}

	/** One constant of an enum, begun; false when it was the last and the enum ends. */
	private boolean constant(Type type) {
		int from = start;
		String name = null;
		for (;;) {
			if (token.equals(",") || token.equals(";") || token.equals("}")) break;
			if (token.equals("@")) {
				next();
			} else if (token.equals("(") || token.equals("{")) {
				close();
			} else if (name == null && Character.isJavaIdentifierStart(token.charAt(0))) {
				name = token;
			}
			if (!next()) return false;
		}
		if (name != null) {
			type.others.add(even(text.substring(from, start)));
			type.names.add(name);
		}
		if (token.equals("}")) at = start; // its type's
		return token.equals(",");
	}

	private void member(Type type) {
		int from = start, open = -1, shut = -1;
		String last = "", kind = null, kindName = null, name = null;
		boolean assigned = false;
		int angle = 0;
		for (;;) {
			String t = token;
			if (t.equals("@")) {
				int here = at;
				if (next() && token.equals("interface")) {
					kind = "interface";
				} else {
					annotation();
				}
				if (at == here) return;
			} else if (KINDS.contains(t) && kind == null && open < 0 && !assigned && angle == 0) {
				int here = at, first = start;
				boolean isType = next() && Character.isJavaIdentifierStart(token.charAt(0));
				if (isType && t.equals("record")) { // a name like any other, where no name and brackets follow
					String candidate = token;
					isType = next() && (token.equals("(") || token.equals("<"));
					if (isType) kindName = candidate;
				} else if (isType) {
					kindName = token;
				}
				at = here;
				start = first;
				if (isType) kind = t;
				else last = t;
			} else if (t.equals("<")) {
				angle++;
			} else if (t.equals(">")) {
				angle = Math.max(0, angle - 1);
			} else if (t.equals("=")) {
				assigned = true;
				if (name == null) name = last;
			} else if (t.equals("(")) {
				boolean parameters = kind == null && !assigned && open < 0 && !last.isEmpty() && Character.isJavaIdentifierStart(last.charAt(0));
				if (parameters) {
					open = at;
					name = last;
				}
				close();
				if (parameters) shut = start;
			} else if (t.equals("[")) {
				close();
			} else if (t.equals(";")) {
				end(type, from, open, shut, name == null ? last : name, -1);
				return;
			} else if (t.equals("{")) {
				if (assigned) {
					close();
				} else if (kind != null) {
					if (kindName == null) kindName = last;
					Type made = new Type(type, kindName, kind);
					types.add(made);
					// what the declaration itself says: supertypes, components
					made.others.add(even(text.substring(from, start)));
					made.names.add("<declaration>");
					members(made);
					return;
				} else if (open < 0 && type != null && type.kind.equals("record") && last.equals(type.name)) {
					int body = start;
					close();
					methods.add(new Method(type, last, "", even(text.substring(from, body)), from, at, body, lineOf(from), lineOf(at - 1), true));
					return;
				} else {
					int body = start;
					close();
					end(type, from, open, shut, open < 0 ? "" : name, body);
					return;
				}
			} else if (t.equals("}")) {
				at = start; // of the type around
				return;
			} else if (kind != null && kindName == null && Character.isJavaIdentifierStart(t.charAt(0))) {
				kindName = t;
			} else {
				if (t.equals(",") && angle == 0 && name == null && open < 0) name = last;
				last = t;
			}
			if (!next()) return;
		}
	}

	/** Goes behind an annotation whose name's first part was just read. */
	private void annotation() {
		for (;;) {
			int here = at, first = start;
			String was = token;
			if (!next()) return;
			if (token.equals(".")) {
				next();
			} else if (token.equals("(")) {
				close();
				return;
			} else {
				at = here;
				start = first;
				token = was;
				return;
			}
		}
	}

	private void end(Type type, int from, int open, int shut, String name, int body) {
		String all = text.substring(from, at);
		if (type == null) {
			if (all.startsWith("import") || all.startsWith("package")) imports.add(even(all));
			return;
		}
		if (open < 0) {
			type.others.add(even(all));
			type.names.add(name);
			return;
		}
		boolean isConstructor = name.equals(type.name);
		methods.add(new Method(type, name, even(text.substring(open, shut)), even(text.substring(from, open - 1)), from, at, body, lineOf(from), lineOf(at - 1), isConstructor));
	}

	/** White space and comments do not count. */
	static String even(String s) {
		JavaSource t = new JavaSource(s, true);
		StringBuilder b = new StringBuilder();
		while (t.next()) {
			if (b.length() > 0) b.append(' ');
			b.append(t.token);
		}
		return b.toString();
	}

	private JavaSource(String text, boolean tokens) {
		this.text = text;
	}
}
