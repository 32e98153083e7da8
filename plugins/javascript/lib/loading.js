// SPDX-License-Identifier: Apache-2.0
'use strict';
/**
 * Has every file of the project come through transform.js when Node loads it, CommonJS or ESM.
 *
 * CommonJS is changed where Node compiles it. ESM goes through Node's hooks: in this thread where there
 * are such (Node 22.15 on), else in Node's own thread for them, which is why such a file then begins by
 * importing what announces it here.
 *
 * What Node does not run as it is, TypeScript above all, gets its probes first and is compiled then: the same
 * way here and where calls are made again, whatever tool the program has brought.
 */

const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const {fileURLToPath, pathToFileURL} = require('node:url');
const {isMainThread} = require('node:worker_threads');
const {compiled, transformed} = require('./cache');
const {isInstalled, isTyped} = require('./resolve');

const {readFileSync, realpathSync} = fs;
const OURS = path.join(__dirname, path.sep);
/** @typedef {(file: string) => string | null} Mode in which a file is to be transformed; null: not at all */

/**
 * @param {{mode: Mode, rules: object, announce: (file: string, result: import('./transform').Result | null) => void}} to
 *   rules: of which another thread can make the same `mode`, with modeOf(); esm: that there is some
 *   is known; runs: that nothing else compiles what Node does not run
 */
function follow({mode, rules, announce}) {
	const spent = {ns: 0n}; // on transforming
	const results = new Map();
	let later = null; // how ESM is followed, when it comes to that
	const make = (text, file, module, imports) => {
		const how = mode(file);
		if (!how || isDone(text)) return null;
		const start = process.hrtime.bigint();
		const foreign = isForeign(file, text, module);
		const result = transformed(text, {file, module, mode: how, imports, foreign});
		spent.ns += process.hrtime.bigint() - start;
		if (result && !results.has(result.name)) {
			results.set(result.name, result);
			announce(file, result);
		} else if (!result) {
			announce(file, null);
		}
		return result;
	};

	const compile = Module.prototype._compile;
	define(Module.prototype, '_compile', function (content, filename, ...rest) {
		if (later && typeof content === 'string' && /\bimport\s*\(/.test(content)) later();
		if (typeof content === 'string' && typeof filename === 'string' && rest[0] !== 'module') {
			const text = written(filename, content), result = make(text, filename, false);
			if (result) content = result.code;
			else if (rules.runs && isForeign(filename, text, false)) content = compiled(text, filename, 'commonjs');
		}
		return Reflect.apply(compile, this, [content, filename, ...rest]);
	});

	if (rules.runs) require('./foreign').acceptRequire();
	if (typeof Module.registerHooks === 'function') {
		const foreign = rules.runs && require('./foreign');
		Module.registerHooks({
			resolve(specifier, context, next) {
				if (!foreign || !context.conditions?.includes('import')) return next(specifier, context);
				const first = foreign.resolveFirst(specifier, context);
				if (first) return first;
				try {
					return foreign.ofUrl(next(specifier, context));
				} catch (error) {
					const last = foreign.resolveLast(specifier, context, error);
					if (last) return last;
					throw error;
				}
			},
			load(url, context, next) {
				const ours = foreign && context.conditions?.includes('import') && foreign.load(url, context, (file, text) => make(text, file, true)?.code);
				if (ours) return ours;
				const loaded = next(url, context);
				const vite = rules.mode === 'record' ? require('./vite').viteSource(url, loaded.source) : null;
				if (vite !== null) return {...loaded, source: vite};
				if (!url.startsWith('file:') || !/^module(-typescript)?$/.test(loaded.format ?? '') || loaded.source == null) return loaded;
				const file = fileURLToPath(url);
				const text = written(file, typeof loaded.source === 'string' ? loaded.source : Buffer.from(loaded.source).toString('utf8'));
				const result = make(text, file, true);
				return result ? {...loaded, format: 'module', source: result.code} : loaded;
			},
		});
		return spent;
	}
	if (typeof Module.register !== 'function') return spent;
	define(globalThis, '__codeflash_import', (url, name) => {
		if (results.has(name)) return;
		const file = fileURLToPath(url);
		make(readFileSync(file, 'utf8'), file, true, true);
	});
	// to start that thread takes a while, which a program without ESM need not wait for
	const register = () => {
		later = null;
		Module.register(pathToFileURL(path.join(__dirname, 'hooks.mjs')).href, {data: rules});
	};
	if (rules.esm ?? beginsAsModule()) register();
	else later = register;
	return spent;
}

/** Whether a file must be compiled before Node runs it. */
function isForeign(file, text, module) {
	if (isInstalled(file) && !isTyped(file) || file.startsWith(OURS)) return false;
	if (!isTyped(file) && !/\.jsx$|^\s*(import|export)[\s{*"']|<\/|\/>|<>/m.test(`${text}\n${file}`)) return false;
	return require('./transpile').isForeign(file, text, module ? 'module' : 'commonjs');
}

/** The text of a file as its author has it, when what is to be run has been made of it by some tool. */
function written(file, text) {
	if (isInstalled(file) || !isTyped(file) && !/__esModule|sourceMappingURL=data:/.test(text)) return text;
	try {
		const own = readFileSync(file, 'utf8');
		return own !== text && isForeign(file, own, isTyped(file) && /\.mts$/.test(file)) ? own : text;
	} catch {
		return text;
	}
}

/** Whether the program may be ESM from its start: of a thread that is not known yet. */
function beginsAsModule() {
	const [, script] = process.argv;
	if (!isMainThread || !script) return true;
	let file;
	try {
		file = realpathSync(require.resolve(path.resolve(script)));
	} catch {
		return true;
	}
	if (/\.m[jt]s$/.test(file)) return true;
	if (/\.c[jt]s$/.test(file)) return false;
	for (let d = path.dirname(file); ; d = path.dirname(d)) {
		try {
			if (JSON.parse(readFileSync(path.join(d, 'package.json'), 'utf8')).type === 'module') return true;
			break;
		} catch (error) {
			if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') return true;
		}
		if (d === path.dirname(d)) break;
	}
	// newer Nodes look into the text when nothing else says what it is
	return /^\s*(import|export)[\s{*"']/m.test(readFileSync(file, 'utf8'));
}

/** Whether a text has come through here before: hooks may be in place twice. */
const isDone = (text) => text.includes('__codeflash_module(') || text.includes('__codeflash_at(');

/** What Vite makes of its configuration, for as long as it takes to load it. */
const BUNDLED = /\.timestamp-\d+-[0-9a-f]+\.mjs$/;

/** @param {{module_root: string, main?: string | null, mode: string}} rules @returns {Mode} */
function modeOf(rules) {
	const root = path.join(rules.module_root, path.sep);
	return (file) => {
		if (file === rules.main) return 'main';
		if (!file.startsWith(root) || file.includes(`${path.sep}node_modules${path.sep}`) || file.includes(`${path.sep}.codeflash${path.sep}`) || BUNDLED.test(file)) return null;
		return rules.mode;
	};
}

function define(object, name, value) {
	Object.defineProperty(object, name, {value, writable: true, configurable: true, enumerable: false});
}

module.exports = {follow, isDone, isForeign, modeOf, define};
