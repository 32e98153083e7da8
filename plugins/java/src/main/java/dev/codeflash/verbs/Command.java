// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.verbs;

import dev.codeflash.verbs.Main.Refused;
import java.io.File;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The verbs detect and trace: command lines that are Java's, and the project that they are in. */
public final class Command {
	private static final int USAGE = 2, MISSING = 4;
	private static final Pattern JAVA = Pattern.compile("java(\\d+)?");
	private static final List<String> MARKERS = List.of("pom.xml", "build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts", ".git");
	private static final Set<String> NO_SOURCES = Set.of("target", "build", "out", "bin", "node_modules", ".git", ".gradle", ".codeflash", ".idea");
	private static final int DEEP = 8;

	private Command() {
	}

	private static Path which(String name, Path cwd) {
		if (name.contains("/")) return runs(cwd.resolve(name));
		for (String folder : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator)) {
			Path found = runs(cwd.resolve(folder).resolve(name));
			if (found != null) return found;
		}
		return null;
	}

	private static Path runs(Path p) {
		return Files.isRegularFile(p) && Files.isExecutable(p) ? p.normalize() : null;
	}

	static Map<String, Object> detect(Map<String, Object> request) throws Exception {
		List<String> words = new ArrayList<>(Json.list(request.get("command")));
		Path cwd = Paths.get((String) request.get("cwd"));
		if (words.isEmpty()) return Json.map("match", false);
		String first = words.get(0), base = first.substring(first.lastIndexOf('/') + 1);
		if (base.endsWith(".java") || base.endsWith(".jar")) {
			if (base.endsWith(".jar")) words.add(0, "-jar");
			words.add(0, first = "java");
		} else if (JavaCommand.isBuild(first)) {
			return build(request, words, cwd);
		} else if (!JAVA.matcher(base).matches()) {
			return Json.map("match", false);
		}
		Path runtime = which(first, cwd);
		if (runtime == null) throw new Refused(MISSING, first + ": no such program; install a JDK, 11 or newer");
		JavaCommand java = JavaCommand.parse(words.subList(1, words.size()));
		check(java, cwd);
		List<String> command = new ArrayList<>();
		command.add(runtime.toString());
		command.addAll(words.subList(1, words.size()));
		return found(request, cwd, java.kind.name().toLowerCase(), runtime, project(java, cwd), command);
	}

	/** A build: the JVMs that it starts are found by what they load. */
	private static Map<String, Object> build(Map<String, Object> request, List<String> words, Path cwd) throws Exception {
		String name = words.get(0);
		Path tool = which(name, cwd);
		if (tool == null) throw new Refused(name.contains("/") ? USAGE : MISSING, name + ": no such program" + (name.contains("/") ? "" : "; install it"));
		if (words.size() < 2) throw new Refused(USAGE, name + " is given nothing to do: name a goal or a task, such as test");
		String home = System.getenv("JAVA_HOME");
		Path runtime = home == null || home.isEmpty() ? which("java", cwd) : runs(Paths.get(home, "bin", "java"));
		if (runtime == null) throw new Refused(MISSING, "no java in " + (home == null || home.isEmpty() ? "PATH" : home + "/bin") + "; install a JDK, 11 or newer");
		Path project = up(cwd);
		if (project == null) throw new Refused(USAGE, cwd + ": no pom.xml or build.gradle here or above");
		List<String> command = new ArrayList<>();
		command.add(tool.toString());
		command.addAll(words.subList(1, words.size()));
		return found(request, cwd, "build", runtime, project.toRealPath(), command);
	}

	private static Map<String, Object> found(Map<String, Object> request, Path cwd, String kind, Path runtime, Path project, List<String> command) throws Exception {
		String version = version(runtime);
		Map<String, Object> options = Json.object(request.getOrDefault("options", Map.of()));
		Map<String, String> settings = settings(project);
		Path module = given(options, "module_root", settings, "moduleRoot", cwd, project, true);
		if (module == null) module = moduleRoot(project);
		Path tests = given(options, "tests_root", settings, "testsRoot", cwd, project, false);
		if (tests == null) tests = testsRoot(project, module);
		return Json.map("match", true, "kind", kind, "runtime", runtime.toString(), "runtime_version", version,
				"project_root", project.toString(), "module_root", below(project, module), "tests_root", below(project, tests), "command", command, "error", null);
	}

	/** That there is something to run. */
	private static void check(JavaCommand java, Path cwd) throws Refused {
		if (java.useless != null) throw new Refused(USAGE, "java " + java.useless + ": there is no program to record");
		if (java.main == null) throw new Refused(USAGE, "java is given nothing to run: name a class, or -jar FILE");
		Path file = cwd.resolve(java.main);
		switch (java.kind) {
		case JAR:
			if (!Files.isRegularFile(file)) throw new Refused(USAGE, java.main + ": no such file; build it first");
			Manifest manifest;
			try {
				manifest = JavaCommand.manifest(file);
			} catch (IOException e) {
				throw new Refused(USAGE, java.main + ": not a jar: " + e.getMessage());
			}
			if (manifest == null || manifest.getMainAttributes().getValue("Main-Class") == null)
				throw new Refused(USAGE, java.main + ": no Main-Class in its manifest; run it as java -cp " + java.main + " CLASS");
			break;
		case SOURCE:
			if (!Files.isRegularFile(file)) throw new Refused(USAGE, java.main + ": no such file");
			break;
		case CLASS:
			if (java.options.stream().anyMatch(o -> o.startsWith("@"))) break; // the class path may be in there
			List<Path> path;
			try {
				path = java.classPath(cwd);
			} catch (IOException e) {
				throw new Refused(USAGE, "a jar of the class path cannot be read: " + e.getMessage());
			}
			String resource = java.main.replace('.', '/') + ".class";
			for (Path p : path) if (holds(p, resource)) return;
			throw new Refused(USAGE, java.main + ": no such class in " + (java.classPath == null ? "." : java.classPath) + "; compile it, or name its folder with -cp");
		default:
		}
	}

	private static boolean holds(Path place, String resource) {
		if (Files.isDirectory(place)) return Files.isRegularFile(place.resolve(resource));
		try (JarFile jar = new JarFile(place.toFile(), false)) {
			return jar.getEntry(resource) != null;
		} catch (IOException e) {
			return false;
		}
	}

	private static String version(Path runtime) throws Refused {
		String version = null;
		try {
			Path own = Paths.get(System.getProperty("java.home"), "bin", "java");
			if (Files.isSameFile(own, runtime)) {
				version = System.getProperty("java.version");
			} else {
				ProcessBuilder p = new ProcessBuilder(runtime.toString(), "-version").redirectErrorStream(true);
				p.environment().remove("JAVA_TOOL_OPTIONS");
				Process ran = p.start();
				ran.getOutputStream().close();
				Matcher m = Pattern.compile("version \"([^\"]+)\"").matcher(new String(ran.getInputStream().readAllBytes()));
				if (m.find()) version = m.group(1);
			}
		} catch (IOException e) {
			// said below
		}
		if (version == null) throw new Refused(MISSING, runtime + ": does not run as Java");
		String major = version.split("[.+-]")[0];
		if (Integer.parseInt(major) < 11) throw new Refused(MISSING, runtime + " is Java " + version + "; 11 or newer is needed");
		return version;
	}

	private static Path up(Path from) {
		for (Path d = from; d != null; d = d.getParent()) for (String m : MARKERS) if (Files.exists(d.resolve(m))) return d;
		return null;
	}

	private static Path project(JavaCommand java, Path cwd) throws IOException {
		Path found = null;
		if (java.kind == JavaCommand.Kind.JAR || java.kind == JavaCommand.Kind.SOURCE) found = up(cwd.resolve(java.main).toRealPath().getParent());
		if (found == null) found = up(cwd);
		for (Path p : java.classPath(cwd)) if (found == null && Files.isDirectory(p)) found = up(p);
		if (found == null && java.kind == JavaCommand.Kind.SOURCE) found = cwd.resolve(java.main).toRealPath().getParent();
		return (found == null ? cwd : found).toRealPath();
	}

	/** codeflash.* of the pom's properties or of gradle.properties, less the prefix. */
	private static Map<String, String> settings(Path project) {
		Map<String, String> found = new LinkedHashMap<>();
		read(project.resolve("pom.xml"), "<codeflash\\.(\\w+)>\\s*([^<]*?)\\s*</codeflash", found);
		read(project.resolve("gradle.properties"), "(?m)^\\s*codeflash\\.(\\w+)\\s*[=:]\\s*(.*?)\\s*$", found);
		return found;
	}

	private static void read(Path file, String pattern, Map<String, String> into) {
		try {
			Matcher m = Pattern.compile(pattern).matcher(Files.readString(file));
			while (m.find()) into.put(m.group(1), m.group(2));
		} catch (IOException e) {
			// no such file, no settings
		}
	}

	private static Path given(Map<String, Object> options, String option, Map<String, String> settings, String setting, Path cwd, Path project, boolean exists)
			throws Refused, IOException {
		String text = (String) options.get(option), what = "--" + option.replace('_', '-') + " " + text;
		Path folder;
		if (text != null) {
			folder = cwd.resolve(text).normalize();
		} else if (settings.containsKey(setting)) {
			what = "codeflash." + setting + " " + settings.get(setting);
			folder = project.resolve(settings.get(setting)).normalize();
		} else {
			return null;
		}
		if (exists && !Files.isDirectory(folder)) throw new Refused(USAGE, what + ": no such directory");
		if (Files.isDirectory(folder)) folder = folder.toRealPath();
		if (!folder.startsWith(project)) throw new Refused(USAGE, what + " is outside the project " + project);
		return folder;
	}

	private static String below(Path project, Path folder) {
		String text = project.relativize(folder).toString();
		return text.isEmpty() ? "." : text;
	}

	private static Path moduleRoot(Path project) {
		Path maven = project.resolve("src/main/java"), plain = project.resolve("src");
		if (Files.isDirectory(maven)) return maven;
		if (Files.isDirectory(plain) && sourceRoots(project).isEmpty()) return plain;
		return project;
	}

	private static Path testsRoot(Path project, Path module) {
		if (module.endsWith("src/main/java")) return module.resolveSibling("../test/java").normalize();
		for (String name : List.of("src/test/java", "test", "tests")) if (Files.isDirectory(project.resolve(name))) return project.resolve(name);
		return project.resolve("src/test/java");
	}

	/** Folders named src/main/java and src/test/java, of a build with several modules. */
	static List<Path> sourceRoots(Path project) {
		List<Path> found = new ArrayList<>();
		try {
			Files.walkFileTree(project, Set.of(), DEEP, new SimpleFileVisitor<>() {
				@Override
				public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
					if (!folder.equals(project) && NO_SOURCES.contains(folder.getFileName().toString())) return FileVisitResult.SKIP_SUBTREE;
					if (!folder.endsWith("src/main/java") && !folder.endsWith("src/test/java")) return FileVisitResult.CONTINUE;
					found.add(folder);
					return FileVisitResult.SKIP_SUBTREE;
				}

				@Override
				public FileVisitResult visitFileFailed(Path file, IOException error) {
					return FileVisitResult.CONTINUE;
				}
			});
		} catch (IOException e) {
			// what was found is good
		}
		return found;
	}

	/** Where the sources of the project's classes are looked for. */
	public static List<String> roots(Path project, Path module, Path tests) {
		List<String> roots = new ArrayList<>();
		roots.add(module.toString());
		if (tests != null && !tests.startsWith(module)) roots.add(tests.toString());
		for (Path p : sourceRoots(module)) if (!roots.contains(p.toString())) roots.add(p.toString());
		return roots;
	}

	static Map<String, Object> trace(Map<String, Object> request) throws Exception {
		List<String> command = Json.list(request.get("command"));
		Path project = Paths.get((String) request.get("project_root")), module = Paths.get((String) request.get("module_root")),
				tests = Paths.get((String) request.get("tests_root"));
		JavaCommand java = JavaCommand.parse(command.subList(1, command.size()));
		List<String> roots = roots(project, module, tests);
		if (java.kind == JavaCommand.Kind.SOURCE) {
			String own = Paths.get((String) request.get("cwd")).resolve(java.main).toRealPath().getParent().toString();
			if (!roots.contains(own) && own.startsWith(module.toString())) roots.add(own);
		}
		Path jar = Paths.get(Command.class.getProtectionDomain().getCodeSource().getLocation().toURI());
		List<String> ours = new ArrayList<>(List.of("-javaagent:" + jar));
		String set = System.getenv().getOrDefault("JAVA_TOOL_OPTIONS", "");
		// its files are gone with the spools, and deep stacks are whole
		if (java.options.stream().noneMatch(o -> o.startsWith("-XX:FlightRecorderOptions")) && !set.contains("-XX:FlightRecorderOptions"))
			ours.add("-XX:FlightRecorderOptions:stackdepth=256,repository=" + request.get("spool"));
		List<String> argv = new ArrayList<>(command);
		Map<String, Object> env = new LinkedHashMap<>();
		if (JavaCommand.isBuild(command.get(0))) {
			// every JVM says on stderr that it has picked this up, so a plain java gets words of its own
			StringBuilder options = new StringBuilder(set);
			for (String o : ours) options.append(options.length() == 0 ? "" : " ").append(o.contains(" ") ? '"' + o + '"' : o);
			env.put("JAVA_TOOL_OPTIONS", options.toString());
		} else {
			argv.addAll(1, ours);
		}
		List<String> testRoots = new ArrayList<>();
		testRoots.add(tests.toString());
		for (String r : roots) if (r.endsWith("src/test/java")) testRoots.add(r);
		Map<String, Object> config = Json.map("spool", request.get("spool"), "roots", roots, "tests", testRoots, "quota", request.get("max_function_count"),
				"only", request.get("only_functions"));
		env.put("CODEFLASH_RECORD", Json.write(config));
		return Json.map("argv", argv, "env", env, "unset", List.of());
	}
}
