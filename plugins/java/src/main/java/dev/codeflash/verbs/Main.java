// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.verbs;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** The verbs that run none of the user's code, cf-plugin(7): request JSON on stdin, answer on stdout. */
public final class Main {
	/** A command that cannot be run, and the status to end with. */
	static final class Refused extends Exception {
		private static final long serialVersionUID = 1L;
		final int status;

		Refused(int status, String message) {
			super(message);
			this.status = status;
		}
	}

	private Main() {
	}

	private static Map<String, Object> answer(String verb, Map<String, Object> request) throws Exception {
		switch (verb) {
		case "detect": return Command.detect(request);
		case "trace": return Command.trace(request);
		case "replaygen": return ReplayGen.generate(request);
		case "build": return dev.codeflash.call.Build.build(request);
		case "scope": return Scope.scope(request);
		case "tests": return Json.map("command", null, "env", Map.of(), "files", java.util.List.of(), "why", "test suites of Java are not looked at yet");
		default: return null;
		}
	}

	public static void main(String[] args) throws Exception {
		Map<String, Object> answer;
		try {
			Map<String, Object> request = Json.object(Json.read(new String(System.in.readAllBytes(), StandardCharsets.UTF_8)));
			answer = args.length == 1 ? answer(args[0], request) : null;
		} catch (Refused e) {
			answer = Json.map("match", true, "error", e.getMessage(), "exit", e.status);
		}
		if (answer == null) {
			System.err.println("usage: Main detect|trace|replaygen|scope|build|tests < request");
			System.exit(2);
		}
		PrintStream out = new PrintStream(System.out, true, "UTF-8");
		out.println(Json.write(answer));
	}
}
