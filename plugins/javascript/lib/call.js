// SPDX-License-Identifier: Apache-2.0
'use strict';
/**
 * The function that a request is about, and calls of it: found, made on inputs restored for each, and what
 * they did. What worker.js and the replay tests share.
 */

const crypto = require('node:crypto');
const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const util = require('node:util');
const vm = require('node:vm');
const {pathToFileURL} = require('node:url');
const {CODEC, unpack} = require('./codec');
const {define, follow, modeOf} = require('./loading');
const {Names, Missing} = require('./names');
const {Encoder, Settled, TooLarge, outcome, skipped} = require('./outcome');

const {readFileSync, fstatSync, readSync, ftruncateSync} = fs;
const {isGeneratorObject, isPromise} = util.types;
const LAZY_MAX = 10000, ROUNDS = 8, OUTPUT_MAX = 1 << 20;
const OURS = path.join(__dirname, path.sep);
const timers = {setTimeout, clearTimeout};

class LoadError extends Error {}
class TimedOut extends Error {}
/** What process.exit() does to a call. */
class Exit {
	constructor(code) {
		this.code = code;
	}
}

/** Names of project files are told of, and what is in them found. */
class Project {
	constructor(request) {
		this.root = request.project_root;
		this.names = new Names(this.root);
		this.files = new Map(); // the name of its array → {file, result}
		this.left = new Map(); // file → what was left out of it
		const main = request.main_file ? path.resolve(this.root, request.main_file) : request.main ? path.resolve(this.root, request.file) : null;
		const rules = {module_root: path.resolve(this.root, request.module_root ?? '.'), mode: 'expose', main, esm: true, runs: true};
		define(globalThis, '__codeflash_module', (name, defined, others, module) => {
			const known = this.files.get(name);
			if (known && !this.began.has(known.file)) this.began.set(known.file, process.hrtime.bigint() - this.spent.ns);
			if (known) this.names.add(known.file, defined, others, module);
		});
		this.began = new Map();
		this.spent = follow({mode: modeOf(rules), rules, announce: (file, result) => {
			if (!result) return;
			this.files.set(result.name, {file, result});
			if (result.left.length) this.left.set(file, result.left.join('\n'));
		}});
	}

	/** @param {string} file absolute */
	async load(file) {
		try {
			this.namespaces ??= new Map();
			this.namespaces.set(file, await import(pathToFileURL(file).href));
		} catch (error) {
			throw new LoadError(`${path.relative(this.root, file)} cannot be loaded: ${oneLine(error)}`);
		}
	}

	/** What the file itself took to be run when it was loaded, just now. */
	importNs(file) {
		const began = this.began.get(file);
		return began === undefined ? 0 : Number(process.hrtime.bigint() - this.spent.ns - began);
	}

	find(file, qualname, kind) {
		const keys = qualname.split('.');
		const entry = this.names.modules.get(file), namespace = this.namespaces?.get(file);
		const exported = entry?.module ? entry.module.exports : Module._cache[file]?.exports;
		let value;
		if (qualname === 'module.exports') return {function: exported};
		if (entry && Object.hasOwn(entry.thunks, keys[0])) {
			try {
				value = entry.thunks[keys[0]]();
			} catch { /* it was not come to */ }
		}
		value ??= exported?.[keys[0]] ?? namespace?.[keys[0]];
		const steps = keys.slice(1), last = steps[steps.length - 1];
		if (kind === 'constructor') {
			for (const key of steps.slice(0, -1)) value = value?.[key];
			if (typeof value !== 'function') throw new LoadError(`${qualname} is not there`);
			return {function: value, constructs: true};
		}
		for (const key of steps.slice(0, -1)) value = value?.[key];
		if (!steps.length) {
			if (typeof value !== 'function') throw new LoadError(`${qualname} is not there`);
			return {function: value};
		}
		const places = kind === 'method' || kind === 'property' || kind === 'setter' ? [value?.prototype, value] : [value, value?.prototype];
		for (const place of places) {
			const d = place && Object.getOwnPropertyDescriptor(place, last);
			const found = d && (kind === 'property' ? d.get : kind === 'setter' ? d.set : d.value);
			if (typeof found === 'function') return {function: found};
		}
		throw new LoadError(`${qualname} is not there`);
	}

