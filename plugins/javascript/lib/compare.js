// SPDX-License-Identifier: Apache-2.0
'use strict';
/**
 * Two encoded outcomes compared, for the replay tests: the rules of cf-value(5), and the path of the first
 * difference. What decides about candidates is cf-verify's comparator.
 */

const util = require('node:util');

class Ref {
	constructor(index) {
		this.index = index;
	}
}

class Float {
	constructor(value) {
		this.value = value;
	}
}

/** @param {Buffer} data */
function decode(data) {
	let at = 0;
	const item = () => {
		const first = data[at++], major = first >> 5, low = first & 31;
		if (major === 7) {
			if (low === 27) {
				at += 8;
				return new Float(data.readDoubleBE(at - 8));
			}
			return {20: false, 21: true, 22: null}[low];
		}
		let n = low;
		if (low === 24) n = data[at++];
		else if (low === 25) n = data.readUInt16BE((at += 2) - 2);
		else if (low === 26) n = data.readUInt32BE((at += 4) - 4);
		else if (low === 27) n = data.readBigUInt64BE((at += 8) - 8);
		if (major === 0) return n;
		if (major === 1) return typeof n === 'bigint' ? -1n - n : -1 - n;
		if (major === 2) return data.subarray(at, at += n);
		if (major === 3) return data.toString('utf8', at, at += n);
		if (major === 4) return Array.from({length: n}, item);
		if (major === 5) return Object.fromEntries(Array.from({length: n}, () => [item(), item()]));
		const inner = item();
		return n === 29 ? new Ref(inner) : {big: n, bytes: inner};
	};
	return item();
}

const shown = (v, heap) => {
	if (v instanceof Float) return Object.is(v.value, -0) ? '-0' : String(v.value);
	if (!(v instanceof Ref)) return util.inspect(v, {maxStringLength: 100});
	const [kind, type, items] = heap[v.index];
	return kind === 'global' ? String(items[0]) : kind === 'error' ? `${type}: ${shown(items[0], heap)}` : `${type} (${items.length})`;
};

/** @returns {string | null} the first difference, as text */
function compare(a, b, {mask = [], kindOnly = false} = {}) {
	if (a.kind !== b.kind) return `kind: ${a.kind} != ${b.kind}${b.reason ? ` (${b.reason})` : ''}`;
	if (kindOnly) return null;
	const masked = new Set(mask), pairs = new Map(), back = new Map();
	const left = new Map(a.roots), right = new Map(b.roots);
	const todo = [];
	for (const name of new Set([...left.keys(), ...right.keys()])) {
		if (masked.has(name)) continue;
		if (!left.has(name) || !right.has(name)) {
			if (name === 'again') continue;
			return `${name}: only ${left.has(name) ? 'before' : 'now'}`;
		}
		todo.push([left.get(name), right.get(name), name]);
	}
	todo.reverse();
	while (todo.length) {
		const [x, y, at] = todo.pop();
		if (masked.has(at)) continue;
		const differ = `${at}: ${shown(x, a.heap)} != ${shown(y, b.heap)}`;
		if (x instanceof Ref && y instanceof Ref) {
			const m = a.heap[x.index], n = b.heap[y.index];
			if (pairs.has(x.index) || back.has(y.index)) {
				if (pairs.get(x.index) !== y.index && !m[4].includes('frozen')) return `${at}: not the same object as before`;
				continue;
			}
			pairs.set(x.index, y.index);
			back.set(y.index, x.index);
			if (m[0] !== n[0] || m[1] !== n[1]) return `type(${at}): ${m[1]} != ${n[1]}`;
			if (m[0] === 'opaque') return `${at}: cannot be compared: ${m[2][0]}`;
			if (m[0] === 'error' && a.kind === 'raise' && at === 'raise' && a.raised_by === 'runtime') continue;
			if (m[2].length !== n[2].length) return `len(${at}): ${m[2].length} != ${n[2].length}`;
			const s = m[3] ?? [], t = n[3] ?? [];
			if (s.length !== t.length) return `${at}: other properties`;
			for (let i = s.length - 2; i >= 0; i -= 2) {
				const k = t.indexOf(s[i]);
				if (k < 0) return `${at}.${s[i]} is gone`;
				todo.push([s[i + 1], t[k + 1], `${at}.${s[i]}`]);
			}
			for (let i = m[2].length - 1; i >= 0; i--) {
				const name = m[0] === 'map' ? i % 2 ? `${at}[${shown(m[2][i - 1], a.heap)}]` : `${at}.keys()` : `${at}[${i}]`;
				todo.push([m[2][i], n[2][i], name]);
			}
		} else if (x instanceof Float && y instanceof Float) {
			const p = x.value, q = y.value;
			const close = Object.is(p, q) || Number.isFinite(p) && Number.isFinite(q) && p !== q && Math.abs(p - q) <= 1e-9 * Math.max(Math.abs(p), Math.abs(q));
			if (!close) return differ;
		} else if (!util.isDeepStrictEqual(x, y)) {
			return differ;
		}
	}
	return null;
}

module.exports = {compare, decode};
