// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.call;

import dev.codeflash.agent.Roots;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.security.CodeSource;
import java.security.ProtectionDomain;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/** The program's classes, as their loading leaves them: what was compiled anew goes before the class path. */
final class Loader extends URLClassLoader {
	private static final int API = Opcodes.ASM9;

	private final Map<String, byte[]> compiled;
	private final Roots roots;
	private final Map<String, Class<?>> project = new LinkedHashMap<>();

	Loader(List<URL> classPath, Map<String, byte[]> compiled, Roots roots) {
		super("codeflash", classPath.toArray(new URL[0]), ClassLoader.getPlatformClassLoader());
		this.compiled = compiled;
		this.roots = roots;
	}

	/** The project's classes that were loaded so far. */
	synchronized List<Class<?>> project() {
		return new ArrayList<>(project.values());
	}

	@Override
	protected Class<?> findClass(String name) throws ClassNotFoundException {
		if (name.equals("dev.codeflash.call.Guard") || name.equals("dev.codeflash.call.Guard$Exit")) return Class.forName(name, true, Loader.class.getClassLoader());
		String path = name.replace('.', '/') + ".class";
		byte[] code = compiled.get(name);
		URL url = findResource(path);
		ProtectionDomain domain = null;
		try {
			if (url != null) {
				String text = url.toString(), place = text.substring(0, text.length() - path.length());
				if (place.startsWith("jar:") && place.endsWith("!/")) place = place.substring(4, place.length() - 2);
				domain = new ProtectionDomain(new CodeSource(new URL(place), (Certificate[]) null), null, this, null);
			}
			if (code == null && url != null) {
				try (InputStream in = url.openStream()) {
					code = in.readAllBytes();
				}
			}
		} catch (IOException e) {
			throw new ClassNotFoundException(name, e);
		}
		if (code == null) throw new ClassNotFoundException(name);
		String[] file = new String[1];
		byte[] guarded = guard(code, file);
		int dot = name.lastIndexOf('.');
		String folder = dot < 0 ? "" : name.substring(0, dot).replace('.', '/');
		if (dot > 0 && getDefinedPackage(name.substring(0, dot)) == null) {
			try {
				definePackage(name.substring(0, dot), null, null, null, null, null, null, null);
			} catch (IllegalArgumentException e) {
				// another thread was first
			}
		}
		Class<?> made = defineClass(name, guarded, 0, guarded.length, domain);
		Path source = roots.file(folder, file[0]);
		if (source != null) {
			synchronized (this) {
				project.put(name, made);
			}
		}
		return made;
	}

	private static final String FILES = "it writes files", PROCESSES = "it starts processes", THREADS = "it starts threads", NETWORK = "it uses the network";
	private static final Set<String> FILES_READS = Set.of("readAllBytes", "readString", "readAllLines", "lines", "exists", "notExists", "isRegularFile", "isDirectory",
			"isReadable", "isWritable", "isExecutable", "isHidden", "isSameFile", "isSymbolicLink", "size", "list", "walk", "find", "walkFileTree", "newBufferedReader",
			"newInputStream", "newDirectoryStream", "probeContentType", "getLastModifiedTime", "getAttribute", "readAttributes", "getOwner", "getPosixFilePermissions",
			"getFileStore", "getFileAttributeView", "readSymbolicLink", "mismatch");
	private static final Set<String> FILE_WRITES = Set.of("delete", "deleteOnExit", "mkdir", "mkdirs", "renameTo", "createNewFile", "createTempFile", "setLastModified",
			"setReadOnly", "setWritable", "setReadable", "setExecutable");

	/** Why a call of this makes what calls it unfit to be judged; null when it does not. */
	private static String effect(String owner, String name, String descriptor) {
		boolean makes = name.equals("<init>");
		switch (owner) {
		case "java/io/FileOutputStream": case "java/io/FileWriter": case "java/io/RandomAccessFile": return makes ? FILES : null;
		case "java/io/PrintWriter": case "java/io/PrintStream":
			return makes && (descriptor.startsWith("(Ljava/lang/String;") || descriptor.startsWith("(Ljava/io/File;")) ? FILES : null;
		case "java/nio/file/Files": return FILES_READS.contains(name) ? null : FILES;
		case "java/io/File": return FILE_WRITES.contains(name) ? FILES : null;
		case "java/lang/ProcessBuilder": return name.equals("start") ? PROCESSES : null;
		case "java/lang/Runtime": return name.equals("exec") ? PROCESSES : name.equals("addShutdownHook") ? THREADS : null;
		case "java/lang/Thread": return name.equals("start") ? THREADS : null;
		case "java/util/Timer": return makes ? THREADS : null;
		case "java/util/concurrent/Executors": return name.startsWith("new") ? THREADS : null;
		case "java/util/concurrent/CompletableFuture": return name.endsWith("Async") ? THREADS : null;
		case "java/net/Socket": case "java/net/ServerSocket": case "java/net/DatagramSocket": return makes ? NETWORK : null;
		case "java/net/URL": return name.equals("openStream") || name.equals("openConnection") ? NETWORK : null;
		case "java/net/http/HttpClient": return name.startsWith("send") ? NETWORK : null;
		case "java/lang/System": return name.equals("setProperty") || name.equals("clearProperty") || name.equals("setProperties") ? "it sets system properties" : null;
		default: return null;
		}
	}

	/** Leads calls that are not to happen here to Guard. @param file is told the name of the source */
	private static byte[] guard(byte[] code, String[] file) {
		ClassReader reader = new ClassReader(code);
		ClassWriter writer = new ClassWriter(reader, ClassWriter.COMPUTE_MAXS);
		reader.accept(new ClassVisitor(API, writer) {
			@Override
			public void visitSource(String source, String debug) {
				file[0] = source;
				super.visitSource(source, debug);
			}

			@Override
			public MethodVisitor visitMethod(int access, String name, String descriptor, String signature, String[] exceptions) {
				return new MethodVisitor(API, super.visitMethod(access, name, descriptor, signature, exceptions)) {
					@Override
					public void visitMethodInsn(int opcode, String owner, String method, String type, boolean isInterface) {
						String guard = "dev/codeflash/call/Guard";
						if (owner.equals("java/lang/System") && method.equals("exit")) {
							super.visitMethodInsn(Opcodes.INVOKESTATIC, guard, "exit", type, false);
						} else if (owner.equals("java/lang/Runtime") && (method.equals("exit") || method.equals("halt"))) {
							super.visitMethodInsn(Opcodes.INVOKESTATIC, guard, "exit", "(Ljava/lang/Runtime;I)V", false);
						} else if ((owner.equals("java/lang/Math") || owner.equals("java/lang/StrictMath")) && method.equals("random")) {
							super.visitMethodInsn(Opcodes.INVOKESTATIC, guard, "random", type, false);
						} else if (owner.equals("java/util/Random") && method.equals("<init>") && type.equals("()V")) {
							super.visitMethodInsn(Opcodes.INVOKESTATIC, guard, "seed", "()J", false);
							super.visitMethodInsn(opcode, owner, method, "(J)V", false);
						} else {
							String reason = effect(owner, method, type);
							if (reason != null) {
								super.visitLdcInsn(reason);
								super.visitMethodInsn(Opcodes.INVOKESTATIC, guard, "effect", "(Ljava/lang/String;)V", false);
							}
							super.visitMethodInsn(opcode, owner, method, type, isInterface);
						}
					}
				};
			}
		}, 0);
		return writer.toByteArray();
	}
}
