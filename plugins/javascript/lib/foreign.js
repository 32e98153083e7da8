// SPDX-License-Identifier: Apache-2.0
'use strict';
/**
 * Loads, where recorded calls are made again, what Node does not load by itself and the project's tools do:
 * TypeScript, JSX, ESM in packages that are CommonJS, imports of files by less than their names.
 */

const fs = require('node:fs');
const Module = require('node:module');
const {fileURLToPath, pathToFileURL} = require('node:url');
const {compiled} = require('./cache');
const {byConfig, byPath, formatOf, isInstalled, isOurs, isTyped} = require('./resolve');
const {isForeign} = require('./transpile');

const {readFileSync} = fs;
const NOT_FOUND = new Set(['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND', 'ERR_UNSUPPORTED_DIR_IMPORT', 'ERR_INVALID_MODULE_SPECIFIER']);

const fileOf = (url) => (typeof url === 'string' && url.startsWith('file:') ? fileURLToPath(url.split('?')[0]) : null);

/** CommonJS. */
function acceptRequire() {
	const extensions = Module._extensions, plain = extensions['.js'];
	const read = (module, file) => module._compile(readFileSync(file, 'utf8'), file);
	const asCommon = (module, file) => module._compile(compiled(readFileSync(file, 'utf8'), file, 'commonjs'), file);
	for (const e of ['.ts', '.tsx', '.cts', '.mts', '.jsx']) extensions[e] = read;
	extensions['.js'] = (module, file) => {
		if (!isInstalled(file)) {
			const text = readFileSync(file, 'utf8');
			if (formatOf(file, text) === 'commonjs' && isForeign(file, text, 'commonjs')) {
				read(module, file);
				return;
			}
		}
		try {
			plain(module, file);
		} catch (error) {
			if (error?.code !== 'ERR_REQUIRE_ESM') throw error;
			(isInstalled(file) ? asCommon : read)(module, file);
		}
	};
	if (!process.features.require_module) extensions['.mjs'] = (module, file) => (isInstalled(file) ? asCommon : read)(module, file);

	const resolve = Module._resolveFilename;
	Module._resolveFilename = function (request, parent, ...rest) {
		const from = parent?.filename;
		const found = from && !Module.isBuiltin(request) && byConfig(request, from);
		if (found) return found;
		try {
			return Reflect.apply(resolve, this, [request, parent, ...rest]);
		} catch (error) {
			const other = from && NOT_FOUND.has(error?.code) && byPath(request, from);
			if (other) return other;
			throw error;
		}
	};
}

/** What a specifier is before Node is asked. */
function resolveFirst(specifier, {parentURL}) {
	const from = fileOf(parentURL);
	const found = from && !Module.isBuiltin(specifier) && byConfig(specifier, from);
	return found ? ofUrl({url: pathToFileURL(found).href, shortCircuit: true}) : null;
}

/** And when it has found nothing. */
function resolveLast(specifier, {parentURL}, error) {
	const from = fileOf(parentURL);
	const found = from && NOT_FOUND.has(error?.code) && byPath(specifier, from);
	return found ? ofUrl({url: pathToFileURL(found).href, shortCircuit: true}) : null;
}

/** What was found, with the kind of module that it is. */
function ofUrl(found) {
	const file = fileOf(found.url);
	if (!file || isInstalled(file) && !isTyped(file) || !isOurs(file)) return found;
	try {
		return {...found, format: formatOf(file, readFileSync(file, 'utf8'))};
	} catch {
		return found;
	}
}

/**
 * What Node cannot load, loaded; null for what it can.
 * @param {(file: string, text: string) => string | null} make the code with what codeflash puts into it
 */
function load(url, context, make) {
	const file = fileOf(url), {format} = context;
	if (!file) return null;
	if (file.endsWith('.json') && !context['importAttributes' in context ? 'importAttributes' : 'importAssertions']?.type) return {format: 'module', shortCircuit: true, source: jsonModule(readFileSync(file, 'utf8'))};
	if (!isOurs(file) || isInstalled(file) && !isTyped(file)) return null;
	const text = readFileSync(file, 'utf8'), to = format === 'module' || format === 'commonjs' ? format : formatOf(file, text);
	if (to === 'commonjs') return isForeign(file, text, to) ? {format: 'commonjs', source: null, shortCircuit: true} : null;
	return {format: 'module', shortCircuit: true, source: make(file, text) ?? (isForeign(file, text, to) ? compiled(text, file, to) : text)};
}

function jsonModule(text) {
	const value = JSON.parse(text.replace(/^\ufeff/, ''));
	const names = value && typeof value === 'object' && !Array.isArray(value) ? Object.keys(value).filter((n) => /^[A-Za-z_$][\w$]*$/.test(n)) : [];
	const quoted = JSON.stringify(JSON.stringify(value));
	return `const _=JSON.parse(${quoted});export default _;${names.map((n, i) => `const _${i}=_[${JSON.stringify(n)}];export{_${i} as ${n}};`).join('')}`;
}

module.exports = {acceptRequire, load, ofUrl, resolveFirst, resolveLast};
