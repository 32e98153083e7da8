// SPDX-License-Identifier: Apache-2.0
'use strict';
/**
 * Which file is meant where Node finds none: what bundlers and runners look for, and `paths` of a
 * tsconfig.json. And which kind of module a file is.
 */

const fs = require('node:fs');
const path = require('node:path');
const {fileURLToPath} = require('node:url');
const {configOf, isFile, mapped} = require('./tsconfig');

const TYPED = ['.ts', '.tsx', '.mts', '.cts'], PLAIN = ['.js', '.jsx', '.mjs', '.cjs'], DATA = ['.json'];
const WRITTEN_AS = {'.js': ['.ts', '.tsx', '.jsx'], '.jsx': ['.tsx'], '.mjs': ['.mts'], '.cjs': ['.cts']};
const isTyped = (file) => /\.[cm]?tsx?$/.test(file) && !/\.d\.[cm]?ts$/.test(file);
const isOurs = (file) => /\.([cm]?[jt]s|[jt]sx)$/.test(file);
const isInstalled = (file) => file.includes(`${path.sep}node_modules${path.sep}`);

/** @param {string} base absolute @param {boolean} typed whether what asks is TypeScript @returns {string | null} */
function fileAt(base, typed) {
	if (isFile(base)) return base;
	const extension = path.extname(base), bare = base.slice(0, base.length - extension.length);
	for (const e of WRITTEN_AS[extension] ?? []) if (isFile(bare + e)) return bare + e;
	const order = typed ? [...TYPED, ...PLAIN, ...DATA] : [...PLAIN, ...TYPED, ...DATA];
	for (const e of order) if (isFile(base + e)) return base + e;
	for (const e of order) if (isFile(path.join(base, `index${e}`))) return path.join(base, `index${e}`);
	return null;
}

/** What a tsconfig.json says that a bare specifier means. @returns {string | null} */
function byConfig(specifier, from) {
	if (/^(\.|\/|#|[a-z]+:)/.test(specifier) || isInstalled(from)) return null;
	for (const base of mapped(configOf(from), specifier)) {
		const found = fileAt(base, isTyped(from));
		if (found && isOurs(found) || found?.endsWith('.json')) return found;
	}
	return null;
}

/** What is meant by a path that Node finds nothing at. @returns {string | null} */
function byPath(specifier, from) {
	if (isInstalled(from)) return null;
	let base;
	if (specifier.startsWith('file:')) base = fileURLToPath(specifier.split('?')[0]);
	else if (/^\.{0,2}(\/|$)/.test(specifier)) base = path.resolve(path.dirname(from), specifier.split('?')[0]);
	else return null;
	return fileAt(base, isTyped(from));
}

/** Newer Nodes look into the text of a file that nothing else says the kind of. */
const DETECTS = process.versions.node.split('.').map(Number).reduce((n, v, i) => n + v * [1e4, 1, 0][i], 0) >= 220007;

const packages = new Map();
/** What the nearest package.json says, as far as it matters here. */
function packageOf(folder) {
	let known = packages.get(folder);
	if (known) return known;
	try {
		const {type, dependencies, devDependencies} = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
		const has = (names) => names.some((n) => dependencies?.[n] || devDependencies?.[n]);
		known = {type, bundled: has(['vite', 'vitest']), compiled: has(['jest', 'ts-jest', 'ts-node', 'tsx', '@babel/register', '@swc-node/register', 'esbuild-register'])};
	} catch (error) {
		const up = path.dirname(folder);
		known = up === folder || error instanceof SyntaxError ? {type: undefined, bundled: false, compiled: false} : packageOf(up);
	}
	packages.set(folder, known);
	return known;
}

const isModuleText = (text) => /^\s*(import|export)[\s{*"']/m.test(text);
/** What only a module can have: some tools turn everything else into CommonJS. */
const isOnlyModule = (text) => /\bimport\.meta\b/.test(text) || /^(?=\S)(?!.*\basync\b).*\bawait\b/m.test(text);
const isOnlyCommon = (text) => /\b(require\s*\(|module\.exports\b|exports\.\w)|\b__(dir|file)name\b/.test(text);

/** @returns {'module' | 'commonjs'} */
function formatOf(file, text) {
	if (/\.m[jt]s$/.test(file)) return 'module';
	if (/\.c[jt]s$/.test(file)) return 'commonjs';
	const {type, bundled, compiled} = packageOf(path.dirname(file));
	if (type === 'module') return 'module';
	if (type === 'commonjs' || !isModuleText(text)) return 'commonjs';
	if (isOnlyModule(text)) return 'module';
	return (bundled || DETECTS && !compiled) && !isOnlyCommon(text) ? 'module' : 'commonjs';
}

module.exports = {byConfig, byPath, formatOf, isInstalled, isModuleText, isOurs, isTyped, packageOf};
