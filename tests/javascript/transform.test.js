// SPDX-License-Identifier: Apache-2.0
'use strict';
// Probes change nothing that a program can tell but the text of its functions.
const assert = require('node:assert');
const path = require('node:path');
const {test} = require('node:test');
const vm = require('node:vm');

const plugin = process.env.JS_PLUGIN ?? path.join(__dirname, '../../build/libexec/plugins/javascript');
const {transform} = require(path.join(plugin, 'lib/transform.js'));

/** Runs a text with its probes; what its last expression is, and the calls that were looked at. */
function run(text, mode = 'record') {
	const made = transform(text, {file: '/p/a.js', module: false, mode});
	assert.strictEqual(made.code.split('\n').length, text.split('\n').length);
	const calls = [];
	const context = vm.createContext({
		__codeflash_module() {},
		__codeflash_look(counters, i, ...args) {
			calls.push({name: made.functions[i].qualname, args});
			counters[i] = 0;
		},
		__codeflash_look_at(counters, i, self, target, ...args) {
			calls.push({name: made.functions[i].qualname, args, self, target});
			counters[i] = 0;
		},
		[made.name]: new Int32Array(256),
	});
	return {value: vm.runInContext(made.code, context), calls, functions: made.functions, context};
}

const SAME = {
	'length and name': '(() => { const f = (a, b = 2, ...c) => a; function* g(a, b) {} return [f.length, f.name, g.length, g.name] })()',
	'defaults are evaluated once': 'let n = 0; function f(a = ++n) { return a } [f(), f(), f(7), n]',
	'this and new.target': 'function F() { return new.target ? "new" : typeof this } [F.call(1), new F() instanceof F, (function () { "use strict"; return this })()]',
	'super and derived classes': 'class A { constructor(x) { this.x = x } m() { return 1 } } class B extends A { constructor() { super(5) } m() { return super.m() + this.x } } new B().m()',
	'generators begin late': 'let log = []; function* g(a = log.push("default")) { log.push("body"); yield a } const it = g(); log.push("made"); it.next(); log.join()',
	'strict mode stays strict': 'function f() { "use strict"; return this === undefined } f()',
	'a function hides its parameter': 'function f(x) { function x() {} return typeof x } f(1)',
	'arguments are mapped': 'function f(a) { arguments[0] = 9; return a } f(1)',
	'arrows that give objects': 'const f = (x) => ({x}); f(3).x',
	'hoisting': 'var early = h(2); function h(x) { return x * 2 } early',
	'getters, setters and private methods': 'class C { #v = 1; get v() { return this.#get() } set v(x) { this.#v = x } #get() { return this.#v } static s = () => 4 } const c = new C(); c.v = 8; c.v + C.s()',
	'labels and comments at the start': '/* a */ // b\nx: { break x } 3',
	'patterns': 'function f({a, b: [c, , d] = [1, 2, 3]} = {a: 0}, ...[e]) { return [a, c, d, e].join() } f() + f({a: 1, b: [4, 5, 6]}, 7)',
};
for (const [name, text] of Object.entries(SAME)) {
	test(name, () => {
		const plain = vm.runInContext(text, vm.createContext({}));
		assert.strictEqual(JSON.stringify(run(text).value), JSON.stringify(plain));
	});
}

test('inputs are what the caller gave', () => {
	const {calls} = run('function f({a, ...b}, [c] = [2], ...d) { a = 0 } f({a: 1, z: 2}, undefined, 3, 4); function v() { return arguments.length } v(1, 2)');
	assert.strictEqual(JSON.stringify(calls.map((c) => Array.from(c.args))), '[[{"a":1,"z":2},[2],3,4],[1,2]]');
});

test('a generator is looked at when it is made', () => {
	const {calls} = run('function* g(a) { yield a } g(1)');
	assert.strictEqual(calls.length, 1);
});

test('names are those by which the module leads to its functions', () => {
	const {functions} = run(`function f() { function inner() {} inner() }
		exports.g = () => 1; module.exports.o = {k() {}}; class A { m() {} static s() {} constructor() {} }
		A.prototype.late = function () {}; const B = class { n() {} }; [1].map(function cb() {}); f()`.replace(/exports|module\.exports/g, (m) => m)
		.replace(/^/, 'var exports = {}, module = {exports};'));
	assert.deepStrictEqual(functions.map((f) => [f.qualname, f.kind, f.replayable]), [
		['<module>', 'module', false], ['f', 'function', true], ['f.<locals>.inner', 'nested', false], ['g', 'function', true],
		['o.k', 'function', true], ['A.m', 'method', true], ['A.s', 'staticmethod', true], ['A.constructor', 'constructor', true],
		['A.prototype.late', 'method', true], ['B.n', 'method', true], ['cb', 'function', false]]);
});

test('a script that is loaded for its functions defines and does not do', () => {
	const {value, context} = run('var done = []; function work() { done.push(1) }\nwork();\nif (done) { console.log(1); work() }\nvar table = []; for (let i = 0; i < 3; i++) table.push(i);', 'main');
	assert.strictEqual(vm.runInContext('done.length + table.length', context), 3);
	assert.ok(value === 3 || value === undefined);
});

test('what a module is wrapped in is not round its functions', () => {
	const {functions, value} = run(`(function (global, factory) { factory(global.made = {}) })(this, (function (out) { 'use strict';
		function f(x) { return x + 1 } class A { m() {} } out.f = f; }));
		var lib = (function () { function g() { return 2 } return {g} })(); this.made.f(1) + lib.g()`);
	assert.strictEqual(value, 4);
	assert.deepStrictEqual(functions.slice(1).map((f) => [f.qualname, f.replayable]), [['f', true], ['A.m', true], ['g', true]]);
});
