// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.call;

import dev.codeflash.agent.Roots;
import dev.codeflash.verbs.JavaCommand;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.ZipFile;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/**
 * The program that calls are made in: its class path, and what of its sources must be compiled to go before that: those
 * that a candidate changes, and those that nobody has compiled since they were changed.
 */
final class Project {
	/** What is asked cannot be had. */
	static final class LoadError extends Exception {
		private static final long serialVersionUID = 1L;

		LoadError(String message) {
			super(message);
		}
	}

	final Path root;
	final List<URL> urls = new ArrayList<>();
	final boolean asserts;
	private final List<Path> classPath;
	private final List<Path> sourceRoots = new ArrayList<>();
	private final Roots roots;
	private final boolean fromSource;
	private Map<String, byte[]> compiled = Map.of();

	/** @param given the class path; null: the command's */
	Project(Path root, Path cwd, List<Path> sourceRoots, JavaCommand java, List<Path> given) throws LoadError {
		this.root = root;
		try {
			classPath = given != null ? given : java.classPath(cwd);
			for (Path p : classPath) urls.add(p.toUri().toURL());
		} catch (IOException e) {
			throw new LoadError("the class path cannot be read: " + e.getMessage());
		}
		fromSource = given == null && java.kind == JavaCommand.Kind.SOURCE;
		if (fromSource) sourceRoots.add(cwd.resolve(java.main).normalize().getParent());
		this.sourceRoots.addAll(sourceRoots);
		List<String> names = new ArrayList<>();
		for (Path p : this.sourceRoots) names.add(p.toString());
		roots = new Roots(names, List.of());
		asserts = java.asserts();
		if (given != null) return;
		for (String property : java.properties()) {
			int equals = property.indexOf('=');
			if (equals < 0) System.setProperty(property, "");
			else System.setProperty(property.substring(0, equals), property.substring(equals + 1));
		}
	}

	/** Its classes, as nobody has used them yet. */
	Loader loader() {
		Loader made = new Loader(urls, compiled, roots);
		if (asserts) made.setDefaultAssertionStatus(true);
		return made;
	}

	/** What was compiled: classes by name. */
	Map<String, byte[]> compiled() {
		return compiled;
	}

	List<Path> classPath() {
		return classPath;
	}

	List<Path> sourceRoots() {
		return sourceRoots;
	}

	/** Compiles what must be. */
	void compile(Path file) throws LoadError {
		List<Path> files = new ArrayList<>();
		for (Path r : sourceRoots) changed(r, files);
		if (fromSource && !files.contains(file)) files.add(file);
		if (files.isEmpty()) return;
		List<JavaFileObject> sources = new ArrayList<>();
		for (Path p : files) {
			try {
				sources.add(source(p, Files.readString(p)));
			} catch (IOException e) {
				throw new LoadError(root.relativize(p) + ": cannot be read as UTF-8");
			}
		}
		compile(sources, file);
	}

	static JavaFileObject source(Path file, String text) {
		return new SimpleJavaFileObject(file.toUri(), JavaFileObject.Kind.SOURCE) {
			@Override
			public CharSequence getCharContent(boolean ignoreErrors) {
				return text;
			}
		};
	}

	/** @param file one of them: how it was compiled before says how all are compiled */
	void compile(List<JavaFileObject> sources, Path file) throws LoadError {
		JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
		if (compiler == null) throw new LoadError("this Java has no compiler; install a JDK");
		Map<String, byte[]> made = new HashMap<>();
		DiagnosticCollector<JavaFileObject> said = new DiagnosticCollector<>();
		List<String> options = options(file);
		try (StandardJavaFileManager standard = compiler.getStandardFileManager(null, Locale.ROOT, StandardCharsets.UTF_8)) {
			JavaFileManager manager = new ForwardingJavaFileManager<>(standard) {
				@Override
				public JavaFileObject getJavaFileForOutput(Location location, String name, JavaFileObject.Kind kind, FileObject sibling) {
					return new SimpleJavaFileObject(URI.create("memory:///" + name.replace('.', '/') + kind.extension), kind) {
						@Override
						public OutputStream openOutputStream() {
							return new ByteArrayOutputStream() {
								@Override
								public void close() {
									made.put(name.replace('/', '.'), toByteArray());
								}
							};
						}
					};
				}
			};
			boolean done = compiler.getTask(new StringWriter(), manager, said, options, null, sources).call();
			if (!done) throw new LoadError("it does not compile: " + first(said));
		} catch (IOException | RuntimeException e) {
			throw new LoadError("it does not compile: " + e);
		}
		compiled = made;
	}

