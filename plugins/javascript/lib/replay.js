// SPDX-License-Identifier: Apache-2.0
'use strict';
/** What the generated replay tests use: a recorded call made again in this process, and compared. */

const {AsyncLocalStorage} = require('node:async_hooks');
const {spawn} = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const zlib = require('node:zlib');
const {Guard, Project, Runner, holdExit} = require('./call');
const {compare, decode} = require('./compare');

/** A trace, through Node's own SQLite where it has one. */
class Trace {
	static async open(file) {
		const trace = new Trace();
		let sqlite = null;
		const {emitWarning} = process;
		try {
			process.emitWarning = () => {}; // that it is new need not be said in every test run
			sqlite = require('node:sqlite');
		} catch { /* before 22.13 */ }
		process.emitWarning = emitWarning;
		if (sqlite) {
			const db = new sqlite.DatabaseSync(file, {readOnly: true});
			trace.rows = (sql, ...values) => db.prepare(sql).all(...values);
			return trace;
		}
		const SQL = await require('sql.js')();
		const db = new SQL.Database(fs.readFileSync(file));
		trace.rows = (sql, ...values) => {
			const statement = db.prepare(sql, values), found = [];
			while (statement.step()) found.push(statement.getAsObject());
			statement.free();
			return found;
		};
		return trace;
	}

	row(sql, ...values) {
		return this.rows(sql, ...values)[0];
	}

	meta(key) {
		const row = this.row('SELECT value FROM meta WHERE key = ?', key);
		return row ? JSON.parse(row.value) : null;
	}
}

/** Whose work is going on: the runner tells of tests on the same streams, while the next one is on already. */
const working = new AsyncLocalStorage();

/** Standard output or error of a call. */
class Said {
	constructor(stream) {
		this.stream = stream;
		this.text = '';
	}

	hold() {
		const {stream} = this;
		const write = this.write = stream.write;
		stream.write = (chunk, encoding, done) => {
			if (!working.getStore()) return Reflect.apply(write, stream, [chunk, encoding, done]);
			this.text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
			const callback = typeof encoding === 'function' ? encoding : done;
			if (callback) process.nextTick(callback);
			return true;
		};
	}

	release() {
		if (this.write) this.stream.write = this.write;
		this.write = null;
	}

	take() {
		const {text} = this;
		this.text = '';
		return text;
	}
}

class Replay {
	constructor(trace, root, file) {
		this.path = trace;
		this.root = root;
		this.file = file;
		// then the tests are the program that is being recorded or timed
		this.skip = process.env.CODEFLASH_SPOOL || process.env.CODEFLASH_WHOLE_PROGRAM ? 'not while it is recorded or timed' : false;
		this.runners = new Map();
	}

	async start() {
		if (!fs.existsSync(this.path)) throw new Error(`the trace ${this.path} is gone; record it again with cf-trace`);
		const trace = await Trace.open(this.path);
		const main = trace.row('SELECT file FROM function WHERE main ORDER BY id LIMIT 1');
		const request = {project_root: this.root, module_root: trace.meta('module_root'), file: this.file, main_file: main?.file, seed: 1};
		const project = new Project(request), guard = new Guard();
		const streams = [['stdout', new Said(process.stdout)], ['stderr', new Said(process.stderr)]];
		const hold = (on) => streams.forEach(([, s]) => (on ? s.hold() : s.release()));
		hold(true);
		try {
			await working.run(true, () => project.load(path.resolve(this.root, this.file)));
		} finally {
			hold(false);
		}
		return {trace, request, project, guard, streams, hold};
	}

	async runner(id) {
		this.started ??= this.start();
		const all = await this.started;
		if (!this.runners.has(id)) {
			const f = all.trace.row('SELECT * FROM function WHERE id = ?', id);
			const target = all.project.find(path.resolve(this.root, f.file), f.qualname, f.kind);
			const runner = new Runner({...all.request, file: f.file, qualname: f.qualname, class: f.class, kind: f.kind}, all.project, target, all.guard);
			runner.streams = all.streams;
			this.runners.set(id, runner);
		}
		return {...all, runner: this.runners.get(id)};
	}

