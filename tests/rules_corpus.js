// SPDX-License-Identifier: Apache-2.0
'use strict';
/**
 * Holds the rules for JavaScript to functions as people write them: tests/fixtures/rules/javascript/.
 *
 * A case starts with a line that says what is expected of the function f below it:
 *
 *     //+ array-membership map-join | L R     one of these rules proposes something
 *     //- growing-array | L                   none of these does ("*": no rule)
 *     //> f([1], {a: 1})                      an expression to evaluate, beside the calls that | makes
 *
 * Letters behind the bar are kinds of argument. Every rule's proposals, expected or not, and those of all
 * rules together are run against the original on all combinations of them: the answer, the error, what became of
 * the arguments and what was logged must be the same.
 *
 *     rules_corpus.js RULES_TEST FILE...
 */

const {spawnSync} = require('node:child_process');
const fs = require('node:fs');
const util = require('node:util');
const vm = require('node:vm');

const KINDS = {
	L: ['[]', '[1]', '[1, 2, 1, 3]', '[3, 1, 2]', '[5, 5, 5]', '[9, -1, 4, 4, 0, 7, 2, 9, 3]'],
	S: ['[]', "['a']", "['b', 'a', 'b']", "['the cat', 'A', '', 'dog', 'the', 'a']"],
	T: ["''", "'a'", "'abca'", "'the cat sat on the mat'"],
	I: ['0', '1', '2', '3', '5', '8'],
	R: ['[]', "[{id: 1, k: 'a', v: 10, name: 'n'}]",
		"[{id: 2, k: 'b', v: 1, name: 'x'}, {id: 1, k: 'a', v: 3, name: 'n'}, {id: 2, k: 'a', v: 3, name: 'y'}, {id: 7, k: 'c', v: 0, name: ''}]"],
	D: ['{}', '{a: 1}', '{a: 3, b: 1, the: 2}'],
	G: ['{0: []}', '{0: [1, 2], 1: [3], 2: [3, 0], 3: []}'],
};
const CALLS = 80;

function* read(path) {
	const lines = fs.readFileSync(path, 'utf8').split('\n');
	const starts = lines.map((line, i) => (/^\/\/[-+] /.test(line) ? i : -1)).filter((i) => i >= 0);
	for (const [n, start] of starts.entries()) {
		const [, sign, rules, kinds] = /^\/\/([-+]) ([^|]*)(?:\|(.*))?$/.exec(lines[start]);
		const body = lines.slice(start + 1, starts[n + 1] ?? lines.length);
		yield {
			where: `${path}:${start + 1}`, wanted: sign === '+', rules: rules.trim().split(/\s+/),
			kinds: (kinds ?? '').trim().split(/\s+/).filter(Boolean),
			checks: body.filter((line) => line.startsWith('//> ')).map((line) => line.slice(4)),
			source: `${body.filter((line) => !line.startsWith('//> ')).join('\n').trim()}\n`,
		};
	}
}

function calls({kinds, checks}) {
	let all = kinds.length ? [[]] : [];
	for (const kind of kinds) all = all.flatMap((before) => KINDS[kind].map((one) => [...before, one]));
	return [...all.slice(0, CALLS).map((args) => ({args})), ...checks.map((text) => ({text}))];
}

/** What a call gives or throws, what became of its arguments, and what was logged. */
function run(source, call) {
	const said = [];
	const context = vm.createContext({console: {log: (...words) => said.push(util.inspect(words))}});
	const show = (value) => util.inspect(value, {depth: 20, maxArrayLength: null});
	let answer, args = [];
	try {
		// types are stripped by hand: the cases have few
		vm.runInContext(source, context, {timeout: 2000});
		if (call.args) {
			args = vm.runInContext(`[${call.args.join(', ')}]`, context);
			context.given = args;
			answer = show(vm.runInContext('f(...given)', context, {timeout: 2000}));
		} else {
			answer = show(vm.runInContext(call.text, context, {timeout: 2000}));
		}
	} catch (error) {
		answer = `${error}`;
	}
	return `${answer} after ${show(args)} ${said.join()}`;
}

const [tool, ...files] = process.argv.slice(2);
const cases = files.flatMap((file) => [...read(file)]);
const made = spawnSync(tool, ['--rewrite', 'javascript'], {input: JSON.stringify(cases.map((c) => c.source)), maxBuffer: 1 << 28});
const proposals = JSON.parse(made.stdout.toString());
let failed = 0, compared = 0;
cases.forEach((one, i) => {
	const found = Object.keys(proposals[i]).filter((name) => name !== 'all');
	const hit = one.rules.includes('*') ? found : found.filter((name) => one.rules.includes(name));
	if (one.wanted !== hit.length > 0) {
		console.log(`${one.where}: ${one.wanted ? `no proposal of ${one.rules}` : `proposed by ${hit}`}; found: ${found}`);
		failed++;
	}
	for (const [rule, after] of Object.entries(proposals[i]))
		for (const call of calls(one)) {
			const before = run(one.source, call), now = run(after, call);
			compared++;
			if (before === now) continue;
			console.log(`${one.where}: ${rule}: ${call.text ?? `f(${call.args})`}: ${before} became ${now}\n${after}`);
			failed++;
			break;
		}
});
console.log(`${cases.length} functions, ${compared} comparisons, ${failed} failed`);
process.exit(failed || !compared ? 1 : 0);
