// SPDX-License-Identifier: Apache-2.0
'use strict';
/**
 * The verb `replaygen`: test files that replay recorded calls, for the project's own runner: Jest, Vitest, Mocha,
 * or Node's. Runs nothing of the user's.
 */

const fs = require('node:fs');
const path = require('node:path');

/** Text fit for a comment or a name: on one line. */
const oneLine = (text) => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);

/** How each runner is told. ending: of the files' names, which its own patterns find. */
const RUNNERS = {
	node: {run: 'node --test', ending: () => '.test.cjs'},
	mocha: {run: 'npx mocha', ending: () => '.test.cjs', test: 'it', before: 'before'},
	jest: {run: 'npx jest', ending: (typed) => (typed ? '.test.ts' : '.test.js'), test: 'test', before: 'beforeAll'},
	vitest: {run: 'npx vitest run', ending: (typed) => (typed ? '.test.ts' : '.test.mjs'), test: 'test', before: 'beforeAll', imports: true},
};

function manifest(root) {
	try {
		const found = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
		return found && typeof found === 'object' ? found : {};
	} catch {
		return {};
	}
}

/** The runner that a command line names, or a script of package.json's that it names; else the project's. */
function runnerOf(command, own) {
	const named = (words) => {
		for (const word of words) {
			if (word === '--test') return 'node';
			const found = /(?:^|[\\/])(jest|vitest|mocha)(?:\.[cm]?js)?(?:@.*)?$/.exec(word) ?? /[\\/]node_modules[\\/](jest|vitest|mocha)[\\/]/.exec(word);
			if (found) return found[1];
		}
		return null;
	};
	const script = (word) => (typeof own.scripts?.[word] === 'string' ? named(own.scripts[word].split(/\s+/)) : null);
	const direct = named(command);
	if (direct) return direct;
	for (const word of command.slice(1)) {
		const found = script(word === 't' ? 'test' : word);
		if (found) return found;
	}
	const all = {...own.dependencies, ...own.devDependencies};
	return script('test') ?? ['vitest', 'jest', 'mocha'].find((name) => Object.hasOwn(all, name)) ?? 'node';
}

/** Whether all tests that the project has are TypeScript: then its patterns may be of such only. */
function isTyped(root) {
	let typed = 0, left = 5000;
	const todo = [root];
	while (todo.length && left > 0) {
		let entries;
		const folder = todo.shift();
		try {
			entries = fs.readdirSync(folder, {withFileTypes: true});
		} catch {
			continue;
		}
		for (const e of entries) {
			left--;
			if (e.isDirectory() && e.name !== 'node_modules' && !e.name.startsWith('.')) todo.push(path.join(folder, e.name));
			const found = /\.(?:test|spec)\.[cm]?([jt])sx?$/.exec(e.name);
			if (!found || e.name.includes('_replay_test_')) continue;
			if (found[1] === 'j') return false;
			typed++;
		}
	}
	return typed > 0;
}

