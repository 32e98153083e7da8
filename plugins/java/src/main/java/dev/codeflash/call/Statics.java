// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.call;

import dev.codeflash.graph.Access;
import dev.codeflash.graph.Names;
import java.lang.invoke.MethodHandle;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the project's classes hold in static fields, kept so that running the code to warm it up leaves nothing there. */
final class Statics {
	private final List<Runnable> undo = new ArrayList<>();

	Statics(Loader loader) {
		for (Class<?> c : loader.project()) {
			for (Field f : c.getDeclaredFields()) {
				if (!Modifier.isStatic(f.getModifiers()) || f.isSynthetic()) continue;
				try {
					keep(f, Access.variable(f));
				} catch (IllegalAccessException | RuntimeException | LinkageError e) {
					// it stays as it is then
				}
			}
		}
	}

	@SuppressWarnings({"unchecked", "rawtypes"})
	private void keep(Field f, Object value) throws IllegalAccessException {
		if (!Modifier.isFinal(f.getModifiers())) {
			MethodHandle set = Access.lookup().unreflectSetter(f);
			undo.add(() -> {
				try {
					set.invoke(value);
				} catch (Throwable e) {
					throw new IllegalStateException(e);
				}
			});
		}
		if (value == null || !Names.isPlatform(value.getClass()) && !value.getClass().isArray()) return;
		if (value.getClass().isArray()) {
			int n = Array.getLength(value);
			Object copy = Array.newInstance(value.getClass().getComponentType(), n);
			System.arraycopy(value, 0, copy, 0, n);
			undo.add(() -> System.arraycopy(copy, 0, value, 0, n));
		} else if (value instanceof Map && !value.getClass().getName().contains("Immutable")) {
			Map<Object, Object> copy = new LinkedHashMap<>((Map<Object, Object>) value);
			undo.add(() -> {
				((Map) value).clear();
				((Map) value).putAll(copy);
			});
		} else if (value instanceof Collection && !value.getClass().getName().contains("Immutable")) {
			List<Object> copy = new ArrayList<>((Collection<Object>) value);
			undo.add(() -> {
				((Collection) value).clear();
				((Collection) value).addAll(copy);
			});
		}
	}

	void restore() {
		for (Runnable r : undo) {
			try {
				r.run();
			} catch (RuntimeException e) {
				// what cannot be changed is as it was
			}
		}
	}
}
