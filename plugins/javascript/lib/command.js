// SPDX-License-Identifier: Apache-2.0
'use strict';
/** The verbs detect and trace: command lines that are Node's, and the project that they are in. */

const {spawnSync} = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const MISSING = 4, USAGE = 2;
const SCRIPT = /\.([cm]?[jt]s)$/;
const NODE = /^(node|nodejs)(\d+)?$/;
const MARKERS = ['package.json', '.git'];
/** Options of Node's that take the word after them. */
const WITH = new Set(['-r', '--require', '--import', '--loader', '--experimental-loader', '-C', '--conditions', '--env-file',
	'--env-file-if-exists', '--title', '--stack-trace-limit', '--input-type', '--icu-data-dir', '--openssl-config', '--redirect-warnings',
	'--diagnostic-dir', '--inspect-port', '--disable-warning', '--dns-result-order', '--unhandled-rejections', '--max-http-header-size',
	'--test-name-pattern', '--test-reporter', '--test-reporter-destination', '--test-concurrency', '--watch-path']);

class Refused extends Error {
	constructor(message, status = USAGE) {
		super(message);
		this.status = status;
	}
}

/** [Node's options, the program with its arguments]. */
function split(words) {
	const flags = [];
	for (let i = 0; i < words.length; i++) {
		const w = words[i];
		if (w === '--') return [flags, words.slice(i + 1)];
		if (w === '-' || !w.startsWith('-')) return [flags, words.slice(i)];
		if (['-e', '--eval', '-p', '--print', '-pe', '-c', '--check', '-i', '--interactive', '-h', '--help', '-v', '--version'].includes(w))
			throw new Refused(`node ${w}: there is no script to record`);
		if (w === '--test') throw new Refused('node --test cannot be recorded yet; name the test file: node file.test.js');
		flags.push(w);
		if (WITH.has(w)) flags.push(words[++i]);
	}
	return [flags, []];
}

function which(name, cwd) {
	const folders = name.includes('/') ? [''] : (process.env.PATH ?? '').split(':');
	for (const folder of folders) {
		const file = path.resolve(cwd, folder, name);
		try {
			fs.accessSync(file, fs.constants.X_OK);
			if (fs.statSync(file).isFile()) return file;
		} catch { /* the next */ }
	}
	return null;
}

function shebang(file) {
	try {
		const fd = fs.openSync(file, 'r'), head = Buffer.alloc(256);
		fs.readSync(fd, head, 0, 256, 0);
		fs.closeSync(fd);
		return /^#!\s*(\S*\/)?(env\s+(-S\s+)?)?(\S*\/)?node(\s|$)/.test(head.toString('latin1'));
	} catch {
		return false;
	}
}

/** [the Node named or null, its options, the program]; null when the command line is not ours. */
function recognise(words, cwd) {
	const [name] = words;
	if (NODE.test(path.basename(name))) {
		const runtime = which(name, cwd);
		if (!runtime) throw new Refused(`${name}: no such program`, MISSING);
		return [runtime, ...split(words.slice(1))];
	}
	if (SCRIPT.test(name)) return [null, [], words];
	const found = name.includes('/') ? path.resolve(cwd, name) : which(name, cwd);
	return found && shebang(found) ? [null, [], [found, ...words.slice(1)]] : null;
}

function findProject(start) {
	for (let d = start; ; d = path.dirname(d)) {
		if (MARKERS.some((m) => fs.existsSync(path.join(d, m)))) return d;
		if (d === path.dirname(d)) return start;
	}
}

function settings(project) {
	let text;
	try {
		text = fs.readFileSync(path.join(project, 'package.json'), 'utf8');
	} catch {
		return {};
	}
	try {
		const found = JSON.parse(text).codeflash;
		return found && typeof found === 'object' ? found : {};
	} catch {
		throw new Refused(`${path.join(project, 'package.json')}: not valid JSON`);
	}
}

function below(project, folder, what, exists) {
	if (exists && !fs.existsSync(folder)) throw new Refused(`${what} ${folder}: no such directory`);
	const full = exists ? fs.realpathSync(folder) : folder;
	const relative = path.relative(project, full);
	if (relative.startsWith('..')) throw new Refused(`${what} ${folder} is outside the project ${project}`);
	return relative || '.';
}

function detect({command, cwd, options = {}}) {
	const found = command?.length ? recognise(command, cwd) : null;
	if (!found) return {match: false};
	let [runtime, flags, program] = found;
	if (!program.length || program[0] === '-') throw new Refused('node is given nothing to run: name a script');
	const file = path.resolve(cwd, program[0]);
	let script;
	try {
		script = fs.realpathSync(require.resolve(file));
	} catch {
		throw new Refused(`${program[0]}: no such file`);
	}
	runtime ??= which('node', cwd);
	if (!runtime) throw new Refused('no node in PATH; install Node.js 18.19 or newer', MISSING);
	const ran = spawnSync(runtime, ['-p', 'process.versions.node'], {encoding: 'utf8', env: {...process.env, NODE_OPTIONS: ''}});
	const version = /^(\d+)\.(\d+)\.\d+/.exec(ran.stdout ?? '');
	if (!version) throw new Refused(`${runtime}: does not run as Node.js`, MISSING);
	if (Number(version[1]) < 18 || version[1] === '18' && Number(version[2]) < 19) throw new Refused(`${runtime} is Node.js ${version[0]}; 18.19 or newer is needed`, MISSING);
	const project = findProject(path.dirname(script)), config = settings(project);
	const text = (key) => (typeof config[key] === 'string' ? config[key] : null);
	const moduleRoot = options.module_root ? below(project, path.resolve(cwd, options.module_root), '--module-root', true)
		: text('moduleRoot') ? below(project, path.resolve(project, text('moduleRoot')), 'package.json: moduleRoot', true) : '.';
	const testsRoot = options.tests_root ? below(project, path.resolve(cwd, options.tests_root), '--tests-root', false)
		: text('testsRoot') ? below(project, path.resolve(project, text('testsRoot')), 'package.json: testsRoot', false)
			: ['tests', 'test', '__tests__'].find((d) => fs.existsSync(path.join(project, d))) ?? 'tests';
	return {
		match: true, kind: 'script', runtime, runtime_version: version[0], project_root: project, module_root: moduleRoot,
		tests_root: testsRoot, command: [runtime, ...flags, ...program], error: null,
	};
}

function trace(request) {
	const preload = path.join(__dirname, 'record.js');
	const options = process.env.NODE_OPTIONS ?? '';
	const config = {
		spool: request.spool, project_root: request.project_root, module_root: request.module_root, tests_root: request.tests_root,
		quota: request.max_function_count, only: request.only_functions ?? [],
	};
	return {
		argv: request.command,
		env: {
			CODEFLASH_RECORD: JSON.stringify(config),
			NODE_OPTIONS: `--require ${JSON.stringify(preload)}${options ? ` ${options}` : ''}`,
		},
		unset: [],
	};
}

module.exports = {Refused, detect, trace, split};
