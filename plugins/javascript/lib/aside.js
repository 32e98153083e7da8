// SPDX-License-Identifier: Apache-2.0
'use strict';
/**
 * Derived calls, in a process beside the worker's. As long as those before have left nothing behind it does for
 * the next; one that hangs or crashes takes only that process with it.
 */

const {spawn} = require('node:child_process');
const path = require('node:path');
const {frame} = require('./outcome');

const MEMORY_MB = 1024;

class Aside {
	/** @param {object} request of the worker's @param {object} f the function, as in the request @param {Map<number, {data: Buffer, codec: string}>} recorded */
	constructor(request, f, recorded) {
		const calls = [...recorded].map(([id, {data, codec}]) => ({id, codec, size: data.length}));
		this.request = {...request, ...f, calls, verb: 'aside', more: undefined, inputs: undefined, derive: undefined};
		this.recorded = recorded;
		this.process = null;
		this.spent = 0; // processor time of those that are gone, in seconds
	}

	start() {
		const child = spawn(process.execPath, [...process.execArgv, `--max-old-space-size=${MEMORY_MB}`, path.join(__dirname, 'worker.js')], {stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe']});
		const [, , , to, from] = child.stdio, one = {child, to, text: '', answers: [], ended: null, wake: null, cpu: 0};
		from.setEncoding('utf8');
		from.on('data', (part) => {
			one.text += part;
			if (!part.includes('\n')) return;
			const lines = one.text.split('\n');
			one.text = lines.pop();
			one.answers.push(...lines.map((l) => JSON.parse(l)));
			one.wake?.();
		});
		to.on('error', () => {});
		child.on('close', (code, signal) => {
			one.ended = {code, signal};
			one.wake?.();
		});
		to.write(`${JSON.stringify(this.request)}\n`);
		for (const {data} of this.recorded.values()) to.write(data);
		this.process = one;
	}

	/** @returns {Promise<any>} the answer; {ended}: it died, {late}: it took too long */
	async ask(operation, seconds) {
		if (!this.process) {
			this.start();
			const ready = await this.answer(60);
			if (!ready.ready) return ready;
		}
		this.process.to.write(`${JSON.stringify(operation)}\n`);
		const answer = await this.answer(seconds);
		if (this.process && answer.cpu) this.process.cpu = answer.cpu;
		if (answer.left || answer.late) this.end();
		return answer;
	}

	async answer(seconds) {
		const one = this.process;
		let isLate = false;
		const timer = setTimeout(() => {
			isLate = true;
			one.wake?.();
		}, seconds * 1000);
		while (!one.answers.length && !one.ended && !isLate) await new Promise((resolve) => { one.wake = resolve; });
		clearTimeout(timer);
		if (one.answers.length) return one.answers.shift();
		this.end();
		return one.ended ? {ended: one.ended} : {late: true};
	}

	end() {
		if (!this.process) return;
		this.spent += this.process.cpu;
		this.process.child.kill('SIGKILL');
		this.process = null;
	}

	get cpu() {
		return this.spent + (this.process?.cpu ?? 0);
	}
}

/** A derived call of a later request: its frame, or null when it did not return in time. */
async function derived(aside, {id, spec}, seconds) {
	const answer = await aside.ask({op: 'call', id, spec, seconds}, seconds + 5);
	if (answer.ended) { // as if it were this process
		if (answer.ended.signal) process.kill(process.pid, answer.ended.signal);
		return {exit: answer.ended.code ?? 1};
	}
	if (answer.late || answer.timeout) return null;
	if (answer.error) return {frame: frame({call: id, error: answer.error})};
	return {frame: frame({call: id, input: answer.input, outcome: Buffer.from(answer.outcome, 'base64')})};
}

/** Derives from the recorded calls, and answers what the function does on that; what is over a limit or does not live to tell is left out. */
async function derive(aside, usable, wish, write) {
	const end = performance.now() + wish.timeout_s * 1000;
	let waited = 0;
	const {specs} = await aside.ask({op: 'plan', usable, wish}, wish.timeout_s);
	let left = wish.most;
	for (const [id, steps] of specs ?? []) {
		if (!left || performance.now() > end || aside.cpu + waited > wish.cpu_s) break;
		const spec = JSON.stringify(steps);
		const answer = await aside.ask({op: 'call', id, spec, seconds: wish.call_timeout_s}, wish.call_timeout_s + 1);
		if (answer.late || answer.timeout) waited += wish.call_timeout_s; // one that only waits is as dear as one that works
		if (!answer.outcome || answer.skipped || answer.deep) continue;
		write(frame({call: id, spec, input: answer.input, outcome: Buffer.from(answer.outcome, 'base64')}));
		left--;
	}
	aside.end();
}

module.exports = {Aside, derive, derived};