	/** Inputs anew; what they name is loaded first. */
	async restore(data, codec) {
		if (codec !== CODEC) throw new Error(`inputs of another form: ${codec}`);
		for (let tries = 0; ; tries++) {
			try {
				return unpack(data, this.names);
			} catch (error) {
				if (!(error instanceof Missing) || tries > 100) throw error;
				await this.load(error.file);
			}
		}
	}
}

function oneLine(error) {
	try {
		const text = error instanceof Error ? `${error.name}: ${error.message}` : util.inspect(error, {depth: 1, customInspect: false});
		return text.split('\n')[0].slice(0, 300);
	} catch {
		return 'something that cannot be shown';
	}
}

// What a call does to the process. ------------------------------------------------------------------

/** Writes to files, processes and sockets: a call that does such things is not judged. */
class Guard {
	constructor() {
		this.reason = null;
		this.refuses = false; // whether such things are not done at all
		const wrap = (object, names, reason, harmless) => {
			for (const name of names) {
				const original = object[name];
				if (typeof original !== 'function') continue;
				const self = this;
				const wrapped = function (...args) {
					if (!harmless || !harmless(args)) {
						self.reason ??= reason;
						if (self.refuses) throw Object.assign(new Error(`EROFS: ${reason}`), {code: 'EROFS'});
					}
					return new.target ? Reflect.construct(original, args, new.target) : Reflect.apply(original, this, args);
				};
				Object.defineProperty(wrapped, 'name', {value: original.name, configurable: true});
				Object.defineProperty(wrapped, 'length', {value: original.length, configurable: true});
				for (const key of Reflect.ownKeys(original)) if (!Object.hasOwn(wrapped, key) || key === 'prototype') Object.defineProperty(wrapped, key, Object.getOwnPropertyDescriptor(original, key));
				define(object, name, wrapped);
				Object.defineProperty(object, name, {enumerable: true});
			}
		};
		const changing = ['writeFile', 'appendFile', 'mkdir', 'mkdtemp', 'rm', 'rmdir', 'unlink', 'rename', 'copyFile', 'cp', 'truncate', 'symlink', 'link', 'chmod', 'chown', 'utimes'];
		const files = 'it writes files';
		wrap(fs, changing, files);
		wrap(fs, changing.map((n) => `${n}Sync`), files);
		wrap(fs, ['createWriteStream'], files);
		wrap(fs, ['writeSync', 'write', 'writev', 'writevSync', 'ftruncateSync', 'ftruncate'], files, ([fd]) => fd === 1 || fd === 2);
		wrap(fs, ['openSync', 'open'], files, ([, flags]) => flags === undefined || flags === 'r' || flags === 0 || typeof flags === 'function');
		wrap(fs.promises, [...changing, 'open'], files, ([, flags]) => flags === undefined || flags === 'r');
		wrap(require('node:child_process'), ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork'], 'it starts processes');
		wrap(require('node:worker_threads'), ['Worker'], 'it starts threads');
		wrap(require('node:net').Socket.prototype, ['connect'], 'it uses the network');
		Module.syncBuiltinESMExports();
	}
}

/** A stream's file, at descriptor 1 or 2. */
class Output {
	constructor(fd) {
		this.fd = fd;
	}

