// SPDX-License-Identifier: Apache-2.0
'use strict';
/**
 * The verb `bench`. A round is a process of its own, so that the module is as its loading left it: relay()
 * starts one after another and passes operations on; round() is what runs in them.
 *
 * Before it is timed the function is run on inputs like the recorded ones, but not the same, until V8 has
 * most likely compiled it: what it remembers of its inputs does it no good.
 */

const {spawn} = require('node:child_process');
const path = require('node:path');
const util = require('node:util');
const v8 = require('node:v8');
const vm = require('node:vm');
const {Guard, LoadError, Project, Runner, oneLine} = require('./call');
const {vary} = require('./vary');

const {isGeneratorObject, isPromise} = util.types;
const hrtime = process.hrtime.bigint;
const WARM_NS = 40000000n, WARM_CALLS = 2000, WARM_VARIANT = 1 << 20;

// In the parent. ------------------------------------------------------------------------------------

class Round {
	constructor(request, blobs) {
		this.child = spawn(process.execPath, [...process.execArgv, path.join(__dirname, 'worker.js')], {stdio: ['ignore', 'ignore', 'inherit', 'pipe', 'pipe']});
		const [, , , commands, answers] = this.child.stdio;
		this.commands = commands;
		this.text = '';
		this.lines = [];
		this.ended = null;
		answers.setEncoding('utf8');
		answers.on('data', (part) => {
			this.text += part;
			if (!part.includes('\n')) return;
			const lines = this.text.split('\n');
			this.text = lines.pop();
			this.lines.push(...lines);
			this.wake?.();
		});
		this.commands.on('error', () => {});
		this.child.on('close', (code, signal) => {
			this.ended = signal ? `killed by signal ${signal}` : `the call ended the process with status ${code}`;
			this.wake?.();
		});
		this.commands.write(`${JSON.stringify({...request, verb: 'round'})}\n`);
		for (const blob of blobs) this.commands.write(blob);
	}

	ask(operation) {
		this.commands.write(`${JSON.stringify(operation)}\n`);
		return this.answer();
	}

	async answer() {
		while (!this.lines.length && this.ended === null) await new Promise((resolve) => { this.wake = resolve; });
		return this.lines.length ? this.lines.shift() : JSON.stringify({error: this.ended, call: -1});
	}

	end() {
		this.child.kill('SIGKILL');
	}
}

async function relay(session, request, blobs) {
	const say = (line) => session.write(Buffer.from(`${line}\n`));
	let round = new Round(request, blobs), fresh = true;
	const ready = await round.answer();
	say(ready);
	for (let op; JSON.parse(ready).ready && (op = session.line());) {
		if (op.op === 'quit') break;
		if (op.op === 'begin') {
			if (!fresh) {
				round.end();
				round = new Round(request, blobs);
				const again = await round.answer();
				if (!JSON.parse(again).ready) {
					say(again);
					continue;
				}
			}
			fresh = false;
			say('{"begun":true}');
		} else {
			say(await round.ask(op));
		}
	}
	round.end();
	process.exitCode = 0;
}

// In the child. --------------------------------------------------------------------------------------

class Timed {
	constructor(runner, blobs) {
		this.runner = runner;
		this.blobs = blobs; // call → {data, codec}
		this.last = null;
		v8.setFlagsFromString('--expose-gc');
		this.gc = vm.runInNewContext('gc');
	}

	make(call) {
		const {data, codec} = this.blobs.get(call);
		return this.runner.project.restore(data, codec);
	}

	async warm(calls) {
		const start = hrtime();
		for (let n = 0; calls.length && n < WARM_CALLS && hrtime() - start < WARM_NS; n++) {
			const call = calls[n % calls.length], inputs = await this.make(call);
			if (!vary(WARM_VARIANT + n, inputs)) {
				if (n > calls.length) break;
				continue;
			}
			await this.execute([inputs]);
		}
		for (const [, s] of this.runner.streams) s.take();
		this.gc();
	}

