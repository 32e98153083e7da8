// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.value;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A growing buffer of CBOR, and its reading. */
public final class Cbor {
	static final int BYTES_MAX = 64 << 20;

	/** There is more of it than is compared. */
	public static final class TooLarge extends RuntimeException {
		private static final long serialVersionUID = 1L;

		TooLarge() {
			super("too large", null, false, false);
		}
	}

	byte[] data = new byte[4096];
	int at;

	private void room(int n) {
		if (at + n <= data.length) return;
		if ((long) at + n > BYTES_MAX) throw new TooLarge();
		data = Arrays.copyOf(data, Math.max(data.length * 2, at + n));
	}

	private void put(long n, int bytes) {
		room(bytes);
		for (int i = bytes; i-- > 0;) data[at++] = (byte) (n >>> 8 * i);
	}

	/** @param n unsigned */
	public void head(int major, long n) {
		int m = major << 5;
		if (n >= 0 && n < 24) {
			put(m | n, 1);
		} else if (n >= 0 && n < 256) {
			put(m | 24, 1);
			put(n, 1);
		} else if (n >= 0 && n < 65536) {
			put(m | 25, 1);
			put(n, 2);
		} else if (n >= 0 && n <= 0xffffffffL) {
			put(m | 26, 1);
			put(n, 4);
		} else {
			put(m | 27, 1);
			put(n, 8);
		}
	}

	public void number(long v) {
		if (v >= 0) head(0, v);
		else head(1, ~v);
	}

	void number(BigInteger v) {
		if (v.bitLength() < 64) {
			number(v.longValue());
			return;
		}
		BigInteger n = v.signum() < 0 ? v.not() : v;
		if (n.bitLength() <= 64) {
			put(v.signum() < 0 ? 0x3b : 0x1b, 1);
			put(n.longValue(), 8);
			return;
		}
		head(6, v.signum() < 0 ? 3 : 2);
		byte[] bytes = n.toByteArray();
		bytes(bytes[0] == 0 ? Arrays.copyOfRange(bytes, 1, bytes.length) : bytes);
	}

	void real(double v) {
		put(0xfb, 1);
		put(Double.doubleToRawLongBits(v), 8);
	}

	void simple(int code) {
		put(code, 1);
	}

	public void text(String s) {
		byte[] b = s.getBytes(StandardCharsets.UTF_8);
		head(3, b.length);
		raw(b, b.length);
	}

	public void bytes(byte[] b) {
		head(2, b.length);
		raw(b, b.length);
	}

	void raw(byte[] b, int n) {
		room(n);
		System.arraycopy(b, 0, data, at, n);
		at += n;
	}

	public byte[] done() {
		return Arrays.copyOf(data, at);
	}

	/** A worker's frame: its length and a map. */
	public static byte[] frame(Object... pairs) {
		Cbor c = new Cbor();
		c.put(0, 4);
		c.head(5, pairs.length / 2);
		for (int i = 0; i < pairs.length; i += 2) {
			c.text((String) pairs[i]);
			Object v = pairs[i + 1];
			if (v instanceof String) c.text(wellFormed((String) v));
			else if (v instanceof Boolean) c.simple((Boolean) v ? 0xf5 : 0xf4);
			else if (v instanceof byte[]) c.bytes((byte[]) v);
			else c.number(((Number) v).longValue());
		}
		int n = c.at - 4;
		for (int i = 0; i < 4; i++) c.data[i] = (byte) (n >>> 8 * i);
		return c.done();
	}

	static boolean isWellFormed(String s) {
		for (int i = 0; i < s.length(); i++) {
			char c = s.charAt(i);
			if (!Character.isSurrogate(c)) continue;
			if (!Character.isHighSurrogate(c) || i + 1 >= s.length() || !Character.isLowSurrogate(s.charAt(i + 1))) return false;
			i++;
		}
		return true;
	}

	static String wellFormed(String s) {
		return isWellFormed(s) ? s : s.replaceAll("[\\ud800-\\udfff]", "?");
	}

	// Reading what this wrote. -------------------------------------------------------------------------

	/** A reference to a node. */
	static final class Ref {
		final int index;

		Ref(int index) {
			this.index = index;
		}
	}

	/** Maps, lists, Ref, Double, Boolean, String, Long, byte[] or null. */
	static Object read(byte[] data) {
		Cbor c = new Cbor();
		c.data = data;
		return c.item();
	}

	private long take(int bytes) {
		long n = 0;
		for (int i = 0; i < bytes; i++) n = n << 8 | data[at++] & 255;
		return n;
	}

	private Object item() {
		int first = data[at++] & 255, major = first >> 5, low = first & 31;
		if (major == 7) {
			if (low == 27) return Double.longBitsToDouble(take(8));
			return low == 22 ? null : (Object) (low == 21);
		}
		long n = low < 24 ? low : take(1 << low - 24);
		switch (major) {
		case 0: return n;
		case 1: return ~n;
		case 2:
			at += (int) n;
			return Arrays.copyOfRange(data, at - (int) n, at);
		case 3:
			at += (int) n;
			return new String(data, at - (int) n, (int) n, StandardCharsets.UTF_8);
		case 4:
			List<Object> list = new ArrayList<>();
			for (long i = 0; i < n; i++) list.add(item());
			return list;
		case 5:
			Map<Object, Object> map = new LinkedHashMap<>();
			for (long i = 0; i < n; i++) {
				Object key = item();
				map.put(key, item());
			}
			return map;
		default:
			Object inner = item();
			if (n == 29) return new Ref(((Long) inner).intValue());
			BigInteger big = new BigInteger(1, (byte[]) inner);
			return n == 3 ? big.not() : big;
		}
	}
}
