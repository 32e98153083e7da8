// SPDX-License-Identifier: Apache-2.0
'use strict';
/**
 * What a call did, as cf-value(5) has it. Runs none of the program's code: no getter, no toString, no
 * method. What it cannot look into is opaque, and equal to nothing.
 */

const util = require('node:util');
const {getPrototypeOf, isNative, isPrivate} = require('./codec');

const {types} = util;
const {ownKeys} = Reflect, descriptor = Object.getOwnPropertyDescriptor;
const NODES_MAX = 1000000, BYTES_MAX = 64 << 20;
/** From here on a relative 1e-9 would take one integer for the next. */
const EXACT = 5e8;
const typedArray = descriptor(getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;
const functionText = Function.prototype.toString;
const mapForEach = Map.prototype.forEach, setForEach = Set.prototype.forEach, toNumber = Date.prototype.getTime;
const DTYPES = {Int8Array: '|i1', Uint8Array: '|u1', Uint8ClampedArray: '|u1', Int16Array: '<i2', Uint16Array: '<u2', Int32Array: '<i4',
	Uint32Array: '<u4', Float32Array: '<f4', Float64Array: '<f8', BigInt64Array: '<i8', BigUint64Array: '<u8', Float16Array: '<f2'};

class TooLarge extends Error {}

/** A growing buffer of CBOR. */
class Cbor {
	constructor() {
		this.data = Buffer.allocUnsafe(4096);
		this.at = 0;
	}

	room(n) {
		if (this.at + n <= this.data.length) return;
		if (this.at + n > BYTES_MAX) throw new TooLarge('too large');
		const more = Buffer.allocUnsafe(Math.max(this.data.length * 2, this.at + n));
		this.data.copy(more, 0, 0, this.at);
		this.data = more;
	}

	head(major, n) {
		this.room(9);
		const {data} = this;
		if (n < 24) {
			data[this.at++] = major << 5 | n;
		} else if (n < 256) {
			data[this.at++] = major << 5 | 24;
			data[this.at++] = n;
		} else if (n < 65536) {
			data[this.at++] = major << 5 | 25;
			this.at = data.writeUInt16BE(n, this.at);
		} else if (n <= 0xffffffff) {
			data[this.at++] = major << 5 | 26;
			this.at = data.writeUInt32BE(n, this.at);
		} else {
			data[this.at++] = major << 5 | 27;
			this.at = data.writeBigUInt64BE(BigInt(n), this.at);
		}
	}

	text(s) {
		const n = Buffer.byteLength(s);
		this.head(3, n);
		this.room(n);
		this.at += this.data.write(s, this.at);
	}

	bytes(b) {
		this.head(2, b.length);
		this.room(b.length);
		this.data.set(b, this.at);
		this.at += b.length;
	}

	float(v) {
		this.room(9);
		this.data[this.at++] = 0xfb;
		this.at = this.data.writeDoubleBE(v, this.at);
	}

	int(v) {
		const big = BigInt(v);
		const n = big < 0n ? -1n - big : big;
		if (n <= 0xffffffffffffffffn) {
			if (n <= 0xffffffffn) {
				this.head(big < 0n ? 1 : 0, Number(n));
				return;
			}
			this.room(9);
			this.data[this.at++] = big < 0n ? 0x3b : 0x1b;
			this.at = this.data.writeBigUInt64BE(n, this.at);
			return;
		}
		this.head(6, big < 0n ? 3 : 2);
		let hex = n.toString(16);
		if (hex.length % 2) hex = `0${hex}`;
		this.bytes(Buffer.from(hex, 'hex'));
	}

	simple(code) {
		this.room(1);
		this.data[this.at++] = code;
	}

	raw(b) {
		this.room(b.length);
		this.data.set(b, this.at);
		this.at += b.length;
	}

	get done() {
		return Buffer.from(this.data.subarray(0, this.at));
	}
}

const isWellFormed = String.prototype.isWellFormed ? (s) => s.isWellFormed() : (s) => !/[\ud800-\udfff]/.test(s.replace(/[\ud800-\udbff][\udc00-\udfff]/g, ''));

/** Stands for what has no object of its own. */
class Part {
	constructor(write) {
		this.write = write;
	}
}

/** What something lazy came to: in its place. */
class Settled {
	/** @param {'promise' | 'iter'} kind */
	constructor(kind, type, fields) {
		this.kind = kind;
		this.type = type;
		Object.assign(this, fields);
	}
}

class Encoder {
	/**
	 * @param {import('./names').Names} names
	 * @param {Map<object, Settled>} settled
	 */
	constructor(names, settled = new Map(), most = NODES_MAX) {
		this.names = names;
		this.settled = settled;
		this.most = most;
		this.pending = new Set(); // lazy things that nobody has looked into yet
		this.ids = new Map();
		this.todo = [];
		this.out = new Cbor();
		this.types = new Map();
	}

	ref(v) {
		let id = this.ids.get(v);
		if (id === undefined) {
			id = this.ids.size;
			if (id >= this.most) throw new TooLarge('too large');
			this.ids.set(v, id);
			this.todo.push(v);
		}
		this.out.head(6, 29);
		this.out.head(0, id);
	}

	/** A node that is the same wherever it is met. */
	shared(key, write) {
		const name = `\0${key}`;
		let part = this[name];
		if (!part) part = this[name] = new Part(write);
		this.ref(part);
	}

	value(v) {
		const {out} = this;
		switch (typeof v) {
		case 'undefined':
			this.shared('undefined', () => this.named('undefined', 'undefined'));
			return;
		case 'boolean':
			out.simple(v ? 0xf5 : 0xf4);
			return;
		case 'number':
			if (Number.isSafeInteger(v) && Math.abs(v) >= EXACT) out.int(v);
			else out.float(v);
			return;
		case 'string':
			if (isWellFormed(v)) out.text(v);
			else this.shared(`s${v}`, () => this.node('scalar', 'string', [() => this.out.bytes(Buffer.from(v, 'utf16le'))], null, ['frozen']));
			return;
		case 'bigint':
			this.shared(`n${v}`, () => this.node('scalar', 'bigint', [() => this.out.int(v)], null, ['frozen']));
			return;
		case 'object':
			if (v === null) {
				out.simple(0xf6);
				return;
			}
			break;
		default:
		}
		this.ref(v);
	}

	node(kind, type, items, state, flags = []) {
		const {out} = this;
		out.head(4, 5);
		out.text(kind);
		out.text(type);
		out.head(4, items.length);
		for (const item of items) item();
		this.state(state);
		out.head(4, flags.length);
		for (const f of flags) out.text(f);
	}

	state(state) {
		const {out} = this;
		if (!state || !state.length) {
			out.simple(0xf6);
			return;
		}
		out.head(4, 2 * state.length);
		for (const [name, write] of state) {
			out.text(isWellFormed(name) ? name : JSON.stringify(name));
			write();
		}
	}

	named(type, name) {
		this.node('global', type, [() => this.out.text(name)], null);
	}

	opaque(type, reason) {
		this.node('opaque', type, [() => this.out.text(reason)], null);
	}

	/** The name of a class, by its prototype: where it is from is part of it. */
	type(prototype) {
		if (prototype === null) return 'null';
		let known = this.types.get(prototype);
		if (known) return known;
		const name = this.names.of(prototype);
		if (name) {
			const parts = name.filter((p) => p !== 'prototype' && p !== 'exports' && p !== '');
			known = parts.length ? parts.join('.') : 'Object';
		} else {
			const constructor = descriptor(prototype, 'constructor')?.value;
			const own = typeof constructor === 'function' ? descriptor(constructor, 'name')?.value : undefined;
			known = `local.${typeof own === 'string' && own && isWellFormed(own) ? own : 'class'}`;
		}
		this.types.set(prototype, known);
		return known;
	}

	/** [name, write] of properties, in order; attributes that are not the usual ones are part of it. */
	properties(v, keys) {
		const state = [];
		for (const key of keys) {
			const d = descriptor(v, key);
			let name = typeof key === 'symbol' ? `[${key.description ?? ''}]` : key;
			if ('value' in d) {
				if (!d.writable) name += ' (read-only)';
				state.push([d.enumerable ? name : `${name} (hidden)`, () => this.value(d.value)]);
			} else {
				state.push([`${name} (get)`, () => this.value(d.get)], [`${name} (set)`, () => this.value(d.set)]);
			}
		}
		return state;
	}

	/** Whether it can be changed is seen by who changes it. */
	openness(v, state) {
		if (!Object.isExtensible(v)) state.push(['[[extensible]]', () => this.out.simple(0xf4)]);
		return state;
	}

	encode(v) {
		if (v instanceof Part) {
			v.write();
			return;
		}
		const settled = this.settled.get(v);
		if (settled) {
			this.lazy(settled);
			return;
		}
		if (typeof v === 'symbol') {
			this.symbol(v);
			return;
		}
		if (typeof v === 'function') {
			this.function(v);
			return;
		}
		if (types.isProxy(v)) {
			this.opaque('Proxy', 'a Proxy');
			return;
		}
		if (v === globalThis) {
			this.named('Object', 'globalThis');
			return;
		}
		const name = this.names.known.get(v);
		if (name && name[0] === '' || types.isModuleNamespaceObject(v)) {
			this.named('Object', name ? name.slice(1).join('.') : 'a module');
			return;
		}
		this.object(v, getPrototypeOf(v));
	}

	symbol(v) {
		const key = Symbol.keyFor(v);
		if (key !== undefined) this.named('symbol', `Symbol.for(${JSON.stringify(key)})`);
		else if (v.description?.startsWith('Symbol.') && Symbol[v.description.slice(7)] === v) this.named('symbol', v.description);
		else this.node('object', 'symbol', [], [['description', () => this.value(v.description)]]);
	}

	function(v) {
		const name = this.names.of(v);
		if (name) this.named('Function', name.join('.'));
		else this.opaque('Function', 'a function that no name leads to');
	}

	lazy(s) {
		if (s.kind === 'promise') {
			this.node('seq', s.type, [() => this.value(s.value)], [['state', () => this.out.text(s.state)]]);
			return;
		}
		const state = [];
		if (s.returned !== undefined) state.push(['return', () => this.value(s.returned)]);
		if ('raised' in s) state.push(['raise', () => this.value(s.raised)]);
		this.node('iter', s.type, s.items.map((x) => () => this.value(x)), state, s.truncated ? ['truncated'] : []);
	}

	object(v, prototype) {
		const {out} = this;
		if (types.isPromise(v) || types.isGeneratorObject(v) || types.isMapIterator(v) || types.isSetIterator(v) || isBuiltinIterator(v)) {
			this.pending.add(v);
			this.opaque('lazy', 'not looked into');
			return;
		}
		const type = this.type(prototype);
		for (let at = prototype; at; at = getPrototypeOf(at)) {
			if (isPrivate(at)) {
				this.opaque(type, 'an object with private fields');
				return;
			}
		}
		if (Array.isArray(v)) {
			this.array(v, type);
			return;
		}
		const state = (but) => this.openness(v, this.properties(v, ownKeys(v).filter((k) => !but || !but(k))));
		const index = (k) => typeof k === 'string' && /^(0|[1-9]\d*)$/.test(k);
		if (types.isMap(v)) {
			const items = [];
			mapForEach.call(v, (value, key) => items.push(() => this.value(key), () => this.value(value)));
			this.node('map', type, items, state());
		} else if (types.isSet(v)) {
			const items = [];
			setForEach.call(v, (value) => items.push(() => this.value(value)));
			this.node('seq', type, items, state());
		} else if (types.isDate(v)) {
			this.node('scalar', type, [() => out.float(toNumber.call(v))], state());
		} else if (types.isRegExp(v)) {
			this.node('scalar', type, [() => out.text(JSON.stringify(v.source)), () => out.text(v.flags), () => this.value(v.lastIndex)], state((k) => k === 'lastIndex'));
		} else if (types.isTypedArray(v)) {
			const kind = typedArray.call(v);
			this.bytes(type, DTYPES[kind] ?? '|u1', v.length, Buffer.from(v.buffer, v.byteOffset, v.byteLength), state(index));
		} else if (types.isAnyArrayBuffer(v)) {
			this.bytes(type, '|u1', v.byteLength, Buffer.from(v), state());
		} else if (types.isDataView(v)) {
			this.bytes(type, '|u1', v.byteLength, Buffer.from(v.buffer, v.byteOffset, v.byteLength), state());
		} else if (types.isNativeError(v)) {
			this.error(v, type);
		} else if (types.isBoxedPrimitive(v)) {
			this.node('scalar', type, [() => this.value(v.valueOf())], state((k) => types.isStringObject(v) && (index(k) || k === 'length')));
		} else if (types.isWeakMap(v) || types.isWeakSet(v) || types.isExternal(v)) {
			this.opaque(type, 'cannot be looked into');
		} else if (prototype === Object.prototype || prototype === null) {
			this.plain(v, type);
		} else if (isNative(prototype)) {
			this.opaque(type, 'what it holds is Node\'s or JavaScript\'s own');
		} else if (type.startsWith('local.')) {
			this.opaque(type, 'an object of a class that no name leads to');
		} else {
			this.node('object', type, [], state());
		}
	}

	/** The order of a plain object's names can be seen, so they are a map's. */
	plain(v, type) {
		const items = [], odd = [];
		for (const key of ownKeys(v)) {
			const d = descriptor(v, key);
			if (typeof key === 'string' && 'value' in d && d.enumerable && d.writable) items.push(() => this.value(key), () => this.value(d.value));
			else odd.push(key);
		}
		this.node('map', type, items, this.openness(v, this.properties(v, odd)));
	}

	array(v, type) {
		const items = [], {length} = v;
		if (length > this.most) {
			this.opaque(type, 'too large');
			return;
		}
		for (let i = 0; i < length; i++) {
			const d = descriptor(v, i);
			if (!d) items.push(() => this.shared('hole', () => this.named('undefined', 'hole')));
			else if ('value' in d) items.push(() => this.value(d.value));
			else items.push(() => this.shared('accessor', () => this.opaque('accessor', 'an element that is computed')));
		}
		const more = ownKeys(v).length === length + 1 ? [] : ownKeys(v).filter((k) => k !== 'length' && !(typeof k === 'string' && /^(0|[1-9]\d*)$/.test(k)));
		const state = this.properties(v, more);
		if (!descriptor(v, 'length').writable) state.push(['[[frozen]]', () => this.out.simple(0xf5)]);
		this.node('seq', type, items, this.openness(v, state));
	}

	bytes(type, dtype, length, bytes, state) {
		const {out} = this;
		out.head(4, 5);
		out.text('array');
		out.text(type);
		out.head(4, 3);
		out.text(dtype);
		out.head(4, 1);
		out.head(0, length);
		out.bytes(bytes);
		this.state(state);
		out.head(4, 0);
	}

	error(v, type) {
		const message = descriptor(v, 'message'), cause = descriptor(v, 'cause');
		const keys = ownKeys(v).filter((k) => k !== 'message' && k !== 'cause' && k !== 'stack');
		const nothing = () => this.out.simple(0xf6);
		this.node('error', type, [
			message && 'value' in message ? () => this.value(message.value) : nothing,
			cause && 'value' in cause ? () => this.value(cause.value) : nothing, nothing, nothing,
		], this.openness(v, this.properties(v, keys)));
	}

	/** Roots and the heap that they lead to. @param {[string, any][]} roots */
	graph(roots) {
		const {out} = this;
		out.text('roots');
		out.head(4, roots.length);
		for (const [name, v] of roots) {
			out.head(4, 2);
			out.text(name);
			this.value(v);
		}
		const before = out;
		this.out = new Cbor();
		for (let i = 0; i < this.todo.length; i++) this.encode(this.todo[i]);
		const heap = this.out;
		this.out = before;
		out.text('heap');
		out.head(4, this.todo.length);
		out.raw(heap.data.subarray(0, heap.at));
	}
}

const ARRAY_ITERATOR = getPrototypeOf([][Symbol.iterator]()), STRING_ITERATOR = getPrototypeOf(''[Symbol.iterator]()),
	REGEXP_ITERATOR = getPrototypeOf('a'.matchAll(/a/g));
function isBuiltinIterator(v) {
	const p = getPrototypeOf(v);
	return p === ARRAY_ITERATOR || p === STRING_ITERATOR || p === REGEXP_ITERATOR;
}

/**
 * @param {'return' | 'raise'} kind
 * @param {[string, any][]} roots
 * @returns {{data: Buffer, pending: Set<object>}} pending: what must be settled before it can be told
 */
function outcome(kind, roots, by, names, settled) {
	const e = new Encoder(names, settled);
	e.out.head(5, by ? 5 : 4);
	e.out.text('schema');
	e.out.text('cf/outcome/1');
	e.out.text('kind');
	e.out.text(kind);
	if (by) {
		e.out.text('raised_by');
		e.out.text(by);
	}
	e.graph(roots);
	return {data: e.out.done, pending: e.pending};
}

function skipped(reason) {
	const out = new Cbor();
	out.head(5, 5);
	for (const t of ['schema', 'cf/outcome/1', 'kind', 'skip', 'reason']) out.text(t);
	out.text(isWellFormed(reason) ? reason.slice(0, 500) : 'cannot be judged');
	out.text('roots');
	out.head(4, 0);
	out.text('heap');
	out.head(4, 0);
	return out.done;
}

/** Of an outcome, whether it is one of those. */
function isSkipped(data) {
	return data.subarray(0, 64).includes('dkinddskip');
}

/** A worker's frame. @param {Record<string, number | boolean | string | Buffer>} fields */
function frame(fields) {
	const out = new Cbor(), entries = Object.entries(fields);
	out.head(5, entries.length);
	for (const [key, v] of entries) {
		out.text(key);
		if (typeof v === 'number') out.int(v);
		else if (typeof v === 'boolean') out.simple(v ? 0xf5 : 0xf4);
		else if (typeof v === 'string') out.text(isWellFormed(v) ? v : JSON.stringify(v));
		else out.bytes(v);
	}
	const length = Buffer.alloc(4);
	length.writeUInt32LE(out.at);
	return Buffer.concat([length, out.data.subarray(0, out.at)]);
}

module.exports = {Encoder, Settled, TooLarge, frame, isSkipped, outcome, skipped};
