// SPDX-License-Identifier: Apache-2.0
'use strict';
/** The verbs detect and trace: command lines that are Node's, and the project that they are in. */

const {spawnSync} = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const MISSING = 4, USAGE = 2;
const SCRIPT = /\.([cm]?[jt]s)$/;
const NODE = /^(node|nodejs)(\d+)?$/;
/** What starts other programs, Node's or not: each Node below it is recorded. */
const STARTS = /^(npm|npx|pnpm|pnpx|yarn|yarnpkg|corepack)$/;
const TOOLS = `${path.sep}node_modules${path.sep}`;
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
	const found = which(name, cwd);
	if (!found) {
		if (STARTS.test(name)) throw new Refused(`${name}: no such program`, MISSING);
		return null;
	}
	if (shebang(found)) return [null, [], [found, ...words.slice(1)]];
	// package managers that are shell scripts, and what pnpm puts into node_modules/.bin
	return STARTS.test(path.basename(found)) || found.includes(`${TOOLS}.bin${path.sep}`) ? [found, null, words.slice(1)] : null;
}

/** The folder whose project a command line is about, and the script where there is one. */
function about(flags, program, cwd) {
	if (!flags) return {start: cwd}; // a program that starts others
	if (flags.includes('--test')) {
		const named = program[0] && path.resolve(cwd, program[0]);
		return {start: named && fs.existsSync(named) ? path.dirname(fs.realpathSync(named)) : cwd};
	}
	if (flags.some((f) => f === '--run' || f.startsWith('--run='))) return {start: cwd};
	if (!program.length || program[0] === '-') throw new Refused('node is given nothing to run: name a script');
	let script;
	try {
		script = fs.realpathSync(require.resolve(path.resolve(cwd, program[0])));
	} catch {
		throw new Refused(`${program[0]}: no such file`);
	}
	// a tool is not what it works on
	const isTool = script.includes(TOOLS) || program[0].includes(TOOLS);
	return {start: isTool ? cwd : path.dirname(script)};
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
	const {start} = about(flags, program, cwd);
	const whole = flags ? null : [runtime, ...program];
	if (!flags) runtime = null;
	runtime ??= which('node', cwd);
	if (!runtime) throw new Refused('no node in PATH; install Node.js 18.19 or newer', MISSING);
	const ran = spawnSync(runtime, ['-p', 'process.versions.node'], {encoding: 'utf8', env: {...process.env, NODE_OPTIONS: ''}});
	const version = /^(\d+)\.(\d+)\.\d+/.exec(ran.stdout ?? '');
	if (!version) throw new Refused(`${runtime}: does not run as Node.js`, MISSING);
	if (Number(version[1]) < 18 || version[1] === '18' && Number(version[2]) < 19) throw new Refused(`${runtime} is Node.js ${version[0]}; 18.19 or newer is needed`, MISSING);
	const project = findProject(fs.realpathSync(start)), config = settings(project);
	const text = (key) => (typeof config[key] === 'string' ? config[key] : null);
	const moduleRoot = options.module_root ? below(project, path.resolve(cwd, options.module_root), '--module-root', true)
		: text('moduleRoot') ? below(project, path.resolve(project, text('moduleRoot')), 'package.json: moduleRoot', true) : '.';
	const testsRoot = options.tests_root ? below(project, path.resolve(cwd, options.tests_root), '--tests-root', false)
		: text('testsRoot') ? below(project, path.resolve(project, text('testsRoot')), 'package.json: testsRoot', false)
			: ['tests', 'test', '__tests__'].find((d) => fs.existsSync(path.join(project, d))) ?? 'tests';
	return {
		match: true, kind: 'script', runtime, runtime_version: version[0], project_root: project, module_root: moduleRoot,
		tests_root: testsRoot, command: whole ?? [runtime, ...flags, ...program], error: null,
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
