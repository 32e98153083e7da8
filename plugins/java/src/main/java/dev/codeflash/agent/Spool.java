// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.agent;

import dev.codeflash.verbs.Json;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.UUID;

/**
 * The spool of this process, cf-spool(5). The file is mapped and filled in place, chunk by chunk, so that what is in it
 * is safe from any signal; a chunk is written once before, so that a full disk is an exception.
 */
final class Spool {
	static final int PROCESS = 1, FUNCTION = 2, VALUE = 3, CALL = 4, COUNTS = 5, PROFILE = 6, EDGE = 7, LINE = 8, LOSS = 9, TEST = 10;
	private static final int HEADER = 4096, CHUNK = 1 << 20, STATE = 12, TAIL = 16, LOST = 24;
	private static final VarHandle LONGS = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

	private final FileChannel file;
	private final long start = System.nanoTime();
	private final ByteBuffer header;
	private ByteBuffer window; // the chunk that is being filled; more than one for a large record
	private long tail, lost;
	private boolean closed;

	Spool(String folder) throws IOException {
		long pid = ProcessHandle.current().pid();
		Path path = Paths.get(folder, pid + "-" + UUID.randomUUID() + ".spool");
		file = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.READ);
		header = map(0, HEADER);
		header.put("cfspool\0".getBytes(StandardCharsets.ISO_8859_1)).putInt(2).putInt(0).putLong(0).putLong(0).putLong(pid)
				.putLong(ProcessHandle.current().parent().map(ProcessHandle::pid).orElse(0L)).putLong(start);
	}

	static ByteBuffer little(int n) {
		return ByteBuffer.allocate(n).order(ByteOrder.LITTLE_ENDIAN);
	}

	private ByteBuffer map(long at, int n) throws IOException {
		ByteBuffer zeros = ByteBuffer.allocate(n);
		while (zeros.hasRemaining()) file.write(zeros, at + zeros.position());
		return file.map(FileChannel.MapMode.READ_WRITE, at, n).order(ByteOrder.LITTLE_ENDIAN);
	}

	/** @return the record's content in the file; null when there was no room */
	synchronized ByteBuffer write(int type, ByteBuffer... parts) {
		if (closed) return null;
		int n = 8;
		for (ByteBuffer p : parts) n += p.rewind().remaining();
		int pad = -n & 7, size = n + pad;
		try {
			int used = (int) (tail % CHUNK);
			if (used != 0 && used + size > CHUNK) padOut();
			if (tail % CHUNK == 0) window = map(HEADER + tail, (size + CHUNK - 1) / CHUNK * CHUNK);
			window.putInt(size).putShort((short) type).putShort((short) pad);
			ByteBuffer content = window.slice().order(ByteOrder.LITTLE_ENDIAN);
			for (ByteBuffer p : parts) window.put(p);
			window.position(window.position() + pad);
			tail += size;
			if (size > CHUNK && tail % CHUNK != 0) padOut();
			LONGS.setRelease(header, TAIL, tail);
			return content;
		} catch (IOException e) {
			LONGS.setRelease(header, LOST, ++lost);
			return null;
		}
	}

	private void padOut() {
		int left = window.remaining();
		window.putInt(left).putInt(0);
		tail += left;
	}

	void json(int type, Map<String, ?> value) {
		write(type, ByteBuffer.wrap(Json.write(value).getBytes(StandardCharsets.UTF_8)));
	}

	/** A call, and its inputs where they are new. */
	synchronized boolean call(int function, int why, long thread, long seq, byte[] hash, String codec, byte[] data, boolean isNew) {
		ByteBuffer body = little(64);
		body.putInt(function).putInt(why).putLong(thread).putLong(seq).putLong(System.nanoTime() - start).putLong(-1).put(hash).putLong(data.length);
		if (write(CALL, body) == null) return false;
		if (!isNew) return true;
		ByteBuffer head = little(32);
		head.put(hash).put(codec.getBytes(StandardCharsets.US_ASCII)).position(32);
		return write(VALUE, head, ByteBuffer.wrap(data)) != null;
	}

	/** Room for n counters, which stays what they are written to; null when there was none. */
	ByteBuffer counters(int first, int n) {
		ByteBuffer b = little(8 + 8 * n);
		b.putInt(first).putInt(n);
		ByteBuffer content = write(COUNTS, b);
		return content == null ? null : content.position(8).slice().order(ByteOrder.LITTLE_ENDIAN);
	}

	synchronized void close() {
		if (closed) return;
		closed = true;
		header.putInt(STATE, 1);
		try {
			file.close();
		} catch (IOException e) {
			// what is in it is good
		}
	}
}
