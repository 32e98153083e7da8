// SPDX-License-Identifier: Apache-2.0
'use strict';
/**
 * Functions, prototypes and such by the module that has them and the names that lead there, and back.
 * A name is an array: where it starts, '' for the globals, 'node:x' for a module of Node's, a path
 * relative to the project or 'package:…' for other files; then what to ask for, one after another.
 *
 * @typedef {string[]} Name
 */

const Module = require('node:module');
const path = require('node:path');

const own = Object.getOwnPropertyDescriptor;
const MOST = 20000; // of one program: what is looked through in a package may be large
const NODE = new Set(['events', 'stream', 'util', 'url', 'buffer', 'path', 'fs', 'assert', 'os', 'crypto', 'string_decoder',
	'querystring', 'timers', 'perf_hooks', 'async_hooks', 'zlib', 'http', 'net', 'readline']);

const INTRINSICS = ['Object', 'Function', 'Array', 'Number', 'Boolean', 'String', 'Symbol', 'Date', 'Promise', 'RegExp', 'Error', 'AggregateError',
	'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError', 'URIError', 'JSON', 'Math', 'Intl', 'ArrayBuffer', 'Atomics', 'Uint8Array',
	'Int8Array', 'Uint16Array', 'Int16Array', 'Uint32Array', 'Int32Array', 'Float32Array', 'Float64Array', 'Uint8ClampedArray', 'BigUint64Array',
	'BigInt64Array', 'DataView', 'Map', 'BigInt', 'Set', 'WeakMap', 'WeakSet', 'WeakRef', 'Proxy', 'Reflect', 'FinalizationRegistry', 'Iterator',
	'SharedArrayBuffer', 'parseInt', 'parseFloat', 'isNaN', 'isFinite', 'decodeURI', 'decodeURIComponent', 'encodeURI', 'encodeURIComponent', 'eval'];
/** Intrinsics that no global leads to. */
const HIDDEN = ['Object.getPrototypeOf(function*(){})', 'Object.getPrototypeOf(async function(){})', 'Object.getPrototypeOf(async function*(){})',
	'Object.getPrototypeOf([][Symbol.iterator]())', 'Object.getPrototypeOf(new Map()[Symbol.iterator]())',
	'Object.getPrototypeOf(new Set()[Symbol.iterator]())', 'Object.getPrototypeOf(""[Symbol.iterator]())', 'Object.getPrototypeOf(Uint8Array)'];

const isObject = (v) => typeof v === 'function' || typeof v === 'object' && v !== null;

/** A file of the project's that must be loaded before its names mean something. */
class Missing extends Error {
	constructor(file) {
		super(`${file} is not loaded`);
		this.file = file;
	}
}

class Names {
	/** @param {string} root the project's folder */
	constructor(root) {
		this.root = root;
		this.foreign = new WeakMap(); // what another realm has of its own → the same of this one
		this.known = new Map(); // object → Name
		this.modules = new Map(); // file → {thunks, module}
		this.looked = new Set();
		this.listed = 0;
	}

	/** What this realm has in the place of something that a realm of node:vm's has. */
	home(value) {
		return isObject(value) ? this.foreign.get(value) ?? value : value;
	}

	/**
	 * A realm has been made: its intrinsics are known for what they are.
	 * @param {object} globals what `globalThis` is there
	 * @param {(text: string) => any} evaluate runs an expression there
	 */
	realm(globals, evaluate) {
		this.foreign.set(globals, globalThis);
		const seen = new Set(), todo = [];
		for (const name of INTRINSICS) todo.push([evaluate(`typeof ${name}==='undefined'?undefined:${name}`), globalThis[name]]);
		for (const text of HIDDEN) todo.push([evaluate(text), (0, eval)(text)]);
		while (todo.length) {
			const [theirs, ours] = todo.pop();
			if (!isObject(theirs) || !isObject(ours) || theirs === ours || seen.has(theirs)) continue;
			seen.add(theirs);
			this.foreign.set(theirs, ours);
			for (const key of Reflect.ownKeys(theirs)) {
				const a = own(theirs, key), b = own(ours, key);
				if (!a || !b) continue;
				for (const part of ['value', 'get', 'set']) if (isObject(a[part])) todo.push([a[part], b[part]]);
			}
		}
	}

	/** Forgets the project's modules: a runner loads them anew, into another realm, where Node's cache is not. */
	forget() {
		this.isApart = true;
		this.known.clear();
		this.modules.clear();
		this.looked.clear();
		this.listed = 0;
		this.started = false;
		this.cached = undefined;
	}

	/** A module of the project's that is being loaded: functions that give what its names stand for. */
	add(file, defined, others, module) {
		const entry = this.modules.get(file) ?? {thunks: {}, module, defined: new Map(), others: new Map()};
		Object.assign(entry.thunks, defined, others);
		for (const [key, thunk] of Object.entries(defined)) entry.defined.set(key, thunk);
		for (const [key, thunk] of Object.entries(others)) entry.others.set(key, thunk);
		entry.module = module ?? entry.module;
		this.modules.set(file, entry);
	}

	where(file) {
		const relative = path.relative(this.root, file);
		if (!relative.startsWith('..') && !path.isAbsolute(relative)) return relative;
		return file;
	}

