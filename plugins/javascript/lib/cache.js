// SPDX-License-Identifier: Apache-2.0
'use strict';
/** Files with probes in them, compiled where they must be, kept in the user's cache folder by what they are made of. */

const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const {isModuleText} = require('./resolve');

const {readFileSync, writeFileSync, renameSync, mkdirSync} = fs;
/** In the sandbox the home is another one; CODEFLASH_CACHE of the manifest says where the user's is. */
let folder;

function place() {
	if (folder === undefined) {
		const base = process.env.XDG_CACHE_HOME || process.env.CODEFLASH_CACHE || path.join(os.homedir(), '.cache');
		folder = path.join(base, 'codeflash', 'javascript');
		try {
			mkdirSync(folder, {recursive: true, mode: 0o700});
		} catch {
			folder = null;
		}
	}
	return folder;
}

/** @template T @param {any[]} of what it depends on @param {() => T} make @returns {T} */
function kept(of, make) {
	const dir = place();
	const key = crypto.createHash('sha256').update(JSON.stringify([own(), ...of])).digest('hex').slice(0, 32);
	const file = dir && path.join(dir, `${key}.json`);
	if (file) {
		try {
			return JSON.parse(readFileSync(file, 'utf8'));
		} catch { /* not there, or not whole */ }
	}
	const result = make();
	if (file) {
		try {
			const temporary = `${file}.${process.pid}.${crypto.randomBytes(4).toString('hex')}`;
			writeFileSync(temporary, JSON.stringify(result), {mode: 0o600});
			renameSync(temporary, file);
		} catch { /* next time, then */ }
	}
	return result;
}

/**
 * transform.js, or what it said of the same text before.
 * @param {string} text
 * @param {{file: string, module: boolean, mode: string, imports?: boolean, foreign?: boolean, scoped?: boolean}} how
 *   foreign: that what comes of it must be compiled
 * @returns {(import('./transform').Result & {lines?: number[]}) | null} null for what cannot be parsed; lines: those
 *   of the text, for lines of compiled code
 */
function transformed(text, how) {
	const to = how.module ? 'module' : 'commonjs';
	return kept([how, how.foreign && require('./transpile').describe(how.file, text, to), text], () => {
		let result;
		try {
			// whatever comes of it, what has imports in it is parsed as a module
			result = require('./transform').transform(text, {...how, module: how.module === null ? null : how.module || Boolean(how.foreign) && isModuleText(text)});
		} catch (error) {
			if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
			return null;
		}
		if (!how.foreign) return result;
		const {moved, transpile} = require('./transpile');
		const {code, segments} = transpile(result.code, {file: how.file, to, original: text});
		const spans = moved(result.functions.map((f) => f.at), segments), lines = [];
		result.functions.forEach((f, i) => { f.at = spans[i]; });
		for (const [line, , from] of segments) lines[line] ??= from;
		return {...result, code, lines: Array.from(lines, (l) => l ?? null)};
	});
}

/** A file without probes, compiled. */
function compiled(text, file, to) {
	const {describe, transpile} = require('./transpile');
	return kept(['compiled', describe(file, text, to), text], () => transpile(text, {file, to}).code);
}

let version;
/** What our own text is: another release makes other probes. */
function own() {
	version ??= ['transform.js', 'transpile.js'].reduce((hash, name) => hash.update(readFileSync(path.join(__dirname, name))), crypto.createHash('sha256')).digest('hex').slice(0, 16);
	return version;
}

module.exports = {compiled, transformed};
