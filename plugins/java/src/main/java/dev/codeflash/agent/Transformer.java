// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.agent;

import dev.codeflash.source.JavaSource;
import java.lang.instrument.ClassFileTransformer;
import java.security.ProtectionDomain;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Handle;
import org.objectweb.asm.Label;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;

/** Puts a probe at the entry of every method of the project's that its source has. */
final class Transformer implements ClassFileTransformer {
	private static final int API = Opcodes.ASM9;
	private static final Handle LINK = new Handle(Opcodes.H_INVOKESTATIC, "dev/codeflash/probe/Bridge", "link",
			"(Ljava/lang/invoke/MethodHandles$Lookup;Ljava/lang/String;Ljava/lang/invoke/MethodType;II)Ljava/lang/invoke/CallSite;", false);

	private final Recorder recorder;

	Transformer(Recorder recorder) {
		this.recorder = recorder;
	}

	@Override
	public byte[] transform(ClassLoader loader, String name, Class<?> redefined, ProtectionDomain domain, byte[] code) {
		if (loader == null || name == null || redefined != null || name.startsWith("dev/codeflash/")) return null;
		try {
			return probed(name, code);
		} catch (Throwable error) {
			// the class is as it was, and the ledger says so
			recorder.loss(null, "a class that cannot be given probes: " + name.replace('/', '.') + ": " + error.getClass().getSimpleName());
			return null;
		}
	}

	private byte[] probed(String name, byte[] code) throws Exception {
		int slash = name.lastIndexOf('/');
		String folder = slash < 0 ? "" : name.substring(0, slash), simple = name.substring(slash + 1);
		if (!recorder.roots.hasPackage(folder)) return null;
		ClassReader reader = new ClassReader(code);
		Shape shape = new Shape();
		reader.accept(shape, ClassReader.SKIP_FRAMES);
		Roots.Source source = recorder.roots.find(folder, shape.file);
		if (source == null) return null;
		if (shape.version < Opcodes.V1_7) {
			recorder.loss(null, "a class older than Java 7: " + name.replace('/', '.'));
			return null;
		}
		List<Recorder.Found> found = new ArrayList<>();
		Map<String, Integer> slots = new HashMap<>();
		for (Shape.Method m : shape.methods) {
			boolean isConstructor = m.name.equals("<init>");
			String own = isConstructor ? simpleName(simple) : m.name;
			JavaSource.Method text = source.java.find(simple, own, m.line);
			if (text == null || text.isConstructor != isConstructor) continue;
			Recorder.Found f = new Recorder.Found();
			f.source = text;
			f.method = m.name;
			f.descriptor = m.descriptor;
			f.isStatic = (m.access & Opcodes.ACC_STATIC) != 0;
			if (isConstructor && (shape.access & Opcodes.ACC_ENUM) != 0) f.reason = "a constructor of an enum";
			else if (isConstructor && (shape.access & Opcodes.ACC_ABSTRACT) != 0) f.reason = "a constructor of an abstract class";
			slots.put(m.name + m.descriptor, found.size());
			found.add(f);
		}
		int index = recorder.announce(name, source, found);
		if (found.isEmpty()) return null;
		ClassWriter writer = new ClassWriter(reader, ClassWriter.COMPUTE_MAXS);
		reader.accept(new ClassVisitor(API, writer) {
			@Override
			public MethodVisitor visitMethod(int access, String method, String descriptor, String signature, String[] exceptions) {
				MethodVisitor to = super.visitMethod(access, method, descriptor, signature, exceptions);
				Integer slot = slots.get(method + descriptor);
				return slot == null || (access & (Opcodes.ACC_ABSTRACT | Opcodes.ACC_NATIVE)) != 0 ? to
						: new Probe(to, name, access, method, descriptor, index, slot);
			}
		}, ClassReader.EXPAND_FRAMES);
		return writer.toByteArray();
	}

	private static String simpleName(String binary) {
		return binary.substring(binary.lastIndexOf('$') + 1);
	}

	/** What there is to know of a class before it is changed. */
	private static final class Shape extends ClassVisitor {
		static final class Method {
			int access, line;
			String name, descriptor;
		}

		final List<Method> methods = new ArrayList<>();
		String file;
		int version, access;

		Shape() {
			super(API);
		}

		@Override
		public void visit(int version, int access, String name, String signature, String superName, String[] interfaces) {
			this.version = version & 0xffff;
			this.access = access;
		}

