// SPDX-License-Identifier: Apache-2.0
'use strict';
/** Files with probes in them, kept in the user's cache folder by what they are made of. */

const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const {readFileSync, writeFileSync, renameSync, mkdirSync} = fs;
let folder;

function place() {
	if (folder === undefined) {
		const base = process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache');
		folder = path.join(base, 'codeflash', 'javascript');
		try {
			mkdirSync(folder, {recursive: true, mode: 0o700});
		} catch {
			folder = null;
		}
	}
	return folder;
}

/**
 * transform.js, or what it said of the same text before.
 * @param {string} text
 * @param {{file: string, module: boolean, mode: string, imports?: boolean}} how
 * @returns {import('./transform').Result | null} null for what cannot be parsed
 */
function transformed(text, how) {
	const dir = place();
	const key = crypto.createHash('sha256').update(JSON.stringify([own(), how])).update('\0').update(text).digest('hex').slice(0, 32);
	const file = dir && path.join(dir, `${key}.json`);
	if (file) {
		try {
			return JSON.parse(readFileSync(file, 'utf8'));
		} catch { /* not there, or not whole */ }
	}
	let result = null;
	try {
		result = require('./transform').transform(text, how);
	} catch (error) {
		if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
	}
	if (file) {
		try {
			const temporary = `${file}.${process.pid}.${crypto.randomBytes(4).toString('hex')}`;
			writeFileSync(temporary, JSON.stringify(result), {mode: 0o600});
			renameSync(temporary, file);
		} catch { /* next time, then */ }
	}
	return result;
}

let version;
/** What our own text is: another release makes other probes. */
function own() {
	version ??= crypto.createHash('sha256').update(readFileSync(path.join(__dirname, 'transform.js'))).digest('hex').slice(0, 16);
	return version;
}

module.exports = {transformed};