	private String first(DiagnosticCollector<JavaFileObject> said) {
		for (Diagnostic<? extends JavaFileObject> d : said.getDiagnostics()) {
			if (d.getKind() != Diagnostic.Kind.ERROR) continue;
			String where = d.getSource() == null ? "" : root.relativize(Paths.get(d.getSource().toUri())) + ":" + d.getLineNumber() + ": ";
			return where + d.getMessage(Locale.ROOT).split("\n")[0];
		}
		return "javac does not say why";
	}

	/** As it was compiled before, as far as its class files tell. */
	private List<String> options(Path file) {
		StringBuilder path = new StringBuilder();
		for (Path p : classPath) path.append(path.length() == 0 ? "" : java.io.File.pathSeparator).append(p);
		List<String> options = new ArrayList<>(List.of("-g", "-nowarn", "-Xlint:none", "-implicit:" + (fromSource ? "class" : "none"), "-encoding", "UTF-8",
				"-cp", path.toString()));
		if (fromSource) {
			options.add("-sourcepath");
			options.add(file.getParent().toString());
		}
		for (Path r : sourceRoots) {
			if (!file.startsWith(r)) continue;
			byte[] code = classOf(r.relativize(file).toString().replaceAll("\\.java$", ".class"));
			if (code == null) break;
			int level = (code[6] & 255) << 8 | code[7] & 255;
			if (level < 51 || level - 44 > Runtime.version().feature()) break;
			options.addAll(List.of("-source", String.valueOf(level - 44), "-target", String.valueOf(level - 44)));
			if (hasParameterNames(code)) options.add("-parameters");
			break;
		}
		return options;
	}

	private static boolean hasParameterNames(byte[] code) {
		boolean[] found = new boolean[1];
		new ClassReader(code).accept(new ClassVisitor(Opcodes.ASM9) {
			@Override
			public MethodVisitor visitMethod(int access, String name, String descriptor, String signature, String[] exceptions) {
				return new MethodVisitor(Opcodes.ASM9) {
					@Override
					public void visitParameter(String parameter, int modifiers) {
						// javac tells the names of a record's or an enum's own constructor in any case
						found[0] |= (modifiers & (Opcodes.ACC_MANDATED | Opcodes.ACC_SYNTHETIC)) == 0 && parameter != null;
					}
				};
			}
		}, ClassReader.SKIP_CODE);
		return found[0];
	}

	private byte[] classOf(String resource) {
		for (Path p : classPath) {
			try {
				if (Files.isDirectory(p)) {
					if (Files.isRegularFile(p.resolve(resource))) return Files.readAllBytes(p.resolve(resource));
				} else {
					try (ZipFile zip = new ZipFile(p.toFile())) {
						if (zip.getEntry(resource) != null) return zip.getInputStream(zip.getEntry(resource)).readAllBytes();
					}
				}
			} catch (IOException e) {
				// then it is in another, or nowhere
			}
		}
		return null;
	}

	/** Sources that the classes do not come of: a candidate's, by the time that the sandbox gives them, and newer ones. */
	private void changed(Path folder, List<Path> found) {
		try {
			Files.walkFileTree(folder, new SimpleFileVisitor<>() {
				@Override
				public FileVisitResult visitFile(Path p, BasicFileAttributes a) {
					if (p.toString().endsWith(".java") && !found.contains(p) && isChanged(folder, p, a.lastModifiedTime().toMillis())) found.add(p);
					return FileVisitResult.CONTINUE;
				}

				@Override
				public FileVisitResult visitFileFailed(Path p, IOException e) {
					return FileVisitResult.CONTINUE;
				}
			});
		} catch (IOException e) {
			// what was found is good
		}
	}

	private boolean isChanged(Path folder, Path p, long time) {
		try {
			if (time % 1000 == 0 && time / 1000 >= 1000000000L && time / 1000 < 1000000000L + (1 << 28)) {
				byte[] hash = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(p));
				long mark = (hash[0] & 255L) << 20 | (hash[1] & 255L) << 12 | (hash[2] & 255L) << 4 | (hash[3] & 255L) >> 4;
				if (1000000000L + mark == time / 1000) return true;
			}
			String resource = folder.relativize(p).toString().replaceAll("\\.java$", ".class");
			for (Path c : classPath) {
				Path made = c.resolve(resource);
				if (Files.isDirectory(c) && Files.isRegularFile(made)) return Files.getLastModifiedTime(made).toMillis() < time;
			}
			return false; // in a jar, or not of this program
		} catch (IOException | NoSuchAlgorithmException e) {
			return false;
		}
	}
}