	take() {
		let size;
		try {
			({size} = fstatSync(this.fd));
		} catch {
			return '';
		}
		if (!size) return '';
		const data = Buffer.alloc(Math.min(size, OUTPUT_MAX));
		readSync(this.fd, data, 0, data.length, 0);
		let text = data.toString('utf8');
		if (size > OUTPUT_MAX) text += `\n... ${size - OUTPUT_MAX} more bytes`;
		ftruncateSync(this.fd, 0);
		return text;
	}
}

const LOCATED = /^\s+at .*$\n?/gm; // where in a file what is on the stack stands is no part of what a program says

/** Numbers that Math.random() gives: the same in every process. */
function seeded(seed) {
	let state = seed >>> 0;
	return function random() {
		state = state + 0x6d2b79f5 >>> 0;
		let t = state;
		t = Math.imul(t ^ t >>> 15, t | 1);
		t ^= t + Math.imul(t ^ t >>> 7, t | 61);
		return ((t ^ t >>> 14) >>> 0) / 4294967296;
	};
}

// Variables of the project's modules. ------------------------------------------------------------------

class Variables {
	constructor(project, newNames, own) {
		this.project = project;
		this.newNames = new Set(newNames ?? []);
		this.own = own;
	}

	/** name → digest of what it holds. */
	now() {
		const state = new Map(), {names} = this.project;
		for (const [file, entry] of names.modules) {
			const prefix = file === this.own ? '' : `${names.where(file)}:`;
			for (const [key, thunk] of Object.entries(entry.thunks)) {
				if (prefix === '' && this.newNames.has(key)) continue;
				let value;
				try {
					value = thunk();
				} catch {
					continue;
				}
				if (typeof value === 'function') {
					// of a class its own fields, if it has any; attributes of functions are left alone
					const text = Function.prototype.toString.call(value);
					if (!text.startsWith('class')) continue;
					value = Object.getOwnPropertyNames(value).filter((k) => !['length', 'name', 'prototype'].includes(k))
						.map((k) => Object.getOwnPropertyDescriptor(value, k)).filter((d) => 'value' in d && typeof d.value !== 'function').map((d) => d.value);
					if (!value.length) continue;
				}
				state.set(prefix + key, [value, this.digest(value)]);
			}
		}
		return state;
	}

	digest(value) {
		if (typeof value !== 'object' || value === null) return value;
		try {
			const e = new Encoder(this.project.names, new Map(), 10000);
			e.graph([['value', value]]);
			return crypto.createHash('md5').update(e.out.data.subarray(0, e.out.at)).digest('latin1');
		} catch {
			return Array.isArray(value) ? `array of ${value.length}` : value instanceof Map || value instanceof Set ? `of ${value.size}` : 'large';
		}
	}

	/** What is other than before: an object of names and values; null for nothing. */
	changed(before) {
		const found = {__proto__: null};
		for (const [name, [value, digest]] of this.now()) {
			const was = before.get(name);
			if (!was || !Object.is(was[1], digest) || was[0] !== value && (typeof value !== 'object' || value === null)) found[name] = typeof digest === 'string' && digest.length !== 16 && typeof value === 'object' ? digest : value;
		}
		return Object.keys(found).length ? found : null;
	}
}

// A call. -------------------------------------------------------------------------------------------------

class Runner {
	constructor(request, project, target, guard) {
		this.request = request;
		this.project = project;
		this.target = target;
		this.guard = guard;
		this.kind = request.kind ?? '';
		this.timeout = Math.max(1, (request.call_timeout_s || 10) * 1000);
		this.file = path.resolve(request.project_root, request.file);
		this.variables = new Variables(project, request.new_names, this.file);
		this.streams = [['stdout', new Output(1)], ['stderr', new Output(2)]];
	}

	invoke([args, self, through]) {
		const {target} = this;
		if (target.constructs) return Reflect.construct(target.function, args, typeof through === 'function' ? through : target.function);
		if (typeof through === 'function') return Reflect.construct(target.function, args, through);
		return Reflect.apply(target.function, self, args);
	}

