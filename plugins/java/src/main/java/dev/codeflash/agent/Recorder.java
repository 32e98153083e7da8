// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.agent;

import dev.codeflash.graph.Access;
import dev.codeflash.graph.Names;
import dev.codeflash.graph.Pack;
import dev.codeflash.source.JavaSource;
import dev.codeflash.verbs.JavaCommand;
import dev.codeflash.verbs.Json;
import java.io.IOException;
import java.io.InputStream;
import java.lang.instrument.Instrumentation;
import java.lang.invoke.CallSite;
import java.lang.invoke.ConstantCallSite;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Recording this JVM. A probe counts down in an array of its class's; when it gets below zero the call is looked at
 * here, and the next one to look at is chosen. So a count costs a subtraction, and is exact as long as no two
 * threads are in one method at once.
 */
public final class Recorder {
	private static final int MOST = Integer.MAX_VALUE; // of what one step of a countdown can be
	private static final int WHY_FIRST = 0, WHY_UNIFORM = 1;
	private static final int OCTAVE = 5; // a fifth of the quota is taken for every e-fold of the calls
	private static final long FLUSH_MS = 100;
	/** Of one capture; a function's first may be large. */
	private static final int NODES = 20000, BYTES = 256 << 10, LARGE_NODES = 400000, LARGE_BYTES = 8 << 20;
	private static final long MS = 1000000, NS = 12 * MS, LARGE_NS = 80 * MS, BYTE_NS = 200;
	private static final long FUNCTION_BYTES = 16 << 20, ALL_BYTES = 256 << 20;

	private static Recorder the;

	/** A class of the project's, with its counters. */
	static final class Entry {
		int first;
		int[] counters;
		Function[] functions;
		ByteBuffer at; // where they are told
		long[] last;
	}

	static final class Function {
		int id;
		String owner, method, descriptor;
		boolean isStatic, isConstructor, wanted;
		long due, bytes;
		int kept, tries, failures;
	}

	/** What is to be written about a function. */
	static final class Found {
		JavaSource.Method source;
		String method, descriptor, reason;
		boolean isStatic;
	}

	final Roots roots;
	private final String folder;
	private final int quota;
	private final List<String> only;
	private final List<Entry> entries = new ArrayList<>();
	private final Map<String, Integer> ids = new ConcurrentHashMap<>();
	private final Map<String, Roots.Source> sources = new ConcurrentHashMap<>();
	private final Map<String, Integer> byPlace = new ConcurrentHashMap<>();
	private final ReentrantLock lock = new ReentrantLock();
	private final Names names = new Names();
	private final HashSet<String> seen = new HashSet<>();
	private final SplittableRandom random = new SplittableRandom(1);
	private final MessageDigest md5;
	private final long started = System.nanoTime();
	private Spool spool;
	private Profile profile;
	private int next;
	private long spent, written;
	private volatile boolean closed;

	private Recorder(Map<String, Object> config) throws NoSuchAlgorithmException {
		folder = (String) config.get("spool");
		quota = ((Long) config.get("quota")).intValue();
		only = Json.list(config.get("only"));
		roots = new Roots(Json.list(config.get("roots")), Json.list(config.get("tests")));
		md5 = MessageDigest.getInstance("MD5");
	}

	/** Called by Premain. */
	public static void start(String config, Instrumentation instrumentation) throws Exception {
		the = new Recorder(Json.object(Json.read(config)));
		byte[] bridge;
		try (InputStream in = Recorder.class.getResourceAsStream("/dev/codeflash/probe/Bridge.class")) {
			bridge = in.readAllBytes();
		}
		Class<?> defined = Access.define("dev.codeflash.probe.Bridge", bridge);
		defined.getField("link").set(null, MethodHandles.lookup().findStatic(Recorder.class, "link",
				MethodType.methodType(CallSite.class, String.class, int.class, int.class)));
		// what is loaded and compiled for the first captures is no capture's cost
		List<Object> some = new ArrayList<>();
		for (int i = 0; i < 400; i++) some.add(i % 4 == 0 ? (Object) String.valueOf(i) : (Object) i);
		Object[] inputs = {Map.of("", new int[1]), some, new HashMap<>(Map.of(1, 2))};
		for (int i = 0; i < 5; i++) Pack.pack("", "", "()V", false, null, inputs, the.names, new Pack.Limits(NODES, BYTES, LARGE_NS));
		instrumentation.addTransformer(new Transformer(the));
	}

