// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.call;

import dev.codeflash.verbs.Command;
import dev.codeflash.verbs.JavaCommand;
import dev.codeflash.verbs.Json;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import javax.tools.JavaFileObject;

/** The verb build: the class files and jars that the program is run from, with a candidate's classes in them. */
public final class Build {
	private Build() {
	}

	public static Map<String, Object> build(Map<String, Object> request) throws IOException {
		try {
			return Json.map("files", files(request), "error", null);
		} catch (Project.LoadError e) {
			return Json.map("files", List.of(), "error", e.getMessage());
		}
	}

	private static List<Object> files(Map<String, Object> request) throws Project.LoadError, IOException {
		List<String> command = Json.list(request.get("command"));
		JavaCommand java = JavaCommand.parse(command.subList(1, command.size()));
		// then it is the source that is run, or built
		if (JavaCommand.isBuild(command.get(0)) || java.kind == JavaCommand.Kind.SOURCE) return List.of();
		Path root = Paths.get((String) request.get("project_root")), cwd = Paths.get((String) request.get("cwd")), scratch = Paths.get((String) request.get("scratch"));
		String tests = (String) request.get("tests_root");
		List<Path> roots = new ArrayList<>();
		for (String r : Command.roots(root, root.resolve((String) request.get("module_root")).normalize(), tests == null ? null : root.resolve(tests).normalize()))
			roots.add(Paths.get(r));
		Project project = new Project(root, cwd, roots, java, null);
		List<JavaFileObject> sources = new ArrayList<>();
		Path one = null;
		for (Map<String, Object> f : Json.<Map<String, Object>>list(request.get("files"))) {
			Path p = root.resolve((String) f.get("path"));
			sources.add(Project.source(p, (String) f.get("text")));
			one = p;
		}
		if (one == null) return List.of();
		project.compile(sources, one);
		Map<Path, Map<String, byte[]>> jars = new LinkedHashMap<>();
		List<Object> made = new ArrayList<>();
		for (Map.Entry<String, byte[]> e : project.compiled().entrySet()) {
			String resource = e.getKey().replace('.', '/') + ".class", top = resource.replaceAll("\\$[^/]*\\.class$", ".class");
			Path place = place(project.classPath(), top);
			if (place == null) throw new Project.LoadError(e.getKey() + ": no class of that file is on the class path");
			if (!place.toRealPath().startsWith(root)) throw new Project.LoadError(place + " is outside the project: the program cannot be run with another one");
			if (Files.isDirectory(place)) {
				Path to = scratch.resolve("classes-" + made.size() + ".class");
				Files.write(to, e.getValue());
				made.add(Json.map("path", root.relativize(place.toRealPath().resolve(resource)).toString(), "from", to.toString()));
			} else {
				jars.computeIfAbsent(place, k -> new LinkedHashMap<>()).put(resource, e.getValue());
			}
		}
		for (Map.Entry<Path, Map<String, byte[]>> j : jars.entrySet()) {
			Path to = scratch.resolve("built-" + made.size() + ".jar");
			rewrite(j.getKey(), j.getValue(), to);
			made.add(Json.map("path", root.relativize(j.getKey().toRealPath()).toString(), "from", to.toString()));
		}
		return made;
	}

	private static Path place(List<Path> classPath, String resource) throws IOException {
		for (Path p : classPath) {
			if (Files.isDirectory(p)) {
				if (Files.isRegularFile(p.resolve(resource))) return p;
			} else {
				try (ZipFile zip = new ZipFile(p.toFile())) {
					if (zip.getEntry(resource) != null) return p;
				}
			}
		}
		return null;
	}

	/** The jar with other classes in it; signatures would not hold any more. */
	private static void rewrite(Path jar, Map<String, byte[]> classes, Path to) throws IOException {
		Set<String> left = new HashSet<>(classes.keySet());
		try (ZipFile zip = new ZipFile(jar.toFile()); ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(to))) {
			for (ZipEntry e : Collections.list(zip.entries())) {
				String name = e.getName();
				if (name.startsWith("META-INF/") && name.matches("META-INF/[^/]*\\.(SF|RSA|DSA|EC)")) continue;
				ZipEntry copy = new ZipEntry(name);
				copy.setTime(e.getTime());
				out.putNextEntry(copy);
				if (left.remove(name)) {
					out.write(classes.get(name));
				} else {
					try (InputStream in = zip.getInputStream(e)) {
						in.transferTo(out);
					}
				}
				out.closeEntry();
			}
			for (String name : left) {
				out.putNextEntry(new ZipEntry(name));
				out.write(classes.get(name));
				out.closeEntry();
			}
		}
	}
}
