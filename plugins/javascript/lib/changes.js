// SPDX-License-Identifier: Apache-2.0
'use strict';
/**
 * A call's inputs while they are changed, and where in them there is something to change.
 *
 * A step is [path, operation, parameter, ...], and a path [kind, key, kind, key, ...]: argument 'a', the receiver
 * 't', element 'i', property '.', value of a Map by its number 'n'. What can be changed is changed where it is, so
 * that whoever else holds it sees that.
 */

const util = require('node:util');

const {types} = util;
const WIDE = 12; // properties of an object that is a record
const DEEP = 4;
const {isArray} = Array, descriptor = Object.getOwnPropertyDescriptor;

class Unfit extends Error {}

/** What JSON cannot say. */
function literal(v) {
	switch (typeof v) {
	case 'number': return Number.isFinite(v) && !Object.is(v, -0) ? v : {number: Object.is(v, -0) ? '-0' : String(v)};
	case 'bigint': return {bigint: String(v)};
	case 'undefined': return {undefined: true};
	default: return v;
	}
}

function meant(given) {
	if (given === null || typeof given !== 'object') return given;
	if ('number' in given) return Number(given.number);
	return 'bigint' in given ? BigInt(given.bigint) : undefined;
}

const isScalar = (v) => v === null || !['object', 'function', 'symbol'].includes(typeof v);

/** @returns {string} what is changed alike */
function kindOf(v) {
	if (v === null) return 'null';
	if (typeof v !== 'object') return typeof v;
	if (types.isProxy(v)) return 'other';
	if (isArray(v)) return 'array';
	if (types.isMap(v)) return 'map';
	if (types.isSet(v)) return 'set';
	if (types.isDate(v)) return 'date';
	if (types.isRegExp(v)) return 'regexp';
	if (types.isTypedArray(v)) return 'bytes';
	const prototype = Object.getPrototypeOf(v);
	if (prototype === Object.prototype || prototype === null) return 'record';
	return types.isNativeError(v) || types.isAnyArrayBuffer(v) || types.isBoxedPrimitive(v) || types.isPromise(v) ? 'other' : 'object';
}

function names(v) {
	return Object.keys(v).filter((k) => 'value' in descriptor(v, k));
}

class Inputs {
	/** @param {[any[], any, any]} given */
	constructor([args, self, through]) {
		this.args = args;
		this.self = self;
		this.through = through;
	}

	get call() {
		return [this.args, this.self, this.through];
	}

	get(path) {
		let v;
		for (let i = 0; i < path.length; i += 2) {
			const kind = path[i], key = path[i + 1];
			if (i && (v === null || typeof v !== 'object')) throw new Unfit('nothing is there');
			if (kind === 'a') v = this.args[key];
			else if (kind === 't') v = this.self;
			else if (kind === 'n') v = [...Map.prototype.values.call(v)][key];
			else v = descriptor(v, key)?.value;
		}
		return v;
	}

	put(path, value) {
		const kind = path[path.length - 2], key = path[path.length - 1];
		if (kind === 'a') {
			if (key >= this.args.length) throw new Unfit('no such argument');
			this.args[key] = value;
		} else if (kind === 't') {
			throw new Unfit('the receiver is what it is');
		} else {
			const holder = this.get(path.slice(0, -2));
			if (kind === 'n') {
				Map.prototype.set.call(holder, [...Map.prototype.keys.call(holder)][key], value);
				return;
			}
			const d = descriptor(holder, key);
			if (!d || !('value' in d)) throw new Unfit('no such property');
			Object.defineProperty(holder, key, {...d, value});
		}
	}

	/** @param {any[]} step @param {(call: number) => Inputs} other what another call was given */
	step([path, operation, ...given], other) {
		if (operation === '=') return this.put(path, meant(given[0]));
		if (operation === 'from') return this.put(path, other(given[0]).get(given[1]));
		if (operation === 'same') return this.put(path, this.get(given[0]));
		if (operation === 'args') {
			this.args.length = given[0];
			return undefined;
		}
		const v = this.get(path), act = OPERATIONS[kindOf(v)]?.[operation];
		if (!act) throw new Unfit(`no ${operation} of this`);
		if (operation === 'join') return act(v, (given.length === 2 ? other(given[0]) : this).get(given[given.length - 1]));
		const made = act(v, ...given);
		if (made !== undefined) this.put(path, made);
		return undefined;
	}
}

