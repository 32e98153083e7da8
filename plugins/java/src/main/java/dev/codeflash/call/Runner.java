// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.call;

import dev.codeflash.graph.Access;
import dev.codeflash.graph.Names;
import dev.codeflash.graph.Unpack;
import dev.codeflash.value.Cbor;
import dev.codeflash.value.Encoder;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodType;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.AbstractMap.SimpleEntry;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.BaseStream;

/** Calls of one function: made on inputs restored for each, and what they did. What worker and replay tests share. */
final class Runner {
	private static final int LAZY_MAX = 10000, OUTPUT_MAX = 1 << 20;
	private static final long STACK = 64L << 20;
	private static final Set<String> IMPLICIT = Set.of("java.lang.NullPointerException", "java.lang.ArithmeticException", "java.lang.ArrayIndexOutOfBoundsException",
			"java.lang.ArrayStoreException", "java.lang.ClassCastException", "java.lang.NegativeArraySizeException", "java.lang.StackOverflowError",
			"java.lang.OutOfMemoryError");

	final Loader loader;
	private final Names names = new Names();
	private final Variables variables;
	private final Set<String> newNames;
	private final long seed, timeoutMs;
	private final boolean again;
	private final Path file;
	private MethodHandle handle; // (Object self, Object[] args) Object
	private Class<?> returns;
	private boolean constructs;
	private String described;

	static final ByteArrayOutputStream OUT = new ByteArrayOutputStream(), ERR = new ByteArrayOutputStream();

	/** The code under test sees other streams from now on. */
	static void hide() {
		System.setIn(new ByteArrayInputStream(new byte[0]));
		System.setOut(new PrintStream(OUT, true, StandardCharsets.UTF_8));
		System.setErr(new PrintStream(ERR, true, StandardCharsets.UTF_8));
	}

	Runner(Project project, Path file, Set<String> newNames, long seed, double timeoutS, boolean again) {
		loader = project.loader();
		this.file = file;
		this.newNames = newNames;
		this.seed = seed;
		this.again = again;
		timeoutMs = Math.max(1, (long) (timeoutS * 1000));
		variables = new Variables(loader, project, names, newNames);
	}

	/** Finds what a call's inputs are for. */
	MethodHandle target(Unpack u) throws Project.LoadError {
		String key = u.owner + " " + u.method + " " + u.descriptor;
		if (key.equals(described)) return handle;
		try {
			Class<?> owner = Class.forName(u.owner, true, loader);
			MethodHandle found = null;
			constructs = u.method.equals("<init>");
			if (constructs) {
				for (Constructor<?> c : owner.getDeclaredConstructors()) {
					if (!MethodType.methodType(void.class, c.getParameterTypes()).toMethodDescriptorString().equals(u.descriptor)) continue;
					found = Access.lookup().unreflectConstructor(c);
					returns = owner;
				}
			} else {
				for (Method m : owner.getDeclaredMethods()) {
					if (!m.getName().equals(u.method) || !MethodType.methodType(m.getReturnType(), m.getParameterTypes()).toMethodDescriptorString().equals(u.descriptor)) continue;
					// this very method, whatever overrides it
					found = Modifier.isStatic(m.getModifiers()) ? Access.lookup().unreflect(m) : Access.lookup().unreflectSpecial(m, owner);
					returns = m.getReturnType();
				}
			}
			if (found == null) throw new Project.LoadError(u.owner + "." + u.method + " is not there");
			found = found.asFixedArity();
			boolean hasSelf = u.hasSelf;
			int n = found.type().parameterCount() - (hasSelf ? 1 : 0);
			found = found.asSpreader(Object[].class, n);
			if (!hasSelf) found = java.lang.invoke.MethodHandles.dropArguments(found, 0, Object.class);
			handle = found.asType(MethodType.methodType(Object.class, Object.class, Object[].class));
			described = key;
			return handle;
		} catch (ReflectiveOperationException | LinkageError e) {
			throw new Project.LoadError(oneLine(e));
		}
	}

	static String oneLine(Throwable e) {
		String text = e.getClass().getSimpleName() + (e.getMessage() == null ? "" : ": " + e.getMessage());
		return text.split("\n")[0].substring(0, Math.min(300, text.split("\n")[0].length()));
	}

	/** What a call came to. */
	static final class Result {
		Unpack inputs;
		Object value;
		Throwable error;
	}

	static Result invoke(MethodHandle target, Unpack inputs) {
		Result r = new Result();
		r.inputs = inputs;
		try {
			r.value = (Object) target.invokeExact(inputs.self, inputs.args);
		} catch (Throwable e) {
			r.error = e;
		}
		return r;
	}

	/** Something lazy is what it gives, up to a bound. */
	static void realise(Result r) {
		Iterator<?> each;
		String type;
		if (r.value instanceof BaseStream) {
			each = null;
			type = "java.util.stream.Stream";
		} else if (r.value instanceof Iterator) {
			each = (Iterator<?>) r.value;
			type = "java.util.Iterator";
		} else {
			return;
		}
		List<Object> items = new ArrayList<>();
		Throwable raised = null;
		boolean truncated = false;
		try {
			if (each == null) each = ((BaseStream<?, ?>) r.value).iterator();
			while (!(truncated = items.size() == LAZY_MAX) && each.hasNext()) items.add(each.next());
		} catch (Throwable e) {
			raised = e;
		}
		r.value = new Encoder.Drained(type, items, raised, truncated);
	}

