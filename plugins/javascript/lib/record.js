// SPDX-License-Identifier: Apache-2.0
'use strict';
/**
 * Recording this thread: loaded before the program by `node --require`, in its children and its worker
 * threads too, as NODE_OPTIONS says so.
 *
 * A probe counts down in an array of its file's; when it gets below zero the call is looked at here, and
 * the next one to look at is chosen. So a count is exact, and costs a subtraction.
 */

const crypto = require('node:crypto');
const path = require('node:path');
const {isMainThread, threadId} = require('node:worker_threads');
const {CODEC, Unkept, pack} = require('./codec');
const {define, follow, modeOf} = require('./loading');
const {Names} = require('./names');
const {Profile} = require('./profile');
const {Runners} = require('./runners');
const {Spool, TYPE} = require('./spool');

const MOST = 0x7fffffff; // of what one step of a countdown can be
const WHY_FIRST = 0, WHY_UNIFORM = 1;
const OCTAVE = 5; // a fifth of the quota is taken for every e-fold of the calls
const FLUSH_MS = 100;
/** Of one capture: nodes, bytes and milliseconds; a function's first may be large. */
const USUAL = {nodes: 20000, bytes: 256 << 10, ms: 4}, LARGE = {nodes: 400000, bytes: 8 << 20, ms: 60};
const FUNCTION_BYTES = 16 << 20, ALL_BYTES = 256 << 20;
const TEST = /(^|[\\/])(__tests__|__mocks__)[\\/]|\.(test|spec)\.[cm]?[jt]sx?$/;

// as they are now: a program's tests may put a clock of their own there
const {performance, setInterval} = globalThis;
const {now} = performance;
const clock = () => now.call(performance);
const hash = (data) => crypto.createHash('md5').update(data).digest();

class Recorder {
	constructor(config) {
		this.config = config;
		this.names = new Names(config.project_root);
		this.files = new Map(); // the name of its array → file
		this.paths = new Map();
		this.moved = new Set(); // functions whose lines are a transform's
		this.next = 0;
		this.busy = false;
		this.spent = 0;
		this.written = 0;
		this.seen = new Set();
		this.started = clock();
		this.flushed = this.started;
		this.profile = new Profile(this);
		this.mode = modeOf({module_root: config.module_root, mode: 'record'});
	}

	/** Opened for the first file: a thread of Node's own, or of a tool, has none. */
	open() {
		this.spool = new Spool(this.config.spool);
		this.spool.json(TYPE.PROCESS, {argv: [process.argv0, ...process.execArgv, ...process.argv.slice(1)], runtime: process.execPath, version: process.versions.node});
		this.names.of(Object.prototype); // to look round takes a while, which is no call's
		this.profile.start();
		this.flushed = clock();
		setInterval(() => {
			this.busy = true;
			try {
				this.flush();
			} catch { /* the next one may do */ }
			this.busy = false;
		}, FLUSH_MS).unref();
	}

	/** A file none of whose functions are recorded. */
	lost(file, reason) {
		if (!this.spool) this.open();
		this.spool.json(TYPE.LOSS, {function: null, reason: `${reason}: ${path.relative(this.config.project_root, file)}`.slice(0, 300), n: 1});
	}

	isTest(file) {
		return TEST.test(file) || Boolean(this.config.tests_root) && file.startsWith(path.join(this.config.tests_root, path.sep));
	}

	/**
	 * A file is about to be run: its functions get ids, and its probes an array.
	 * @param {boolean} [scoped] its probes ask the array for everything, see transform.js
	 */
	announce(file, result, scoped) {
		if (!result) {
			this.lost(file, 'a file that cannot be parsed');
			return;
		}
		if (!this.spool) this.open();
		const n = result.functions.length;
		// beyond 64 bytes an array's memory stays where it is, and its address can be compiled in
		const counters = new Int32Array(Math.max(n, 32));
		const isTest = this.isTest(file);
		const entry = {file, first: this.next, counters, functions: [], name: result.name, result, scoped};
		const module = path.relative(this.config.project_root, file).replace(/\.[^.]*$/, '').split(path.sep).join('/');
		result.functions.forEach((f, i) => {
			const id = this.next++;
			const {at, span, ...columns} = f;
			this.spool.json(TYPE.FUNCTION, {id, file, module, ...columns, main: file === this.config.main, is_test: isTest});
			const wanted = this.wanted(f.qualname) && f.replayable && !isTest;
			entry.functions.push({id, due: wanted ? 1 : MOST, reason: f.reason, wanted, kept: 0, tries: 0, bytes: 0, told: 0, failures: 0});
			counters[i] = wanted ? 0 : MOST - 1;
		});
		entry.at = this.spool.counters(entry.first, n);
		entry.last = new Array(n).fill(0);
		this.files.set(result.name, entry);
		this.paths.set(file, entry);
		define(counters, 'entry', entry);
		if (scoped) this.equip(counters, entry);
		else Object.defineProperty(globalThis, result.name, {value: counters});
		this.dirty = true;
	}

	equip(counters, entry) {
		for (const f of entry.functions) this.moved.add(f.id);
		const give = (name, value) => Object.defineProperty(counters, name, {value});
		give('look', (i, ...args) => this.look(counters, i, args, undefined, undefined));
		give('look_at', (i, self, target, ...args) => this.look(counters, i, args, self, target));
		give('begin', (defined, others, inner) => {
			if (!inner) counters[0]--; // once each time it is run
			this.names.add(entry.file, defined, others, null);
			return counters;
		});
	}

	wanted(qualname) {
		const {only} = this.config;
		return !only.length || only.some((n) => qualname === n || qualname.endsWith(`.${n}`) || qualname.startsWith(`${n}.`));
	}