	/** Makes the call; throws, with the first difference, when it does not do what it did. */
	async call(id, call) {
		const {trace, runner, project, hold, request} = await this.runner(id);
		const row = trace.row('SELECT v.data, v.codec, v.packing, o.data AS outcome, o.stable, o.mask FROM call c JOIN value v ON v.id = c.value JOIN outcome o ON o.call = c.id WHERE c.id = ?', call);
		if (!row) throw new Error(`call ${call} is not in ${this.path}; run cf-replaygen again`);
		const random = Math.random, exit = holdExit();
		let result;
		hold(true);
		try {
			result = await working.run(true, () => runner.run(call, () => project.restore(inputs(row), row.codec)));
		} finally {
			hold(false);
			Math.random = random;
			process.exit = exit;
		}
		const expected = zlib.inflateSync(row.outcome);
		const rules = {mask: row.mask ? JSON.parse(row.mask) : [], kindOnly: !row.stable};
		const judge = (data) => (data ? expected.equals(data) ? null : compare(decode(expected), decode(data), rules) : 'did not return in time');
		if (!judge(result.outcome)) return;
		// the tests before this one have left something behind, perhaps: as it was recorded it is alone
		this.alone ??= new Map();
		if (!this.alone.has(id)) this.alone.set(id, apart({...request, ...runner.request, verb: 'run', cwd: process.cwd(), call_timeout_s: 10}, calls(trace, id)));
		const difference = judge((await this.alone.get(id)).outcomes.get(call));
		if (difference) throw new Error(`${result.shown}\n${difference}`);
	}
}

/** Of all calls of some functions, each in a process of its own: what is different, or null. */
async function differences({trace: file, root, file: source, functions}) {
	if (!fs.existsSync(file)) throw new Error(`the trace ${file} is gone; record it again with cf-trace`);
	const trace = await Trace.open(file), found = {};
	const main = trace.row('SELECT file FROM function WHERE main ORDER BY id LIMIT 1');
	const request = {verb: 'run', project_root: root, module_root: trace.meta('module_root'), file: source, main_file: main?.file, seed: 1, cwd: root, call_timeout_s: 10};
	for (const id of functions) {
		const f = trace.row('SELECT * FROM function WHERE id = ?', id);
		if (!f) continue;
		const {outcomes, error} = await apart({...request, file: f.file, qualname: f.qualname, class: f.class, kind: f.kind}, calls(trace, id));
		for (const row of trace.rows('SELECT c.id, o.data, o.stable, o.mask FROM call c JOIN outcome o ON o.call = c.id WHERE c.function = ?', id)) {
			const outcome = outcomes.get(row.id), expected = zlib.inflateSync(row.data);
			const rules = {mask: row.mask ? JSON.parse(row.mask) : [], kindOnly: !row.stable};
			if (!outcome) found[row.id] = error ?? 'did not return in time';
			else found[row.id] = expected.equals(outcome) ? null : compare(decode(expected), decode(outcome), rules);
		}
	}
	return found;
}

const inputs = (row) => (row.packing ? zlib.inflateSync(row.data) : Buffer.from(row.data));

/** All calls of a function, in the order in which they are run. */
function calls(trace, id) {
	return trace.rows('SELECT c.id, v.data, v.codec, v.packing FROM call c JOIN value v ON v.id = c.value JOIN outcome o ON o.call = c.id WHERE c.function = ? ORDER BY c.seq, c.process, c.id', id)
		.map((row) => ({id: row.id, codec: row.codec, data: inputs(row)}));
}

/** The outcomes of calls in a process that does nothing else. @returns {Promise<{outcomes: Map<number, Buffer>, error?: string}>} */
async function apart(request, list) {
	const env = {...process.env};
	delete env.NODE_TEST_CONTEXT;
	const child = spawn(process.execPath, [path.join(__dirname, 'worker.js')], {stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], env});
	const [, , , to, from] = child.stdio;
	to.on('error', () => {});
	to.write(`${JSON.stringify({...request, calls: list.map(({id, codec, data}) => ({id, codec, size: data.length}))})}\n`);
	for (const {data} of list) to.write(data);
	const parts = [], outcomes = new Map();
	let error;
	for await (const part of from) parts.push(part);
	const all = Buffer.concat(parts);
	for (let at = 0; at + 4 <= all.length;) {
		const n = all.readUInt32LE(at), frame = decode(all.subarray(at + 4, at + 4 + n));
		if (frame.outcome) outcomes.set(frame.call, frame.outcome);
		error ??= frame.error;
		at += 4 + n;
	}
	return {outcomes, error};
}

module.exports = {Replay, differences};
