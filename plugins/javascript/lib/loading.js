// SPDX-License-Identifier: Apache-2.0
'use strict';
/**
 * Has every file of the project come through transform.js when Node loads it, CommonJS or ESM.
 *
 * CommonJS is changed where Node compiles it. ESM goes through Node's hooks: in this thread where there
 * are such (Node 22.15 on), else in Node's own thread for them, which is why such a file then begins by
 * importing what announces it here.
 */

const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const {fileURLToPath, pathToFileURL} = require('node:url');
const {isMainThread} = require('node:worker_threads');
const {transformed} = require('./cache');

const {readFileSync, realpathSync} = fs;
/** @typedef {(file: string) => string | null} Mode in which a file is to be transformed; null: not at all */

/**
 * @param {{mode: Mode, rules: object, announce: (file: string, result: import('./transform').Result | null) => void}} to
 *   rules: of which another thread can make the same `mode`, with modeOf(); esm: that there is some
 *   is known
 */
function follow({mode, rules, announce}) {
	const spent = {ns: 0n}; // on transforming
	const results = new Map();
	let later = null; // how ESM is followed, when it comes to that
	const make = (text, file, module, imports) => {
		const how = mode(file);
		if (!how || isDone(text)) return null;
		const start = process.hrtime.bigint();
		const result = transformed(text, {file, module, mode: how, imports});
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
			const result = make(content, filename, false);
			if (result) content = result.code;
		}
		return Reflect.apply(compile, this, [content, filename, ...rest]);
	});

	if (typeof Module.registerHooks === 'function') {
		Module.registerHooks({
			load(url, context, next) {
				const loaded = next(url, context);
				if (!url.startsWith('file:') || !/^module(-typescript)?$/.test(loaded.format ?? '') || loaded.source == null) return loaded;
				const text = typeof loaded.source === 'string' ? loaded.source : Buffer.from(loaded.source).toString('utf8');
				const result = make(text, fileURLToPath(url), true);
				return result ? {...loaded, source: result.code} : loaded;
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
const isDone = (text) => text.includes('__codeflash_module(');

/** @param {{module_root: string, main?: string | null, mode: string}} rules @returns {Mode} */
function modeOf(rules) {
	const root = path.join(rules.module_root, path.sep);
	return (file) => {
		if (file === rules.main) return 'main';
		if (!file.startsWith(root) || file.includes(`${path.sep}node_modules${path.sep}`) || file.includes(`${path.sep}.codeflash${path.sep}`)) return null;
		return rules.mode;
	};
}

function define(object, name, value) {
	Object.defineProperty(object, name, {value, writable: true, configurable: true, enumerable: false});
}

module.exports = {follow, isDone, modeOf, define};
