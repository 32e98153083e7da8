// SPDX-License-Identifier: Apache-2.0
'use strict';
/**
 * The verbs `run` and `bench`, cf-plugin(7): recorded calls in this process. `run` answers a frame a call;
 * `bench` opens the same way and is bench.js's.
 */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const {Aside, derive, derived} = require('./aside');
const {Stock} = require('./derive');
const {frame, isSkipped} = require('./outcome');
const {Guard, LoadError, Project, Runner, Variables, holdExit, oneLine} = require('./call');

const {fstatSync, readSync, writeSync, closeSync, openSync, unlinkSync} = fs;

function isSocket(fd) {
	try {
		return fstatSync(fd).isSocket();
	} catch {
		return false;
	}
}

/** The request, the inputs and what follows them; the code under test sees other streams. */
class Session {
	constructor() {
		if (isSocket(3) && isSocket(4)) { // of bench.js, which uses what Node calls pipes
			this.in = 3;
			this.out = 4;
		} else {
			this.in = openSync('/proc/self/fd/0', 'r');
			this.out = openSync('/proc/self/fd/1', 'w');
		}
		this.buffer = Buffer.alloc(0);
	}

	/** Gives descriptors 0, 1 and 2 to the code under test. */
	hide() {
		for (const [fd, flags] of [[0, 'r'], [1, 'a+'], [2, 'a+']]) {
			const file = flags === 'r' ? os.devNull : path.join(os.tmpdir(), `out-${process.pid}-${fd}-${process.hrtime.bigint()}`); // processes elsewhere may have the same number
			closeSync(fd);
			if (openSync(file, flags) !== fd) throw new Error('the standard streams cannot be replaced');
			if (flags !== 'r') unlinkSync(file);
		}
	}

	more() {
		const chunk = Buffer.allocUnsafe(1 << 16);
		for (;;) {
			try {
				const n = readSync(this.in, chunk, 0, chunk.length, null);
				if (!n) return false;
				this.buffer = Buffer.concat([this.buffer, chunk.subarray(0, n)]);
				return true;
			} catch (error) {
				if (error.code !== 'EAGAIN') throw error;
				Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
			}
		}
	}

	line() {
		let end;
		while ((end = this.buffer.indexOf(10)) < 0) if (!this.more()) return null;
		const text = this.buffer.toString('utf8', 0, end);
		this.buffer = this.buffer.subarray(end + 1);
		return JSON.parse(text);
	}

	blob(n) {
		const parts = [];
		for (let left = n; left;) {
			if (!this.buffer.length && !this.more()) throw new Error('the inputs are cut short');
			const part = this.buffer.subarray(0, left);
			this.buffer = this.buffer.subarray(part.length);
			parts.push(part);
			left -= part.length;
		}
		return Buffer.concat(parts);
	}

	write(data) {
		for (let done = 0; done < data.length;) {
			try {
				done += writeSync(this.out, data, done, data.length - done);
			} catch (error) {
				if (error.code !== 'EAGAIN') throw error;
				Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
			}
		}
	}
}

/**
 * Each function is to find the module as its loading left it. As long as those before have changed no variable
 * of the project's, this process will do; then it ends, and what is left is asked of another.
 */
