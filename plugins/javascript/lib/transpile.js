// SPDX-License-Identifier: Apache-2.0
'use strict';
/**
 * TypeScript, JSX and ESM as Node runs them: by the project's own compiler where there is one that can be
 * asked, else by the one that comes with the plugin.
 */

const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const {parse} = require('@babel/parser');
const {isInstalled, isModuleText, isTyped} = require('./resolve');
const {configOf} = require('./tsconfig');

/** Every Node from 18.19 on has these; what it lacks of newer ones is written in terms of them. */
const TARGET = 'ES2022';
const OLD = /^(es3|es5|es6|es20(1[5-9]|2[01]))$/i;
const BABEL = ['babel.config.js', 'babel.config.cjs', 'babel.config.mjs', 'babel.config.json', '.babelrc', '.babelrc.json', '.babelrc.js', '.babelrc.cjs'];

/**
 * Whether a file is nothing that Node runs as it is.
 * @param {string} file @param {string} text
 * @param {'module' | 'commonjs'} to what it is to be
 */
function isForeign(file, text, to) {
	if (isTyped(file) || file.endsWith('.jsx')) return true;
	if (!/\.[cm]?js$/.test(file) || isInstalled(file)) return false;
	if (to === 'commonjs' && isModuleText(text) && isParsed(text, 'module', ['jsx']) && !isParsed(text, 'script', ['jsx'])) return true;
	return /<\/[A-Za-z>]|\/>|<>/.test(text) && !isParsed(text, to === 'module' ? 'module' : 'script') && isParsed(text, to === 'module' ? 'module' : 'script', ['jsx']);
}

function isParsed(text, sourceType, plugins = []) {
	try {
		parse(text, {sourceType, plugins: ['decorators', 'explicitResourceManagement', ...plugins], allowReturnOutsideFunction: true, attachComment: false,
			allowNewTargetOutsideFunction: true, allowUndeclaredExports: true});
		return true;
	} catch {
		return false;
	}
}

// Compilers. ------------------------------------------------------------------------------------------

/**
 * @typedef {{name: string, version: string, make: (text: string, how: How) => {code: string, map: any}}} Compiler
 * @typedef {{file: string, to: 'module' | 'commonjs', options: Record<string, any>, jsx: Jsx}} How
 * @typedef {{runtime: 'classic' | 'automatic', from?: string, factory?: string, fragment?: string, keep?: boolean}} Jsx
 */

const compilers = new Map(); // folder and kind → Compiler

/** A package of the project's: its version, and what it offers when it comes to that. */
function borrowed(name, folder) {
	const require = Module.createRequire(path.join(folder, 'package.json'));
	let file, version;
	try {
		file = require.resolve(name);
	} catch {
		return null;
	}
	for (let at = path.dirname(file); version === undefined && at !== path.dirname(at); at = path.dirname(at)) {
		try {
			const found = JSON.parse(fs.readFileSync(path.join(at, 'package.json'), 'utf8'));
			if (found.name === name) ({version} = found);
		} catch { /* further up */ }
	}
	let api;
	return {
		version: version ?? file,
		get api() {
			return api ??= alone(() => require(file));
		},
	};
}

/** Loads something, and leaves nothing of it among the modules that the program sees. */
function alone(act) {
	const before = new Set(Object.keys(Module._cache));
	try {
		return act();
	} finally {
		for (const key of Object.keys(Module._cache)) if (!before.has(key) && isInstalled(key)) delete Module._cache[key];
	}
}

/** @returns {Compiler} */
function compilerOf(file) {
	const typed = isTyped(file), folder = path.dirname(file), key = `${typed} ${folder}`;
	let found = compilers.get(key);
	if (!found) {
		const order = typed ? [typescript, esbuild, swc, babel] : [babel, typescript, esbuild, swc];
		for (const one of order) if ((found = one(folder))) break;
		found ??= typescript(__dirname);
		compilers.set(key, found);
	}
	return found;
}

