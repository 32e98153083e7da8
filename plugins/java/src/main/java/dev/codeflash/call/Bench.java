// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.call;

import dev.codeflash.graph.Unpack;
import dev.codeflash.verbs.Json;
import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The verb bench. A round has classes of its own, so that they are as their loading left them; and before it is timed
 * the function is run on inputs like the recorded ones, but not the same, until the JIT has most likely compiled
 * it. What that leaves in static fields is taken back.
 */
final class Bench {
	private static final long WARM_NS = 250000000L, WARM_WALL_NS = 3000000000L; // of the processor, and by the clock
	private static final int WARM_CALLS = 30000, WARM_VARIANT = 1 << 20;
	private static final long STACK = 64L << 20;

	private final Worker worker;
	private final Map<String, Object> request;
	private final Map<Long, byte[]> blobs = new LinkedHashMap<>();
	private Project project;
	private Runner runner;
	private long[] peak = {0};
	private int threads;
	private long lastCall;
	private List<Runner.Result> last;

	Bench(Worker worker, Map<String, Object> request) {
		this.worker = worker;
		this.request = request;
	}

	void run() throws Exception {
		List<Map<String, Object>> calls = Json.list(request.get("calls"));
		List<byte[]> data = worker.blobs(calls);
		for (int i = 0; i < calls.size(); i++) blobs.put((Long) calls.get(i).get("id"), data.get(i));
		Exception[] failed = new Exception[1];
		Thread t = new Thread(null, () -> {
			try {
				serve();
			} catch (Exception e) {
				failed[0] = e;
			}
		}, "main", STACK);
		t.start();
		t.join();
		if (failed[0] != null) throw failed[0];
	}

	private void open() throws Project.LoadError {
		runner = Worker.runner(project, request);
		Thread.currentThread().setContextClassLoader(runner.loader);
	}

	private Unpack make(long call) throws ReflectiveOperationException {
		return new Unpack(blobs.get(call), runner.loader).make();
	}

	private MethodHandle target(long call) throws Project.LoadError {
		return runner.target(new Unpack(blobs.get(call), runner.loader));
	}

	private void serve() throws Exception {
		Map<String, Object> skipped = new LinkedHashMap<>();
		List<Long> usable = new ArrayList<>();
		long importNs;
		try {
			project = Worker.project(request);
			open();
			long start = System.nanoTime();
			for (long id : blobs.keySet()) {
				target(id);
				break;
			}
			importNs = System.nanoTime() - start;
			for (long id : blobs.keySet()) {
				try {
					Guard.prepare(id);
					make(id);
					target(id);
					usable.add(id);
				} catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
					skipped.put(String.valueOf(id), "its inputs cannot be restored: " + Runner.oneLine(e));
				}
			}
		} catch (Project.LoadError e) {
			worker.say(Json.map("error", e.getMessage()));
			return;
		}
		worker.say(Json.map("ready", true, "calls", usable, "skipped", skipped, "import_ns", importNs));
		for (String line; (line = worker.line()) != null;) {
			Map<String, Object> op = Json.object(Json.read(line));
			switch ((String) op.get("op")) {
			case "begin":
				begin(usable);
				worker.say(Json.map("begun", true));
				break;
			case "pass": worker.say(pass(op)); break;
			case "results": worker.say(results(op)); break;
			case "end":
				worker.say(Json.map("peak_bytes", Math.max(0, heap(false) - peak[0]), "threads", Math.max(0, Thread.activeCount() - threads)));
				last = null;
				break;
			case "quit": return;
			default: worker.say(Json.map("error", "unknown operation", "call", -1));
			}
		}
	}

	private static long heap(boolean reset) {
		long sum = 0;
		for (MemoryPoolMXBean p : ManagementFactory.getMemoryPoolMXBeans()) {
			if (p.getType() != MemoryType.HEAP) continue;
			if (reset) p.resetPeakUsage();
			sum += p.getPeakUsage().getUsed();
		}
		return sum;
	}

	private void begin(List<Long> calls) throws Exception {
		last = null;
		open();
		if (!calls.isEmpty()) target(calls.get(0));
		Statics kept = new Statics(runner.loader);
		ThreadMXBean clock = ManagementFactory.getThreadMXBean();
		long start = System.nanoTime(), spent = clock.getCurrentThreadCpuTime();
		for (int n = 0; !calls.isEmpty() && n < WARM_CALLS && System.nanoTime() - start < WARM_WALL_NS; n++) {
			if (clock.getCurrentThreadCpuTime() - spent > WARM_NS) break;
			long call = calls.get(n % calls.size());
			Unpack inputs = make(call);
			if (!Vary.vary(WARM_VARIANT + n, inputs)) {
				if (n > calls.size()) break;
				continue;
			}
			Guard.prepare(call);
			Runner.realise(Runner.invoke(target(call), inputs));
			if ((n & 63) == 0) quiet();
		}
		kept.restore();
		quiet();
		System.gc();
		threads = Thread.activeCount();
		peak[0] = heap(true);
	}

	private static void quiet() {
		Runner.take(Runner.OUT);
		Runner.take(Runner.ERR);
	}

	private Map<String, Object> pass(Map<String, Object> op) throws Exception {
		Map<String, Object> ns = new LinkedHashMap<>(), lazy = new LinkedHashMap<>(), changed = new LinkedHashMap<>(), skipped = new LinkedHashMap<>();
		int inner = ((Long) op.get("inner")).intValue();
		Long variant = (Long) op.get("variant");
		last = null;
		System.gc();
		for (Long call : Json.<Long>list(op.get("order"))) {
			String key = String.valueOf(call);
			MethodHandle target = target(call);
			Unpack[] work = new Unpack[inner];
			for (int i = 0; i < inner; i++) work[i] = make(call);
			if (variant != null && variant != 0 && !Vary.vary((int) (variant * 65536 + call), work[0])) continue;
			quiet();
			Guard.prepare(call);
			List<Runner.Result> done = new ArrayList<>(inner);
			long start = System.nanoTime();
			for (int i = 0; i < inner; i++) done.add(Runner.invoke(target, work[i]));
			long middle = System.nanoTime();
			for (Runner.Result r : done) Runner.realise(r);
			long end = System.nanoTime();
			ns.put(key, (end - start) / (double) inner);
			if (end - middle > 1000L * inner) lazy.put(key, (end - middle) / (double) inner);
			if (variant != null && variant != 0 && done.get(0).error == null) changed.put(key, true);
			if (Guard.effect() != null) skipped.put(key, Guard.effect());
			last = done;
			lastCall = call;
		}
		Map<String, Object> answer = Json.map("ns", ns);
		if (!lazy.isEmpty()) answer.put("lazy_ns", lazy);
		if (!changed.isEmpty()) answer.put("changed", changed);
		if (!skipped.isEmpty()) answer.put("skipped", skipped);
		return answer;
	}

	private Map<String, Object> results(Map<String, Object> op) throws IOException {
		if (last == null) return Json.map("error", "no pass to tell the results of", "call", -1);
		Runner.Result r = last.get((int) ((Long) op.get("which") % last.size()));
		List<Map.Entry<String, Object>> roots = runner.roots(r);
		String out = Runner.take(Runner.OUT), err = Runner.take(Runner.ERR);
		Runner.said(roots, out.substring(0, out.length() / last.size()), err.substring(0, err.length() / last.size()));
		byte[] data = runner.encode(r, roots);
		last = null;
		return Json.map("call", lastCall, "outcome", Base64.getEncoder().encodeToString(data));
	}
}
