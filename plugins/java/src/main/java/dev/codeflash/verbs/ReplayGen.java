// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.verbs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The verb replaygen: JUnit or TestNG classes that replay recorded calls. They compile with the project's own test
 * framework alone; what replays is loaded when they run.
 */
final class ReplayGen {
	private static final String PACKAGE = "codeflash.replay", FOLDER = "codeflash/replay";

	private ReplayGen() {
	}

	/** The annotation's import. */
	private static String framework(Path project) {
		StringBuilder all = new StringBuilder();
		for (String name : List.of("pom.xml", "build.gradle", "build.gradle.kts", "gradle/libs.versions.toml")) {
			try {
				all.append(Files.readString(project.resolve(name)));
			} catch (IOException e) {
				// not there
			}
		}
		String text = all.toString();
		boolean jupiter = text.contains("junit-jupiter") || text.contains("junit.jupiter") || text.contains("useJUnitPlatform") || text.contains("quarkus-junit5");
		if (!jupiter && text.contains("testng")) return "org.testng.annotations.Test";
		if (!jupiter && (text.contains("<artifactId>junit</artifactId>") || text.contains("junit:junit"))) return "org.junit.Test";
		return "org.junit.jupiter.api.Test";
	}

	private static String quote(String s) {
		return Json.write(s);
	}

	/** Fit for a comment: on one line, ASCII, and no escape that javac would read. */
	private static String comment(String s) {
		StringBuilder b = new StringBuilder();
		for (char c : s.substring(0, Math.min(300, s.length())).toCharArray()) b.append(c < 32 || c > 126 || c == '\\' ? '?' : c);
		return b.toString().replace("*/", "* /");
	}

	private static String name(String s) {
		return s.replaceAll("[^A-Za-z0-9_]", "_");
	}

	static Map<String, Object> generate(Map<String, Object> request) throws Exception {
		Path project = Paths.get((String) request.get("project_root")), tests = project.resolve((String) request.get("tests_root"));
		Path trace = Paths.get((String) request.get("trace")), folder = tests.resolve(FOLDER);
		Path jar = Paths.get(ReplayGen.class.getProtectionDomain().getCodeSource().getLocation().toURI());
		List<Object> files = new ArrayList<>();
		String framework = framework(project);
		long number = (Long) request.get("first_number");
		for (Map<String, Object> group : Json.<Map<String, Object>>list(request.get("groups"))) {
			String file = (String) group.get("file");
			String simple = file.substring(file.lastIndexOf('/') + 1).replaceAll("\\.java$", "");
			String type = name(simple) + "Replay" + number++ + "Test";
			files.add(Json.map("path", project.relativize(folder.resolve(type + ".java").normalize()).toString(),
					"text", text(group, file, type, project, folder, trace, jar, framework)));
		}
		return Json.map("files", files);
	}

	private static String text(Map<String, Object> group, String file, String type, Path project, Path folder, Path trace, Path jar, String framework) {
		StringBuilder b = new StringBuilder();
		b.append("// codeflash replay test\n");
		b.append("// trace: ").append(comment(folder.normalize().relativize(trace).toString())).append('\n');
		b.append("package ").append(PACKAGE).append(";\n\n");
		b.append("import java.io.File;\nimport java.lang.reflect.InvocationTargetException;\nimport java.lang.reflect.Method;\nimport java.net.URL;\n"
				+ "import java.net.URLClassLoader;\nimport ").append(framework).append(";\n\n");
		b.append("/**\n * Calls of the methods in ").append(comment(file)).append(", as a traced run made them.\n *\n"
				+ " * Each test calls one method with receiver and arguments that were recorded, and compares what it returns or\n"
				+ " * throws, both afterwards and what it prints with what the code did when this was written. It belongs to the\n"
				+ " * trace named above: neither is meant for version control.\n */\n");
		b.append("public class ").append(type).append(" {\n");
		b.append("\tprivate static final String TRACE = ").append(quote(project.relativize(trace).toString())).append(", JAR = ").append(quote(jar.toString())).append(";\n");
		b.append("\tprivate static Method replay;\n\n");
		b.append("\tprivate static void call(long id) throws Throwable {\n"
				+ "\t\tif (replay == null) {\n"
				+ "\t\t\tURL[] jar = {new File(System.getProperty(\"codeflash.jar\", JAR)).toURI().toURL()};\n"
				+ "\t\t\treplay = new URLClassLoader(jar, ClassLoader.getSystemClassLoader()).loadClass(\"dev.codeflash.call.Replay\")\n"
				+ "\t\t\t\t\t.getMethod(\"call\", String.class, long.class);\n"
				+ "\t\t}\n"
				+ "\t\ttry {\n"
				+ "\t\t\treplay.invoke(null, TRACE, id);\n"
				+ "\t\t} catch (InvocationTargetException e) {\n"
				+ "\t\t\tthrow e.getCause();\n"
				+ "\t\t}\n"
				+ "\t}\n");
		for (Map<String, Object> f : Json.<Map<String, Object>>list(group.get("functions"))) {
			int n = 0;
			String stem = name((String) f.get("qualname")) + "_" + f.get("id") + "_";
			for (Map<String, Object> call : Json.<Map<String, Object>>list(f.get("calls"))) {
				String input = (String) call.get("input");
				b.append("\n\t// ").append(comment(input == null || input.isEmpty() ? "(inputs not shown)" : input)).append('\n');
				b.append("\t@Test\n\tpublic void ").append(stem).append(++n).append("() throws Throwable {\n\t\tcall(").append(call.get("id")).append(");\n\t}\n");
			}
		}
		return b.append("}\n").toString();
	}
}