	/** Runs them one after another: nanoseconds, those of them that went into what came later, what each came to. */
	async execute(work) {
		const {runner} = this, done = new Array(work.length);
		let isLate = false;
		const start = hrtime();
		for (let i = 0; i < work.length; i++) {
			try {
				done[i] = {value: runner.invoke(work[i])};
			} catch (error) {
				done[i] = {error};
			}
		}
		let ns = hrtime() - start, lazy = 0n;
		for (const d of done) isLate ||= isPromise(d.value) || isGeneratorObject(d.value);
		if (isLate) {
			const later = hrtime();
			for (const d of done) {
				if (isPromise(d.value)) {
					try {
						d.value = await d.value;
					} catch (error) {
						delete d.value;
						d.error = error;
					}
					d.later = true;
				} else if (isGeneratorObject(d.value)) {
					d.settled = new Map();
					await runner.drain(d.value, d.settled);
				}
			}
			lazy = hrtime() - later;
			ns += lazy;
		}
		return {ns: Number(ns), lazy: Number(lazy), done};
	}

	async pass({order, inner, variant}) {
		const answer = {ns: {}};
		this.last = null;
		this.gc({type: 'minor'});
		for (const call of order) {
			const work = [];
			for (let i = 0; i < inner; i++) work.push(await this.make(call));
			if (variant && !vary(variant * 65536 + call, work[0])) continue;
			this.runner.prepare(call);
			const {ns, lazy, done} = await this.execute(work);
			answer.ns[call] = ns / inner;
			if (lazy) (answer.lazy_ns ??= {})[call] = lazy / inner;
			if (variant && !('error' in done[0])) (answer.changed ??= {})[call] = true;
			if (this.runner.guard.reason) (answer.skipped ??= {})[call] = this.runner.guard.reason;
			this.last = {call, work, done};
		}
		return answer;
	}

	async results({which}) {
		if (!this.last) return {error: 'no pass to tell the results of', call: -1};
		const {call, work, done} = this.last, i = which % done.length, d = done[i];
		const roots = this.runner.roots({later: false, ...d}, work[i]);
		for (const [name, s] of this.runner.streams) {
			const text = s.take();
			if (text) roots.push([name, text.slice(0, text.length / done.length).split('\n')]);
		}
		const data = await this.runner.encode(d, roots, d.settled ?? new Map());
		this.last = null;
		return {call, outcome: data.toString('base64')};
	}
}

async function round(session, request, blobs) {
	const say = (answer) => session.write(Buffer.from(`${JSON.stringify(answer)}\n`));
	let timed, importNs = 0;
	const skipped = {}, usable = [], codecs = new Map(request.calls.map((c, i) => [c.id, {data: blobs[i], codec: c.codec}]));
	try {
		const project = new Project(request), guard = new Guard(), file = path.resolve(request.project_root, request.file);
		await project.load(file);
		importNs = project.importNs(file);
		timed = new Timed(new Runner(request, project, project.find(file, request.qualname, request.kind ?? ''), guard), codecs);
	} catch (error) {
		if (!(error instanceof LoadError)) throw error;
		say({error: error.message});
		return;
	}
	for (const {id} of request.calls) {
		try {
			await timed.make(id);
			usable.push(id);
		} catch (error) {
			skipped[id] = `its inputs cannot be restored: ${oneLine(error)}`;
		}
	}
	await timed.warm(usable);
	const resources = () => process.getActiveResourcesInfo?.().length ?? 0;
	const before = resources(), peak = process.resourceUsage().maxRSS;
	say({ready: true, calls: usable, skipped, import_ns: importNs});
	for (let op; (op = session.line());) {
		if (op.op === 'pass') {
			say(await timed.pass(op));
		} else if (op.op === 'results') {
			say(await timed.results(op));
		} else if (op.op === 'end') {
			say({peak_bytes: (process.resourceUsage().maxRSS - peak) * 1024, threads: Math.max(0, resources() - before)});
			return;
		} else {
			say({error: 'unknown operation', call: -1});
		}
	}
}

module.exports = {relay, round};
