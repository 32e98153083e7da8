// SPDX-License-Identifier: Apache-2.0
'use strict';
/** The verb `scope`: what a candidate changes beside the functions that it is about. */

const {parse} = require('@babel/parser');
const {isModuleText} = require('./resolve');
const {parserOptions, transform} = require('./transform');

const isModule = (file, text) => /\.m[jt]s$/.test(file) || !/\.cjs$/.test(file) && isModuleText(text);

/** The functions that nothing is inside of them, by name, and the text around them. */
function read(file, text) {
	const module = isModule(file, text);
	const made = transform(text, {file, module, mode: 'expose'});
	const tree = parse(text, parserOptions(file, module));
	return {made, tree, module};
}

function outer(functions) {
	return functions.filter((f) => f.kind !== 'module' && !f.qualname.includes('.<locals>.'));
}

/** The text with the bodies of its functions left out, comments and blanks too. */
function around(text, read_, removed) {
	const spans = outer(read_.made.functions).map((f) => f.span).sort((a, b) => a[0] - b[0]);
	const tokens = parse(text, {...parserOptions(removed.file, read_.module), tokens: true}).tokens;
	const parts = [];
	for (const t of tokens) {
		if (t.type === 'CommentLine' || t.type === 'CommentBlock') continue;
		const span = spans.find(([start, end]) => t.start >= start && t.end <= end);
		if (!span) parts.push([t.start, t.end, text.slice(t.start, t.end)]);
	}
	return parts;
}

/** Statements at the top level, each as its tokens without the insides of functions. */
function statements(file, text, r) {
	const parts = around(text, r, {file});
	return r.tree.program.body.map((node) => ({
		node, text: parts.filter(([start, end]) => start >= node.start && end <= node.end).map((p) => p[2]).join(' '),
	}));
}

function declared(node) {
	if (node.type === 'ExportNamedDeclaration' && node.declaration) node = node.declaration;
	if (node.type === 'VariableDeclaration') return node.declarations.map((d) => d.id.name ?? null);
	if (node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration') return [node.id?.name ?? null];
	return null;
}

function scope({targets, files}) {
	const functions = [], names = {};
	for (const {path: file, before, after} of files) {
		if (!/\.[cm]?[jt]sx?$/.test(file)) return {functions: [], names: {}, refused: `${file}: not JavaScript`};
		let a, b;
		try {
			a = read(file, before);
			b = read(file, after);
		} catch (error) {
			return {functions: [], names: {}, refused: `${file}: it cannot be parsed: ${error.message}`};
		}
		const old = new Map(outer(a.made.functions).map((f) => [`${f.kind} ${f.qualname}`, f]));
		const wanted = new Set(targets.filter((t) => t.file === file).map((t) => t.qualname));
		for (const f of outer(b.made.functions)) {
			const was = old.get(`${f.kind} ${f.qualname}`);
			if (!was) continue; // a new one: reached through those that are replayed
			old.delete(`${f.kind} ${f.qualname}`);
			if (JSON.stringify(was.signature) !== JSON.stringify(f.signature)) return {functions: [], names: {}, refused: `${f.qualname}: its parameters change`};
			const text = (t, [s, e]) => t.slice(s, e);
			if (text(before, was.span) === text(after, f.span) || wanted.has(f.qualname)) continue;
			if (!f.replayable) return {functions: [], names: {}, refused: `${f.qualname} changes, which cannot be replayed: ${f.reason}`};
			functions.push({file, qualname: f.qualname});
		}
		if (old.size) return {functions: [], names: {}, refused: `${[...old.values()][0].qualname} is gone`};
		const left = statements(file, before, a), right = statements(file, after, b);
		const added = [];
		let i = 0;
		for (const s of right) {
			if (i < left.length && left[i].text === s.text) {
				i++;
				continue;
			}
			const made = declared(s.node);
			const known = new Set(a.made.names);
			const isImport = s.node.type === 'ImportDeclaration';
			if (!isImport && (!made || made.some((n) => n === null || known.has(n)))) return {functions: [], names: {}, refused: `${file}: it changes what the module does when it is loaded`};
			if (made) added.push(...made);
		}
		if (i < left.length) return {functions: [], names: {}, refused: `${file}: it changes what the module does when it is loaded`};
		if (added.length) names[file] = added;
	}
	return {functions, names, refused: null};
}

module.exports = {scope};