async function run(session, request, blobs, exit) {
	const project = new Project(request), guard = new Guard(), file = path.resolve(request.project_root, request.file);
	try {
		await project.load(file);
	} catch (error) {
		if (!(error instanceof LoadError)) throw error;
		session.write(frame({error: error.message}));
		return;
	}
	const variables = new Variables(project, [], file), loaded = variables.now();
	const inputs = (request.inputs ?? []).map((c) => [c.id, {data: session.blob(c.size), codec: c.codec}]);
	let done = 0;
	for (const f of [request, ...request.more ?? []]) {
		if (f !== request && (project.names.modules.size !== loaded.modules || variables.changed(loaded))) break;
		loaded.modules = project.names.modules.size;
		const given = f === request ? blobs : f.calls.map((c) => session.blob(c.size ?? 0));
		const recorded = new Map([...f.calls.map((c, i) => [c.id, {data: given[i], codec: c.codec, spec: c.spec}]).filter(([, c]) => !c.spec), ...inputs]);
		const aside = new Aside(request, f, recorded), usable = new Set(recorded.keys());
		let runner;
		try {
			runner = new Runner({...request, ...f}, project, project.find(file, f.qualname, f.kind ?? ''), guard);
		} catch (error) {
			if (!(error instanceof LoadError)) throw error;
			if (!request.more?.length) {
				session.write(frame({error: error.message}));
				return;
			}
			for (const c of f.calls) session.write(frame({call: c.id, error: error.message}));
			done += f.calls.length;
			continue;
		}
		for (let i = 0; i < f.calls.length; i++) {
			const {id, codec, spec} = f.calls[i];
			if (spec) {
				const answer = await derived(aside, f.calls[i], request.call_timeout_s || 10);
				if (answer?.exit !== undefined) exit(answer.exit);
				session.write(answer ? answer.frame : frame({call: id, timeout: true}));
				if (!answer) exit(0);
				done++;
				continue;
			}
			const {shown, outcome} = await runner.run(id, () => project.restore(given[i], codec));
			if (!outcome) {
				session.write(frame({call: id, timeout: true}));
				exit(0);
			}
			if (isSkipped(outcome)) usable.delete(id);
			session.write(frame({call: id, input: shown, outcome}));
			done++;
		}
		if (request.derive) await derive(aside, [...usable].sort((a, b) => a - b), request.derive, (data) => session.write(data));
		aside.end();
	}
	session.write(frame({end: done}));
}

/** What aside.js asks: to plan derived calls, and to make them. */
async function aside(session, request, blobs) {
	const say = (answer) => session.write(Buffer.from(`${JSON.stringify({...answer, cpu: cpuSeconds()})}\n`));
	const project = new Project(request), guard = new Guard(), file = path.resolve(request.project_root, request.file);
	let runner;
	try {
		await project.load(file);
		runner = new Runner({...request, again: false}, project, project.find(file, request.qualname, request.kind ?? ''), guard);
	} catch (error) {
		if (!(error instanceof LoadError)) throw error;
		say({error: error.message});
		return;
	}
	const stock = new Stock(project, new Map(request.calls.map((c, i) => [c.id, {data: blobs[i], codec: c.codec}])));
	const variables = new Variables(project, [], file), loaded = variables.now();
	say({ready: true});
	for (let op; (op = session.line());) {
		if (op.op === 'plan') {
			const {wish} = op, until = performance.now() + wish.timeout_s * 500, over = () => performance.now() > until || cpuSeconds() > wish.cpu_s / 2;
			// some of them will be of no use
			const specs = wish.from ? await stock.smaller(op.usable, wish.from, wish.most, over)
				: await stock.plan(op.usable, runner.target.function, {seed: wish.seed, most: 3 * wish.most}, over);
			say({specs});
			continue;
		}
		guard.refuses = true;
		runner.timeout = Math.max(1, op.seconds * 1000);
		const {shown, outcome, deep} = await runner.run(op.id, () => stock.made(op.id, JSON.parse(op.spec)));
		guard.refuses = false;
		if (!outcome) {
			say({timeout: true, left: true});
			continue;
		}
		const left = project.names.modules.size !== loaded.modules && loaded.modules !== undefined || Boolean(variables.changed(loaded));
		loaded.modules ??= project.names.modules.size;
		say({input: shown, outcome: outcome.toString('base64'), skipped: isSkipped(outcome), deep, left});
	}
}

function cpuSeconds() {
	const {user, system} = process.cpuUsage();
	return (user + system) / 1e6;
}

async function main() {
	const session = new Session();
	const request = session.line();
	const blobs = request.calls.map((c) => session.blob(c.size ?? 0));
	if (request.verb === 'bench') {
		require('./bench').relay(session, request, blobs);
		return;
	}
	session.hide();
	try {
		process.chdir(request.cwd);
	} catch { /* it may be gone */ }
	process.argv.splice(1, process.argv.length, ...(request.command ?? []).slice(1));
	process.on('unhandledRejection', () => {});
	process.on('uncaughtException', () => {});
	const exit = holdExit();
	try {
		await (request.verb === 'round' ? require('./bench').round(session, request, blobs) : request.verb === 'aside' ? aside(session, request, blobs) : run(session, request, blobs, exit));
	} catch (error) {
		const text = oneLine(error);
		session.write(request.verb !== 'run' ? Buffer.from(`${JSON.stringify({error: text, call: -1})}\n`) : frame({error: text}));
	}
	exit(0);
}

main();
