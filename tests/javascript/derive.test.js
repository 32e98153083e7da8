// SPDX-License-Identifier: Apache-2.0
'use strict';
/** Inputs derived from recorded ones, and what becomes of those that hang or crash. */

const assert = require('node:assert');
const {execFileSync} = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const {test} = require('node:test');

const plugin = process.env.JS_PLUGIN ?? path.join(__dirname, '../../build/libexec/plugins/javascript');
const lib = (name) => require(path.join(plugin, 'lib', name));
const {pack, unpack, CODEC} = lib('codec.js');
const {decode} = lib('compare.js');
const {Inputs, kindOf} = lib('changes.js');
const {Stock} = lib('derive.js');
const {Names} = lib('names.js');

const LIMITS = {nodes: 1e5, bytes: 1e6, until: Infinity};
const names = new Names('/nowhere');
const never = () => false;

/** A stock of calls, each its arguments. */
function stock(...calls) {
	const recorded = new Map(calls.map((args, i) => [i + 1, {data: pack([args, undefined, undefined], names, LIMITS), codec: CODEC}]));
	return {stock: new Stock({names, restore: async (data) => unpack(data, names)}, recorded), ids: [...recorded.keys()]};
}

async function derived(f, most, ...calls) {
	const {stock: s, ids} = stock(...calls);
	const found = [];
	for (const [call, steps] of await s.plan(ids, f, {seed: 1, most}, never)) found.push((await s.made(call, JSON.parse(JSON.stringify(steps))))[0]);
	return found;
}

test('the same seed gives the same, and every value stays what it is', async () => {
	const calls = [[[1, 2, 3], 'abc', {a: 1, b: true}], [[4], 'x', {a: 2, b: false}]];
	const first = await derived((x) => x === 'limit' || x > 17, 80, ...calls);
	assert.deepStrictEqual(first, await derived((x) => x === 'limit' || x > 17, 80, ...calls));
	assert.ok(first.length >= 60, String(first.length));
	for (const args of first) assert.deepStrictEqual(args.map(kindOf), ['array', 'string', 'record']);
	const has = (is) => first.some(is);
	assert.ok(has(([list]) => list.length === 0) && has(([list]) => list[0] === 3) && has(([list]) => list.some((n) => n < 0)));
	assert.ok(has(([, text]) => text === '') && has(([, text]) => /[\ud800-\udbff]/.test(text)) && has(([, text]) => text === 'limit'));
	assert.ok(has(([list]) => list.includes(18)), 'what the code compares with');
	const whole = first.flatMap(([list]) => list);
	assert.ok(whole.every((n) => Number.isInteger(n) && !Object.is(n, -0)), 'of whole numbers none becomes another kind of number');
});

test('minus zero and NaN where there were fractions, holes and what is absent where there were such', async () => {
	const floats = await derived(() => 0, 60, [0.5], [1.25]);
	assert.ok(floats.some(([x]) => Object.is(x, -0)) && floats.some(([x]) => Number.isNaN(x)));
	const dense = await derived(() => 0, 60, [[1, 2]], [[3, 4]]);
	assert.ok(dense.every(([list]) => Object.keys(list).length === list.length));
	const sparse = await derived(() => 0, 60, [[1, , 2]], [[3, 4]]); // eslint-disable-line no-sparse-arrays
	assert.ok(sparse.some(([list]) => list.length && !(0 in list)));
	const records = await derived(() => 0, 60, [{a: 1, b: 2}], [{a: 3}], [{a: 4, b: undefined}]);
	assert.ok(records.some(([r]) => !('b' in r)) && records.some(([r]) => 'b' in r && r.b === undefined) && records.every(([r]) => 'a' in r || Object.keys(r).length === 0 || !('a' in r)));
});

test('one object in two places, and lists that are equal in part', async () => {
	const found = await derived(() => 0, 60, [[1, 2], [3, 4]], [[5], [6, 7]]);
	assert.ok(found.some(([a, b]) => a === b), 'aliases');
	assert.ok(found.some(([a, b]) => b.length > a.length && a.every((x) => b.includes(x))), 'in part');
	const rows = await derived(() => 0, 60, [[{a: 1}, {a: 2}]]);
	assert.ok(rows.some(([list]) => list.length > 1 && list[0] === list[list.length - 1]));
});

