// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.graph;

import java.io.InputStream;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.charset.Charset;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.time.ZoneId;
import java.util.Collections;
import java.util.Currency;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TimeZone;
import java.util.logging.Logger;
import java.util.regex.Pattern;

/** Objects that are known by a name: what another process has too, and what a copy could not stand for. */
public final class Names {
	private final Map<Object, String> statics = new IdentityHashMap<>();
	private final Set<Class<?>> known = Collections.newSetFromMap(new IdentityHashMap<>());

	/** Classes of the JDK's: their fields are no business of the program's. */
	public static boolean isPlatform(Class<?> type) {
		ClassLoader loader = type.getClassLoader();
		return loader == null && !type.getName().startsWith("dev.codeflash.") || loader == ClassLoader.getPlatformClassLoader();
	}

	/** Why objects of a class cannot be copied; null when they can. */
	public static String refusal(Class<?> type) {
		return REFUSAL.get(type)[0];
	}

	public static boolean isHidden(Class<?> type) {
		return type.getName().indexOf('/') >= 0;
	}

	private static final Map<String, String> BY_CLASS = Map.ofEntries(Map.entry("java.lang.Thread", "a thread"), Map.entry("java.lang.ThreadGroup", "a thread"),
			Map.entry("java.lang.ClassLoader", "a class loader"), Map.entry("java.lang.Module", "a module"), Map.entry("java.lang.ThreadLocal", "a thread local"),
			Map.entry("java.lang.Process", "a process"), Map.entry("java.lang.Runtime", "the runtime"), Map.entry("java.io.FileDescriptor", "an open file"),
			Map.entry("java.io.FileInputStream", "an open file"), Map.entry("java.io.FileOutputStream", "an open file"), Map.entry("java.io.RandomAccessFile", "an open file"),
			Map.entry("java.nio.channels.Channel", "an open channel"), Map.entry("java.net.Socket", "a socket"), Map.entry("java.net.ServerSocket", "a socket"),
			Map.entry("java.lang.ref.Reference", "a weak reference"), Map.entry("java.util.stream.BaseStream", "a stream"), Map.entry("java.lang.invoke.MethodHandle", "a method handle"),
			Map.entry("java.util.concurrent.ExecutorService", "an executor"), Map.entry("java.util.zip.ZipFile", "an open file"), Map.entry("java.lang.reflect.InvocationHandler", "a proxy"),
			Map.entry("java.lang.reflect.AccessibleObject", "a reflected member"), Map.entry("java.util.zip.Inflater", "a codec in native memory"),
			Map.entry("java.util.zip.Deflater", "a codec in native memory"), Map.entry("java.nio.Buffer", "a buffer"), Map.entry("java.security.SecureRandom", "a secure random generator"),
			Map.entry("java.lang.reflect.Proxy", "a proxy"), Map.entry("java.util.Timer", "a timer"));

	private static final ClassValue<String[]> REFUSAL = new ClassValue<>() {
		@Override
		protected String[] computeValue(Class<?> type) {
			if (isHidden(type)) return new String[] {type.getName().contains("$$Lambda") ? "a lambda" : "an object of a hidden class"};
			if (type.getName().contains("$$Lambda$")) return new String[] {"a lambda"};
			String why = above(type);
			if (why == null && isPlatform(type)) {
				String name = type.getName();
				if (name.startsWith("sun.") || name.startsWith("jdk.") || name.startsWith("com.sun.")) why = "an object of the runtime's own: " + name;
			}
			return new String[] {why};
		}

		private String above(Class<?> type) {
			for (Class<?> t = type; t != null; t = t.getSuperclass()) {
				String why = BY_CLASS.get(t.getName());
				if (why != null) return why;
				for (Class<?> i : t.getInterfaces()) if ((why = above(i)) != null) return why;
			}
			return null;
		}
	};

