// SPDX-License-Identifier: Apache-2.0
'use strict';
// Inputs come back as they were, or are refused with a reason.
const assert = require('node:assert');
const path = require('node:path');
const {test} = require('node:test');
const vm = require('node:vm');

const plugin = process.env.JS_PLUGIN ?? path.join(__dirname, '../../build/libexec/plugins/javascript');
const {pack, unpack} = require(path.join(plugin, 'lib/codec.js'));
const {Names} = require(path.join(plugin, 'lib/names.js'));

class Point {
	constructor(x) {
		this.x = x;
	}
}
const helper = () => 1;
const names = new Names(__dirname);
names.add(__filename, {Point: () => Point, helper: () => helper}, {}, null);
const LIMITS = {nodes: 10000, bytes: 1 << 20, until: Infinity};
const again = (v) => unpack(pack([v], names, LIMITS), names)[0];

const VALUES = {
	numbers: [0, -0, NaN, Infinity, 2 ** 60, 1.5, [1, -0, 3]],
	'texts, also ill-formed ones': ['', 'é', '\ud800', '\0'],
	bigints: [1n, -(2n ** 100n)],
	'undefined, null and holes': [undefined, null, [1, , 3], [undefined]],
	'maps and sets in order': [new Map([[{a: 1}, new Set(['b', 'a'])]])],
	dates: [new Date(0)],
	'bytes and typed arrays': [Buffer.from('abc'), new Float64Array([1, NaN]), new Uint8Array([1, 2]).buffer, new DataView(new ArrayBuffer(4), 1, 2)],
	'errors with what belongs to them': [Object.assign(new RangeError('no', {cause: [1]}), {code: 'E'})],
	'objects of classes': [new Point([1]), Object.create(null), Object.create(Point.prototype, {y: {value: 1, enumerable: false}})],
	'functions and classes by name': [helper, Point, Math.max, Array.prototype.map],
	'subclasses of what is built in': [Object.assign([1, 2], {extra: 1})],
	boxes: [Object(1), Object('ab'), Object(true)],
	'symbols that have names': [Symbol.iterator, Symbol.for('x'), {[Symbol.for('k')]: 1}],
	'frozen things': [Object.freeze({a: Object.freeze([1])})],
};
for (const [name, values] of Object.entries(VALUES)) {
	test(name, () => {
		for (const v of values) assert.deepStrictEqual(again(v), v);
	});
}

test('cycles and shared parts stay what they are', () => {
	const shared = {}, v = {a: shared, b: [shared]};
	v.self = v;
	const made = again(v);
	assert.strictEqual(made.self, made);
	assert.strictEqual(made.a, made.b[0]);
});

test('frozen stays frozen, -0 stays -0, and a RegExp is where it was', () => {
	assert.ok(Object.isFrozen(again(Object.freeze({a: 1}))));
	assert.ok(Object.is(again({z: [-0, {}]}).z[0], -0));
	const r = /x/g;
	r.lastIndex = 3;
	assert.strictEqual(again(r).lastIndex, 3);
});

test('no getter is called', () => {
	assert.throws(() => pack([{get a() { throw new Error('called'); }}], names, LIMITS), /no name leads to/);
});

class Hidden {
	#x = 1;

	get x() {
		return this.#x;
	}
}
const REFUSED = {
	'no name leads to': [() => 1, new (class {})()],
	'private fields': [new Hidden()],
	'a promise': [Promise.resolve(1)],
	'a generator': [(function* () { yield 1; })()],
	'a WeakMap': [new WeakMap()],
	'a Proxy': [new Proxy({}, {})],
	'too large': [Array.from({length: 20000}, () => ({}))],
};
for (const [reason, values] of Object.entries(REFUSED)) {
	test(`refused: ${reason}`, () => {
		for (const v of values) assert.throws(() => pack([v], names, LIMITS), new RegExp(reason));
	});
}

test('values of another realm are like those of this one', () => {
	const text = '({a: [1, , new Map([[{b: 2}, new Set(["c"])]])], d: new Date(5), e: new TypeError("x"), t: new Uint8Array([1, 2]), r: /a/g, n: Object(1), o: Object.freeze({z: 0})})';
	const theirs = vm.runInNewContext(text), ours = eval(text); // eslint-disable-line no-eval
	assert.notStrictEqual(Object.getPrototypeOf(theirs), Object.prototype);
	delete theirs.e.stack;
	delete ours.e.stack;
	const back = again(theirs);
	assert.deepStrictEqual(back, ours);
	assert.strictEqual(Object.getPrototypeOf(back.a), Array.prototype);
	const {outcome} = require(path.join(plugin, 'lib/outcome.js'));
	assert.deepStrictEqual(outcome('return', [['return', theirs]], '', names, new Map()).data, outcome('return', [['return', ours]], '', names, new Map()).data);
	// a class of the program's own is not one of those, whatever it is called
	const own = vm.runInNewContext('class Map { } new Map()');
	assert.throws(() => again(own), /no name leads to/);
});
