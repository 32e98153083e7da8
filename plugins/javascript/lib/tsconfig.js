// SPDX-License-Identifier: Apache-2.0
'use strict';
/** tsconfig.json and jsconfig.json: the compiler options that are said for a file, and where its `paths` lead. */

const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');

const {readFileSync} = fs;
const NAMES = ['tsconfig.json', 'jsconfig.json'], DEEP = 20;
const OF_FOLDERS = ['baseUrl', 'rootDir', 'outDir', 'rootDirs', 'typeRoots'];

/** JSON with comments and commas at the end. @param {string} text */
function parseLoose(text) {
	const bare = text.replace(/^\ufeff/, '').replace(/"(?:[^"\\]|\\.)*"|\/\/[^\n]*|\/\*[^]*?\*\//g, (m) => (m[0] === '"' ? m : ' '));
	return JSON.parse(bare.replace(/"(?:[^"\\]|\\.)*"|,(?=\s*[}\]])/g, (m) => (m === ',' ? '' : m)));
}

/**
 * @typedef {{file: string, options: Record<string, any>, paths: {folder: string, map: Record<string, string[]>} | null,
 *   include: string[] | null, references: string[], files: string[] | null}} Config
 */

const files = new Map(), folders = new Map();

/** @param {string} file @returns {Config | null} null where there is none that can be read */
function read(file, depth = 0) {
	if (files.has(file)) return files.get(file);
	files.set(file, null); // of a circle
	let json;
	try {
		json = parseLoose(readFileSync(file, 'utf8'));
	} catch {
		return null;
	}
	const folder = path.dirname(file), own = {...json.compilerOptions};
	const config = {file, options: {}, paths: null, include: null, references: [], files: null};
	for (const base of depth < DEEP ? [json.extends ?? []].flat() : []) {
		const found = typeof base === 'string' ? extended(base, file) : null, from = found && read(found, depth + 1);
		if (!from) continue;
		Object.assign(config.options, from.options);
		config.paths = from.paths ?? config.paths;
		config.include = from.include ?? config.include;
		config.files = from.files ?? config.files;
	}
	for (const key of OF_FOLDERS) if (typeof own[key] === 'string') own[key] = path.resolve(folder, own[key]);
	Object.assign(config.options, own);
	if (own.paths && typeof own.paths === 'object') config.paths = {folder: config.options.baseUrl ?? folder, map: own.paths};
	if (Array.isArray(json.include)) config.include = json.include.map((i) => path.resolve(folder, String(i)));
	if (Array.isArray(json.files)) config.files = json.files.map((i) => path.resolve(folder, String(i)));
	config.references = (json.references ?? []).filter((r) => typeof r?.path === 'string').map((r) => path.resolve(folder, r.path));
	files.set(file, config);
	return config;
}

function extended(name, from) {
	if (name.startsWith('.') || path.isAbsolute(name)) {
		const file = path.resolve(path.dirname(from), name);
		return [file, `${file}.json`, path.join(file, 'tsconfig.json')].find(isFile) ?? null;
	}
	const require = Module.createRequire(from);
	for (const wanted of [name, `${name}.json`, `${name}/tsconfig.json`]) {
		try {
			const found = require.resolve(wanted);
			if (found.endsWith('.json')) return found;
		} catch { /* the next */ }
	}
	return null;
}

function isFile(file) {
	return fs.statSync(file, {throwIfNoEntry: false})?.isFile() ?? false;
}

/** Whether a configuration says that it is about a file, its patterns taken for the folders that they begin with. */
function covers(config, file) {
	if (config.files?.includes(file)) return true;
	const include = config.include ?? (config.files ? [] : [path.dirname(config.file)]);
	return include.some((pattern) => {
		const folder = pattern.split('*')[0].replace(/\/$/, '');
		return file === folder || file.startsWith(folder + path.sep);
	});
}

/** The configuration of a file: the nearest, or the one of those that it only refers to. @returns {Config | null} */
function configOf(file) {
	const start = path.dirname(file), nearest = nearestIn(start);
	if (!nearest?.references.length || covers(nearest, file)) return nearest;
	const others = nearest.references.map((r) => read(r.endsWith('.json') ? r : path.join(r, 'tsconfig.json'))).filter(Boolean);
	return others.find((c) => covers(c, file)) ?? nearest;
}

function nearestIn(folder) {
	if (folders.has(folder)) return folders.get(folder);
	const name = NAMES.find((n) => isFile(path.join(folder, n)));
	const found = name ? read(path.join(folder, name)) : path.dirname(folder) === folder ? null : nearestIn(path.dirname(folder));
	folders.set(folder, found);
	return found;
}

/** Files that `paths` and `baseUrl` make of a specifier, the most exact first, without their extensions perhaps. */
function mapped(config, specifier) {
	const found = [];
	if (!config) return found;
	const {paths} = config;
	if (paths) {
		const fits = Object.keys(paths.map).map((pattern) => {
			const [before, after] = pattern.split('*');
			if (after === undefined) return specifier === pattern ? {pattern, weight: Infinity, star: ''} : null;
			if (specifier.length < before.length + after.length || !specifier.startsWith(before) || !specifier.endsWith(after)) return null;
			return {pattern, weight: before.length, star: specifier.slice(before.length, specifier.length - after.length)};
		}).filter(Boolean).sort((a, b) => b.weight - a.weight);
		if (fits.length) for (const target of [paths.map[fits[0].pattern]].flat())
			if (typeof target === 'string') found.push(path.resolve(paths.folder, target.replace('*', () => fits[0].star)));
	}
	if (config.options.baseUrl) found.push(path.resolve(config.options.baseUrl, specifier));
	return found;
}

module.exports = {configOf, isFile, mapped, parseLoose};
