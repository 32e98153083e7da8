// SPDX-License-Identifier: Apache-2.0
'use strict';
/**
 * A file's functions, and its text with probes in it.
 *
 * Text is only ever put in, and no line of its own: what the program says of its lines stays true
 * without a source map, and the rest of the text is the user's to the letter.
 *
 * @typedef {object} Fn a function, the columns of table `function` in cf-trace(5), and
 * @property {number[]} at where it stands in the new text: line, column, line, column, from 0
 * @property {number[]} span from where to where it goes in the old one
 * @typedef {{code: string, functions: Fn[], name: string, names: string[], left: string[]}} Result
 */

const crypto = require('node:crypto');
const {parse} = require('@babel/parser');

const SKIP = new Set(['loc', 'start', 'end', 'extra', 'errors', 'type', 'tokens', 'comments', 'typeAnnotation',
	'returnType', 'typeParameters', 'superTypeParameters', 'implements', 'range', 'leadingComments',
	'trailingComments', 'innerComments']);
const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression',
	'ObjectMethod', 'ClassMethod', 'ClassPrivateMethod']);
const CLASSES = new Set(['ClassDeclaration', 'ClassExpression']);

/** @returns {any[]} the nodes directly below one */
function children(node) {
	const found = [];
	for (const key in node) {
		if (SKIP.has(key)) continue;
		const value = node[key];
		if (!value || typeof value !== 'object') continue;
		if (Array.isArray(value)) {
			for (const one of value) if (one && typeof one.type === 'string') found.push(one);
		} else if (typeof value.type === 'string') {
			found.push(value);
		}
	}
	return found;
}

const bare = (node) => {
	while (node && (node.type === 'ParenthesizedExpression' || node.type === 'TSAsExpression')) node = node.expression;
	return node;
};

/** @param {boolean | null} module null: as its own text says, which a runner's transform takes either way */
function parserOptions(file, module) {
	const plugins = ['decorators', 'explicitResourceManagement'];
	const typed = /\.[cm]?tsx?$/.test(file);
	if (typed) plugins.push('typescript');
	if (/\.([jt]sx|[cm]?js)$/.test(file)) plugins.push('jsx');
	if (module === null && !typed) plugins.push('flow');
	return {
		sourceType: module === null ? 'unambiguous' : module ? 'module' : 'script', plugins, attachComment: false,
		allowReturnOutsideFunction: !module, allowNewTargetOutsideFunction: !module,
		allowUndeclaredExports: true, createParenthesizedExpressions: true,
	};
}

/** `module.exports.f` as ['module', 'exports', 'f']; null for what is not names all the way. */
function memberPath(node) {
	if (node.type === 'Identifier') return [node.name];
	if (node.type === 'ThisExpression') return null;
	if (node.type !== 'MemberExpression') return null;
	const left = memberPath(node.object);
	if (!left) return null;
	if (!node.computed && node.property.type === 'Identifier') return [...left, node.property.name];
	if (node.computed && node.property.type === 'StringLiteral') return [...left, node.property.value];
	return null;
}

/** What is assigned to `exports.f` and `module.exports.f` goes by the name f. */
function exportedName(path) {
	if (path[0] === 'exports' && path.length > 1) return path.slice(1);
	if (path[0] === 'module' && path[1] === 'exports' && path.length > 2) return path.slice(2);
	return path;
}

function keyName(node) {
	if (node.key.type === 'PrivateName') return `#${node.key.id.name}`;
	if (!node.computed && node.key.type === 'Identifier') return node.key.name;
	if (node.key.type === 'StringLiteral' || node.key.type === 'NumericLiteral') return String(node.key.value);
	return null;
}

/** `require('x')`, and what is taken from it by name. */
function isRequire(node) {
	while (node && node.type === 'MemberExpression') node = node.object;
	return node?.type === 'CallExpression' && node.callee.type === 'Identifier' && node.callee.name === 'require';
}

