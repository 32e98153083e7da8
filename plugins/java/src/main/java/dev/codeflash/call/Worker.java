// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.call;

import dev.codeflash.value.Cbor;
import dev.codeflash.verbs.Command;
import dev.codeflash.verbs.JavaCommand;
import dev.codeflash.verbs.Json;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The verbs run and bench, cf-plugin(7): recorded calls in this process. */
public final class Worker {
	private final InputStream in = new BufferedInputStream(new FileInputStream(FileDescriptor.in), 1 << 16);
	private final OutputStream out = new FileOutputStream(FileDescriptor.out);

	private Worker() {
	}

	String line() throws IOException {
		ByteArrayOutputStream line = new ByteArrayOutputStream();
		for (int b; (b = in.read()) != '\n';) {
			if (b < 0) return null;
			line.write(b);
		}
		return line.toString(StandardCharsets.UTF_8);
	}

	private byte[] blob(Map<String, Object> call) throws IOException {
		int n = call.get("size") == null ? 0 : ((Long) call.get("size")).intValue();
		byte[] data = in.readNBytes(n);
		if (data.length < n) throw new EOFException("the inputs are cut short");
		return data;
	}

	List<byte[]> blobs(List<Map<String, Object>> calls) throws IOException {
		List<byte[]> all = new ArrayList<>();
		for (Map<String, Object> c : calls) all.add(blob(c));
		return all;
	}

	void write(byte[] data) throws IOException {
		out.write(data);
		out.flush();
	}

	void say(Object answer) throws IOException {
		write((Json.write(answer) + "\n").getBytes(StandardCharsets.UTF_8));
	}

	static Project project(Map<String, Object> request) throws Project.LoadError {
		Path root = Paths.get((String) request.get("project_root")), cwd = Paths.get((String) request.get("cwd"));
		Path module = root.resolve((String) request.getOrDefault("module_root", ".")).normalize();
		String tests = (String) request.get("tests_root");
		List<Path> roots = new ArrayList<>();
		for (String r : Command.roots(root, module, tests == null ? null : root.resolve(tests).normalize())) roots.add(Paths.get(r));
		Project p = new Project(root, cwd, roots, JavaCommand.of(Json.list(request.get("command")), Json.list(request.get("process"))), null);
		p.compile(root.resolve((String) request.get("file")));
		return p;
	}

	static Runner runner(Project project, Map<String, Object> request) {
		Set<String> newNames = new HashSet<>(Json.<String>list(request.get("new_names")));
		Object seed = request.get("seed"), timeout = request.get("call_timeout_s");
		return new Runner(project, project.root.resolve((String) request.get("file")), newNames, seed == null ? 0 : (Long) seed,
				timeout == null ? 10 : ((Number) timeout).doubleValue(), Boolean.TRUE.equals(request.get("again")));
	}

	private void run(Map<String, Object> request) throws IOException {
		List<Map<String, Object>> functions = new ArrayList<>();
		functions.add(request);
		functions.addAll(Json.<Map<String, Object>>list(request.get("more")));
		Project project;
		try {
			project = project(request);
		} catch (Project.LoadError e) {
			write(Cbor.frame("error", e.getMessage()));
			return;
		}
		int done = 0;
		for (Map<String, Object> f : functions) {
			List<Map<String, Object>> calls = Json.list(f.get("calls"));
			List<byte[]> inputs = blobs(calls);
			Runner runner = runner(project, request); // with classes of its own: as their loading leaves them
			for (int i = 0; i < calls.size(); i++) {
				long id = (Long) calls.get(i).get("id");
				Runner.Answer a = runner.run(id, inputs.get(i));
				if (a.error != null) {
					write(Cbor.frame("call", id, "error", a.error));
				} else if (a.outcome == null) {
					write(Cbor.frame("call", id, "timeout", true));
					return;
				} else {
					write(Cbor.frame("call", id, "input", a.shown, "outcome", a.outcome));
				}
				done++;
			}
		}
		write(Cbor.frame("end", done));
	}

	public static void main(String[] args) throws Exception {
		Worker w = new Worker();
		Map<String, Object> request = Json.object(Json.read(w.line()));
		Runner.hide();
		try {
			if ("bench".equals(request.get("verb"))) new Bench(w, request).run();
			else w.run(request);
		} catch (RuntimeException | LinkageError e) {
			String text = "the worker failed: " + Runner.oneLine(e);
			if ("bench".equals(request.get("verb"))) w.say(Json.map("error", text, "call", -1));
			else w.write(Cbor.frame("error", text));
		}
		Runtime.getRuntime().halt(0); // whatever threads are left
	}
}