/** @returns {Compiler | null} */
function typescript(folder) {
	const found = borrowed('typescript', folder);
	if (!(parseInt(found?.version, 10) < 7)) return null; // newer ones are a program of their own
	return {name: 'typescript', version: found.version, make(text, {file, to, options, jsx}) {
		const ts = found.api;
		const given = {...options, target: OLD.test(options.target ?? 'es5') ? TARGET : options.target, module: to === 'module' ? 'ESNext' : 'CommonJS'};
		for (const key of ['moduleResolution', 'outFile', 'outDir', 'rootDir', 'declaration', 'declarationMap', 'composite', 'incremental', 'noEmit', 'sourceRoot', 'mapRoot',
			'inlineSourceMap', 'emitDeclarationOnly', 'importHelpers', 'noEmitHelpers', 'out', 'customConditions', 'resolvePackageJsonExports', 'resolvePackageJsonImports',
			'allowImportingTsExtensions', 'rewriteRelativeImportExtensions', 'erasableSyntaxOnly', 'plugins', 'lib', 'types', 'typeRoots', 'paths', 'baseUrl', 'rootDirs']) delete given[key];
		if (to === 'commonjs') delete given.verbatimModuleSyntax;
		Object.assign(given, {sourceMap: true, isolatedModules: true, removeComments: false, noEmitOnError: false, allowJs: true, noLib: true,
			jsx: jsx.runtime === 'automatic' ? 'react-jsx' : 'react'});
		if (jsx.from) given.jsxImportSource = jsx.from;
		if (jsx.factory) given.jsxFactory = jsx.factory;
		if (jsx.fragment) given.jsxFragmentFactory = jsx.fragment;
		const {options: compilerOptions} = ts.convertCompilerOptionsFromJson(given, path.dirname(file));
		const made = ts.transpileModule(text, {fileName: file, compilerOptions, reportDiagnostics: true});
		const wrong = made.diagnostics?.find((d) => d.file && d.code < 2000); // the numbers of syntax errors
		if (wrong) {
			const {line, character} = ts.getLineAndCharacterOfPosition(wrong.file, wrong.start);
			throw new SyntaxError(`${path.basename(file)}:${line + 1}:${character + 1}: ${ts.flattenDiagnosticMessageText(wrong.messageText, ' ')}`);
		}
		return {code: made.outputText.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, '\n'), map: JSON.parse(made.sourceMapText)};
	}};
}

/** @returns {Compiler | null} */
function esbuild(folder) {
	const found = borrowed('esbuild', folder);
	if (!found) return null;
	return {name: 'esbuild', version: found.version, make(text, {file, to, options, jsx}) {
		const {experimentalDecorators, useDefineForClassFields, verbatimModuleSyntax, strict, alwaysStrict, target} = options;
		const made = found.api.transformSync(text, {
			loader: {'.tsx': 'tsx', '.jsx': 'jsx'}[path.extname(file)] ?? (isTyped(file) ? 'ts' : 'jsx'), format: to === 'module' ? 'esm' : 'cjs', sourcemap: 'external',
			sourcefile: file, target: 'node18', platform: 'node', jsx: jsx.runtime === 'automatic' ? 'automatic' : 'transform', jsxImportSource: jsx.from, jsxFactory: jsx.factory,
			jsxFragment: jsx.fragment, logLevel: 'silent',
			tsconfigRaw: {compilerOptions: {experimentalDecorators, useDefineForClassFields, verbatimModuleSyntax: to === 'module' && verbatimModuleSyntax, strict, alwaysStrict, target}},
		});
		return {code: made.code, map: JSON.parse(made.map)};
	}};
}

/** @returns {Compiler | null} */
function swc(folder) {
	const found = borrowed('@swc/core', folder);
	if (!found) return null;
	return {name: 'swc', version: found.version, make(text, {file, to, options, jsx}) {
		const tsx = /\.[jt]sx$/.test(file) || file.endsWith('.js');
		const made = found.api.transformSync(text, {
			filename: file, sourceMaps: true, module: {type: to === 'module' ? 'es6' : 'commonjs'},
			jsc: {
				parser: isTyped(file) ? {syntax: 'typescript', tsx, decorators: true} : {syntax: 'ecmascript', jsx: tsx, decorators: true}, target: TARGET.toLowerCase(), keepClassNames: true,
				transform: {legacyDecorator: Boolean(options.experimentalDecorators), decoratorMetadata: Boolean(options.emitDecoratorMetadata),
					useDefineForClassFields: options.useDefineForClassFields, react: {runtime: jsx.runtime, importSource: jsx.from, pragma: jsx.factory, pragmaFrag: jsx.fragment}},
			},
		});
		return {code: made.code, map: JSON.parse(made.map)};
	}};
}

/** Where a configuration says how. @returns {Compiler | null} */
function babel(folder) {
	let root = folder;
	for (;; root = path.dirname(root)) {
		if (BABEL.some((n) => fs.existsSync(path.join(root, n))) || hasBabel(root)) break;
		if (root === path.dirname(root)) return null;
	}
	const found = borrowed('@babel/core', folder);
	if (!found) return null;
	return {name: 'babel', version: `${found.version} ${root} ${configText(root)}`, make(text, {file, to, options, jsx}) {
		const made = found.api.transformSync(text, {
			filename: file, cwd: root, root, sourceMaps: true, retainLines: true, compact: false, envName: process.env.BABEL_ENV || process.env.NODE_ENV || 'test',
			caller: {name: 'codeflash', supportsStaticESM: to === 'module', supportsDynamicImport: true, supportsTopLevelAwait: to === 'module', supportsExportNamespaceFrom: true},
		});
		if (to !== 'commonjs' || isParsed(made.code, 'script')) return made;
		const again = typescript(__dirname).make(made.code, {file: `${file}.js`, to, options, jsx}); // its presets leave modules to others
		return {code: again.code, map: made.map};
	}};
}