test('smaller ones, the smallest first', async () => {
	const {stock: s, ids} = stock([[9, 8, 7, 6, 5, 4, 3, 2]]);
	const smaller = await s.smaller(ids, {id: 1, spec: '[[["a",0],"reverse"]]'}, 40, never);
	const lengths = [];
	for (const [call, steps] of smaller) lengths.push((await s.made(call, steps))[0][0].length);
	assert.ok(lengths.length > 5 && lengths[0] === 0 && lengths.every((n) => n <= 8), String(lengths));
});

test('what a step cannot be done to is an error, not something else', () => {
	const inputs = new Inputs([[Object.freeze([1])], undefined, undefined]);
	assert.throws(() => inputs.step([['a', 0], 'cut', 0, 0]));
	assert.throws(() => inputs.step([['a', 1], '=', 3]));
	assert.throws(() => inputs.step([['a', 0, 'i', 5], '=', 3]));
});

test('a call that hangs, ends its process, writes or throws takes no other with it', () => {
	const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'cf-derive-')));
	fs.writeFileSync(path.join(folder, 'package.json'), '{}');
	fs.writeFileSync(path.join(folder, 'a.js'), `const fs = require('fs'); let n = 0;
		function f(x) { if (x === 0) for (;;); if (x === -5) process.kill(process.pid, 'SIGKILL'); if (x === 6) fs.writeFileSync('left', ''); if (x === 1) throw new Error('own'); n += x; return n; }
		module.exports = {f};`);
	const data = pack([[5], undefined, undefined], names, LIMITS);
	const request = {verb: 'run', project_root: folder, cwd: folder, module_root: '.', tests_root: 'tests', file: 'a.js', module: 'a', qualname: 'f', class: null, kind: 'function', seed: 1,
		call_timeout_s: 5, calls: [{id: 3, size: data.length, codec: CODEC}], derive: {most: 8, seed: 1, call_timeout_s: 0.5, cpu_s: 20, timeout_s: 60}};
	const ask = (what, ...blobs) => {
		fs.writeFileSync(path.join(folder, 'in'), Buffer.concat([Buffer.from(`${JSON.stringify(what)}\n`), ...blobs]));
		execFileSync('sh', ['-c', '"$0" "$1" <in >out', process.execPath, path.join(plugin, 'lib/worker.js')], {cwd: folder});
		const out = fs.readFileSync(path.join(folder, 'out')), frames = [];
		for (let at = 0; at < out.length;) {
			const size = out.readUInt32LE(at);
			frames.push(decode(out.subarray(at + 4, at += 4 + size)));
		}
		return frames;
	};
	const frames = ask(request, data), made = frames.filter((f) => f.spec);
	assert.strictEqual(frames[frames.length - 1].end, 1);
	assert.ok(made.length >= 5, JSON.stringify(made.map((f) => f.input)));
	assert.ok(!made.some((f) => ['f(0)', 'f(-5)', 'f(6)'].includes(f.input)), JSON.stringify(made.map((f) => f.input)));
	assert.ok(!fs.existsSync(path.join(folder, 'left')));
	const outcomes = new Map(made.map((f) => [f.input, decode(f.outcome)]));
	assert.strictEqual(outcomes.get('f(1)').raised_by, 'project');
	// each as if it were the first, and the same again where it is asked for by its spec
	for (const [input, o] of outcomes) if (o.kind === 'return') assert.strictEqual(Number(o.roots[0][1].value ?? o.roots[0][1]), Number(input.slice(2, -1)), input);
	const again = ask({...request, derive: undefined, calls: made.map((f) => ({id: 3, spec: f.spec})), inputs: request.calls}, data);
	assert.deepStrictEqual(again.slice(0, -1).map((f) => f.outcome), made.map((f) => f.outcome));
	fs.rmSync(folder, {recursive: true});
});
