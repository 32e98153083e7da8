// SPDX-License-Identifier: Apache-2.0
'use strict';
/**
 * Test runners that load the project's files themselves, with transforms and contexts of their own: they are
 * given the text with probes in it before their own transform comes, and nothing of their configuration is
 * touched. Whatever realm a file is run in finds its array through one global, `__codeflash_at`.
 */

const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const vm = require('node:vm');
const {transformed} = require('./cache');
const {define, isDone} = require('./loading');

const {readFileSync} = fs;
const JEST = /[\\/]@jest[\\/]transform[\\/]build[\\/]index\.js$/;
const SOURCE = /\.[cm]?[jt]sx?$/;
/** What babel-plugin-jest-hoist moves may name nothing of the file's: such a file is left as it is. */
const MOCKS = /\bjest\s*\.\s*(mock|unmock|deepUnmock|disableAutomock|enableAutomock)\b/;

/** @param {string} text @param {string} file */
const probed = (text, file) => transformed(text, {file, module: null, mode: 'record', scoped: true});

/** TypeScript leaves out the comments that keep our text out of what is covered: they are put in again. */
const uncovered = (code) => code.replace(
	/(\/\* istanbul ignore next \*\/\s*)?((?:if \()?--\(__codeflash_[0-9a-f]{16} \|\||var __codeflash_[0-9a-f]{16} =|function __codeflash_[0-9a-f]{16}_\()/g,
	(all, comment, own) => (comment ? all : `/* istanbul ignore next */${own}`));

class Runners {
	/** @param {object} recorder record.js's */
	constructor(recorder) {
		this.recorder = recorder;
		this.lost = new Set();
	}

	follow() {
		const {recorder} = this;
		this.at = (name, file) => this.counters(name, file);
		define(globalThis, '__codeflash_at', this.at);
		define(globalThis, '__codeflash_vite', (config) => ({...config, plugins: [this.plugin(), ...[config?.plugins ?? []].flat()]}));
		const runners = this, {createContext, runInContext} = vm;
		vm.createContext = function (...args) {
			const context = Reflect.apply(createContext, this, args);
			try {
				runners.realm((text) => runInContext(text, context));
			} catch (error) { if (process.env.CODEFLASH_DEBUG) throw error; }
			return context;
		};
		define(vm.createContext, 'name', 'createContext');
		Module.syncBuiltinESMExports();
		const compile = Module.prototype._compile;
		define(Module.prototype, '_compile', function (content, filename, ...rest) {
			const result = Reflect.apply(compile, this, [content, filename, ...rest]);
			if (typeof filename === 'string' && JEST.test(filename)) runners.jest(this);
			return result;
		});
		// such processes and threads are ended by force once they have said that they are done
		const told = () => recorder.told();
		if (process.send) {
			const {send} = process;
			define(process, 'send', function (...args) {
				told();
				return Reflect.apply(send, this, args);
			});
		}
		const {isMainThread, MessagePort} = require('node:worker_threads');
		if (!isMainThread) {
			const {postMessage} = MessagePort.prototype;
			define(MessagePort.prototype, 'postMessage', function (...args) {
				told();
				return Reflect.apply(postMessage, this, args);
			});
		}
	}

	/** @param {(text: string) => any} evaluate in a context that has just been made */
	realm(evaluate) {
		if (!this.hasJest && !process.env.VITEST) return; // the program's own
		const globals = evaluate('globalThis');
		if (this.hasJest) this.recorder.names.forget();
		this.recorder.names.realm(globals, evaluate);
		this.recorder.names.of(Object.prototype); // to look round takes a while, which is no call's
		Object.defineProperty(globals, '__codeflash_at', {value: this.at, enumerable: false, configurable: false, writable: false});
	}

	/** Whether a file's functions are to be recorded; one for which they cannot be is in the ledger. */
	wants(file, text) {
		const {recorder} = this;
		if (!SOURCE.test(file) || /\.d\.[cm]?ts$/.test(file) || !recorder.mode(file) || recorder.isTest(file)) return false;
		if (!MOCKS.test(text)) return true;
		this.lose(file, 'a file with calls of jest.mock, which are moved above all else in it');
		return false;
	}

	/** The array of a file's, which says so here when it is new. */
	counters(name, file) {
		const {recorder} = this;
		const known = recorder.files.get(name);
		if (known) return known.counters;
		let result = null;
		try {
			result = probed(readFileSync(file, 'utf8'), file);
		} catch { /* it is gone */ }
		if (result?.name !== name) {
			this.lose(file, 'a file that changed while it was recorded');
			const none = new Int32Array(1 << 16).fill(0x7fffffff);
			return Object.assign(none, {begin: () => none, look() {}, look_at() {}});
		}
		recorder.announce(file, result, true);
		return recorder.files.get(name).counters;
	}

	lose(file, reason) {
		if (this.lost.has(file)) return;
		this.lost.add(file);
		this.recorder.lost(file, reason);
	}

	/** The text with probes; null where there are to be none. */
	text(text, file) {
		if (!this.wants(file, text)) return null;
		const result = probed(text, file);
		if (!result) this.lose(file, 'a file that cannot be parsed');
		return result?.code ?? null;
	}

	jest(module) {
		const {createScriptTransformer} = module.exports;
		if (typeof createScriptTransformer !== 'function') return;
		this.hasJest = true;
		const runners = this;
		const all = Object.getOwnPropertyDescriptors(module.exports);
		all.createScriptTransformer = {enumerable: true, configurable: true, writable: true, async value(...args) {
			const transformer = await Reflect.apply(createScriptTransformer, this, args);
			for (const key of ['transform', 'transformAsync']) {
				const original = transformer[key];
				if (typeof original !== 'function') continue;
				define(transformer, key, function (file, options, source) {
					let text = null;
					if (!options?.isInternalModule) {
						try {
							text = runners.text(source ?? readFileSync(file, 'utf8'), file);
						} catch (error) {
							if (process.env.CODEFLASH_DEBUG) throw error;
							runners.lose(file, 'a file that could not be given probes');
						}
					}
					return Reflect.apply(original, this, [file, options, text ?? source]);
				});
			}
			const {_instrumentFile} = transformer;
			if (typeof _instrumentFile === 'function') define(transformer, '_instrumentFile', function (file, input, ...rest) {
				return Reflect.apply(_instrumentFile, this, [file, typeof input === 'string' ? uncovered(input) : {...input, code: uncovered(input.code)}, ...rest]);
			});
			return transformer;
		}};
		module.exports = Object.defineProperties({}, all);
	}

	/** For Vite: in the process that transforms; where the code is run its array announces it. */
	plugin() {
		const runners = this;
		return {
			name: 'codeflash', enforce: 'pre',
			transform: {order: 'pre', handler(code, id) {
				const [file, query] = id.split('?');
				if (query && !/^[vt]=/.test(query) || !path.isAbsolute(file) || isDone(code) || !runners.wants(file, code)) return null;
				let own;
				try {
					own = readFileSync(file, 'utf8');
				} catch {
					return null;
				}
				if (own !== code) {
					runners.lose(file, 'a file that another plugin changes before it is loaded');
					return null;
				}
				const text = runners.text(code, file);
				return text === null ? null : {code: text, map: null};
			}},
		};
	}
}

module.exports = {Runners};