	/** How often a function was called. */
	count(entry, i) {
		return entry.functions[i].due - 1 - entry.counters[i];
	}

	/** A probe's countdown is over. */
	look(counters, i, args, self, target) {
		const {entry} = counters, f = entry.functions[i];
		const call = f.due;
		if (this.busy || !f.wanted || this.closed) {
			this.schedule(counters, i, f, this.busy || this.closed ? 1 : MOST);
			return;
		}
		this.busy = true;
		try {
			let inVain = true;
			if (this.allowed(f)) inVain = !this.take(f, call, args, self, target);
			else if (!f.kept && !f.failures++) this.loss(f.id, 'the budget for copying inputs was spent', 1);
			this.schedule(counters, i, f, this.step(f, call, inVain));
			if (clock() - this.flushed > FLUSH_MS) this.flush();
		} catch (error) {
			this.schedule(counters, i, f, this.step(f, call, true));
		} finally {
			this.busy = false;
		}
	}

	schedule(counters, i, f, step) {
		counters[i] = step - 1;
		f.due += step;
	}

	/** How many calls on to look again: every one at first, then ever wider apart, never in step. */
	step(f, call, inVain) {
		let wide;
		if (inVain && f.failures > 3) wide = Math.max(32, call);
		else if (call < this.config.quota / 2) return 1;
		else wide = call * OCTAVE / this.config.quota;
		return Math.min(MOST, 1 + Math.floor(Math.random() * 2 * Math.max(0, wide - 1)));
	}

	allowed(f) {
		const elapsed = clock() - this.started;
		if (this.written > ALL_BYTES || f.bytes > FUNCTION_BYTES) return false;
		if (!f.kept && !f.failures) return this.spent < Math.max(250, elapsed / 20) || !f.tries;
		return this.spent < 50 + elapsed / 50;
	}

	take(f, call, args, self, target) {
		const begin = clock();
		const limits = f.tries++ < 2 ? LARGE : USUAL;
		try {
			const data = pack([args, self, target], this.names, {nodes: limits.nodes, bytes: limits.bytes, until: begin + limits.ms}, clock);
			const digest = hash(data), key = digest.toString('latin1');
			const isNew = !this.seen.has(key);
			const record = {function: f.id, why: call <= this.config.quota / 2 ? WHY_FIRST : WHY_UNIFORM, thread: threadId, seq: call, hash: digest, codec: CODEC};
			if (this.spool.call(record, data, isNew) && isNew) {
				this.seen.add(key);
				f.bytes += data.length;
				this.written += data.length;
			}
			f.kept++;
			return true;
		} catch (error) {
			f.failures++;
			this.loss(f.id, error instanceof Unkept ? error.message : 'its inputs could not be read', 1);
			return false;
		} finally {
			this.spent += clock() - begin;
		}
	}

	loss(id, reason, n) {
		this.spool.json(TYPE.LOSS, {function: id, reason, n});
	}

	module(name, defined, others, module) {
		const entry = this.files.get(name);
		if (!entry) return;
		if (module !== undefined || !entry.begun) entry.counters[0]--; // once each time it is run
		entry.begun = true;
		this.names.add(entry.file, defined, others, module);
	}

	/** Counts, and now and then times, as they are now. */
	flush(last = false) {
		this.flushed = clock();
		for (const entry of this.files.values()) {
			const counts = entry.functions.map((_, i) => this.count(entry, i));
			if (entry.at < 0 || counts.every((c, i) => c === entry.last[i])) continue;
			entry.last = counts;
			this.spool.count(entry.at, counts);
		}
		this.profile.flush(last);
	}

	/** This process has said something, and may be ended for it. */
	told() {
		if (!this.spool || this.closed || this.busy) return;
		this.busy = true;
		try {
			this.profile.often();
			this.flush();
		} catch { /* the next one may do */ }
		this.busy = false;
	}

	finish() {
		if (this.closed || !this.spool) return;
		this.closed = true;
		this.busy = true;
		try {
			this.flush(true);
			for (const entry of this.files.values())
				entry.functions.forEach((f, i) => {
					const n = this.count(entry, i);
					if (f.reason && n && i) this.loss(f.id, f.reason, n);
				});
			this.spool.close();
		} catch (error) { if (process.env.CODEFLASH_DEBUG) throw error; }
	}
}

function start() {
	const config = JSON.parse(process.env.CODEFLASH_RECORD);
	if (process.env.CODEFLASH_SPOOL) config.spool = process.env.CODEFLASH_SPOOL;
	config.main = isMainThread && process.argv[1] ? mainFile(process.argv[1]) : null;
	const recorder = new Recorder(config);
	define(globalThis, '__codeflash_look', (counters, i, ...args) => recorder.look(counters, i, args, undefined, undefined));
	define(globalThis, '__codeflash_look_at', (counters, i, self, target, ...args) => recorder.look(counters, i, args, self, target));
	define(globalThis, '__codeflash_module', recorder.module.bind(recorder));
	follow({mode: recorder.mode, rules: {module_root: config.module_root, mode: 'record'}, announce: recorder.announce.bind(recorder)});
	new Runners(recorder).follow();
	// not process.on: the program's own listeners come before us, and are the only ones it finds
	const {emit} = process;
	define(process, 'emit', function (event, ...rest) {
		const result = Reflect.apply(emit, this, [event, ...rest]);
		if (event === 'exit') recorder.finish();
		return result;
	});
}

function mainFile(name) {
	try {
		return require.resolve(path.resolve(name));
	} catch {
		return null;
	}
}

if (process.env.CODEFLASH_RECORD && !process.env.CODEFLASH_WHOLE_PROGRAM) {
	try {
		start();
	} catch (error) {
		if (process.env.CODEFLASH_DEBUG) throw error;
	}
}