	/**
	 * The static constant that an object is: "class#field"; null when it is none. Of the JDK's classes any, such as
	 * the marks that its collections put where nothing is; of the program's those without state: sentinels, and
	 * lambdas.
	 */
	public String constant(Object o) {
		Class<?> type = o.getClass();
		learn(type);
		return statics.isEmpty() ? null : statics.get(o);
	}

	/** Looks at the constants of a class, and of the one it is nested in, once. */
	public void learn(Class<?> type) {
		if (type.isArray() || !known.add(type)) return;
		try {
			Class<?> host = type.getNestHost();
			if (host != type) learn(host);
		} catch (LinkageError e) {
			return;
		}
		boolean platform = isPlatform(type);
		Field[] fields;
		try {
			fields = type.getDeclaredFields();
		} catch (LinkageError e) {
			return;
		}
		for (Field f : fields) {
			int m = f.getModifiers();
			if (!Modifier.isStatic(m) || !Modifier.isFinal(m) || f.getType().isPrimitive() || f.getType() == String.class) continue;
			Object value = Access.constant(f);
			if (value == null || value instanceof String || value instanceof Number || value instanceof Boolean || value instanceof Character
					|| value instanceof Enum || value instanceof Class) continue;
			boolean isMark = platform && !value.getClass().isArray() || isStateless(value);
			if (isMark) statics.putIfAbsent(value, type.getName() + "#" + f.getName());
		}
	}

	private static boolean isStateless(Object value) {
		Class<?> type = value.getClass();
		return !type.isArray() && (Access.slots(type).length == 0 || isHidden(type));
	}

	/** The constant of a name that constant() gave. */
	public static Object constant(String name, ClassLoader loader) throws ReflectiveOperationException {
		int hash = name.indexOf('#');
		Class<?> type = Class.forName(name.substring(0, hash), true, loader);
		return Access.constant(type.getDeclaredField(name.substring(hash + 1)));
	}

	/** Objects that a text makes again: "kind:text"; null for all others. */
	public static String text(Object o) {
		if (o instanceof Pattern) return "pattern:" + ((Pattern) o).flags() + ":" + ((Pattern) o).pattern();
		if (o instanceof Locale) return "locale:" + ((Locale) o).toLanguageTag();
		if (o instanceof Charset) return "charset:" + ((Charset) o).name();
		if (o instanceof Currency) return "currency:" + ((Currency) o).getCurrencyCode();
		if (o instanceof ZoneId && o.getClass().getName().equals("java.time.ZoneRegion")) return "zone:" + ((ZoneId) o).getId();
		if (o instanceof TimeZone && isPlatform(o.getClass())) return "timezone:" + ((TimeZone) o).getID();
		if (o instanceof Logger && o.getClass() == Logger.class) return "logger:" + ((Logger) o).getName();
		if (o instanceof Path && ((Path) o).getFileSystem() == FileSystems.getDefault()) return "path:" + o;
		if (o instanceof PrintStream) return o == System.out ? "system:out" : o == System.err ? "system:err" : null;
		if (o instanceof InputStream) return o == System.in ? "system:in" : null;
		return null;
	}

	public static Object ofText(String text) {
		int colon = text.indexOf(':');
		String kind = text.substring(0, colon), rest = text.substring(colon + 1);
		switch (kind) {
		case "pattern":
			int next = rest.indexOf(':');
			return Pattern.compile(rest.substring(next + 1), Integer.parseInt(rest.substring(0, next)));
		case "locale": return Locale.forLanguageTag(rest);
		case "charset": return Charset.forName(rest);
		case "currency": return Currency.getInstance(rest);
		case "zone": return ZoneId.of(rest);
		case "timezone": return TimeZone.getTimeZone(rest);
		case "logger": return Logger.getLogger(rest);
		case "path": return Paths.get(rest);
		default: return rest.equals("out") ? System.out : rest.equals("err") ? System.err : System.in;
		}
	}
}
