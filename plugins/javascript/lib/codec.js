// SPDX-License-Identifier: Apache-2.0
'use strict';
/**
 * The inputs of a call as bytes: codec 'js-graph-1'. Every object is a row of a table, and the table is
 * V8's own serialisation, which keeps numbers, strings and bytes as they are. What V8 loses by itself is
 * in the rows: prototypes and functions by name, symbols, holes, attributes of properties, classes of errors.
 *
 * A row is [tag, content, prototype, properties, extensible]; what is not a primitive is [row] wherever it
 * is referred to. No getter and no method of the program's is called.
 */

const util = require('node:util');
const v8 = require('node:v8');

const {types} = util;
const CODEC = 'js-graph-1';
const ownKeys = Reflect.ownKeys, descriptor = Object.getOwnPropertyDescriptor;
const WELL_KNOWN = new Map(Object.getOwnPropertyNames(Symbol).filter((n) => typeof Symbol[n] === 'symbol').map((n) => [Symbol[n], n]));
const typedArray = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;
const mapForEach = Map.prototype.forEach, setForEach = Set.prototype.forEach, toNumber = Date.prototype.getTime;
const PRIVATE = /(^|[^\w$"'`/])#[A-Za-z_$][\w$]*/;

const nativeCode = (f) => /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(f));
const homes = new WeakMap();

/** The prototype of an object. What another realm has of JavaScript's own, as Jest gives each file, stands for ours. */
function getPrototypeOf(v) {
	const p = Object.getPrototypeOf(v);
	if (p === null || p === Object.prototype || p === Array.prototype) return p;
	let home = homes.get(p);
	if (home === undefined) {
		home = p;
		const d = types.isProxy(p) ? undefined : descriptor(p, 'constructor')?.value, name = typeof d === 'function' && !types.isProxy(d) ? descriptor(d, 'name')?.value : undefined;
		const ours = typeof name === 'string' ? descriptor(globalThis, name)?.value : undefined;
		if (typeof ours === 'function' && ours !== d && descriptor(d, 'prototype')?.value === p && nativeCode(d) && nativeCode(ours)) home = ours.prototype;
		homes.set(p, home);
	}
	return home;
}

/** Why inputs are not kept: a reason for the ledger. */
class Unkept extends Error {}

/** Whether objects of this class hide something in them that nobody can see from outside. */
const hides = new WeakMap();
function isPrivate(prototype) {
	let known = hides.get(prototype);
	if (known === undefined) {
		const constructor = descriptor(prototype, 'constructor')?.value;
		known = false;
		if (typeof constructor === 'function') {
			const text = Function.prototype.toString.call(constructor);
			known = text.startsWith('class') && PRIVATE.test(text);
		}
		hides.set(prototype, known);
	}
	return known;
}

/** Whether there are only numbers, short texts and the like in an array. */
function isFlat(v) {
	for (let i = 0; i < v.length; i++) {
		const item = v[i];
		switch (typeof item) {
		case 'number': case 'boolean': case 'undefined': break;
		case 'string':
			if (item.length > 1000) return false;
			break;
		case 'object':
			if (item !== null) return false;
			break;
		default: return false;
		}
	}
	return true;
}

class Packer {
	/**
	 * @param {import('./names').Names} names
	 * @param {{nodes: number, bytes: number, until: number}} limits until: by performance.now()
	 */
	constructor(names, limits, now) {
		this.names = names;
		this.limits = limits;
		this.now = now;
		this.rows = [];
		this.ids = new Map();
		this.todo = [];
		this.bytes = 0;
	}

	ref(v) {
		switch (typeof v) {
		case 'string':
			this.bytes += v.length;
			return v;
		case 'object':
			if (v === null) return v;
			break;
		case 'function':
		case 'symbol':
			break;
		default:
			return v;
		}
		let id = this.ids.get(v);
		if (id === undefined) {
			id = this.rows.length;
			this.rows.push(null);
			this.ids.set(v, id);
			this.todo.push(v);
		}
		return [id];
	}

	pack(values) {
		const roots = values.map((v) => this.ref(v));
		while (this.todo.length) {
			const v = this.todo.pop();
			this.rows[this.ids.get(v)] = this.row(v);
			if (this.rows.length > this.limits.nodes || this.bytes > this.limits.bytes) throw new Unkept('its inputs are too large');
			if (!(this.rows.length & 63) && this.now() > this.limits.until) throw new Unkept('copying its inputs took too long');
		}
		const data = v8.serialize([roots, this.rows]);
		if (data.length > this.limits.bytes) throw new Unkept('its inputs are too large');
		return data;
	}

	row(v) {
		if (typeof v === 'symbol') return this.symbol(v);
		const name = typeof v === 'function' ? this.names.of(v) : undefined;
		if (name) return ['n', name];
		if (typeof v === 'function') throw new Unkept('a function that no name leads to');
		if (types.isProxy(v)) throw new Unkept('a Proxy');
		const prototype = this.names.home(getPrototypeOf(v));
		if (Array.isArray(v)) return this.array(v, prototype);
		if (prototype === Object.prototype) {
			if (this.names.home(v) === globalThis || types.isArgumentsObject(v)) throw new Unkept(!types.isArgumentsObject(v) ? 'the global object' : 'an arguments object');
			return this.plain(v);
		}
		return this.other(v, prototype);
	}

	symbol(v) {
		const key = Symbol.keyFor(v);
		if (key !== undefined) return ['y', ['for', key]];
		if (WELL_KNOWN.has(v)) return ['y', ['known', WELL_KNOWN.get(v)]];
		return ['y', ['own', v.description]];
	}

	plain(v) {
		const keys = ownKeys(v);
		const content = [];
		for (const key of keys) {
			const d = descriptor(v, key);
			if (typeof key !== 'string' || !('value' in d) || !d.writable || !d.enumerable || !d.configurable || key === '__proto__')
				return ['x', null, 0, this.properties(v, keys), Object.isExtensible(v)];
			this.bytes += key.length;
			content.push(key, this.ref(d.value));
		}
		return Object.isExtensible(v) ? ['o', content] : ['x', null, 0, this.properties(v, keys), false];
	}

	/** [key, value, attributes]: 1 writable, 2 enumerable, 4 configurable. */
	properties(v, keys, but) {
		const list = [];
		for (const key of keys) {
			if (but && but(key)) continue;
			const d = descriptor(v, key);
			if ('value' in d) {
				list.push([this.ref(key), this.ref(d.value), (d.writable ? 1 : 0) | (d.enumerable ? 2 : 0) | (d.configurable ? 4 : 0)]);
			} else {
				list.push([this.ref(key), [this.ref(d.get), this.ref(d.set)], 8 | (d.enumerable ? 2 : 0) | (d.configurable ? 4 : 0)]);
			}
		}
		return list;
	}

	array(v, prototype) {
		const {length} = v;
		if (length > this.limits.nodes * 20) throw new Unkept('its inputs are too large');
		if (prototype === Array.prototype && Object.isExtensible(v)) {
			// V8 copies these whole, holes and all
			if (isFlat(v)) {
				this.bytes += 4 * length;
				return ['p', v];
			}
			// of a long one nobody wants to see every name
			const isPlain = length > 64 || ownKeys(v).length === length + 1;
			const items = new Array(isPlain ? length : 0);
			let i = 0;
			for (; isPlain && i < length; i++) {
				const item = v[i];
				if (item === undefined && !Object.hasOwn(v, i)) break;
				items[i] = this.ref(item);
			}
			this.bytes += 2 * length;
			if (isPlain && i === length) return ['a', items];
		}
		const keys = ownKeys(v);
		return ['A', length, prototype === Array.prototype ? 0 : this.prototype(prototype), this.properties(v, keys, (k) => k === 'length'), Object.isExtensible(v)];
	}

	prototype(p) {
		if (p === null) return null;
		for (let at = p; at; at = getPrototypeOf(at)) if (isPrivate(at)) throw new Unkept('an object with private fields');
		const name = this.names.of(p);
		if (!name) {
			const constructor = descriptor(p, 'constructor')?.value;
			throw new Unkept(typeof constructor === 'function' ? 'an object of a class that no name leads to' : 'an object whose prototype no name leads to');
		}
		let id = this.ids.get(p);
		if (id === undefined) {
			id = this.rows.length;
			this.rows.push(['n', name]);
			this.ids.set(p, id);
		}
		return [id];
	}

	other(v, prototype) {
		const named = this.names.known.get(this.names.home(v));
		if (named) return ['n', named];
		const rest = (usual, but) => {
			const keys = ownKeys(v).filter((k) => !but || !but(k));
			const p = prototype === usual ? 0 : this.prototype(prototype);
			const isOpen = Object.isExtensible(v);
			return keys.length || p !== 0 || !isOpen ? [p, this.properties(v, keys), isOpen] : [];
		};
		const index = (k) => typeof k === 'string' && /^(0|[1-9]\d*)$/.test(k);
		if (types.isMap(v)) {
			const content = [];
			mapForEach.call(v, (value, key) => content.push(this.ref(key), this.ref(value)));
			return ['m', content, ...rest(Map.prototype)];
		}
		if (types.isSet(v)) {
			const content = [];
			setForEach.call(v, (value) => content.push(this.ref(value)));
			return ['s', content, ...rest(Set.prototype)];
		}
		if (types.isDate(v)) return ['d', toNumber.call(v), ...rest(Date.prototype)];
		if (types.isRegExp(v)) return ['r', [v.source, v.flags, v.lastIndex], ...rest(RegExp.prototype, (k) => k === 'lastIndex')];
		if (types.isTypedArray(v)) {
			const kind = typedArray.call(v);
			this.bytes += v.byteLength;
			if (this.bytes > this.limits.bytes) throw new Unkept('its inputs are too large');
			// a small Buffer lies in one that Node shares out: its bytes only
			if (Buffer.isBuffer(v)) return ['b', Uint8Array.from(v), ...rest(Buffer.prototype, index)];
			return ['t', [kind, this.ref(v.buffer), v.byteOffset, v.length], ...rest(globalThis[kind]?.prototype, index)];
		}
		if (types.isDataView(v)) return ['t', ['DataView', this.ref(v.buffer), v.byteOffset, v.byteLength], ...rest(DataView.prototype)];
		if (types.isArrayBuffer(v)) {
			this.bytes += v.byteLength;
			if (this.bytes > this.limits.bytes) throw new Unkept('its inputs are too large');
			return ['B', new Uint8Array(v.slice(0)), ...rest(ArrayBuffer.prototype)];
		}
		if (types.isNativeError(v)) return ['e', null, this.prototype(prototype), this.properties(v, ownKeys(v)), Object.isExtensible(v)];
		if (types.isBoxedPrimitive(v)) {
			if (types.isSymbolObject(v)) throw new Unkept('a Symbol object');
			return ['w', v.valueOf(), ...rest(getPrototypeOf(Object(v.valueOf())), (k) => types.isStringObject(v) && (index(k) || k === 'length'))];
		}
		for (const [is, what] of UNKEPT) if (types[is](v)) throw new Unkept(what);
		const p = this.prototype(prototype);
		if (p !== null && isNative(prototype, this.names)) throw new Unkept(`an object of Node's or JavaScript's own that cannot be copied`);
		return ['x', null, p, this.properties(v, ownKeys(v)), Object.isExtensible(v)];
	}
}

const UNKEPT = [['isPromise', 'a promise'], ['isGeneratorObject', 'a generator'], ['isWeakMap', 'a WeakMap'], ['isWeakSet', 'a WeakSet'],
	['isMapIterator', 'an iterator'], ['isSetIterator', 'an iterator'], ['isSharedArrayBuffer', 'shared memory'], ['isExternal', 'an object of native code'],
	['isModuleNamespaceObject', 'a module']];

const natives = new WeakMap();
/** Whether a class is made of native code: what its objects hold may be there only. */
function isNative(prototype, names) {
	const home = (p) => names?.home(p) ?? p;
	for (let p = home(prototype); p && p !== Object.prototype; p = home(getPrototypeOf(p))) {
		let native = natives.get(p);
		if (native === undefined) {
			const constructor = descriptor(p, 'constructor')?.value;
			native = typeof constructor === 'function' && nativeCode(constructor);
			natives.set(p, native);
		}
		if (native) return true;
	}
	return false;
}

/**
 * @param {any[]} values
 * @returns {Buffer}
 * @throws {Unkept}
 */
function pack(values, names, limits, now = () => 0) {
	return new Packer(names, limits, now).pack(values);
}

/** The values anew. @param {Buffer} data */
function unpack(data, names) {
	const [roots, rows] = v8.deserialize(data);
	const made = new Array(rows.length);
	const value = (r) => (Array.isArray(r) ? get(r[0]) : r);
	const fill = [];
	function get(id) {
		if (id in made) return made[id];
		const [tag, content, prototype] = rows[id];
		let v;
		switch (tag) {
		case 'n': v = names.find(content); break;
		case 'y':
			v = content[0] === 'for' ? Symbol.for(content[1]) : content[0] === 'known' ? Symbol[content[1]] : Symbol(content[1]);
			break;
		case 'o': case 'x': v = {}; break;
		case 'p': v = content; break;
		case 'a': v = new Array(content.length); break;
		case 'A': v = []; v.length = content; break;
		case 'm': v = new Map(); break;
		case 's': v = new Set(); break;
		case 'd': v = new Date(content); break;
		case 'r': v = new RegExp(content[0], content[1]); v.lastIndex = content[2]; break;
		case 'b': v = Buffer.from(content); break;
		case 'B': v = content.slice().buffer; break;
		case 't': v = new globalThis[content[0]](get(content[1][0]), content[2], content[3]); break;
		case 'e': v = new Error(); break;
		case 'w': v = Object(content); break;
		default: throw new Error('inputs of an unknown form');
		}
		made[id] = v;
		if (prototype !== undefined && prototype !== 0) Object.setPrototypeOf(v, value(prototype));
		fill.push(id);
		return v;
	}
	const result = roots.map(value);
	for (let i = 0; i < fill.length; i++) { // grows as it goes
		const [tag, content, , properties, isOpen] = rows[fill[i]], v = made[fill[i]];
		if (tag === 'n' || tag === 'y' || tag === 'p') continue;
		if (tag === 'a') for (let k = 0; k < content.length; k++) v[k] = value(content[k]);
		else if (tag === 'o') for (let k = 0; k < content.length; k += 2) v[content[k]] = value(content[k + 1]);
		else if (tag === 'm') for (let k = 0; k < content.length; k += 2) Map.prototype.set.call(v, value(content[k]), value(content[k + 1]));
		else if (tag === 's') for (const item of content) Set.prototype.add.call(v, value(item));
		else if (tag === 'e') for (const key of ownKeys(v)) delete v[key];
		for (const [key, given, how] of properties ?? []) {
			const d = {enumerable: Boolean(how & 2), configurable: Boolean(how & 4)};
			if (how & 8) Object.assign(d, {get: value(given[0]), set: value(given[1])});
			else Object.assign(d, {value: value(given), writable: Boolean(how & 1)});
			Object.defineProperty(v, value(key), d);
		}
		if (isOpen === false) Object.preventExtensions(v);
	}
	return result;
}

module.exports = {CODEC, Unkept, getPrototypeOf, isNative, isPrivate, pack, unpack};