	/** Opened for the first class of the project's: a JVM of a tool has none. */
	private void open() throws IOException {
		spool = new Spool(folder);
		// with the class path that is in force: a build tool may have put it into a jar's manifest
		ProcessHandle.Info info = ProcessHandle.current().info();
		JavaCommand given = JavaCommand.parse(Arrays.asList(info.arguments().orElse(new String[0])));
		List<String> argv = new ArrayList<>(List.of(info.command().orElse("java")));
		argv.addAll(given.options);
		argv.addAll(List.of("-cp", System.getProperty("java.class.path", ""), given.main == null ? "?" : given.main));
		argv.addAll(given.arguments);
		spool.json(Spool.PROCESS, Json.map("argv", argv, "runtime", System.getProperty("java.home"), "version", System.getProperty("java.version")));
		Runtime.getRuntime().addShutdownHook(new Thread(this::close, "codeflash-end"));
		Thread flusher = new Thread(this::work, "codeflash");
		flusher.setDaemon(true);
		flusher.start();
	}

	/** Counts, and now and then times, while the program runs. */
	private void work() {
		try {
			profile = Profile.start(this, spool, folder);
			while (!closed) {
				Thread.sleep(FLUSH_MS);
				flush();
				Profile p = profile;
				if (p != null) p.turn(false);
			}
		} catch (InterruptedException e) {
			// then it is over
		} catch (Throwable e) {
			spool.json(Spool.LOSS, Json.map("function", null, "reason", "the recorder failed: " + e, "n", 1));
		}
	}

	private void close() {
		closed = true;
		Profile p = profile;
		if (p != null) p.turn(true);
		flush();
		spool.close();
	}

	private synchronized List<Entry> all() {
		return new ArrayList<>(entries);
	}

	private void flush() {
		for (Entry e : all()) {
			long[] counts = new long[e.counters.length];
			synchronized (e) {
				for (int i = 0; i < counts.length; i++) counts[i] = e.functions[i].due - 1 - e.counters[i];
			}
			if (Arrays.equals(counts, e.last)) continue;
			e.last = counts;
			if (e.at != null) for (int i = 0; i < counts.length; i++) e.at.putLong(8 * i, counts[i]);
		}
	}

	/** A class is about to be defined: its functions get ids, and its probes an array. @return the index of the class */
	synchronized int announce(String binaryClass, Roots.Source source, List<Found> found) throws IOException {
		if (spool == null) open();
		Entry e = new Entry();
		int n = found.size();
		e.first = next;
		e.counters = new int[n];
		e.functions = new Function[n];
		e.last = new long[n];
		sources.put(binaryClass.replace('/', '.'), source);
		int slash = binaryClass.lastIndexOf('/');
		String module = slash < 0 ? "" : binaryClass.substring(0, slash).replace('/', '.');
		for (int i = 0; i < n; i++) {
			Found f = found.get(i);
			Function made = e.functions[i] = new Function();
			JavaSource.Method m = f.source;
			made.id = next++;
			made.owner = binaryClass.replace('/', '.');
			made.method = f.method;
			made.descriptor = f.descriptor;
			made.isStatic = f.isStatic;
			made.isConstructor = m.isConstructor;
			made.wanted = f.reason == null && !source.isTest && wanted(m.qualname());
			made.due = made.wanted ? 1 : MOST;
			e.counters[i] = made.wanted ? 0 : MOST - 1;
			ids.put(made.owner + "." + f.method + f.descriptor, made.id);
			byPlace.put(source.file + ":" + m.start, made.id);
			spool.json(Spool.FUNCTION, Json.map("id", made.id, "file", source.file.toString(), "module", module, "qualname", m.qualname(), "class", m.type.qualname(),
					"kind", m.isConstructor ? "constructor" : f.isStatic ? "staticmethod" : "method", "line", m.line, "end_line", m.endLine,
					"source_sha256", sha256(source.java.linesText(m.line, m.endLine)), "signature", signature(m), "main", false, "is_test", source.isTest,
					"replayable", f.reason == null, "reason", f.reason));
		}
		e.at = n == 0 ? null : spool.counters(e.first, n);
		entries.add(e);
		return entries.size() - 1;
	}

	private static List<Object> signature(JavaSource.Method m) {
		List<Object> found = new ArrayList<>();
		int depth = 0;
		String last = "";
		for (String t : (m.parameters + " ,").split(" ")) {
			if (t.equals("<") || t.equals("(")) depth++;
			else if (t.equals(">") || t.equals(")")) depth--;
			else if (t.equals(",") && depth == 0 && !last.isEmpty()) {
				found.add(Json.map("name", last, "kind", "positional", "default", null));
				last = "";
			} else if (!t.equals("[") && !t.equals("]")) {
				last = t;
			}
		}
		return found;
	}

