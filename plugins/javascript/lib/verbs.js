// SPDX-License-Identifier: Apache-2.0
'use strict';
/** The plugin's verbs that run none of the user's code, cf-plugin(7): request JSON on stdin, answer on stdout. */

const fs = require('node:fs');

const VERBS = {
	detect: (request) => require('./command').detect(request),
	trace: (request) => require('./command').trace(request),
	replaygen: (request) => require('./replaygen').generate(request),
	scope: (request) => require('./scope').scope(request),
	tests: () => ({command: null, env: {}, files: [], why: 'test suites of JavaScript cannot be recorded yet'}),
};

function main() {
	const verb = VERBS[process.argv[2]];
	if (!verb) {
		process.stderr.write(`usage: verbs.js ${Object.keys(VERBS).join('|')} < request\n`);
		process.exitCode = 2;
		return;
	}
	let answer;
	try {
		answer = verb(JSON.parse(fs.readFileSync(0, 'utf8')));
	} catch (error) {
		if (typeof error.status !== 'number') throw error;
		answer = {match: true, error: error.message, exit: error.status};
	}
	process.stdout.write(`${JSON.stringify(answer)}\n`);
}

main();