	#note(value, name, depth) {
		if (!isObject(value) || this.known.size > MOST) return;
		const isFunction = typeof value === 'function';
		if (!this.known.has(value)) {
			if (isFunction || depth === 0 && name.length > 1 || name[name.length - 1] === 'prototype' || name[0] === '' || name[0].startsWith('node:')) this.known.set(value, name);
		} else if (depth <= 0 || this.looked.has(value)) {
			return;
		}
		if (this.looked.has(value)) return;
		this.looked.add(value);
		if (depth <= 0) return;
		let keys;
		try {
			if (require('node:util').types.isProxy(value)) return;
			keys = Object.getOwnPropertyNames(value);
		} catch {
			return;
		}
		if (keys.length > 2000) return;
		for (const key of keys) {
			if (isFunction && (key === 'caller' || key === 'arguments' || key === 'length' || key === 'name')) continue;
			const d = own(value, key);
			if (!d || !('value' in d) || !isObject(d.value)) continue;
			if (typeof d.value === 'function') {
				if (!this.known.has(d.value)) this.known.set(d.value, [...name, key]);
				if (key !== 'constructor' && depth > 0) this.#note(d.value, [...name, key], depth - 1);
			} else if (key === 'prototype') {
				if (!this.known.has(d.value)) this.known.set(d.value, [...name, key]);
				this.#note(d.value, [...name, key], 1);
			} else if (depth > 1) {
				this.#note(d.value, [...name, key], depth - 1);
			}
		}
	}

	#globals() {
		for (const key of Object.getOwnPropertyNames(globalThis)) {
			const d = own(globalThis, key);
			if (key.startsWith('__codeflash') || ['globalThis', 'global', 'process', 'navigator'].includes(key)) continue;
			if (d && 'value' in d) this.#note(d.value, ['', key], 2);
		}
		this.known.set(globalThis, ['', 'globalThis']);
		// what has no name of its own: prototypes of generators and of iterators
		const g = Object.getPrototypeOf(function* () { yield 0; });
		for (const [name, value] of [['%Generator%', g.prototype], ['%ArrayIterator%', Object.getPrototypeOf([][Symbol.iterator]())],
			['%TypedArray%', Object.getPrototypeOf(Uint8Array)], ['%TypedArrayPrototype%', Object.getPrototypeOf(Uint8Array.prototype)]])
			this.known.set(value, ['', name]);
	}

	#fresh() {
		if (!this.started) {
			this.started = true;
			this.#globals();
		}
		// what a module defines goes by its name there, wherever else it is known
		for (const [file, entry] of this.modules) this.#look(file, entry.defined);
		this.#builtins();
		for (const [file, {module}] of this.modules) {
			if (!module || !isObject(module.exports)) continue;
			if (!this.known.has(module.exports)) this.known.set(module.exports, [this.where(file), 'exports']);
			this.#note(module.exports, [this.where(file), 'exports'], 2);
		}
		for (const [file, entry] of this.modules) this.#look(file, entry.others);
	}

	/** What names of a module's stand for, as far as they do already. */
	#look(file, open) {
		for (const [key, thunk] of open) {
			let value;
			try {
				value = thunk();
			} catch {
				continue; // not there yet
			}
			if (!isObject(value)) continue;
			open.delete(key);
			this.#note(value, [this.where(file), key], 2);
		}
	}

	/** Of what nobody has loaded there is no object. */
	#builtins() {
		const list = process.moduleLoadList ?? [];
		for (; this.listed < list.length; this.listed++) {
			const name = list[this.listed].slice(list[this.listed].indexOf(' ') + 1);
			if (NODE.has(name)) this.#note(require(`node:${name}`), [`node:${name}`], 2);
		}
	}

	#everything() {
		for (const [file, module] of Object.entries(Module._cache))
			if (!this.modules.has(file) && module.loaded && !file.startsWith(__dirname)) this.#note(module.exports, [this.where(file), 'exports'], 2);
	}

	/** @returns {Name | undefined} */
	of(value) {
		value = this.home(value);
		let name = this.known.get(value);
		if (name) return name;
		const now = Object.keys(Module._cache).length;
		this.#fresh();
		name = this.known.get(value);
		if (name || this.cached === now || this.isApart) return name;
		this.cached = now;
		this.#everything();
		return this.known.get(value);
	}

	/** What a name stands for here. @param {Name} name */
	find(name) {
		const [where, ...keys] = name;
		let value;
		if (where === '') {
			if (keys[0] === 'globalThis') return globalThis;
			if (keys[0].startsWith('%')) {
				this.of(Object.prototype);
				for (const [v, n] of this.known) if (n.length === 2 && n[1] === keys[0]) return v;
			}
			value = globalThis;
		} else if (where.startsWith('node:')) {
			value = require(where);
		} else {
			const file = path.resolve(this.root, where), entry = this.modules.get(file);
			if (entry && Object.hasOwn(entry.thunks, keys[0])) value = entry.thunks[keys.shift()]();
			else if (keys[0] !== 'exports') throw entry ? new Error(`${keys.join('.')} is not in ${where}`) : new Missing(file);
			else value = {exports: entry?.module ? entry.module.exports : require(file)};
		}
		for (const key of keys) {
			if (!isObject(value)) throw new Error(`${name.slice(1).join('.')} is not in ${where}`);
			const d = own(value, key);
			if (!d) throw new Error(`${name.slice(1).join('.')} is not in ${where || 'the globals'}`);
			value = 'value' in d ? d.value : value[key];
		}
		return value;
	}
}

module.exports = {Missing, Names};
