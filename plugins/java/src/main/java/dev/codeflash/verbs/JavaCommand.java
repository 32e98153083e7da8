// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.verbs;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.jar.JarFile;
import java.util.jar.Manifest;

/** A command line of java's, taken apart: the JVM's options, what it runs, and what is the program's own. */
public final class JavaCommand {
	private static final Set<String> WITH = Set.of("-cp", "-classpath", "--class-path", "-p", "--module-path", "--upgrade-module-path", "--add-modules",
			"--add-exports", "--add-opens", "--add-reads", "--limit-modules", "--patch-module", "--source", "--enable-native-access");
	private static final Set<String> NOTHING = Set.of("-version", "--version", "-showversion", "-help", "--help", "-h", "-?", "-X", "--help-extra", "--list-modules",
			"--dry-run", "--validate-modules", "-d", "--describe-module", "--show-module-resolution");

	public enum Kind { CLASS, JAR, SOURCE, MODULE }

	public final List<String> options = new ArrayList<>();
	public Kind kind;
	public String main; // as it is named; null: nothing to run
	public String classPath; // as it is given; null: the default
	public String modulePath;
	public String useless; // an option with which java runs nothing
	public final List<String> arguments = new ArrayList<>();

	private static final Set<String> BUILDS = Set.of("mvn", "mvnw", "gradle", "gradlew");

	/** Whether a command line is a build tool's, which starts the JVMs that count. */
	public static boolean isBuild(String program) {
		return BUILDS.contains(program.substring(program.lastIndexOf('/') + 1));
	}

	/** What a request is about: the command of its trace, or the process in which its calls were made. */
	public static JavaCommand of(List<String> command, List<String> process) {
		List<String> words = command.isEmpty() || isBuild(command.get(0)) ? process : command;
		return parse(words.isEmpty() ? words : words.subList(1, words.size()));
	}

	/** @param words what follows "java" */
	public static JavaCommand parse(List<String> words) {
		JavaCommand c = new JavaCommand();
		int i = 0;
		for (; i < words.size(); i++) {
			String w = words.get(i);
			if (!w.startsWith("-") && !w.startsWith("@")) break;
			if (NOTHING.contains(w) && c.useless == null) c.useless = w;
			if (w.equals("-jar") || w.equals("-m") || w.equals("--module")) {
				c.kind = w.equals("-jar") ? Kind.JAR : Kind.MODULE;
				i++;
				break;
			}
			if (w.startsWith("--module=")) {
				c.kind = Kind.MODULE;
				c.main = w.substring(9);
				break;
			}
			c.options.add(w);
			String value = null;
			int equals = w.indexOf('=');
			String name = w;
			if (WITH.contains(w) && i + 1 < words.size()) {
				value = words.get(++i);
				c.options.add(value);
			} else if (w.startsWith("--") && equals > 0) {
				name = w.substring(0, equals);
				value = w.substring(equals + 1);
			}
			if (value == null) continue;
			if (name.equals("-cp") || name.equals("-classpath") || name.equals("--class-path")) c.classPath = value;
			else if (name.equals("-p") || name.equals("--module-path")) c.modulePath = value;
		}
		if (c.main == null && i < words.size()) c.main = words.get(i);
		if (c.main != null) c.arguments.addAll(words.subList(Math.min(words.size(), i + 1), words.size()));
		if (c.kind == null && c.main != null) c.kind = c.main.endsWith(".java") ? Kind.SOURCE : Kind.CLASS;
		return c;
	}

	/** The files and folders that classes come from, absolute, those that are there. */
	public List<Path> classPath(Path cwd) throws IOException {
		List<Path> found = new ArrayList<>();
		if (kind == Kind.JAR) {
			addJar(cwd.resolve(main), found);
			return found;
		}
		String given = classPath != null ? classPath : kind == Kind.MODULE || kind == Kind.SOURCE ? "" : System.getenv().getOrDefault("CLASSPATH", ".");
		if (modulePath != null) given = given + File.pathSeparator + modulePath;
		for (String entry : given.split(File.pathSeparator)) {
			if (entry.isEmpty()) continue;
			if (entry.equals("*") || entry.endsWith("/*")) {
				try (var list = Files.list(cwd.resolve(entry.substring(0, entry.length() - 1)))) {
					list.filter(p -> p.toString().toLowerCase().endsWith(".jar")).sorted().forEach(found::add);
				} catch (IOException e) {
					// java takes no notice either
				}
			} else {
				Path p = cwd.resolve(entry).normalize();
				if (Files.isRegularFile(p)) addJar(p, found);
				else if (Files.isDirectory(p)) found.add(p);
			}
		}
		return found;
	}

	/** A jar, and those that its manifest names. */
	private static void addJar(Path jar, List<Path> found) throws IOException {
		if (found.contains(jar) || !Files.isRegularFile(jar)) return;
		found.add(jar);
		Manifest manifest = manifest(jar);
		String more = manifest == null ? null : manifest.getMainAttributes().getValue("Class-Path");
		if (more == null) return;
		for (String name : more.trim().split("\\s+")) {
			Path p;
			try {
				p = name.startsWith("file:") ? Paths.get(java.net.URI.create(name)) : jar.resolveSibling(name).normalize();
			} catch (IllegalArgumentException e) {
				continue;
			}
			if (Files.isDirectory(p)) found.add(p);
			else if (p.toString().endsWith(".jar")) addJar(p, found);
		}
	}

	/** Null where there is none. */
	static Manifest manifest(Path jar) throws IOException {
		try (JarFile file = new JarFile(jar.toFile(), false)) {
			return file.getManifest();
		}
	}

	/** System properties that the options set: name=value. */
	public List<String> properties() {
		List<String> found = new ArrayList<>();
		for (String o : options) if (o.startsWith("-D")) found.add(o.substring(2));
		return found;
	}

	public boolean asserts() {
		return options.stream().anyMatch(o -> o.equals("-ea") || o.equals("-enableassertions") || o.startsWith("-ea:"));
	}
}