	private static String sha256(String text) {
		try {
			StringBuilder b = new StringBuilder();
			for (byte x : MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8))) b.append(String.format("%02x", x));
			return b.toString();
		} catch (NoSuchAlgorithmException e) {
			throw new IllegalStateException(e);
		}
	}

	private boolean wanted(String qualname) {
		if (only.isEmpty()) return true;
		for (String n : only) if (qualname.equals(n) || qualname.endsWith("." + n) || qualname.startsWith(n + ".")) return true;
		return false;
	}

	synchronized void loss(Integer function, String reason) {
		if (spool != null) spool.json(Spool.LOSS, Json.map("function", function, "reason", reason, "n", 1));
	}

	// What probes call. --------------------------------------------------------------------------------

	private static final MethodHandle LOOK;

	static {
		try {
			LOOK = MethodHandles.lookup().findStatic(Recorder.class, "look",
					MethodType.methodType(void.class, int.class, int.class, Object.class, Object[].class));
		} catch (ReflectiveOperationException e) {
			throw new ExceptionInInitializerError(e);
		}
	}

	/** Links a probe, for Bridge: its class's counters, or the way here. */
	static CallSite link(String name, int index, int slot) {
		if (name.equals("counters")) return new ConstantCallSite(MethodHandles.constant(int[].class, the.entry(index).counters));
		return new ConstantCallSite(MethodHandles.insertArguments(LOOK, 0, index, slot));
	}

	private synchronized Entry entry(int index) {
		return entries.get(index);
	}

	/** A probe's countdown is over. */
	static void look(int index, int slot, Object self, Object[] args) {
		the.take(the.entry(index), slot, self, args);
	}

	private void take(Entry e, int slot, Object self, Object[] args) {
		Function f = e.functions[slot];
		// what is in here already, in this thread or another, is not waited for
		if (!f.wanted || closed || lock.isHeldByCurrentThread() || !lock.tryLock()) {
			schedule(e, slot, f, f.wanted && !closed ? 1 : MOST);
			return;
		}
		try {
			if (e.counters[slot] >= 0) return; // another thread was here
			long call = f.due;
			boolean kept = false;
			try {
				if (allowed(f)) kept = keep(f, call, self, args);
				else if (f.kept == 0 && f.failures++ == 0) loss(f.id, "the budget for copying inputs was spent");
			} catch (Throwable t) {
				f.failures++;
				loss(f.id, t instanceof Pack.Unkept ? t.getMessage() : "its inputs could not be read: " + t.getClass().getName());
			}
			schedule(e, slot, f, step(f, call, !kept));
		} finally {
			lock.unlock();
		}
	}

	private void schedule(Entry e, int slot, Function f, int step) {
		synchronized (e) {
			e.counters[slot] = step - 1;
			f.due += step;
		}
	}

	/** How many calls on to look again: every one at first, then ever wider apart, never in step. */
	private int step(Function f, long call, boolean inVain) {
		double wide;
		if (inVain && f.failures > 3) wide = Math.max(32, call);
		else if (call < quota / 2) return 1;
		else wide = (double) call * OCTAVE / quota;
		return (int) Math.min(MOST, 1 + (long) (random.nextDouble() * 2 * Math.max(0, wide - 1)));
	}

	private boolean allowed(Function f) {
		long elapsed = System.nanoTime() - started;
		if (written > ALL_BYTES || f.bytes > FUNCTION_BYTES) return false;
		if (f.tries == 0) return true;
		return spent < Math.max(250 * MS, elapsed / 20);
	}

	private boolean keep(Function f, long call, Object self, Object[] args) throws Pack.Unkept {
		long begin = System.nanoTime(), size = BYTES;
		boolean large = f.tries++ < 2;
		try {
			Pack.Limits limits = new Pack.Limits(large ? LARGE_NODES : NODES, large ? LARGE_BYTES : BYTES, large ? LARGE_NS : NS);
			boolean hasSelf = !f.isStatic && !f.isConstructor;
			byte[] data = Pack.pack(f.owner, f.method, f.descriptor, hasSelf, self, args, names, limits);
			size = data.length;
			byte[] hash = md5.digest(data);
			boolean isNew = seen.add(new String(hash, StandardCharsets.ISO_8859_1));
			boolean stored = spool.call(f.id, call <= quota / 2 ? WHY_FIRST : WHY_UNIFORM, Thread.currentThread().getId(), call, hash, Pack.CODEC, data, isNew);
			if (stored && isNew) {
				f.bytes += data.length;
				written += data.length;
			}
			f.kept++;
			f.failures = 0;
			return true;
		} finally {
			// on a busy machine most of it may be waiting, which is no cost of ours
			spent += Math.min(System.nanoTime() - begin, MS / 10 + size * BYTE_NS);
		}
	}

	// What the profile asks. ----------------------------------------------------------------------------

	/** The function that a frame is in: a lambda, or a method of a class without a name, is its method's. -1: nobody's. */
	int functionOf(String className, String method, String descriptor, int line) {
		Integer id = ids.get(className + "." + method + descriptor);
		if (id != null) return id;
		Roots.Source source = sources.get(className);
		if (source == null) return -1;
		JavaSource.Method m = source.java.at(line);
		if (m == null) return -1;
		id = byPlace.get(source.file + ":" + m.start);
		return id == null ? -1 : id;
	}
}