/** What is in it and leaves it, and what then comes in. */
function refill(v, items) {
	if (isArray(v)) {
		v.length = 0;
		for (const [i, item] of items.entries()) if (i in items) v[i] = item;
		v.length = items.length;
	} else if (types.isMap(v)) {
		Map.prototype.clear.call(v);
		for (const [key, value] of items) Map.prototype.set.call(v, key, value);
	} else if (types.isSet(v)) {
		Set.prototype.clear.call(v);
		for (const item of items) Set.prototype.add.call(v, item);
	} else {
		for (const key of names(v)) if (!Reflect.deleteProperty(v, key)) throw new Unfit('it stays');
		for (const [key, value] of items) Object.defineProperty(v, key, {value, writable: true, enumerable: true, configurable: true});
	}
}

const entries = (v) => (isArray(v) ? v.slice() : types.isMap(v) ? [...Map.prototype.entries.call(v)] : types.isSet(v) ? [...Set.prototype.values.call(v)] : names(v).map((k) => [k, v[k]]));

const ROWS = {
	cut: (v, from, to) => refill(v, entries(v).slice(from, to ?? undefined)),
	without: (v, i) => refill(v, entries(v).filter((_, k) => k !== i)),
	reverse: (v) => refill(v, entries(v).reverse()),
	swap(v, i, j) {
		const items = entries(v);
		[items[i], items[j]] = [items[j], items[i]];
		refill(v, items);
	},
	join: (v, more) => refill(v, kindOf(v) === 'record' ? [...new Map([...entries(v), ...entries(more)])] : [...entries(v), ...entries(more)]),
};

const OPERATIONS = {
	array: {
		...ROWS,
		twice: (v) => refill(v, [...v, ...v]),
		again: (v, i, to) => refill(v, [...v.slice(0, to), v[i], ...v.slice(to)]),
		times: (v, n) => refill(v, Array.from({length: n * v.length}, (_, i) => v[i % v.length])),
		hole(v, i) {
			delete v[i];
		},
	},
	map: ROWS,
	set: ROWS,
	record: {
		...ROWS,
		delete: (v, key) => {
			if (!Reflect.deleteProperty(v, key)) throw new Unfit('it stays');
		},
		rename: (v, i, key) => refill(v, entries(v).map(([k, value], n) => [n === i ? key : k, value])),
		add: (v, key, i) => Object.defineProperty(v, key, {value: entries(v)[i][1], writable: true, enumerable: true, configurable: true}),
	},
	date: {of: (v, time) => void Date.prototype.setTime.call(v, meant(time))},
	regexp: {last: (v, i) => void (v.lastIndex = i)},
	bytes: {
		fill: (v, x) => void v.fill(typeof v[0] === 'bigint' ? BigInt(x) : x),
		reverse: (v) => void v.reverse(),
		cut: (v, from, to) => v.slice(from, to ?? undefined),
		put: (v, i, x) => void (v[i] = typeof v[i] === 'bigint' ? BigInt(x) : x),
	},
	string: {cut: (v, from, to) => v.slice(from, to ?? undefined), times: (v, n) => v.repeat(n), join: (v, more) => v + more},
};

/**
 * @typedef {{path: any[], key: string, value: any, holder: any}} Place key: of all places that are alike
 * @param {Inputs} inputs @returns {Place[]}
 */
function places(inputs, most = 200, wide = 3) {
	const found = [], seen = new Set();
	let level = inputs.args.map((value, i) => ({path: ['a', i], key: `a${i}`, value, holder: null}));
	const {self} = inputs;
	if (typeof self === 'object' && self !== null && self !== globalThis) level.push({path: ['t', 0], key: 't', value: self, holder: null});
	for (let depth = 0; depth < DEEP && level.length; depth++) {
		const next = [];
		for (const place of level) {
			if (found.length >= most) return found;
			found.push(place);
			const {value, path, key} = place, kind = kindOf(value);
			if (typeof value !== 'object' || value === null || seen.has(value)) continue;
			seen.add(value);
			if (kind === 'array') {
				const n = value.length;
				for (const i of distinct([...Array(Math.min(n, wide)).keys(), n - 1, n >> 1]))
					if (i >= 0 && Object.hasOwn(value, i) && 'value' in descriptor(value, i)) next.push({path: [...path, 'i', i], key: `${key}[]`, value: value[i], holder: value});
			} else if (kind === 'map') {
				[...Map.prototype.values.call(value)].slice(0, wide).forEach((v, i) => next.push({path: [...path, 'n', i], key: `${key}[]`, value: v, holder: value}));
			} else if (kind === 'record' || kind === 'object') {
				const keys = names(value), isRecord = keys.length <= WIDE;
				for (const k of keys.slice(0, isRecord ? WIDE : wide)) next.push({path: [...path, '.', k], key: isRecord ? `${key}.${k}` : `${key}[]`, value: value[k], holder: value});
			}
		}
		level = next;
	}
	return found;
}

const distinct = (list) => [...new Set(list)];

module.exports = {Inputs, Unfit, WIDE, distinct, isScalar, kindOf, literal, names, places};
