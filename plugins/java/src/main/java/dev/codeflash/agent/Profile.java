// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.agent;

import dev.codeflash.graph.Access;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordedMethod;
import jdk.jfr.consumer.RecordedStackTrace;
import jdk.jfr.consumer.RecordingFile;

/**
 * Time, from Flight Recorder's samples in this process, for the project's functions: what a library does is its
 * caller's. Two recordings take turns, so that what was sampled is in the spool soon and nothing is missed.
 */
final class Profile {
	private static final Duration PERIOD = Duration.ofMillis(5);
	private static final long FIRST_MS = 1500, LAST_MS = 10000;

	private final Recorder recorder;
	private final Spool spool;
	private final String folder;
	private final ReentrantLock turning = new ReentrantLock();
	private Recording now;
	private Thread ending; // Flight Recorder's own, which would end it before we have read it
	private Instant until = Instant.MIN;
	private long at = System.nanoTime(), wait = FIRST_MS;
	private int number;

	private Profile(Recorder recorder, Spool spool, String folder) {
		this.recorder = recorder;
		this.spool = spool;
		this.folder = folder;
	}

	/** Null where there is no Flight Recorder: then there are no times. */
	static Profile start(Recorder recorder, Spool spool, String folder) {
		try {
			Profile p = new Profile(recorder, spool, folder);
			p.now = begin();
			p.ending = p.takeEnding();
			return p;
		} catch (Throwable e) {
			recorder.loss(null, "no times: Flight Recorder does not start: " + e.getClass().getSimpleName());
			return null;
		}
	}

	private static Recording begin() {
		Recording r = new Recording();
		r.setName("codeflash");
		r.enable("jdk.ExecutionSample").withPeriod(PERIOD).withStackTrace();
		r.start();
		return r;
	}

	private Thread takeEnding() {
		try {
			Class<?> hooks = Class.forName("java.lang.ApplicationShutdownHooks");
			Map<?, ?> all = (Map<?, ?>) Access.lookup().findStaticGetter(hooks, "hooks", java.util.IdentityHashMap.class).invoke();
			synchronized (hooks) {
				for (Object t : new ArrayList<Object>(all.keySet())) {
					if (!((Thread) t).getName().startsWith("JFR")) continue;
					all.remove(t);
					return (Thread) t;
				}
			}
		} catch (Throwable e) {
			// then the last few samples may be missing
		}
		return null;
	}

	/** Reads what was sampled so far, when it is time. */
	void turn(boolean last) {
		if (!last && System.nanoTime() - at < wait * 1000000) return;
		turning.lock(); // the end waits for one that is under way
		try {
			if (now == null) return;
			Recording next = last ? null : begin(), old = now;
			now = next;
			Path file = Paths.get(folder, ProcessHandle.current().pid() + "-" + number++ + ".jfr");
			old.stop();
			old.dump(file);
			old.close();
			read(file);
			Files.deleteIfExists(file);
			at = System.nanoTime();
			wait = Math.min(LAST_MS, wait * 2);
			if (last && ending != null) ending.run();
		} catch (Throwable e) {
			recorder.loss(null, "times of a while: " + e.getClass().getSimpleName());
		} finally {
			turning.unlock();
		}
	}

	private static final class Times {
		long own, total;
		int samples;
	}

	private void read(Path file) throws IOException {
		Map<Integer, Times> functions = new HashMap<>();
		Map<Long, Long> edges = new HashMap<>(), lines = new HashMap<>();
		Instant newest = until;
		try (RecordingFile events = new RecordingFile(file)) {
			while (events.hasMoreEvents()) {
				RecordedEvent e = events.readEvent();
				if (!e.getEventType().getName().equals("jdk.ExecutionSample") || !e.getStartTime().isAfter(until)) continue;
				if (e.getStartTime().isAfter(newest)) newest = e.getStartTime();
				RecordedStackTrace stack = e.getStackTrace();
				if (stack != null) add(stack, functions, edges, lines);
			}
		}
		until = newest;
		write(functions, edges, lines);
	}

	private void add(RecordedStackTrace stack, Map<Integer, Times> functions, Map<Long, Long> edges, Map<Long, Long> lines) {
		long ns = PERIOD.toNanos();
		List<Integer> ours = new ArrayList<>();
		for (RecordedFrame f : stack.getFrames()) {
			RecordedMethod m = f.getMethod();
			if (m == null || !f.isJavaFrame()) continue;
			String type = m.getType().getName();
			if (ours.isEmpty() && type.startsWith("dev.codeflash.")) return; // our own copying is nobody's time
			int id = recorder.functionOf(type, m.getName(), m.getDescriptor(), f.getLineNumber());
			if (id < 0) continue;
			if (ours.isEmpty() && f.getLineNumber() > 0) lines.merge((long) id << 32 | f.getLineNumber(), ns, Long::sum);
			ours.add(id);
		}
		if (ours.isEmpty()) return;
		Times own = functions.computeIfAbsent(ours.get(0), k -> new Times());
		own.own += ns;
		own.samples++;
		for (int id : new HashSet<>(ours)) functions.computeIfAbsent(id, k -> new Times()).total += ns;
		Set<Long> pairs = new LinkedHashSet<>();
		for (int i = 0; i < ours.size(); i++) {
			int caller = i + 1 < ours.size() ? ours.get(i + 1) : -1;
			if (caller != ours.get(i)) pairs.add((long) caller << 32 | ours.get(i) & 0xffffffffL);
		}
		for (long p : pairs) edges.merge(p, ns, Long::sum);
	}

	private void write(Map<Integer, Times> functions, Map<Long, Long> edges, Map<Long, Long> lines) {
		if (functions.isEmpty()) return;
		ByteBuffer b = Spool.little(24 * functions.size());
		functions.forEach((id, t) -> b.putInt(id).putInt(t.samples).putLong(t.own).putLong(t.total));
		spool.write(Spool.PROFILE, b);
		pairs(Spool.EDGE, edges);
		pairs(Spool.LINE, lines);
	}

	private void pairs(int type, Map<Long, Long> all) {
		if (all.isEmpty()) return;
		ByteBuffer b = Spool.little(16 * all.size());
		all.forEach((key, ns) -> b.putInt((int) (key >> 32)).putInt((int) (long) key).putLong(ns));
		spool.write(type, b);
	}
}
