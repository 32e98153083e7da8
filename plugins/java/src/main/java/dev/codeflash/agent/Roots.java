// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.agent;

import dev.codeflash.source.JavaSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The folders with sources. A class is the project's when its source file is found in one. */
public final class Roots {
	/** A source file, read once. */
	public static final class Source {
		public final Path file;
		public final boolean isTest;
		public final JavaSource java;

		Source(Path file, boolean isTest, JavaSource java) {
			this.file = file;
			this.isTest = isTest;
			this.java = java;
		}
	}

	private final List<Path> roots = new ArrayList<>();
	private final List<Path> tests = new ArrayList<>();
	private final Map<Path, Source> read = new ConcurrentHashMap<>();

	public Roots(List<String> roots, List<String> tests) {
		for (String r : roots) this.roots.add(Paths.get(r));
		for (String t : tests) this.tests.add(Paths.get(t));
	}

	/** Whether a class of this package may be the project's. */
	public boolean hasPackage(String path) {
		for (Path r : roots) if (Files.isDirectory(path.isEmpty() ? r : r.resolve(path))) return true;
		return false;
	}

	/** Its source file; null when it is not the project's. Reads nothing. */
	public Path file(String packagePath, String fileName) {
		if (fileName == null || !fileName.endsWith(".java")) return null;
		for (Path r : roots) {
			Path file = (packagePath.isEmpty() ? r : r.resolve(packagePath)).resolve(fileName);
			if (Files.isRegularFile(file)) return file;
		}
		return null;
	}

	/** @return its source; null when it is not the project's. */
	public Source find(String packagePath, String fileName) {
		if (fileName == null || !fileName.endsWith(".java")) return null;
		for (Path r : roots) {
			Path file = (packagePath.isEmpty() ? r : r.resolve(packagePath)).resolve(fileName);
			Source known = read.get(file);
			if (known != null) return known;
			if (!Files.isRegularFile(file)) continue;
			try {
				boolean isTest = false;
				for (Path t : tests) isTest |= file.startsWith(t);
				known = new Source(file, isTest, new JavaSource(Files.readString(file)));
			} catch (IOException | RuntimeException e) {
				return null; // another encoding: it cannot be edited either
			}
			read.put(file, known);
			return known;
		}
		return null;
	}
}