	/** Runs something that may never end; only a script of its own can be stopped. */
	bounded(act) {
		const key = Symbol.for('codeflash.act');
		define(globalThis, key, act);
		try {
			return new vm.Script('(() => { const k = Symbol.for("codeflash.act"), f = globalThis[k]; delete globalThis[k]; return f() })()', {filename: path.join(__dirname, 'bounded')})
				.runInThisContext({timeout: this.timeout});
		} catch (error) {
			if (error?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw new TimedOut();
			throw error;
		}
	}

	/** The promise, or TimedOut when it does not settle. */
	async inTime(promise) {
		let timer;
		const late = new Promise((_, reject) => {
			timer = timers.setTimeout(() => reject(new TimedOut()), this.timeout);
		});
		try {
			return await Promise.race([promise, late]);
		} finally {
			timers.clearTimeout(timer);
		}
	}

	show([args, self]) {
		const options = {depth: 4, maxArrayLength: 20, maxStringLength: 200, breakLength: Infinity, compact: true, customInspect: false, getters: false};
		try {
			const given = args.map((a) => util.inspect(a, options)).join(', ');
			const name = this.request.qualname;
			if (this.kind === 'constructor') return `new ${this.request.class ?? name}(${given})`;
			if (this.kind === 'property') return `(${util.inspect(self, options)}).${name.slice(name.lastIndexOf('.') + 1)}`;
			if (this.kind === 'method') return `(${util.inspect(self, options)}).${name.slice(name.lastIndexOf('.') + 1)}(${given})`;
			return `${name}(${given})`;
		} catch {
			return '(inputs not shown)';
		}
	}

	/** What it does, settled: {value} or {error}, and whether that came of a promise. */
	async result(inputs) {
		let value;
		try {
			value = this.bounded(() => this.invoke(inputs));
		} catch (error) {
			if (error instanceof TimedOut) throw error;
			return {error, later: false};
		}
		if (!isPromise(value)) return {value, later: false};
		try {
			return {value: await this.inTime(value), later: true};
		} catch (error) {
			if (error instanceof TimedOut) throw error;
			return {error, later: true};
		}
	}

	async drain(lazy, settled) {
		if (isPromise(lazy)) {
			const [state] = await this.inTime(Promise.allSettled([lazy]));
			settled.set(lazy, new Settled('promise', 'Promise', {state: state.status, value: state.status === 'fulfilled' ? state.value : state.reason}));
			return;
		}
		const items = [], fields = {items};
		const isAsync = Object.prototype.toString.call(lazy) === '[object AsyncGenerator]';
		try {
			for (;;) {
				const step = isAsync ? await this.inTime(this.bounded(() => lazy.next())) : this.bounded(() => lazy.next());
				if (step.done) {
					fields.returned = step.value;
					break;
				}
				if (items.length === LAZY_MAX) {
					fields.truncated = true;
					break;
				}
				items.push(step.value);
			}
		} catch (error) {
			if (error instanceof TimedOut) throw error;
			fields.raised = error;
		}
		const type = isGeneratorObject(lazy) ? isAsync ? 'AsyncGenerator' : 'Generator' : 'Iterator';
		settled.set(lazy, new Settled('iter', type, fields));
	}

	/** @returns {Promise<{shown: string, outcome: Buffer | null}>} outcome null: time ran out */
	async run(call, make) {
		let shown = '', inputs;
		try {
			inputs = await make();
		} catch (error) {
			return {shown, outcome: skipped(`its inputs cannot be restored: ${oneLine(error)}`)};
		}
		shown = this.show(inputs);
		try {
			const outcome = await this.judge(call, inputs, this.request.again ? make : null);
			return {shown, outcome, deep: this.isDeep};
		} catch (error) {
			if (error instanceof TimedOut) return {shown, outcome: null};
			return {shown, outcome: skipped(`its outcome cannot be read: ${oneLine(error)}`)};
		}
	}

	async judge(call, inputs, again) {
		const before = this.variables.now();
		this.prepare(call);
		const first = await this.result(inputs);
		const roots = this.roots(first, inputs);
		const globals = this.variables.changed(before);
		const said = this.streams.map(([name, s]) => [name, s.take()]).filter(([, text]) => text);
		const settled = new Map();
		if (again) {
			const more = await again();
			this.prepare(call);
			const second = await this.result(more);
			roots.push(['again', 'error' in second ? second.error : second.value]);
		}
		if (globals) roots.push(['globals', globals]);
		if (this.project.left.has(this.file)) roots.push(['left_out', this.project.left.get(this.file)]);
		for (const [name, text] of said) roots.push([name, text.replace(name === 'stderr' ? LOCATED : /$^/, '').split('\n')]);
		return this.encode(first, roots, settled);
	}

	prepare(call) {
		this.isDeep = false;
		for (const [, s] of this.streams) s.take();
		this.guard.reason = null;
		Math.random = seeded((this.request.seed ?? 0) + call);
	}

	roots(result, [args, self]) {
		const roots = ['error' in result ? ['raise', result.error instanceof Exit ? `process.exit(${result.error.code})` : result.error] : ['return', result.value]];
		if (this.kind !== 'constructor' && self !== undefined && self !== globalThis) roots.push(['self', self]);
		roots.push(['args', args]);
		if (result.later) roots.push(['later', true]);
		return roots;
	}

	async encode(result, roots, settled) {
		const by = 'error' in result ? this.raisedBy(result.error) : '';
		this.isDeep = by === 'runtime' && result.error instanceof RangeError && /call stack|Invalid (string|array|typed array) length|allocation/.test(result.error.message);
		if (by === 'runtime' && result.error instanceof LoadError) return skipped(result.error.message);
		try {
			for (let i = 0; ; i++) {
				const made = outcome(by ? 'raise' : 'return', roots, by, this.project.names, settled);
				if (!made.pending.size || i === ROUNDS) return this.guard.reason ? skipped(this.guard.reason) : made.data;
				for (const lazy of made.pending) await this.drain(lazy, settled);
			}
		} catch (error) {
			if (error instanceof TooLarge) return skipped('too large');
			throw error;
		}
	}

	/** 'project' when code of the project made the error on purpose. */
	raisedBy(error) {
		if (!util.types.isNativeError(error)) return 'project';
		const stack = Object.getOwnPropertyDescriptor(error, 'stack')?.value;
		const frame = typeof stack === 'string' ? /^ {4}at (.*)$/m.exec(stack)?.[1] : undefined;
		if (!frame) return /RangeError/.test(error.name) ? 'runtime' : 'project';
		const place = /\(?((?:file:\/\/)?\/[^()]*?):(\d+):(\d+)\)?$/.exec(frame);
		if (!place) return 'runtime';
		const file = place[1].startsWith('file:') ? decodeURIComponent(new URL(place[1]).pathname) : place[1];
		if (file.startsWith(OURS) || /[\\/]node_modules[\\/]/.test(file)) return 'runtime';
		if (!file.startsWith(path.join(this.project.root, path.sep))) return 'runtime';
		const at = this.lineOf(file, Number(place[2]))?.slice(Number(place[3]) - 1);
		return at !== undefined && /^(new\s|[\w$.]*Error\s*\(|super\s*\(|Object\.assign)/.test(at) ? 'project' : 'runtime';
	}

	lineOf(file, number) {
		for (const known of this.project.files.values())
			if (known.file === file) return known.result.code.split('\n')[number - 1];
		try {
			return readFileSync(file, 'utf8').split('\n')[number - 1];
		} catch {
			return undefined;
		}
	}
}

/** Has process.exit() end a call, and not the worker. */
function holdExit() {
	const exit = process.exit.bind(process);
	process.exit = (code) => {
		throw new Exit(code ?? process.exitCode ?? 0);
	};
	return exit;
}

module.exports = {Guard, LoadError, Project, Runner, TimedOut, Variables, holdExit, oneLine, seeded};
