// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.call;

import java.util.Random;

/** What code under test is led to in place of what would end the process, differ from run to run or leave a mark. */
public final class Guard {
	/** What System.exit() does to a call. */
	public static final class Exit extends Error {
		private static final long serialVersionUID = 1L;

		Exit(int status) {
			super("System.exit(" + status + ")");
		}
	}

	private static volatile String effect;
	private static Random random = new Random(0);
	private static long seeds;

	private Guard() {
	}

	static synchronized void prepare(long seed) {
		effect = null;
		random = new Random(seed);
		seeds = seed;
	}

	/** Why the call cannot be judged; null when it can. */
	static String effect() {
		return effect;
	}

	public static void effect(String reason) {
		if (effect == null) effect = reason;
	}

	public static void exit(int status) {
		throw new Exit(status);
	}

	public static void exit(Runtime runtime, int status) {
		throw new Exit(status);
	}

	public static synchronized double random() {
		return random.nextDouble();
	}

	/** For a generator that is made without a seed. */
	public static synchronized long seed() {
		return seeds = seeds * 6364136223846793005L + 1442695040888963407L;
	}
}
