// SPDX-License-Identifier: Apache-2.0
'use strict';
/** TypeScript and the like, loaded in a plain Node as their tools load them. */

const assert = require('node:assert');
const {execFileSync} = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const {after, test} = require('node:test');

const LIB = path.join(process.env.JS_PLUGIN ?? path.join(__dirname, '../../build/libexec/plugins/javascript'), 'lib');
const made = [];
after(() => made.forEach((folder) => fs.rmSync(folder, {recursive: true, force: true})));

/** What `show` says of a module, of files written into a folder of their own. */
function loaded(files, file, show) {
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cf-foreign-'));
	made.push(folder);
	for (const [name, text] of Object.entries(files)) {
		fs.mkdirSync(path.dirname(path.join(folder, name)), {recursive: true});
		fs.writeFileSync(path.join(folder, name), typeof text === 'string' ? text : JSON.stringify(text));
	}
	const script = `
		const {Project} = require(${JSON.stringify(path.join(LIB, 'call.js'))});
		const file = ${JSON.stringify(path.join(fs.realpathSync(folder), file))}, project = new Project({project_root: ${JSON.stringify(fs.realpathSync(folder))}, file: ''});
		project.load(file).then(async () => {
			const get = (name) => project.find(file, name, 'function').function;
			console.log(JSON.stringify(await (${show})(get, project, file)));
		}).catch((error) => { console.log(JSON.stringify(String(error))); });`;
	const env = {...process.env, XDG_CACHE_HOME: path.join(folder, 'cache'), NODE_NO_WARNINGS: '1'};
	return JSON.parse(execFileSync(process.execPath, ['-e', script], {encoding: 'utf8', env, cwd: folder}));
}

test('ESM of TypeScript: files by less than their names, JSON, paths of a configuration that another refers to', () => {
	const files = {
		'package.json': {type: 'module'},
		'tsconfig.json': '{"files": [], /* see there */ "references": [{"path": "./tsconfig.node.json"}, {"path": "./tsconfig.app.json"}]}',
		'tsconfig.node.json': '{"include": ["vite.config.ts"]}',
		'tsconfig.app.json': '{"extends": "./base", "include": ["src"],}',
		'base.json': {compilerOptions: {module: 'esnext', jsx: 'react-jsx', jsxImportSource: '@/own', paths: {'@/*': ['./src/*']}}},
		'src/own/jsx-runtime.ts': 'export const jsx = (type: string, props: object) => ({type, props}); export const jsxs = jsx;',
		'src/view.tsx': `import {upper} from './words';\nimport type {Props} from '@/types';\nimport data, {title} from './data.json';
			export const here: string = import.meta.url; const late = await null;
			export function view({name}: Props) { return [<b id={title}>{upper(name)}</b>, data.title, late]; }`,
		'src/types.ts': 'export interface Props {name: string}',
		'src/words/index.ts': "export {upper} from './upper.js';",
		'src/words/upper.ts': 'export const upper = (s: string): string => s.toUpperCase();',
		'src/data.json': {title: 't'},
	};
	assert.deepStrictEqual(loaded(files, 'src/view.tsx', '(get) => get("view")({name: "a"})'), [{type: 'b', props: {id: 't', children: 'A'}}, 't', null]);
});

test('TypeScript in a package that is CommonJS: enums, namespaces, decorators, parameter properties, fields', () => {
	const files = {
		'package.json': {},
		'tsconfig.json': {compilerOptions: {target: 'es2017', experimentalDecorators: true}},
		'a.ts': `import {E, helper} from './b'; import fs = require('node:fs');
			export default class A { field?: string; constructor(private x: number, readonly y = E.Two) {} @mark get(): unknown { return [this.x, this.y, 'field' in this, helper(), typeof fs.readFileSync, N.n]; } }
			function mark(_: object, name: string, d: PropertyDescriptor) { const f = d.value; d.value = function () { return [name, ...f.call(this)]; }; }
			namespace N { export const n = 5; }
			export function make() { return new A(1).get(); }`,
		'b.ts': "export enum E { One = 1, Two } export const helper = () => E[2]; export type T = string; export {type X} from './c';",
		'c.ts': 'export interface X {}',
	};
	assert.deepStrictEqual(loaded(files, 'a.ts', '(get) => get("make")()'), ['get', 1, 2, false, 'Two', 'function', 5]);
	files['tsconfig.json'].compilerOptions.target = 'es2022';
	assert.deepStrictEqual(loaded(files, 'a.ts', '(get) => get("make")()'), ['get', 1, 2, true, 'Two', 'function', 5]);
});

test('JavaScript that a runner compiles: ESM in a package that is CommonJS, JSX in .js, packages that are ESM only', () => {
	const files = {
		'package.json': {},
		'a.js': "import {b} from './b'; import c from 'only'; import d from './d.js'; export function a() { return [b(1), c(2), d]; }",
		'b.js': '/** @jsx h */\nconst h = (type, props, ...rest) => [type, props, rest];\nexport const b = (n) => <p n={n}>x</p>;',
		'd.js': 'module.exports = 7;',
		'node_modules/only/package.json': {type: 'module', exports: './i.js', name: 'only'},
		'node_modules/only/i.js': 'export default (n) => n * 2;',
	};
	assert.deepStrictEqual(loaded(files, 'a.js', '(get) => get("a")()'), [['p', {n: 1}, ['x']], 4, 7]);
});

test('with the compiler of the project, where it has one', () => {
	const files = {
		'package.json': {},
		'a.cts': 'export function a(): number { return 1; }',
		'node_modules/typescript/package.json': {name: 'typescript', version: '5.0.0', main: 'i.js'},
		'node_modules/typescript/i.js': `exports.convertCompilerOptionsFromJson = () => ({options: {}});
			exports.transpileModule = () => ({outputText: 'exports.a = function a() { return "its own"; };', sourceMapText: '{"mappings":"AAAA"}'});`,
	};
	assert.strictEqual(loaded(files, 'a.cts', '(get) => get("a")()'), 'its own');
	files['node_modules/typescript/package.json'].version = '7.0.0';
	assert.strictEqual(loaded(files, 'a.cts', '(get) => get("a")()'), 1);
});

test('what cannot be compiled is one line that names the file', () => {
	assert.match(loaded({'a.ts': 'export function ( {'}, 'a.ts', '() => 0'), /^Error: a\.ts cannot be loaded: [^\n]+$/);
});

test('a source map read: where functions are in what was compiled', () => {
	const {moved, transpile} = require(path.join(LIB, 'transpile.js'));
	const text = 'enum E { A }\ntype T = {\n  a: number;\n};\nexport function f(x: T): number {\n  return x.a + E.A;\n}\n';
	const {code, segments} = transpile(text, {file: path.join(os.tmpdir(), 'x.ts'), to: 'module'});
	const [[line, column, end]] = moved([[4, 7, 6, 1]], segments), lines = code.split('\n');
	assert.match(lines[line].slice(column), /^(export function )?f\(x\)/);
	assert.strictEqual(lines[end], '}');
});
