// SPDX-License-Identifier: Apache-2.0
/** Node's hooks for ESM where they have a thread of their own; see loading.js. */
import {createRequire} from 'node:module';
import {fileURLToPath} from 'node:url';

const require = createRequire(import.meta.url);
const {transformed} = require('./cache.js');
const {isDone, modeOf} = require('./loading.js');
const SCHEME = 'codeflash:';
let mode = () => null;

export function initialize(rules) {
	mode = modeOf(rules);
}

export function resolve(specifier, context, next) {
	if (specifier.startsWith(SCHEME)) return {url: `${specifier}?${context.parentURL}`, format: 'module', shortCircuit: true};
	return next(specifier, context);
}

export async function load(url, context, next) {
	if (url.startsWith(SCHEME)) {
		const [name, ...of] = url.slice(SCHEME.length).split('?');
		return {format: 'module', shortCircuit: true,
			source: `globalThis.__codeflash_import(${JSON.stringify(of.join('?'))},${JSON.stringify(name)});`};
	}
	const loaded = await next(url, context);
	if (!url.startsWith('file:') || loaded.format !== 'module' || loaded.source == null) return loaded;
	const file = fileURLToPath(url), how = mode(file);
	if (!how) return loaded;
	const text = Buffer.from(loaded.source).toString('utf8');
	if (isDone(text)) return loaded;
	const result = transformed(text, {file, module: true, mode: how, imports: true});
	return result ? {...loaded, source: result.code} : loaded;
}
