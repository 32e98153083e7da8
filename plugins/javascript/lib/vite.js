// SPDX-License-Identifier: Apache-2.0
'use strict';
/** How Vite comes to our plugin, which is runners.js's: its own code asks for it. */

const VITE = /\/node_modules\/(?:vite|rolldown-vite)\/dist\/node\/[^?]*\.m?js$/;
const CONFIG = /\basync function resolveConfig\s*\(\s*(\w+)[^{}]*\)\s*\{/;

/** Vite's own code, made to ask for our plugin when it has its configuration put together; null: another file. */
function viteSource(url, source) {
	if (!VITE.test(url) || source == null) return null;
	const text = typeof source === 'string' ? source : Buffer.from(source).toString('utf8');
	const found = CONFIG.exec(text);
	if (!found) return null;
	const end = found.index + found[0].length;
	return `${text.slice(0, end)}${found[1]}=globalThis.__codeflash_vite?.(${found[1]})??${found[1]};${text.slice(end)}`;
}

module.exports = {viteSource};
