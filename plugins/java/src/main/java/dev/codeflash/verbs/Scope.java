// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.verbs;

import dev.codeflash.source.JavaSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The verb scope: what a candidate changes beside the functions that it is about. */
final class Scope {
	private final List<Object> functions = new ArrayList<>();
	private final Map<String, Object> names = new LinkedHashMap<>();

	/** It changes something that no replayed call can show. */
	private static final class Refused extends Exception {
		private static final long serialVersionUID = 1L;

		Refused(String why) {
			super(why);
		}
	}

	static Map<String, Object> scope(Map<String, Object> request) {
		Scope s = new Scope();
		String refused = null;
		try {
			for (Map<String, Object> f : Json.<Map<String, Object>>list(request.get("files"))) {
				String path = (String) f.get("path");
				Set<String> targets = new HashSet<>();
				for (Map<String, Object> t : Json.<Map<String, Object>>list(request.get("targets"))) if (path.equals(t.get("file"))) targets.add((String) t.get("qualname"));
				s.file(path, (String) f.get("before"), (String) f.get("after"), targets);
			}
		} catch (Refused e) {
			refused = e.getMessage();
		}
		return Json.map("functions", refused == null ? s.functions : List.of(), "names", refused == null ? s.names : Map.of(), "refused", refused);
	}

	private static String key(JavaSource.Method m) {
		return m.qualname() + "(" + m.parameters + ")";
	}

	private void file(String path, String before, String after, Set<String> targets) throws Refused {
		if (!path.endsWith(".java")) throw new Refused(path + ": not Java");
		if (before == null) throw new Refused(path + ": a new file");
		JavaSource old = new JavaSource(before), now = new JavaSource(after);
		Map<String, JavaSource.Method> methods = new LinkedHashMap<>();
		Set<String> known = new HashSet<>();
		for (JavaSource.Method m : old.methods) {
			methods.put(key(m), m);
			known.add(m.qualname());
		}
		Map<String, JavaSource.Type> types = new HashMap<>();
		for (JavaSource.Type t : old.types) types.put(t.qualname(), t);
		List<String> added = new ArrayList<>();
		Set<String> changed = new HashSet<>();
		for (JavaSource.Method m : now.methods) {
			JavaSource.Method was = methods.remove(key(m));
			boolean isPrivate = hasWord(m.head, "private");
			if (was == null) {
				if (!types.containsKey(m.type.qualname())) continue; // of a new type
				if (known.contains(m.qualname())) throw new Refused(m.qualname() + ": its parameters change, or it is overloaded");
				if (!isPrivate) throw new Refused(m.qualname() + ": a new method that is not private");
				continue;
			}
			if (!was.head.equals(m.head)) throw new Refused(m.qualname() + ": its declaration changes");
			if (before.substring(was.start, was.end).equals(after.substring(m.start, m.end))) continue;
			if (!changed.add(m.qualname())) throw new Refused(m.qualname() + ": several of that name change");
			if (!targets.contains(m.qualname())) functions.add(Json.map("file", path, "qualname", m.qualname()));
		}
		for (JavaSource.Method m : methods.values()) throw new Refused(m.qualname() + " is gone, or its parameters change");
		for (JavaSource.Type t : now.types) {
			JavaSource.Type was = types.remove(t.qualname());
			if (was == null) {
				if (t.outer == null || types.containsKey(t.outer.qualname()) && !hasWord(t.others.get(0), "private"))
					throw new Refused(t.qualname() + ": a new type that is not private");
				added.add(t.name);
			} else {
				members(path, was, t, added);
			}
		}
		for (JavaSource.Type t : types.values()) throw new Refused(t.qualname() + " is gone");
		if (!now.imports.containsAll(old.imports)) {
			List<String> gone = new ArrayList<>(old.imports);
			gone.removeAll(now.imports);
			if (gone.stream().anyMatch(i -> i.startsWith("package"))) throw new Refused(path + ": its package changes");
		}
		if (!added.isEmpty()) names.put(path, added);
	}

	/** Fields and initialisers stay, in their order; private fields may come. */
	private static void members(String path, JavaSource.Type was, JavaSource.Type now, List<String> added) throws Refused {
		int at = 0;
		for (int i = 0; i < now.others.size(); i++) {
			String text = now.others.get(i), name = now.names.get(i);
			if (at < was.others.size() && was.others.get(at).equals(text)) {
				at++;
				continue;
			}
			if (name.isEmpty() || name.startsWith("<") || was.names.contains(name) || !hasWord(text, "private"))
				throw new Refused(path + ": it changes what " + now.qualname() + " declares beside methods");
			added.add(name);
		}
		if (at < was.others.size()) throw new Refused(path + ": it changes what " + now.qualname() + " declares beside methods");
	}

	private static boolean hasWord(String text, String word) {
		int equals = text.indexOf('=');
		return List.of((equals < 0 ? text : text.substring(0, equals)).split(" ")).contains(word);
	}
}