/** What it is configured with, as far as it is said there. */
function configText(root) {
	return [...BABEL, 'package.json'].map((n) => {
		try {
			return fs.readFileSync(path.join(root, n), 'utf8');
		} catch {
			return '';
		}
	}).join('');
}

function hasBabel(folder) {
	try {
		return 'babel' in JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
	} catch {
		return false;
	}
}

// What a file is to become. -----------------------------------------------------------------------------

const canFind = (name, file) => {
	try {
		Module.createRequire(file).resolve(name);
		return true;
	} catch {
		return false;
	}
};

/** @returns {How} */
function howOf(file, text, to) {
	const options = {...configOf(file)?.options};
	// what depends on the target unless it is said is as the configuration means it, whatever the target here
	if (options.useDefineForClassFields === undefined) options.useDefineForClassFields = !OLD.test(options.target ?? 'esnext') || /^es2022$/i.test(options.target);
	if (options.esModuleInterop === undefined && !/^(node|preserve)/i.test(options.module ?? '')) options.esModuleInterop = !isTyped(file) || !['ts-node', 'ts-jest'].some((n) => canFind(n, file));
	const pragma = (name) => new RegExp(`@${name}\\s+([\\w$.@/-]+)`).exec(text.slice(0, 5000).match(/\/\*[^]*?\*\//g)?.join('\n') ?? '')?.[1];
	const jsx = {factory: pragma('jsx') ?? options.jsxFactory ?? options.reactNamespace?.concat('.createElement'), fragment: pragma('jsxFrag') ?? options.jsxFragmentFactory,
		from: pragma('jsxImportSource') ?? options.jsxImportSource};
	const said = pragma('jsxRuntime') ?? (pragma('jsx') ? 'classic' : /^react-jsx/.test(options.jsx ?? '') || jsx.from ? 'automatic' : options.jsx === 'react' ? 'classic' : undefined);
	jsx.runtime = said ?? (!/\bReact\b/.test(text) && canFind('react/jsx-runtime', file) ? 'automatic' : 'classic');
	return {file, to, options, jsx};
}

/** All that the code depends on beside the text: for a cache. */
function describe(file, text, to) {
	const {name, version} = compilerOf(file);
	return {name, version, ...howOf(file, text, to)};
}

/**
 * @param {string} text @param {{file: string, to: 'module' | 'commonjs', original?: string}} how original: the text as the user has it
 * @returns {{code: string, segments: [number, number, number, number][]}} the code with its map at the end, and what
 *   the map says: lines and columns, of the code and of the text
 * @throws {Error} when it cannot be compiled
 */
function transpile(text, {file, to, original = text}) {
	const made = compilerOf(file).make(text, howOf(file, original, to));
	const segments = decoded(made.map.mappings);
	const map = {version: 3, sources: [path.basename(file)], names: [], mappings: made.map.mappings};
	return {code: `${made.code}\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}\n`, segments};
}

const DIGITS = new Map([...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].map((c, i) => [c, i]));

/** @param {string} mappings of a source map */
function decoded(mappings) {
	const found = [];
	let line = 0, from = 0, column = 0;
	mappings.split(';').forEach((row, at) => {
		let to = 0;
		for (const segment of row ? row.split(',') : []) {
			const numbers = [];
			for (let i = 0; i < segment.length;) {
				let value = 0, shift = 0, digit;
				do {
					digit = DIGITS.get(segment[i++]);
					value += (digit & 31) * 2 ** shift;
					shift += 5;
				} while (digit & 32);
				numbers.push(value % 2 ? -(value - 1) / 2 : value / 2);
			}
			to += numbers[0];
			if (numbers.length < 4) continue;
			line += numbers[2];
			column += numbers[3];
			from += numbers[1];
			if (from === 0) found.push([at, to, line, column]);
		}
	});
	return found;
}

/** Places in the text as places in the code. @param {number[][]} spans [line, column, line, column] each, from 0 */
function moved(spans, segments) {
	return spans.map(([l0, c0, l1, c1]) => {
		let first = null, after = null;
		for (let i = 0; i < segments.length; i++) {
			const [line, column, l, c] = segments[i];
			if ((l < l0 || l === l0 && c < c0) || (l > l1 || l === l1 && c >= c1)) continue;
			first ??= [line, column];
			after = segments[i + 1] ?? [line + 1, 0];
		}
		return first ? [...first, after[0], after[1]] : [0, 0, 0, 0];
	});
}

module.exports = {describe, isForeign, moved, transpile};
