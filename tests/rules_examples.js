// SPDX-License-Identifier: Apache-2.0
'use strict';
/**
 * Runs every JavaScript rule's examples: before and after must answer the same.
 *
 * Reads what `rules_test --json javascript` prints on stdin; prints each difference and exits 1 if there is one.
 */

const fs = require('node:fs');
const util = require('node:util');
const vm = require('node:vm');

/** What the expression gives, or throws, and logs, after the source has run. */
function evaluate(source, expression) {
	const said = [];
	const context = vm.createContext({console: {log: (...words) => said.push(words)}});
	vm.runInContext(source, context);
	let answer;
	try {
		answer = vm.runInContext(expression, context);
	} catch (error) {
		answer = error;
	}
	return util.inspect([answer, said], {depth: 20});
}

let done = 0, failed = 0;
for (const example of JSON.parse(fs.readFileSync(0, 'utf8'))) {
	if (!example.check) {
		console.log(`${example.rule}: an example without a check`);
		failed++;
		continue;
	}
	for (const expression of example.check.split('\n')) {
		const before = evaluate(example.before, expression), after = evaluate(example.after, expression);
		done++;
		if (before !== after) {
			console.log(`${example.rule}: ${expression}: ${before} became ${after}\n${example.after}`);
			failed++;
		}
	}
}
console.log(`${done} passed, ${failed} failed`);
process.exit(failed || !done ? 1 : 0);