		@Override
		public void visitSource(String source, String debug) {
			file = source;
		}

		@Override
		public MethodVisitor visitMethod(int access, String name, String descriptor, String signature, String[] exceptions) {
			if ((access & (Opcodes.ACC_SYNTHETIC | Opcodes.ACC_BRIDGE | Opcodes.ACC_ABSTRACT | Opcodes.ACC_NATIVE)) != 0 || name.equals("<clinit>")) return null;
			Method m = new Method();
			m.access = access;
			m.name = name;
			m.descriptor = descriptor;
			methods.add(m);
			return new MethodVisitor(API) {
				@Override
				public void visitLineNumber(int line, Label start) {
					m.line = line; // the last one: a constructor begins with what initialises fields elsewhere
				}
			};
		}
	}

	private static final class Probe extends MethodVisitor {
		private final String owner, method, descriptor;
		private final int access, index, slot;

		Probe(MethodVisitor to, String owner, int access, String method, String descriptor, int index, int slot) {
			super(API, to);
			this.owner = owner;
			this.access = access;
			this.method = method;
			this.descriptor = descriptor;
			this.index = index;
			this.slot = slot;
		}

		@Override
		public void visitCode() {
			super.visitCode();
			Label on = new Label();
			boolean isStatic = (access & Opcodes.ACC_STATIC) != 0, isConstructor = method.equals("<init>");
			Type[] types = Type.getArgumentTypes(descriptor);
			visitInvokeDynamicInsn("counters", "()[I", LINK, index, slot);
			push(slot);
			visitInsn(Opcodes.DUP2);
			visitInsn(Opcodes.IALOAD);
			visitInsn(Opcodes.ICONST_1);
			visitInsn(Opcodes.ISUB);
			visitInsn(Opcodes.DUP_X2);
			visitInsn(Opcodes.IASTORE);
			visitJumpInsn(Opcodes.IFGE, on);
			// a constructor's receiver is not there yet
			if (isStatic || isConstructor) visitInsn(Opcodes.ACONST_NULL);
			else visitVarInsn(Opcodes.ALOAD, 0);
			push(types.length);
			visitTypeInsn(Opcodes.ANEWARRAY, "java/lang/Object");
			int local = isStatic ? 0 : 1;
			List<Object> locals = new ArrayList<>();
			if (!isStatic) locals.add(isConstructor ? Opcodes.UNINITIALIZED_THIS : owner);
			for (int i = 0; i < types.length; i++) {
				visitInsn(Opcodes.DUP);
				push(i);
				visitVarInsn(types[i].getOpcode(Opcodes.ILOAD), local);
				box(types[i]);
				visitInsn(Opcodes.AASTORE);
				local += types[i].getSize();
				locals.add(verified(types[i]));
			}
			visitInvokeDynamicInsn("look", "(Ljava/lang/Object;[Ljava/lang/Object;)V", LINK, index, slot);
			visitLabel(on);
			visitFrame(Opcodes.F_NEW, locals.size(), locals.toArray(), 0, new Object[0]);
			visitInsn(Opcodes.NOP); // the method may begin with a frame of its own
		}

		private void push(int n) {
			if (n <= 5) visitInsn(Opcodes.ICONST_0 + n);
			else if (n <= Byte.MAX_VALUE) visitIntInsn(Opcodes.BIPUSH, n);
			else visitIntInsn(Opcodes.SIPUSH, n);
		}

		private static final Map<Integer, String> BOXES = Map.of(Type.BOOLEAN, "Boolean", Type.CHAR, "Character", Type.BYTE, "Byte", Type.SHORT, "Short",
				Type.INT, "Integer", Type.FLOAT, "Float", Type.LONG, "Long", Type.DOUBLE, "Double");

		private void box(Type t) {
			String box = BOXES.get(t.getSort());
			if (box == null) return;
			String name = "java/lang/" + box;
			visitMethodInsn(Opcodes.INVOKESTATIC, name, "valueOf", "(" + t.getDescriptor() + ")L" + name + ";", false);
		}

		private static Object verified(Type t) {
			switch (t.getSort()) {
			case Type.LONG: return Opcodes.LONG;
			case Type.DOUBLE: return Opcodes.DOUBLE;
			case Type.FLOAT: return Opcodes.FLOAT;
			case Type.ARRAY: case Type.OBJECT: return t.getInternalName();
			default: return Opcodes.INTEGER;
			}
		}
	}
}