	/** Of a call: as a person would write it, and its outcome; outcome null: time ran out. */
	static final class Answer {
		String shown = "";
		byte[] outcome;
		String error;
	}

	Answer run(long call, byte[] blob) {
		Answer a = new Answer();
		Thread t = new Thread(null, () -> {
			try {
				judge(call, blob, a);
			} catch (Project.LoadError e) {
				a.error = e.getMessage();
			} catch (Cbor.TooLarge e) {
				a.outcome = Encoder.skipped("too large");
			} catch (Throwable e) {
				a.outcome = Encoder.skipped("its outcome cannot be read: " + oneLine(e));
			}
		}, "main", STACK);
		t.setDaemon(true);
		t.setContextClassLoader(loader);
		t.start();
		try {
			t.join(timeoutMs + 500);
		} catch (InterruptedException e) {
			// then it is late
		}
		if (t.isAlive()) {
			Answer late = new Answer();
			late.shown = a.shown;
			return late;
		}
		return a;
	}

	private void judge(long call, byte[] blob, Answer a) throws Project.LoadError {
		MethodHandle target = target(new Unpack(blob, loader));
		Unpack inputs;
		Guard.prepare(seed + call);
		try {
			inputs = new Unpack(blob, loader).make();
		} catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
			a.outcome = Encoder.skipped("its inputs cannot be restored: " + oneLine(e));
			return;
		}
		a.shown = Show.call(inputs);
		variables.before();
		take(OUT);
		take(ERR);
		Guard.prepare(seed + call);
		int threads = Thread.activeCount();
		Result r = invoke(target, inputs);
		realise(r);
		if (Thread.activeCount() > threads) Guard.effect("it leaves threads");
		String out = take(OUT), err = take(ERR), effect = Guard.effect();
		Object globals = variables.after();
		List<Map.Entry<String, Object>> roots = roots(r);
		if (again) {
			try {
				Unpack more = new Unpack(blob, loader).make();
				Guard.prepare(seed + call);
				Result second = invoke(target, more);
				realise(second);
				roots.add(new SimpleEntry<>("again", second.error == null ? result(second) : second.error));
			} catch (ReflectiveOperationException e) {
				throw new IllegalStateException(e);
			}
		}
		if (globals != null) roots.add(new SimpleEntry<>("globals", globals));
		said(roots, out, err);
		a.outcome = effect != null ? Encoder.skipped(effect) : encode(r, roots);
	}

	static void said(List<Map.Entry<String, Object>> roots, String out, String err) {
		if (!out.isEmpty()) roots.add(new SimpleEntry<>("stdout", out.split("\n", -1)));
		if (!err.isEmpty()) roots.add(new SimpleEntry<>("stderr", err.split("\n", -1)));
	}

	static String take(ByteArrayOutputStream stream) {
		String text = stream.toString(StandardCharsets.UTF_8);
		stream.reset();
		return text.length() > OUTPUT_MAX ? text.substring(0, OUTPUT_MAX) + "\n... " + (text.length() - OUTPUT_MAX) + " more characters" : text;
	}

	private Object result(Result r) {
		return r.value != null && returns.isPrimitive() ? new Encoder.Primitive(r.value) : r.value;
	}

	List<Map.Entry<String, Object>> roots(Result r) {
		List<Map.Entry<String, Object>> roots = new ArrayList<>();
		roots.add(new SimpleEntry<>(r.error == null ? "return" : "raise", r.error == null ? result(r) : r.error));
		if (r.inputs.hasSelf) roots.add(new SimpleEntry<>("self", r.inputs.self));
		roots.add(new SimpleEntry<>("args", r.inputs.args));
		return roots;
	}

	byte[] encode(Result r, List<Map.Entry<String, Object>> roots) {
		return Encoder.outcome(r.error == null ? null : raisedBy(r.error), roots, names, newNames);
	}

	/** "project" when code of the project made it on purpose. */
	private String raisedBy(Throwable e) {
		StackTraceElement[] stack = e.getStackTrace();
		if (e instanceof Guard.Exit) return "project";
		if (stack.length == 0) return e.getClass().getClassLoader() == loader ? "project" : "runtime";
		Class<?> at = null;
		for (Class<?> c : loader.project()) if (c.getName().equals(stack[0].getClassName())) at = c;
		if (at == null) return "runtime";
		if (!IMPLICIT.contains(e.getClass().getName())) return "project";
		// the JVM raises these itself; then there is no `new` in that line
		try {
			Path source = stack[0].getFileName() == null ? null : file.resolveSibling(stack[0].getFileName());
			List<String> lines = source == null || !Files.isRegularFile(source) ? List.of() : Files.readAllLines(source);
			int line = stack[0].getLineNumber();
			boolean isMade = line > 0 && line <= lines.size() && lines.get(line - 1).contains("new " + e.getClass().getSimpleName());
			return isMade ? "project" : "runtime";
		} catch (java.io.IOException x) {
			return "runtime";
		}
	}
}