/**
 * The functions that a module is wrapped in, which run once, when it is loaded: `(function () {…})()`, and
 * what such a one is given, as `(function (global, factory) {…})(this, function (exports) {…})`.
 */
function factories(statement) {
	if (statement.type === 'VariableDeclaration') return statement.declarations.flatMap((d) => (d.init ? wrapped(d.init) : []));
	return statement.type === 'ExpressionStatement' ? wrapped(statement.expression) : [];
}

function wrapped(node) {
	let e = bare(node);
	while (e.type === 'UnaryExpression' || e.type === 'AssignmentExpression') e = bare(e.argument ?? e.right);
	if (e.type !== 'CallExpression') return [];
	let callee = bare(e.callee);
	if (callee.type === 'MemberExpression' && callee.property.name === 'call') callee = bare(callee.object);
	if (!FUNCTIONS.has(callee.type)) return [];
	return [callee, ...e.arguments.map(bare)].filter((f) => FUNCTIONS.has(f.type) && f.body.type === 'BlockStatement' && !f.async && !f.generator);
}

class Unfit extends Error {}

const IGNORE = '/* istanbul ignore next */';
const named = (names) => `{${names.map((n) => `${n}:()=>${n}`).join(',')}}`;

/** The text of an expression that is what the parameter was given, as far as the function sees it. */
function argument(p) {
	switch (p.type) {
	case 'Identifier': return p.name;
	case 'AssignmentPattern': return argument(p.left);
	case 'TSParameterProperty': return argument(p.parameter);
	case 'RestElement': return `...${argument(p.argument)}`;
	case 'ArrayPattern': return `[${p.elements.map((e) => (e ? argument(e) : '')).join(',')}${
		p.elements.length && !p.elements[p.elements.length - 1] ? ',' : ''}]`;
	case 'ObjectPattern': return `{${p.properties.map((e) => {
		if (e.type === 'RestElement') return argument(e);
		if (e.computed) throw new Unfit('a parameter is taken apart by a computed name');
		const name = e.key.type === 'Identifier' ? e.key.name : JSON.stringify(e.key.value);
		return `${name === '__proto__' ? '["__proto__"]' : name}:${argument(e.value)}`;
	}).join(',')}}`;
	default: throw new Unfit(`a parameter of an unknown form (${p.type})`);
	}
}

function bound(p, names) {
	if (!p) return names;
	if (p.type === 'Identifier') names.push(p.name);
	else if (p.type === 'AssignmentPattern') bound(p.left, names);
	else if (p.type === 'RestElement') bound(p.argument, names);
	else if (p.type === 'TSParameterProperty') bound(p.parameter, names);
	else if (p.type === 'ArrayPattern') p.elements.forEach((e) => bound(e, names));
	else if (p.type === 'ObjectPattern') p.properties.forEach((e) => bound(e.type === 'RestElement' ? e : e.value, names));
	return names;
}

