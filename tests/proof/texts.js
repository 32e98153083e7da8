// SPDX-License-Identifier: Apache-2.0
'use strict';
// Texts, taken apart and put together.

const log = [];
const WORD = /[a-z]+/g;

function backwards(text) {
	let out = '';
	for (const c of text) out = c + out;
	return out;
}

function words(text) {
	const found = text.toLowerCase().match(WORD);
	return found === null ? [] : found;
}

function title(text) {
	return text.split(' ').map((w) => w.charAt(0).toUpperCase() + w.slice(1)).join(' ');
}

function version(text) {
	if (typeof text !== 'string') throw new TypeError('not a text');
	const parts = text.split('.').map(Number);
	if (parts.some(Number.isNaN)) throw new RangeError(`not a version: ${text}`);
	return parts;
}

function noted(text) {
	log.push(text);
	return log.length;
}

function lines(text, each) {
	let n = 0;
	for (const line of text.split('\n')) if (line.trim() !== '') n++;
	each.count = n;
	return n;
}

function query(fields) {
	let out = '';
	for (const key in fields) out += `${out ? '&' : '?'}${encodeURIComponent(key)}=${encodeURIComponent(fields[key])}`;
	return out;
}

function main() {
	for (const text of ['abc', 'x', 'hello there']) backwards(text);
	for (const text of ['The cat', 'one two', '1 2']) words(text);
	for (const text of ['the cat', 'a']) title(text);
	for (const text of ['1.2.3', '10.0', 'a.b', 5]) {
		try {
			version(text);
		} catch { /* on purpose */ }
	}
	noted('a');
	noted('b');
	lines('a\n\nb', {});
	lines('one', {count: 3});
	query({a: '1', b: 'x y'});
	query({});
}

module.exports = {backwards, lines, main, noted, query, title, version, words};

//+ backwards | by code points
function backwards(text) {
	return [...text].reverse().join('');
}

//- backwards | derived | surrogates: halves of them are put the wrong way round
function backwards(text) {
	return text.split('').reverse().join('');
}

//- backwards | derived | surrogates: counted by units
function backwards(text) {
	let out = '';
	for (let i = text.length - 1; i >= 0; i--) out += text[i];
	return out;
}

//- backwards | derived | normalised: other letters that look the same
function backwards(text) {
	return [...text.normalize('NFC')].reverse().join('');
}

//+ words | matchAll
function words(text) {
	const found = [];
	for (const m of text.toLowerCase().matchAll(WORD)) found.push(m[0]);
	return found;
}

//- words | return | regex lastIndex: the first only, with what exec gives
function words(text) {
	const found = WORD.exec(text.toLowerCase());
	return found === null ? [] : [found[0]];
}

//- words | globals | regex lastIndex: left in the middle
function words(text) {
	const found = [], lower = text.toLowerCase();
	let m;
	WORD.lastIndex = 0;
	while ((m = WORD.exec(lower))) found.push(m[0]);
	WORD.lastIndex = 1;
	return found;
}

//- words | derived | case folding: with the flag and after
function words(text) {
	return (text.match(/[a-z]+/gi) ?? []).map((w) => w.toLowerCase());
}

//+ title | a loop
function title(text) {
	const out = [];
	for (const w of text.split(' ')) out.push(w === '' ? '' : w[0].toUpperCase() + w.slice(1));
	return out.join(' ');
}

//- title | derived | blanks: every kind of them, and as many as there are
function title(text) {
	return text.split(/\s+/).map((w) => w.charAt(0).toUpperCase() + w.slice(1)).join(' ');
}

//- title | derived | error: nothing has no first letter
function title(text) {
	return text.split(' ').map((w) => w[0].toUpperCase() + w.slice(1)).join(' ');
}

//+ version | a loop
function version(text) {
	if (typeof text !== 'string') throw new TypeError('not a text');
	const parts = [];
	for (const part of text.split('.')) parts.push(Number(part));
	for (const part of parts) if (part !== part) throw new RangeError(`not a version: ${text}`);
	return parts;
}

//- version | any | error type: one for all
function version(text) {
	const parts = String(text).split('.').map(Number);
	if (typeof text !== 'string' || parts.some(Number.isNaN)) throw new TypeError('not a text');
	return parts;
}

//- version | raise | error message: without the text
function version(text) {
	if (typeof text !== 'string') throw new TypeError('not a text');
	const parts = text.split('.').map(Number);
	if (parts.some(Number.isNaN)) throw new RangeError('not a version');
	return parts;
}

//- version | derived | numbers: what parseInt takes for one
function version(text) {
	if (typeof text !== 'string') throw new TypeError('not a text');
	const parts = text.split('.').map((p) => parseInt(p, 10));
	if (parts.some(Number.isNaN)) throw new RangeError(`not a version: ${text}`);
	return parts;
}

//- noted | any | state: not what was said
function noted(text) {
	log.push(text.slice(0, 0));
	return log.length;
}

//+ noted | what push gives
function noted(text) {
	return log.push(text);
}

//+ lines | filter
function lines(text, each) {
	return each.count = text.split('\n').filter((line) => line.trim()).length;
}

//- lines | args | mutation: not told
function lines(text, each) {
	return text.split('\n').filter((line) => line.trim()).length;
}

//- lines | args | getter: told when it is asked for
function lines(text, each) {
	const n = text.split('\n').filter((line) => line.trim()).length;
	Object.defineProperty(each, 'count', {get: () => n, enumerable: true, configurable: true});
	return n;
}

//- lines | derived | blanks: a line of them counts
function lines(text, each) {
	return each.count = text.split('\n').filter((line) => line).length;
}

//+ query | entries
function query(fields) {
	const parts = [];
	for (const key in fields) parts.push(`${encodeURIComponent(key)}=${encodeURIComponent(fields[key])}`);
	return parts.length ? `?${parts.join('&')}` : '';
}

//- query | return | encoding: blanks are plusses
function query(fields) {
	const text = new URLSearchParams(fields).toString();
	return text && `?${text}`;
}

//- query | return | empty: a question mark all the same
function query(fields) {
	return `?${Object.entries(fields).map(([k, v]) => `${encodeURIComponent(k)}=${encodeURIComponent(v)}`).join('&')}`;
}

//+ title | one expression
function title(text) {
	return text.replace(/(^| )([^ ])/g, (_, blank, c) => blank + c.toUpperCase());
}
