// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.call;

import dev.codeflash.value.Compare;
import dev.codeflash.verbs.Command;
import dev.codeflash.verbs.JavaCommand;
import dev.codeflash.verbs.Json;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.InflaterOutputStream;

/** What the generated replay tests use: a recorded call made again, with classes of the tests' class path, and compared. */
public final class Replay {
	private static final Map<Path, Replay> OPEN = new HashMap<>();
	private static final long SEED = 1;

	private final Path path;
	private final Sqlite trace;
	private final Path root;
	private final Project project;
	private final Map<Long, Runner> runners = new HashMap<>();
	private final Map<Long, Map<Long, byte[]>> alone = new HashMap<>();

	private Replay(Path path) throws Exception {
		this.path = path;
		trace = new Sqlite(path);
		Map<String, Object> meta = new HashMap<>();
		trace.all("meta", (id, row) -> {
			meta.put((String) row.get(0), Json.read((String) row.get(1)));
			return true;
		});
		root = path.getParent();
		Path project = Paths.get((String) meta.get("project_root"));
		if (!Files.isDirectory(project)) project = root;
		List<Path> roots = new ArrayList<>();
		Object tests = meta.get("tests_root");
		for (String r : Command.roots(project, project.resolve((String) meta.get("module_root")).normalize(), tests == null ? null : project.resolve((String) tests).normalize()))
			roots.add(Paths.get(r));
		this.project = new Project(project, project, roots, JavaCommand.parse(List.of()), new ArrayList<>(classPath()));
	}

	/** Where this JVM's classes come from, and those that a test runner loads itself. */
	private static Set<Path> classPath() {
		Set<Path> found = new LinkedHashSet<>();
		for (String entry : System.getProperty("java.class.path", ".").split(File.pathSeparator)) if (!entry.isEmpty()) found.add(Paths.get(entry).toAbsolutePath());
		for (ClassLoader l = Thread.currentThread().getContextClassLoader(); l != null; l = l.getParent()) {
			if (!(l instanceof URLClassLoader)) continue;
			for (URL u : ((URLClassLoader) l).getURLs()) {
				try {
					if (u.getProtocol().equals("file")) found.add(Paths.get(u.toURI()));
				} catch (URISyntaxException | IllegalArgumentException e) {
					// no file, then
				}
			}
		}
		return found;
	}

	/** Makes the call; an AssertionError, with the first difference, when it does not do what it did. */
	public static void call(String trace, long id) throws Exception {
		// then the tests are the program that is being recorded or timed
		if (System.getenv("CODEFLASH_SPOOL") != null || System.getenv("CODEFLASH_WHOLE_PROGRAM") != null) return;
		synchronized (OPEN) {
			Path found = null;
			for (Path d = Paths.get("").toAbsolutePath(); d != null && found == null; d = d.getParent()) if (Files.isRegularFile(d.resolve(trace))) found = d.resolve(trace);
			if (found == null) throw new AssertionError("the trace " + trace + " is gone; record it again with cf-trace");
			Replay r = OPEN.get(found);
			if (r == null) OPEN.put(found, r = new Replay(found));
			r.call(id);
		}
	}

	private static byte[] inflated(byte[] data) throws IOException {
		ByteArrayOutputStream b = new ByteArrayOutputStream();
		try (InflaterOutputStream out = new InflaterOutputStream(b)) {
			out.write(data);
		}
		return b.toByteArray();
	}

	private byte[] inputs(List<Object> call) throws IOException {
		List<Object> value = trace.row("value", (Long) call.get(10));
		return (Long) value.get(4) == 0 ? (byte[]) value.get(5) : inflated((byte[]) value.get(5));
	}

	private Runner runner(Path file) {
		return new Runner(project, file, Set.of(), SEED, 10, false);
	}

	private Runner.Answer run(Runner runner, long id, List<Object> call) throws IOException {
		byte[] data = inputs(call);
		PrintStream out = System.out, err = System.err;
		InputStream in = System.in;
		Runner.hide();
		try {
			return runner.run(id, data);
		} finally {
			System.setOut(out);
			System.setErr(err);
			System.setIn(in);
		}
	}

	private void call(long id) throws Exception {
		List<Object> call = trace.row("call", id), outcome = trace.row("outcome", id);
		if (call == null || outcome == null) throw new AssertionError("call " + id + " is not in " + path + "; run cf-replaygen again");
		long function = (Long) call.get(1);
		Path file = root.resolve((String) trace.row("function", function).get(1));
		byte[] expected = inflated((byte[]) outcome.get(3));
		boolean kindOnly = (Long) outcome.get(1) == 0;
		Set<String> mask = new HashSet<>(outcome.get(4) == null ? List.of() : Json.<String>list(Json.read((String) outcome.get(4))));
		Runner runner = runners.computeIfAbsent(function, f -> runner(file));
		Runner.Answer a = run(runner, id, call);
		String difference = judge(a, expected, mask, kindOnly);
		if (difference == null) return;
		// the tests before this one have left something behind, perhaps: as it was recorded it is alone
		Map<Long, byte[]> all = alone.get(function);
		if (all == null) alone.put(function, all = alone(function, file));
		a.outcome = all.get(id);
		if (a.outcome != null) difference = judge(a, expected, mask, kindOnly);
		if (difference != null) throw new AssertionError(a.shown + "\n" + difference);
	}

	private static String judge(Runner.Answer a, byte[] expected, Set<String> mask, boolean kindOnly) {
		if (a.error != null) return a.error;
		return a.outcome == null ? "did not return in time" : Compare.outcomes(expected, a.outcome, mask, kindOnly);
	}

	/** All calls of a function in the order in which they are run, with classes that nobody has used. */
	private Map<Long, byte[]> alone(long function, Path file) throws IOException {
		List<Object[]> calls = new ArrayList<>();
		trace.all("call", (id, row) -> {
			if ((Long) row.get(1) == function && trace.row("outcome", id) != null) calls.add(new Object[] {id, row});
			return true;
		});
		calls.sort((x, y) -> {
			List<?> a = (List<?>) x[1], b = (List<?>) y[1];
			int by = Long.compare((Long) a.get(4), (Long) b.get(4));
			if (by == 0) by = Long.compare((Long) a.get(2), (Long) b.get(2));
			return by != 0 ? by : Long.compare((Long) x[0], (Long) y[0]);
		});
		Runner fresh = runner(file);
		Map<Long, byte[]> found = new HashMap<>();
		for (Object[] c : calls) {
			@SuppressWarnings("unchecked")
			List<Object> row = (List<Object>) c[1];
			found.put((Long) c[0], run(fresh, (Long) c[0], row).outcome);
		}
		return found;
	}
}