class Source {
	constructor(text, file, module, mode) {
		this.text = text;
		this.file = file;
		this.module = module;
		this.mode = mode;
		this.puts = [];
		this.functions = [];
		this.spans = [];
		this.name = `__codeflash_${crypto.createHash('sha256').update(`${file}\0${text}`).digest('hex').slice(0, 16)}`;
		this.lines = [0];
		for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) this.lines.push(i + 1);
	}

	put(at, text) {
		this.puts.push({at, text, n: this.puts.length});
	}

	note(first, node, entry) {
		const line = first.loc.start.line, end = node.loc.end.line;
		const lines = this.text.slice(this.lines[line - 1], this.lines[end] ?? this.text.length);
		this.functions.push({
			qualname: entry.qualname, class: entry.class ?? null, kind: entry.kind, line, end_line: end,
			source_sha256: crypto.createHash('sha256').update(lines).digest('hex'),
			signature: entry.signature ?? null,
			replayable: !entry.reason, reason: entry.reason ?? null,
		});
		this.spans.push([node.start, node.end]);
		return this.functions.length - 1;
	}

	run() {
		const tree = parse(this.text, parserOptions(this.file, this.module));
		const program = tree.program;
		this.typed = /\.[cm]?tsx?$/.test(this.file);
		this.module ??= program.sourceType === 'module';
		this.note({loc: {start: {line: 1}}}, {loc: {end: {line: this.lines.length}}, start: 0, end: this.text.length + 1},
			{qualname: '<module>', kind: 'module', reason: 'module code'});
		const scope = {prefix: '', class: null, inFunction: null};
		this.factories = new Set(program.body.flatMap((s) => factories(s)));
		for (const node of program.body) this.visit(node, scope, null);
		[this.names, this.others] = this.topLevel(program.body);
		const left = this.mode === 'main' ? this.leaveOut(program.body) : [];
		this.prelude(program);
		return {code: this.join(), functions: this.functions, name: this.name, names: [...this.names, ...this.others, ...this.inner ?? []], left};
	}

	/**
	 * The names that the module's own code can tell of: those of functions and classes that it defines, and
	 * others, which may be somebody else's.
	 */
	topLevel(body) {
		const defined = new Set(), others = new Set();
		for (let node of body) {
			if (node.type === 'ExportNamedDeclaration' || node.type === 'ExportDefaultDeclaration') node = node.declaration;
			if (!node) continue;
			if ((node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration') && node.id && !node.declare) {
				defined.add(node.id.name);
			} else if (node.type === 'VariableDeclaration' && !node.declare) {
				for (const d of node.declarations) {
					const init = bare(d.init);
					const defines = init && (FUNCTIONS.has(init.type) || CLASSES.has(init.type));
					if (!defines && isRequire(init)) continue;
					if (defines) defined.add(d.id.name);
					else if (this.mode !== 'record' || init && (init.type === 'CallExpression' || init.type === 'ObjectExpression'))
						bound(d.id, []).forEach((n) => others.add(n));
				}
			}
		}
		return [defined, others].map((set) => [...set].filter((n) => n !== '__proto__'));
	}

	/**
	 * The start of a program that is loaded for the sake of its functions: what only does its work is
	 * left out, what makes something stays. Newlines stay, so that lines do.
	 */
	leaveOut(body) {
		const left = [];
		for (const node of body) {
			if (!this.isWork(node)) continue;
			left.push(this.text.slice(node.start, node.end));
			this.blank(node.start, node.end);
		}
		return left;
	}

	isWork(node) {
		if (node.type === 'ExpressionStatement') {
			let e = bare(node.expression);
			while (e.type === 'AwaitExpression' || e.type === 'UnaryExpression') e = bare(e.argument);
			if (e.type === 'CallExpression' || e.type === 'OptionalCallExpression') {
				const callee = bare(e.callee), path = memberPath(callee);
				// a function that is called where it stands may well define what is to be called
				if (FUNCTIONS.has(callee.type)) return callee.async || children(callee.body).some((c) => this.tells(c));
				if (path && path[0] === 'require') return false;
				return !(path && (path[0] === 'Object' || path[0] === 'Reflect'));
			}
			return e.type === 'NewExpression' || e.type === 'TaggedTemplateExpression';
		}
		if (['IfStatement', 'ForStatement', 'ForOfStatement', 'ForInStatement', 'WhileStatement', 'TryStatement',
			'BlockStatement', 'DoWhileStatement'].includes(node.type))
			return this.tells(node);
		return false;
	}

	/** Whether something in it is for the outside: then it is the program's work. */
	tells(node) {
		if (FUNCTIONS.has(node.type)) return false;
		if (node.type === 'CallExpression') {
			const path = memberPath(bare(node.callee));
			if (path && (path[0] === 'console' || path[0] === 'process' && path[1] !== 'cwd')) return true;
		}
		if (node.type === 'AwaitExpression') return true;
		return children(node).some((c) => this.tells(c));
	}

	blank(start, end) {
		this.puts = this.puts.filter((p) => p.at < start || p.at > end);
		this.blanks = [...this.blanks ?? [], [start, end]];
	}

	prelude(program) {
		const last = program.directives[program.directives.length - 1];
		let at = 0;
		if (last) at = last.end;
		else if (program.interpreter) at = Math.min(this.text.length, this.text.indexOf('\n', program.interpreter.start) + 1 || this.text.length);
		const load = this.module && this.imports ? `import ${JSON.stringify(`codeflash:${this.name}`)};` : '';
		if (at === this.text.length && program.interpreter) return;
		if (this.scoped) {
			this.puts.push({at, n: -1, text: `${last ? ';' : ''}${this.scopedPrelude()}`});
			return;
		}
		this.puts.push({at, n: -1,
			text: `${last ? ';' : ''}${load}${this.announcement(this.names, this.others).slice(0, -1)}${
				this.module ? '' : ',typeof module==="object"?module:null'});`});
	}

	visit(node, scope, holder) {
		if (FUNCTIONS.has(node.type)) return this.func(node, scope, holder);
		if (CLASSES.has(node.type)) return this.klass(node, scope, holder);
		const within = scope.inFunction;
		switch (node.type) {
		case 'Identifier':
			if (node.name === 'arguments' || node.name === 'eval') for (let f = within; f; f = f.arrow ? f.outer : null) f.arguments = true;
			if (node.name === 'eval') for (let f = within; f; f = f.arrow ? f.outer : null) f.self = true;
			return undefined;
		case 'ThisExpression':
		case 'Super':
		case 'MetaProperty':
			for (let f = within; f; f = f.arrow ? f.outer : null) f.self = true;
			return undefined;
		case 'VariableDeclarator':
			this.visit(node.id, scope, null);
			if (node.init) this.held(node.init, scope, node.id.type === 'Identifier' ? [node.id.name] : null, node);
			return undefined;
		case 'AssignmentExpression': {
			this.visit(node.left, scope, null);
			const path = node.operator === '=' ? memberPath(node.left) : null;
			this.held(node.right, scope, path && exportedName(path), node);
			return undefined;
		}
		case 'ExportDefaultDeclaration':
			this.held(node.declaration, scope, ['default'], node);
			return undefined;
		case 'ImportDeclaration':
		case 'TSTypeAliasDeclaration':
		case 'TSInterfaceDeclaration':
			return undefined;
		default:
			for (const child of children(node)) this.visit(child, scope, null);
			return undefined;
		}
	}

	/** An expression that goes by a name, when it is a function, a class, or an object of them. */
	held(node, scope, path, first) {
		const value = bare(node);
		if (path && (FUNCTIONS.has(value.type) || CLASSES.has(value.type))) return this.visit(value, scope, {path, first});
		if (!path || value.type !== 'ObjectExpression') {
			// const C = function () {…}, D = E = class {…}: the innermost name will do
			return this.visit(value, scope, null);
		}
		const isExports = path.length === 2 && path[0] === 'module' || path.length === 1 && path[0] === 'exports';
		const prefix = isExports ? [] : path;
		for (const p of value.properties) {
			if (p.type === 'SpreadElement') {
				this.visit(p, scope, null);
				continue;
			}
			const name = keyName(p);
			const inner = name === null ? null : [...prefix, name];
			if (p.computed) this.visit(p.key, scope, null);
			(p.decorators ?? []).forEach((d) => this.visit(d, scope, null));
			if (p.type === 'ObjectMethod') this.func(p, scope, inner && {path: inner, first: p, object: true});
			else this.held(p.value, scope, inner, p);
		}
		return undefined;
	}

	qualify(scope, path) {
		return (scope.prefix ? `${scope.prefix}.` : '') + path.join('.');
	}

	klass(node, scope, holder) {
		const path = holder ? holder.path : node.id ? [node.id.name] : null;
		if (node.superClass) this.visit(node.superClass, scope, null);
		(node.decorators ?? []).forEach((d) => this.visit(d, scope, null));
		const name = path && this.qualify(scope, node.type === 'ClassDeclaration' && node.id ? [node.id.name] : path);
		const inner = {prefix: name ?? `${scope.prefix ? `${scope.prefix}.` : ''}<class>`, class: name, inFunction: scope.inFunction,
			lost: scope.lost ?? (!name || !holder && node.type === 'ClassExpression' ? 'a class that no name of the module leads to' : undefined),
			derived: Boolean(node.superClass)};
		for (const member of node.body.body) {
			if (member.computed) this.visit(member.key, scope, null);
			(member.decorators ?? []).forEach((d) => this.visit(d, scope, null));
			if (member.type === 'ClassMethod' || member.type === 'ClassPrivateMethod') {
				const key = keyName(member);
				this.func(member, inner, key === null ? null : {path: [key], first: member, member: true});
			} else if (member.type === 'StaticBlock') {
				const block = {...inner, prefix: `${inner.prefix}.<static>`, lost: 'defined in a static block'};
				for (const s of member.body) this.visit(s, block, null);
			} else if (member.value) {
				const key = keyName(member);
				const field = {...inner, lost: inner.lost ?? (member.static ? undefined : 'a function of each instance\'s own')};
				this.held(member.value, field, key === null ? null : [key], member);
			}
		}
	}

	kind(node, holder, scope) {
		if (scope.inFunction) return 'nested';
		if (node.type === 'ClassMethod' || node.type === 'ClassPrivateMethod') {
			if (node.kind === 'constructor') return 'constructor';
			if (node.kind === 'get') return 'property';
			if (node.kind === 'set') return 'setter';
			return node.static ? 'staticmethod' : 'method';
		}
		if (node.kind === 'get') return 'property';
		if (node.kind === 'set') return 'setter';
		if (node.generator) return node.async ? 'asyncgenerator' : 'generator';
		if (node.async) return 'coroutine';
		if (holder && holder.path.length > 2 && holder.path[holder.path.length - 2] === 'prototype') return 'method';
		return 'function';
	}

	/** A function that is only round the module. */
	factory(node, scope) {
		for (const p of node.params) this.visit(p, scope, null);
		for (const s of node.body.body) for (const f of factories(s)) this.factories.add(f);
		for (const s of node.body.body) this.visit(s, scope, null);
		const [defined, others] = this.topLevel(node.body.body);
		const last = node.body.directives[node.body.directives.length - 1];
		this.put(last ? last.end : node.body.start + 1, `${last ? ';' : ''}${this.announcement(defined, others)};`);
		this.inner = [...this.inner ?? [], ...defined, ...others];
	}

	/**
	 * Where a runner loads the file, a global is slow to ask for and a type checker may read the text: the
	 * array is then in a variable of the module's own. The function gives it to what is called before the
	 * module has begun, in a cycle.
	 */
	scopedPrelude() {
		const any = this.typed ? ':any' : '', all = this.typed ? '(globalThis as any)' : '/** @type {any} */(globalThis)';
		return `${IGNORE}/** @type {any} */var ${this.name}${any}=${this.name}_().begin(${named(this.names)},${named(this.others)});` +
			`${IGNORE}function ${this.name}_()${any}{return ${all}.__codeflash_at(${JSON.stringify(this.name)},${JSON.stringify(this.file)});}`;
	}

	announcement(defined, others) {
		if (this.scoped) return `${IGNORE}(${this.name}||${this.name}_()).begin(${named(defined)},${named(others)},true)`;
		return `__codeflash_module(${JSON.stringify(this.name)},${named(defined)},${named(others)})`;
	}

	func(node, scope, holder) {
		if (this.factories.has(node) && !scope.inFunction && !scope.lost) {
			this.factory(node, scope);
			return;
		}
		const arrow = node.type === 'ArrowFunctionExpression';
		const own = node.type === 'FunctionDeclaration' || node.type === 'FunctionExpression' ? node.id : null;
		const path = holder ? node.type === 'FunctionDeclaration' && own ? [own.name] : holder.path : own ? [own.name] : null;
		const mine = {arrow, outer: scope.inFunction, arguments: false, self: false};
		const qualname = path && this.qualify(scope, path);
		let at = -1;
		if (path) at = this.functions.length;
		const entry = path && {qualname, class: scope.class, kind: this.kind(node, holder, scope)};
		if (entry) {
			if (scope.inFunction) entry.reason = 'nested function';
			else if (scope.lost) entry.reason = scope.lost;
			else if (!holder && node.type === 'FunctionExpression') entry.reason = 'a function that no name of the module leads to';
			else if (node.key && node.key.type === 'PrivateName') entry.reason = 'a private method';
			else if (entry.kind === 'constructor' && !scope.class) entry.reason = 'a class that no name of the module leads to';
			if (!holder?.member && holder && holder.path.includes('prototype')) entry.class = holder.path.slice(0, holder.path.indexOf('prototype')).join('.');
			entry.signature = node.params.map((p) => this.parameter(p));
			this.note(holder ? holder.first.type === 'ExportDefaultDeclaration' ? node : holder.first : node, node, entry);
		}
		const inner = {prefix: qualname ? `${qualname}.<locals>` : `${scope.prefix ? `${scope.prefix}.` : ''}<anonymous>`, class: null,
			inFunction: mine};
		for (const p of node.params) {
			(p.decorators ?? []).forEach((d) => this.visit(d, scope, null));
			this.visit(p, inner, null);
		}
		if (node.body.type === 'BlockStatement') for (const s of node.body.body) this.visit(s, inner, null);
		else this.held(node.body, inner, null, node.body);
		if (at >= 0 && this.mode === 'record') this.probe(node, at, mine, scope);
	}

	parameter(p) {
		if (p.type === 'TSParameterProperty') p = p.parameter;
		const target = p.type === 'AssignmentPattern' ? p.left : p.type === 'RestElement' ? p.argument : p;
		return {
			name: target.type === 'Identifier' ? target.name : this.text.slice(target.start, target.end).slice(0, 80),
			kind: p.type === 'RestElement' ? 'rest' : 'positional',
			default: p.type === 'AssignmentPattern' ? this.text.slice(p.right.start, p.right.end).slice(0, 80) : null,
		};
	}

	arguments(node, mine) {
		if (mine.arguments && !mine.arrow) return ['...arguments'];
		const params = node.params.filter((p) => !(p.type === 'Identifier' && p.name === 'this'));
		const names = new Set(params.flatMap((p) => bound(p, [])));
		for (const s of node.body.type === 'BlockStatement' ? node.body.body : [])
			if (s.type === 'FunctionDeclaration' && s.id && names.has(s.id.name))
				throw new Unfit('a parameter is hidden by a function of the same name');
		return params.map(argument);
	}

	probe(node, at, mine, scope) {
		const f = this.functions[at];
		// no array of the arguments: the less there is to a probe, the more V8 makes of the function
		let look = '__codeflash_look', given = [];
		if (f.replayable) {
			try {
				given = this.arguments(node, mine);
				if (f.kind === 'constructor' || mine.self && !mine.arrow) {
					look = '__codeflash_look_at';
					given.unshift(f.kind === 'constructor' ? 'void 0' : 'this', f.kind === 'constructor' || node.type.startsWith('Function') ? 'new.target' : 'void 0');
				}
			} catch (error) {
				if (!(error instanceof Unfit)) throw error;
				f.replayable = false;
				f.reason = error.message;
			}
		}
		let condition = `--${this.name}[${at}]<0`, call = `${look}(${[this.name, at, ...given].join(',')})`;
		if (this.scoped) {
			condition = `--(${this.name}||${this.name}_())[${at}]<0`;
			call = `(${this.name}||${this.name}_()).${look === '__codeflash_look' ? 'look' : 'look_at'}(${[at, ...given].join(',')})`;
		}
		const ignore = this.scoped ? IGNORE : '';
		if (node.body.type !== 'BlockStatement') {
			// the comment is not to hide the user's expression too
			this.put(node.body.start, ignore ? `(void 0,${ignore}${condition}&&${call},` : `(${condition}&&${call},`);
			this.put(node.body.end, ')');
			return;
		}
		const directives = node.body.directives;
		const last = directives[directives.length - 1];
		const rest = node.params.some((p) => p.type === 'RestElement');
		if (node.generator && !last && !rest && !mine.arguments && !node.params.some((p) => p.type === 'TSParameterProperty')) {
			// its body begins when it is first asked for something: what a call was given is known before
			const close = this.closingParenthesis(node);
			if (close >= 0) {
				const before = this.text.slice(0, close).trimEnd();
				const comma = node.params.length && !before.endsWith(',') ? ',' : '';
				this.put(close, `${comma}...{[(${ignore && `void 0,${ignore}`}${condition}&&${call},"")]:__codeflash_}${this.typed ? ':any' : ''}`);
				return;
			}
		}
		this.put(last ? last.end : node.body.start + 1, `${last ? ';' : ''}${ignore}if(${condition})${call};`);
	}

	/** Where the parenthesis is that ends the parameters, if nothing but blanks and one comma is before it. */
	closingParenthesis(node) {
		const last = node.params[node.params.length - 1];
		let i = last ? last.end : this.text.indexOf('(', (node.id ?? node.key ?? node).end > node.body.start ? node.start : (node.id ?? node.key)?.end ?? node.start) + 1;
		while (i < node.body.start && /[\s,]/.test(this.text[i])) i++;
		return this.text[i] === ')' ? i : -1;
	}

	join() {
		const puts = this.puts.sort((a, b) => a.at - b.at || a.n - b.n);
		let text = this.text;
		for (const [start, end] of this.blanks ?? []) text = text.slice(0, start) + text.slice(start, end).replace(/[^\n\r\u2028\u2029]/g, ' ').replace(/^ /, ';') + text.slice(end);
		let code = '', from = 0;
		const moved = []; // offsets, and by how much what follows is moved
		for (const p of puts) {
			code += text.slice(from, p.at) + p.text;
			from = p.at;
			moved.push([p.at, code.length - p.at]);
		}
		code += text.slice(from);
		const lines = [0];
		for (let i = code.indexOf('\n'); i >= 0; i = code.indexOf('\n', i + 1)) lines.push(i + 1);
		const place = (offset) => {
			let low = 0, high = moved.length;
			while (low < high) {
				const middle = (low + high) >> 1;
				if (moved[middle][0] < offset) low = middle + 1; else high = middle;
			}
			const to = offset + (low ? moved[low - 1][1] : 0);
			low = 0;
			high = lines.length;
			while (low < high) {
				const middle = (low + high) >> 1;
				if (lines[middle] <= to) low = middle + 1; else high = middle;
			}
			return [low - 1, to - lines[low - 1]];
		};
		this.functions.forEach((f, i) => { f.span = this.spans[i]; f.at = [...place(this.spans[i][0]), ...place(this.spans[i][1])]; });
		return code;
	}
}

/**
 * @param {string} text
 * @param {{file: string, module: boolean, mode: 'record' | 'expose' | 'main', imports?: boolean, scoped?: boolean}} how
 *   mode: with probes; only telling of what it defines; and without what a script does beside defining.
 *   imports: it announces itself by importing, as nothing of ours is there when it is loaded.
 *   scoped: with probes that a runner's own transform and context do nothing to; see scopedPrelude()
 * @returns {Result}
 * @throws {SyntaxError} when it cannot be parsed
 */
function transform(text, {file, module, mode, imports, scoped}) {
	const source = new Source(text, file, module, mode);
	source.imports = imports;
	source.scoped = scoped;
	return source.run();
}

module.exports = {parserOptions, transform};
