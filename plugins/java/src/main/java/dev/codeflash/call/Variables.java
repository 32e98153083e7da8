// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.call;

import dev.codeflash.graph.Access;
import dev.codeflash.graph.Names;
import dev.codeflash.value.Encoder;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The static fields of the project's classes: what a call leaves in them. */
final class Variables {
	private static final int NODES_MAX = 10000;
	private static final byte[] UNREADABLE = {};

	private final Loader loader;
	private final Project project;
	private final Names names;
	private final Set<String> newNames;
	private Loader untouched;
	private Map<String, byte[]> before = Map.of();

	Variables(Loader loader, Project project, Names names, Set<String> newNames) {
		this.loader = loader;
		this.project = project;
		this.names = names;
		this.newNames = newNames;
	}

	private boolean counts(Field f) {
		return Modifier.isStatic(f.getModifiers()) && !f.isSynthetic() && !newNames.contains(f.getName())
				&& !(Modifier.isFinal(f.getModifiers()) && (f.getType().isPrimitive() || f.getType() == String.class));
	}

	private Map<String, byte[]> now() {
		Map<String, byte[]> found = new HashMap<>();
		for (Class<?> c : loader.project()) add(c, found);
		return found;
	}

	private void add(Class<?> c, Map<String, byte[]> found) {
		if (newNames.contains(c.getSimpleName())) return;
		try {
			for (Field f : c.getDeclaredFields()) if (counts(f)) found.put(c.getName() + "." + f.getName(), digest(f));
		} catch (LinkageError e) {
			// a class that cannot be linked has none
		}
	}

	private byte[] digest(Field f) {
		try {
			Object value = Access.variable(f);
			byte[] d = Encoder.digest(value, names, NODES_MAX);
			return d == null ? size(value).getBytes(StandardCharsets.UTF_8) : d;
		} catch (IllegalAccessException | RuntimeException | LinkageError e) {
			return UNREADABLE;
		}
	}

	/** Of what is large only how much is in it. */
	private static String size(Object value) {
		if (value.getClass().isArray()) return "array of " + Array.getLength(value);
		if (value instanceof Collection && Names.isPlatform(value.getClass())) return "collection of " + ((Collection<?>) value).size();
		if (value instanceof Map && Names.isPlatform(value.getClass())) return "map of " + ((Map<?, ?>) value).size();
		return "large";
	}

	void before() {
		before = now();
	}

	/** What is other than before, by name; null for nothing. Of a class that the call has loaded: than its loading leaves it. */
	Object after() {
		Map<String, Object> changed = new TreeMap<>();
		for (Class<?> c : loader.project()) {
			if (newNames.contains(c.getSimpleName())) continue;
			try {
				for (Field f : c.getDeclaredFields()) {
					if (!counts(f)) continue;
					String name = c.getName() + "." + f.getName();
					byte[] now = digest(f), was = before.get(name);
					if (was != null && Arrays.equals(now, was)) continue;
					if (was == null && Arrays.equals(now, fresh(c.getName(), f.getName()))) continue;
					Object value = Access.variable(f);
					if (value != null && Encoder.digest(value, names, NODES_MAX) == null) value = size(value);
					changed.put(name, f.getType().isPrimitive() ? new Encoder.Primitive(value) : value);
				}
			} catch (LinkageError | IllegalAccessException e) {
				// as above
			}
		}
		return changed.isEmpty() ? null : changed;
	}

	private byte[] fresh(String type, String field) {
		try {
			if (untouched == null) untouched = project.loader();
			return digest(Class.forName(type, true, untouched).getDeclaredField(field));
		} catch (ReflectiveOperationException | LinkageError e) {
			return null;
		}
	}
}
