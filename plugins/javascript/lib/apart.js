// SPDX-License-Identifier: Apache-2.0
'use strict';
/**
 * What replay tests use under a runner that has its own way of loading files, as Jest, Vitest and Mocha: the
 * calls are made in a Node that is started for them, and the runner's test says what came of it.
 *
 * As a program: the request on standard input, on standard output {call: difference or null}.
 */

const {spawn} = require('node:child_process');
const path = require('node:path');

class Apart {
	constructor(trace, root, file) {
		this.request = {trace, root, file};
		// then the tests are the program that is being recorded or timed
		this.skip = Boolean(process.env.CODEFLASH_SPOOL || process.env.CODEFLASH_WHOLE_PROGRAM);
	}

	/** Makes all calls of these functions. @param {number[]} functions */
	async run(functions) {
		const env = {...process.env};
		delete env.NODE_TEST_CONTEXT;
		delete env.NODE_OPTIONS; // of the runner
		const child = spawn(process.execPath, [path.join(__dirname, 'apart.js')], {stdio: ['pipe', 'pipe', 'pipe'], env, cwd: this.request.root});
		let out = '', err = '';
		child.stdout.on('data', (part) => { out += part; });
		child.stderr.on('data', (part) => { err += part; });
		child.stdin.on('error', () => {});
		child.stdin.end(JSON.stringify({...this.request, functions}));
		const status = await new Promise((resolve, reject) => {
			child.on('error', reject);
			child.on('close', resolve);
		});
		if (status !== 0) throw new Error(err.trim().split('\n').pop() || `the calls could not be made: status ${status}`);
		this.found = JSON.parse(out);
	}

	/** Throws, with the first difference, when a call did not do what it did. */
	call(id) {
		const difference = this.found[id];
		if (difference === undefined) throw new Error(`call ${id} is not in ${this.request.trace}; run cf-replaygen again`);
		if (difference !== null) throw new Error(difference);
	}
}

module.exports = {Apart};

async function main() {
	const {differences} = require('./replay');
	const request = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
	try {
		process.stdout.write(JSON.stringify(await differences(request)));
	} catch (error) {
		process.stderr.write(`${error.message.split('\n')[0]}\n`);
		process.exitCode = 1;
	}
}

if (typeof require !== 'undefined' && require.main === module) main();
