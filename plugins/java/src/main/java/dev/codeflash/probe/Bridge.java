// SPDX-License-Identifier: Apache-2.0
package dev.codeflash.probe;

import java.lang.invoke.CallSite;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/**
 * The one class of ours that is defined by the loader which every other asks first: probes are linked through it,
 * whatever loader their class has.
 */
public final class Bridge {
	/** The recorder's link(), set once it is there. */
	public static MethodHandle link;

	private Bridge() {
	}

	/** A probe's bootstrap method. */
	public static CallSite link(MethodHandles.Lookup caller, String name, MethodType type, int index, int slot) throws Throwable {
		return (CallSite) link.invokeExact(name, index, slot);
	}
}