/** The text for a runner that has the calls made apart. */
function body(request, group, how, relative, isModule) {
	const lib = JSON.stringify(path.join(request.libexec, 'lib/apart.js'));
	const lines = [];
	if (isModule) {
		lines.push("import path from 'node:path';");
		if (how.imports) lines.push("import {fileURLToPath} from 'node:url';", "import {beforeAll, describe, test} from 'vitest';");
		lines.push(how.imports ? "import {createRequire} from 'node:module';" : `import apart from ${lib};`, '',
			how.imports ? 'const here = path.dirname(fileURLToPath(import.meta.url));' : 'const here = path.dirname(expect.getState().testPath);',
			how.imports ? `const {Apart} = createRequire(import.meta.url)(${lib});` : 'const {Apart} = apart;');
	} else {
		lines.push("const path = require('node:path');", `const {Apart} = require(${lib});`, '', 'const here = __dirname;');
	}
	const at = (to) => `path.resolve(here, ${JSON.stringify(relative(to))})`;
	const ids = group.functions.map((f) => f.id).join(', ');
	lines.push(`const replay = new Apart(${at(request.trace)}, ${at(request.project_root)}, ${JSON.stringify(group.file)});`, '',
		`(replay.skip ? describe.skip : describe)(${JSON.stringify(`calls recorded of ${oneLine(group.file)}`)}, () => {`,
		how.before === 'before' ? `  before(function () { this.timeout(600000); return replay.run([${ids}]); });` : `  beforeAll(() => replay.run([${ids}]), 600000);`, '');
	for (const f of group.functions) {
		let n = 0;
		for (const call of f.calls) {
			const input = oneLine(call.input || '(inputs not shown)');
			lines.push(`  // ${input.slice(0, 300)}`, `  ${how.test}(${JSON.stringify(`${f.qualname} ${++n}`)}, () => replay.call(${call.id}));`);
		}
		lines.push('');
	}
	lines.push('});', '');
	return lines;
}

function fileText(request, group, file, runner, isModule) {
	const how = RUNNERS[runner];
	const folder = path.dirname(path.join(request.project_root, file));
	const relative = (to) => {
		const r = path.relative(folder, to);
		return r.startsWith('.') ? r : `./${r}`;
	};
	const lines = [
		'// codeflash replay test',
		`// trace: ${oneLine(path.relative(folder, request.trace))}`,
		'/*',
		`Calls of the functions in ${oneLine(group.file).replace(/\*\//g, '* /')}, as a traced run made them.`,
		'',
		'Each test calls one function with inputs that were recorded, and compares what it returns or throws,',
		'its arguments afterwards and what it prints with what the code did when this was written.',
		'',
		`    ${how.run} ${oneLine(file).replace(/\*\//g, '* /')}`,
		'',
		'It belongs to the trace named above: neither is meant for version control.',
		'*/',
	];
	if (file.endsWith('.ts')) lines.splice(1, 0, '// @ts-nocheck');
	if (how.test) return [...lines, ...body(request, group, how, relative, isModule)].join('\n');
	lines.push(
		"'use strict';",
		"const path = require('node:path');",
		"const {test} = require('node:test');",
		`const {Replay} = require(${JSON.stringify(path.join(request.libexec, 'lib/replay.js'))});`,
		'',
		`const replay = new Replay(path.resolve(__dirname, ${JSON.stringify(relative(request.trace))}), path.resolve(__dirname, ${JSON.stringify(relative(request.project_root))}), ${JSON.stringify(group.file)});`,
		'const options = {skip: replay.skip};',
		'',
	);
	for (const f of group.functions) {
		let n = 0;
		for (const call of f.calls) {
			const input = oneLine(call.input || '(inputs not shown)');
			lines.push(`// ${input.slice(0, 300)}`, `test(${JSON.stringify(`${f.qualname} ${++n}`)}, options, () => replay.call(${f.id}, ${call.id}));`);
		}
		lines.push('');
	}
	return lines.join('\n');
}

function generate(request) {
	const tests = path.relative(request.project_root, path.resolve(request.project_root, request.tests_root)) || '.';
	const own = manifest(request.project_root), runner = runnerOf(request.command ?? [], own);
	const typed = runner !== 'node' && isTyped(request.project_root), ending = RUNNERS[runner].ending(typed);
	// Jest takes a .js file for what package.json says
	const isModule = runner === 'vitest' || runner === 'jest' && own.type === 'module';
	const files = request.groups.map((group, i) => {
		const stem = group.file.replace(/\.[^./]*$/, '').replace(/[^A-Za-z0-9_]+/g, '_').replace(/^_+|_+$/g, '') || 'module';
		const file = path.join(tests, `${stem}_replay_test_${request.first_number + i}${ending}`);
		return {path: file, text: fileText(request, group, file, runner, isModule)};
	});
	return {files};
}

module.exports = {generate};
