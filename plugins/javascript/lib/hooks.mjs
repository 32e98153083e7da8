// SPDX-License-Identifier: Apache-2.0
/** Node's hooks for ESM where they have a thread of their own; see loading.js. */
import {createRequire} from 'node:module';
import {fileURLToPath} from 'node:url';

const require = createRequire(import.meta.url);
const {transformed} = require('./cache.js');
const {isDone, isForeign, modeOf} = require('./loading.js');
const {viteSource} = require('./vite.js');
const SCHEME = 'codeflash:';
let mode = () => null, foreign = null;

export function initialize(rules) {
	mode = modeOf(rules);
	foreign = rules.runs ? require('./foreign.js') : null;
}

function probed(file, text) {
	const how = mode(file);
	if (!how || isDone(text)) return null;
	return transformed(text, {file, module: true, mode: how, imports: true, foreign: isForeign(file, text, true)})?.code ?? null;
}

export async function resolve(specifier, context, next) {
	if (specifier.startsWith(SCHEME)) return {url: `${specifier}?${context.parentURL}`, format: 'module', shortCircuit: true};
	if (!foreign) return next(specifier, context);
	const first = foreign.resolveFirst(specifier, context);
	if (first) return first;
	try {
		return foreign.ofUrl(await next(specifier, context));
	} catch (error) {
		const last = foreign.resolveLast(specifier, context, error);
		if (last) return last;
		throw error;
	}
}

export async function load(url, context, next) {
	if (url.startsWith(SCHEME)) {
		const [name, ...of] = url.slice(SCHEME.length).split('?');
		return {format: 'module', shortCircuit: true,
			source: `globalThis.__codeflash_import(${JSON.stringify(of.join('?'))},${JSON.stringify(name)});`};
	}
	const ours = foreign?.load(url, context, probed);
	if (ours) return ours;
	const loaded = await next(url, context);
	const vite = viteSource(url, loaded.source);
	if (vite !== null) return {...loaded, source: vite};
	if (!url.startsWith('file:') || loaded.format !== 'module' || loaded.source == null) return loaded;
	const file = fileURLToPath(url), text = Buffer.from(loaded.source).toString('utf8');
	const how = mode(file);
	if (!how || isDone(text)) return loaded;
	// what comes here as it was written is compiled by the tool that the program has brought
	const result = transformed(text, {file, module: true, mode: how, imports: true});
	return result ? {...loaded, source: result.code} : loaded;
}
