// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.agent;

import java.lang.instrument.Instrumentation;

/** Where the JVM begins with the agent. */
public final class Premain {
	private Premain() {
	}

	public static void premain(String options, Instrumentation instrumentation) {
		String config = System.getenv("CODEFLASH_RECORD");
		if (config == null) return;
		try {
			Recorder.start(config, instrumentation);
		} catch (Throwable error) {
			// the program runs on, unrecorded
			System.err.println("codeflash: this JVM cannot be recorded: " + error);
		}
	}
}
