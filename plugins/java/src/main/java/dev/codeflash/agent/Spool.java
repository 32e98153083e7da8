// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.agent;

import dev.codeflash.verbs.Json;
import java.io.IOException;
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
 * The spool of this process, cf-spool(5). Records are written, and then the tail that publishes them, so that what
 * was written is safe from any signal.
 */
final class Spool {
	static final int PROCESS = 1, FUNCTION = 2, VALUE = 3, CALL = 4, COUNTS = 5, PROFILE = 6, EDGE = 7, LINE = 8, LOSS = 9, TEST = 10;
	private static final int HEADER = 4096, CHUNK = 1 << 20;

	private final FileChannel file;
	private final long start = System.nanoTime();
	private final ByteBuffer mark = little(16);
	private long tail, lost;
	private boolean closed;

	Spool(String folder) throws IOException {
		long pid = ProcessHandle.current().pid();
		Path path = Paths.get(folder, pid + "-" + UUID.randomUUID() + ".spool");
		file = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.READ);
		ByteBuffer header = little(HEADER);
		header.put("cfspool\0".getBytes(StandardCharsets.ISO_8859_1)).putInt(2).putInt(0).putLong(0).putLong(0).putLong(pid)
				.putLong(ProcessHandle.current().parent().map(ProcessHandle::pid).orElse(0L)).putLong(start);
		header.position(0);
		put(header, 0);
	}

	static ByteBuffer little(int n) {
		return ByteBuffer.allocate(n).order(ByteOrder.LITTLE_ENDIAN);
	}

	private void put(ByteBuffer data, long at) throws IOException {
		while (data.hasRemaining()) at += file.write(data, at);
	}

	/** @return where the record's content begins in the file; -1 when there was no room */
	synchronized long write(int type, byte[] content) {
		if (closed) return -1;
		int pad = -(8 + content.length) & 7, size = 8 + content.length + pad;
		ByteBuffer record = little(size);
		record.putInt(size).putShort((short) type).putShort((short) pad).put(content);
		record.position(0);
		long before = tail;
		try {
			long used = tail % CHUNK;
			if (used != 0 && used + size > CHUNK) padTo(CHUNK - used);
			long at = HEADER + tail;
			put(record, at);
			tail += size;
			if (size > CHUNK && tail % CHUNK != 0) padTo(CHUNK - tail % CHUNK);
			publish();
			return at + 8;
		} catch (IOException e) {
			tail = before;
			lost++;
			return -1;
		}
	}

	private void padTo(long left) throws IOException {
		ByteBuffer head = little(8);
		head.putInt((int) left).position(0);
		head.limit(8);
		put(head, HEADER + tail);
		tail += left;
	}

	private void publish() throws IOException {
		mark.clear();
		mark.putLong(tail).putLong(lost).flip();
		put(mark, 16);
	}

	void json(int type, Map<String, ?> value) {
		write(type, Json.write(value).getBytes(StandardCharsets.UTF_8));
	}

	/** A call, and its inputs where they are new. */
	synchronized boolean call(int function, int why, long thread, long seq, byte[] hash, String codec, byte[] data, boolean isNew) {
		ByteBuffer body = little(64);
		body.putInt(function).putInt(why).putLong(thread).putLong(seq).putLong(System.nanoTime() - start).putLong(-1).put(hash).putLong(data.length);
		if (write(CALL, body.array()) < 0) return false;
		if (!isNew) return true;
		ByteBuffer value = little(32 + data.length);
		value.put(hash).put(codec.getBytes(StandardCharsets.US_ASCII)).position(32);
		value.put(data);
		return write(VALUE, value.array()) >= 0;
	}

	/** Room for n counters; where the first is. */
	long counters(int first, int n) {
		ByteBuffer b = little(8 + 8 * n);
		b.putInt(first).putInt(n);
		long at = write(COUNTS, b.array());
		return at < 0 ? -1 : at + 8;
	}

	synchronized void count(long at, long[] counts) {
		if (at < 0 || closed) return;
		ByteBuffer b = little(8 * counts.length);
		for (long c : counts) b.putLong(c);
		b.flip();
		try {
			put(b, at);
		} catch (IOException e) {
			// the disk had room for them when they were made
		}
	}

	synchronized void close() {
		if (closed) return;
		closed = true;
		try {
			ByteBuffer state = little(4);
			state.putInt(1).flip();
			put(state, 12);
			file.close();
		} catch (IOException e) {
			// what is in it is good
		}
	}
}
