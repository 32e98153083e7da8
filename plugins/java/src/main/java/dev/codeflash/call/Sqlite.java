// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.call;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** As much of SQLite's file format as reading rows of a finished trace takes. Rows are lists of Long, Double, String, byte[] or null. */
final class Sqlite implements Closeable {
	/** What a row is given to; false ends the walk. */
	interface Each {
		boolean row(long rowid, List<Object> row) throws IOException;
	}

	private final FileChannel file;
	private final int pageSize, usable;
	private final Map<String, Integer> roots = new HashMap<>();

	Sqlite(Path path) throws IOException {
		file = FileChannel.open(path, StandardOpenOption.READ);
		ByteBuffer head = ByteBuffer.allocate(100);
		if (file.read(head, 0) < 100 || !new String(head.array(), 0, 15, StandardCharsets.US_ASCII).equals("SQLite format 3")) {
			file.close();
			throw new IOException(path + ": not a trace");
		}
		int size = head.getShort(16) & 0xffff;
		pageSize = size == 1 ? 65536 : size;
		usable = pageSize - (head.get(20) & 255);
		walk(1, null, (id, row) -> {
			if ("table".equals(row.get(0))) roots.put((String) row.get(1), ((Long) row.get(3)).intValue());
			return true;
		});
	}

	@Override
	public void close() throws IOException {
		file.close();
	}

	/** The row with this rowid; null for none. */
	List<Object> row(String table, long rowid) throws IOException {
		List<List<Object>> found = new ArrayList<>();
		walk(roots.get(table), rowid, (id, row) -> {
			found.add(row);
			return false;
		});
		return found.isEmpty() ? null : found.get(0);
	}

	void all(String table, Each each) throws IOException {
		walk(roots.get(table), null, each);
	}

	private ByteBuffer page(int number) throws IOException {
		ByteBuffer b = ByteBuffer.allocate(pageSize);
		if (file.read(b, (long) (number - 1) * pageSize) < pageSize) throw new IOException("the trace is cut short");
		b.rewind();
		return b;
	}

	/** Rows of a tree, all or the one with that rowid. A table WITHOUT ROWID is an index whose keys are its rows. */
	private boolean walk(int number, Long wanted, Each each) throws IOException {
		ByteBuffer p = page(number);
		int head = number == 1 ? 100 : 0, type = p.get(head), cells = p.getShort(head + 3) & 0xffff;
		boolean inner = type == 2 || type == 5, isTable = type == 5 || type == 13;
		int array = head + (inner ? 12 : 8);
		for (int i = 0; i < cells; i++) {
			int at = p.getShort(array + 2 * i) & 0xffff;
			p.position(at);
			int child = inner ? p.getInt() : 0;
			if (inner && isTable) {
				long key = varint(p);
				if (wanted != null && wanted > key) continue;
				if (!walk(child, wanted, each)) return false;
				if (wanted != null) return true;
				continue;
			}
			if (inner && !walk(child, wanted, each)) return false;
			int size = (int) varint(p);
			long rowid = isTable ? varint(p) : -1;
			if (wanted != null && wanted != rowid) continue;
			if (!each.row(rowid, record(payload(p, size, isTable)))) return false;
		}
		return !inner || walk(p.getInt(head + 8), wanted, each);
	}

	private byte[] payload(ByteBuffer p, int size, boolean isTable) throws IOException {
		int most = isTable ? usable - 35 : (usable - 12) * 64 / 255 - 23, least = (usable - 12) * 32 / 255 - 23, here = size;
		if (size > most) {
			here = least + (size - least) % (usable - 4);
			if (here > most) here = least;
		}
		byte[] data = new byte[size];
		p.get(data, 0, here);
		int next = size > here ? p.getInt() : 0;
		for (int done = here; done < size;) {
			ByteBuffer more = page(next);
			next = more.getInt();
			int n = Math.min(size - done, usable - 4);
			more.get(data, done, n);
			done += n;
		}
		return data;
	}

	private static long varint(ByteBuffer b) {
		long n = 0;
		for (int i = 0; i < 8; i++) {
			byte x = b.get();
			n = n << 7 | x & 127;
			if (x >= 0) return n;
		}
		return n << 8 | b.get() & 255;
	}

	private static List<Object> record(byte[] data) {
		ByteBuffer b = ByteBuffer.wrap(data), body = ByteBuffer.wrap(data);
		int headSize = (int) varint(b);
		body.position(headSize);
		List<Object> row = new ArrayList<>();
		while (b.position() < headSize) {
			long type = varint(b);
			if (type == 0) {
				row.add(null);
			} else if (type <= 6) {
				int n = type <= 4 ? (int) type : type == 5 ? 6 : 8;
				long v = body.get();
				for (int i = 1; i < n; i++) v = v << 8 | body.get() & 255;
				row.add(v);
			} else if (type == 7) {
				row.add(body.getDouble());
			} else if (type < 12) {
				row.add(type - 8);
			} else {
				byte[] bytes = new byte[(int) (type - 12) / 2];
				body.get(bytes);
				row.add(type % 2 == 0 ? bytes : new String(bytes, StandardCharsets.UTF_8));
			}
		}
		return row;
	}
}
