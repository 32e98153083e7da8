// SPDX-License-Identifier: Apache-2.0
'use strict';
/**
 * The verb `replaygen`: test files for node's own runner, `node --test`, that replay recorded calls. Runs
 * nothing of the user's and reads nothing but the request.
 */

const path = require('node:path');

/** Text fit for a comment or a name: on one line. */
const oneLine = (text) => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);

function fileText(request, group, file) {
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
		`    node --test ${oneLine(file).replace(/\*\//g, '* /')}`,
		'',
		'It belongs to the trace named above: neither is meant for version control.',
		'*/',
		"'use strict';",
		"const path = require('node:path');",
		"const {test} = require('node:test');",
		`const {Replay} = require(${JSON.stringify(path.join(request.libexec, 'lib/replay.js'))});`,
		'',
		`const replay = new Replay(path.resolve(__dirname, ${JSON.stringify(relative(request.trace))}), path.resolve(__dirname, ${JSON.stringify(relative(request.project_root))}), ${JSON.stringify(group.file)});`,
		'const options = {skip: replay.skip};',
		'',
	];
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
	const files = request.groups.map((group, i) => {
		const stem = group.file.replace(/\.[^./]*$/, '').replace(/[^A-Za-z0-9_]+/g, '_').replace(/^_+|_+$/g, '') || 'module';
		const file = path.join(tests, `${stem}_replay_test_${request.first_number + i}.test.cjs`);
		return {path: file, text: fileText(request, group, file)};
	});
	return {files};
}

module.exports = {generate};
