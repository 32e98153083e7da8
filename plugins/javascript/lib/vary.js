// SPDX-License-Identifier: Apache-2.0
'use strict';
/** Inputs like the recorded ones: one part changed a little, the same one for the same number. */

const LEAVES_MAX = 2000;

/** [container, key] of numbers and texts in plain arrays and objects. */
function leaves(root) {
	const found = [], todo = [root], seen = new Set(todo);
	while (todo.length && found.length < LEAVES_MAX) {
		const at = todo.shift();
		for (const key of Object.keys(at)) {
			const d = Object.getOwnPropertyDescriptor(at, key);
			if (!d || !('value' in d) || !d.writable) continue;
			const v = d.value;
			if (typeof v === 'number' && Number.isFinite(v) || typeof v === 'string' && /[a-z0-9]/i.test(v)) {
				found.push([at, key]);
				if (found.length >= LEAVES_MAX) break;
			} else if (typeof v === 'object' && v !== null && !seen.has(v) && !ArrayBuffer.isView(v)) {
				seen.add(v);
				todo.push(v);
			}
		}
	}
	return found;
}

function mix(n) {
	let x = Math.imul(n ^ n >>> 16, 0x45d9f3b);
	x = Math.imul(x ^ x >>> 16, 0x45d9f3b);
	return (x ^ x >>> 16) >>> 0;
}

function letter(text, dice) {
	const places = [];
	for (let i = 0; i < text.length && places.length < 64; i++) if (/[a-z0-9]/i.test(text[i])) places.push(i);
	const at = places[dice % places.length], c = text[at];
	const other = /\d/.test(c) ? String((Number(c) + 1 + dice % 8) % 10) : String.fromCharCode((c.toLowerCase().charCodeAt(0) - 97 + 1 + dice % 24) % 26 + (c < 'a' ? 65 : 97));
	return text.slice(0, at) + other + text.slice(at + 1);
}

/** @param {number} number @param {[any[], any]} inputs @returns {boolean} whether there was a part to change */
function vary(number, [args, self]) {
	const found = leaves(args);
	if (!found.length && typeof self === 'object' && self !== null && self !== globalThis) found.push(...leaves(self));
	if (!found.length) return false;
	const dice = mix(number);
	const [at, key] = found[dice % found.length], v = at[key];
	if (typeof v === 'string') at[key] = letter(v, mix(dice));
	else if (Number.isInteger(v)) at[key] = v < 0 ? v - 1 : v + 1;
	else at[key] = v * (1 + (1 + dice % 7) / 1024);
	return true;
}

module.exports = {vary};
